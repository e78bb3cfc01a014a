"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 32, 0.2"
SOFTMAX = "        scratch.Softmax(),\n"
LOSS = "loss, optimizer = scratch.CrossEntropy(), "
WRONG = (
    Wrong("trains longer", "it is not told", ((SETTINGS, SETTINGS.replace("8, 32", "40, 32")),)),
    Wrong("a larger network", "larger", ((SETTINGS, SETTINGS.replace("32, 0.2", "128, 0.2")),)),
    Wrong("another seed", "it is not told", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("a larger learning rate", "it is not told", ((SETTINGS, SETTINGS.replace("0.2", "2.0")),)),
    Wrong("a sum instead of a mean", "it is not told", ((LOSS, LOSS.replace("()", '(reduction="sum")')),)),
    Wrong("probabilities made larger", "it is not told", (("loss(model(batch_x), batch_y)", "loss(10 * model(batch_x), batch_y)"), ("model.backward(loss.backward())", "model.backward(10 * loss.backward())"))),
    Wrong("a ReLU instead", "it is not told", ((SOFTMAX, "        scratch.ReLU(),\n"),)),
)  # fmt: skip

RIGHT = (
    Right("the loss without a softmax", ((SOFTMAX, "        scratch.LogSoftmax(),\n"), (LOSS, "loss, optimizer = scratch.NLL(), "))),
    Right("leaves it out of the list", (("    return scratch.Sequential(\n", "    model = scratch.Sequential(\n"), ("        scratch.Softmax(),\n    )\n", "        scratch.Softmax(),\n    )\n    return scratch.Sequential(*model.layers[:-1])\n"))),
    Right("with mlp", (("    return scratch.Sequential(\n        scratch.Linear(64, HIDDEN, rng=rng),\n        scratch.ReLU(),\n        scratch.Linear(HIDDEN, 10, rng=rng),\n        scratch.Softmax(),\n    )\n", "    from groundup.scratch.models import mlp\n\n    return mlp([64, HIDDEN, 10], rng=rng)\n"),)),
)  # fmt: skip
