"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 32, 0.2"
ORDER = "        order = rng.permutation(len(x))\n"
TAKE = "        x = x[order]\n"
WRONG = (
    Wrong("trains longer", "labels of others", ((SETTINGS, SETTINGS.replace("8, 32", "16, 32")),)),
    Wrong("a larger network", "labels of others", ((SETTINGS, SETTINGS.replace("32, 0.2", "128, 0.2")),)),
    Wrong("another seed", "labels of others", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("an order for each", "labels of others", ((TAKE, "        x, y = x[order], y[rng.permutation(len(y))]\n"),)),
    Wrong("another learning rate", "labels of others", ((SETTINGS, SETTINGS.replace("0.2", "0.01")),)),
)  # fmt: skip

RIGHT = (
    Right("one rng state for both", ((TAKE, "        x = x[order]\n        y = np.take(y, order)\n"),)),
    Right("looks up places", ((TAKE, ""), ("x[start : start + BATCH], y[start : start + BATCH]", "x[order[start : start + BATCH]], y[order[start : start + BATCH]]"))),
    Right("with batches", ((ORDER, ""), (TAKE, ""), ("        for start in range(0, len(x), BATCH):\n            batch_x, batch_y = x[start : start + BATCH], y[start : start + BATCH]\n", "        for batch_x, batch_y in scratch.batches(x, y, BATCH, rng):\n"))),
)  # fmt: skip
