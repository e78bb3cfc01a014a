"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR, DECAY = 0, 6, 32, 32, 0.5, 0.7"
DECAY = "            optimizer.lr *= DECAY\n"
WRONG = (
    Wrong("trains longer", "not the plan", ((SETTINGS, SETTINGS.replace("6, 32", "30, 32")),)),
    Wrong("a larger network", "not the plan", ((SETTINGS, SETTINGS.replace("32, 0.5", "128, 0.5")),)),
    Wrong("another seed", "not the plan", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("begins higher", "not the plan", ((SETTINGS, SETTINGS.replace("0.5,", "2.0,")),)),
    Wrong("shrinks a little at each step", "not the plan", ((SETTINGS, SETTINGS.replace("0.7", "0.99")),)),
    Wrong("never shrinks", "not the plan", ((DECAY, ""),)),
    Wrong("shrinks before the epoch", "not the plan", ((DECAY, ""), ("    for _ in range(EPOCHS):\n", "    for _ in range(EPOCHS):\n        optimizer.lr *= DECAY**2\n"))),
)  # fmt: skip

RIGHT = (
    Right("calculates it", ((DECAY, ""), ("    for _ in range(EPOCHS):\n", "    for epoch in range(EPOCHS):\n        optimizer.lr = LR * DECAY**epoch\n"))),
    Right("a schedule", (("    losses = []\n", "    losses = []\n    schedule = scratch.ExponentialLR(optimizer, DECAY)\n"), (DECAY, ""), ("    return losses\n", "        schedule.step()\n    return losses\n"))),
)  # fmt: skip
