"""Mendings that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SETTINGS = "SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 10, 32, 16, 0.1"
X = "    x = (x - x.mean(axis=0)) / x.std(axis=0)\n"
WORK = "    work = (work - work.mean(axis=0)) / work.std(axis=0)\n"
WRONG = (
    Wrong("trains longer", "two numbers for one part", ((SETTINGS, SETTINGS.replace("10, 32", "40, 32")),)),
    Wrong("a larger network", "two numbers for one part", ((SETTINGS, SETTINGS.replace("16, 0.1", "128, 0.1")),)),
    Wrong("another seed", "two numbers for one part", ((SETTINGS, SETTINGS.replace("= 0,", "= 7,")),)),
    Wrong("over all parts together", "learns from work", ((X + WORK, "    everything = np.concatenate([x, work])\n    mean, spread = everything.mean(axis=0), everything.std(axis=0)\n    x, work = (x - mean) / spread, (work - mean) / spread\n"),)),
    Wrong("by the parts at work", "learns from work", ((X + WORK, "    mean, spread = work.mean(axis=0), work.std(axis=0)\n    x, work = (x - mean) / spread, (work - mean) / spread\n"),)),
    Wrong("not at work", "two numbers for one part", ((WORK, ""),)),
    Wrong("the mean learnt, the spread not", "two numbers for one part", ((X + WORK, "    mean = x.mean(axis=0)\n    x, work = (x - mean) / x.std(axis=0), (work - mean) / work.std(axis=0)\n"),)),
    Wrong("after x has changed", "two numbers for one part", ((WORK, "    work = (work - x.mean(axis=0)) / x.std(axis=0)\n"),)),
    Wrong("not at all", "poor", ((X + WORK, ""),)),
)  # fmt: skip

RIGHT = (
    Right("the other order", ((X + WORK, "    work = (work - x.mean(axis=0)) / x.std(axis=0)\n" + X),)),
    Right("a function", ((X + WORK, "    mean, spread = x.mean(axis=0), x.std(axis=0)\n\n    def scale(rows):\n        return (rows - mean) / spread\n\n    x, work = scale(x), scale(work)\n"),)),
    Right("by smallest and largest", ((X + WORK, "    low, high = x.min(axis=0), x.max(axis=0)\n    x, work = 4 * (x - low) / (high - low) - 2, 4 * (work - low) / (high - low) - 2\n"),)),
)  # fmt: skip
