"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 10, 32, 32, 0.1"
LOSS = "loss = -(right * log_p).mean()"
BACK = "(np.exp(log_p) - right) / right.size"
WRONG = (
    Wrong("trains longer", "loss at the start", ((SETTINGS, SETTINGS.replace("10, 32", "60, 32")),)),
    Wrong("a larger network", "loss at the start", ((SETTINGS, SETTINGS.replace("32, 0.1", "128, 0.1")),)),
    Wrong("a larger learning rate", "loss at the start", ((SETTINGS, SETTINGS.replace("0.1", "1.0")),)),
    Wrong("the loss alone", "its gradient", ((LOSS, "loss = -(right * log_p).sum(axis=1).mean()"),)),
    Wrong("the gradient alone", "loss at the start", ((BACK, "(np.exp(log_p) - right) / len(right)"),)),
    Wrong("the sum of both", "loss at the start", ((LOSS, "loss = -(right * log_p).sum()"), (BACK, "np.exp(log_p) - right"))),
    Wrong("times ten", "loss at the start", ((LOSS, "loss = -10 * (right * log_p).mean()"), (BACK, "10 * (np.exp(log_p) - right) / right.size"))),
)  # fmt: skip

RIGHT = (
    Right("a sum over N", ((LOSS, "loss = -(right * log_p).sum() / len(labels)"), (BACK, "(np.exp(log_p) - right) / len(labels)"))),
    Right("picks the right class", ((LOSS, "loss = -log_p[np.arange(len(labels)), labels].mean()"), (BACK, "(np.exp(log_p) - right) / logits.shape[0]"))),
    Right("the one of scratch", (("    loss = -(right * log_p).mean()\n", "    layer = scratch.CrossEntropy()\n    loss = layer(logits, labels)\n"), (BACK, "layer.backward()"))),
)  # fmt: skip
