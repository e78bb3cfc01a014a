"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, WINDOW, LR = 0, 15, 32, 16, 8, 0.01"
X = "x = np.stack([series[start + 1 : start + 1 + WINDOW] for start in starts])"
Y = "y = np.stack([series[start + WINDOW : start + WINDOW + 1] for start in starts])"
STARTS = "    starts = range(len(series) - WINDOW)\n"
WRONG = (
    Wrong("trains longer", "knows the answer", ((SETTINGS, SETTINGS.replace("15, 32", "40, 32")),)),
    Wrong("a larger network", "knows the answer", ((SETTINGS, SETTINGS.replace("32, 16", "32, 64")),)),
    Wrong("another seed", "knows the answer", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("the last value hidden by noise", "knows the answer", ((X, X + "\n    x[:, -1] += 0.05"),)),
    Wrong("the other way round", "knows the answer", ((X, X + "[:, ::-1]"),)),
    Wrong("one too far", "skips", ((X, X.replace("start + 1", "start", 1).replace("start + 1 + WINDOW", "start + WINDOW")), (Y, Y.replace("start + WINDOW : start + WINDOW + 1", "start + WINDOW + 1 : start + WINDOW + 2")), (STARTS, "    starts = range(len(series) - WINDOW - 1)\n"))),
)  # fmt: skip

RIGHT = (
    Right("moves the target", ((Y, "y = np.stack([series[start + WINDOW + 1 : start + WINDOW + 2] for start in starts])"), (STARTS, "    starts = range(len(series) - WINDOW - 1)\n"))),
    Right("a view", (("    " + X + "\n", "    x = np.lib.stride_tricks.sliding_window_view(series, WINDOW)[:-1].copy()\n"), (Y, "y = series[WINDOW:, None]"), (STARTS, ""))),
)  # fmt: skip
