"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

STAIRS = "return base * gamma ** (k // size)"
WAVE = "return floor + (base - floor) * (1 + math.cos(math.pi * done)) / 2"
LINE = "return base * (start + (1 - start) * k / warmup)"
THEN = "return cosine(k - warmup, base, total - warmup, floor)"
WRONG = (
    Wrong("a slope, not stairs", "not rounded down", ((STAIRS, "return base * gamma ** (k / size)"),)),
    Wrong("multiplied, not to the power", "power missing", ((STAIRS, "return base * gamma * (k // size)"),)),
    Wrong("one step late", "off by one", ((STAIRS, "return base * gamma ** ((k - 1) // size)"),)),
    Wrong("a whole wave", "whole wave", ((WAVE, WAVE.replace("math.pi", "2 * math.pi")),)),
    Wrong("the half forgotten", "half missing", ((WAVE, WAVE.replace(" / 2", "")),)),
    Wrong("floor put on top", "floor on top", ((WAVE, WAVE.replace("(base - floor)", "base")),)),
    Wrong("no floor", "input ignored: floor", ((WAVE, "return base * (1 + math.cos(math.pi * done)) / 2"),)),
    Wrong("rises again", "rises again", (("done = min(k / total, 1.0)", "done = k / total"),)),
    Wrong("a sine", "unnamed", ((WAVE, WAVE.replace("1 + math.cos", "1 - math.sin")),)),
    Wrong("warm-up from zero", "input ignored: start", ((LINE, "return base * k / warmup"),)),
    Wrong("warm-up one step ahead", "one step ahead", ((LINE, LINE.replace("* k /", "* (k + 1) /")),)),
    Wrong("the wave is not shifted", "warm-up counted twice", ((THEN, "return cosine(k, base, total, floor)"),)),
    Wrong("the wave is too long", "wave too long", ((THEN, "return cosine(k - warmup, base, total, floor)"),)),
    Wrong("compounds", "compounds", (("self.rate(self.k, self.base)", "self.rate(self.k, self.optimizer.lr)"),)),
    Wrong("counts too late", "off by one",
          (("        self.k += 1\n        self.optimizer.lr = self.rate(self.k, self.base)", "        self.optimizer.lr = self.rate(self.k, self.base)\n        self.k += 1"),)),
)  # fmt: skip

RIGHT = (
    Right("math.floor and pow", ((STAIRS, "return base * math.pow(gamma, math.floor(k / size))"),)),
    Right("NumPy, and an if", (
        ("import math\n", "import numpy as np\n"),
        ("done = min(k / total, 1.0)", "if k >= total:\n        return floor"),
        (WAVE, "return floor + 0.5 * (base - floor) * (1 + np.cos(np.pi * k / total))"))),
    Right("a weighted mean of both ends", ((WAVE, "part = (1 + math.cos(math.pi * done)) / 2\n    return part * base + (1 - part) * floor"),)),
    Right("one method for both", (("        optimizer.lr = rate(0, self.base)", "        self.k = -1\n        self.step()"), ("        self.k = 0\n", ""))),
)  # fmt: skip
