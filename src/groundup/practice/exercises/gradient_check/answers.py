"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

QUOTIENT = "(f(up) - f(down)) / (2 * eps)"
ERROR = "return np.abs(a - b).max() / size"
WRONG = (
    Wrong("one-sided, forward", "one-sided", ((QUOTIENT, "(f(up) - f(x)) / eps"),)),
    Wrong("one-sided, backward", "one-sided", ((QUOTIENT, "(f(x) - f(down)) / eps"),)),
    Wrong("divided by eps", "factor 2", ((QUOTIENT, "(f(up) - f(down)) / eps"),)),
    Wrong("not divided", "not divided", ((QUOTIENT, "f(up) - f(down)"),)),
    Wrong("down minus up", "sign", ((QUOTIENT, "(f(down) - f(up)) / (2 * eps)"),)),
    Wrong("all at once", "all at once", (("up[index] += eps", "up += eps"), ("down[index] -= eps", "down -= eps"))),
    Wrong("leaves x changed", "changes x", (("return gradient", "x[index] += 1e-9\n    return gradient"),)),
    Wrong("two axes only", "raises ValueError", (("for index in np.ndindex(*x.shape):", "for index in ((r, c) for r, c in np.ndindex(*x.shape)):"),)),
    Wrong("not relative", "not relative", ((ERROR, "return np.abs(a - b).max()"),)),
    Wrong("a sum", "sum instead of largest", ((ERROR, "return np.abs(a - b).sum() / size"),)),
    Wrong("a mean", "mean instead of largest", ((ERROR, "return np.abs(a - b).mean() / size"),)),
    Wrong("no absolute value", "signs cancel", ((ERROR, "return (a - b).max() / size"),)),
    Wrong("zero by zero", "not finite", (("    if size == 0:\n        return 0.0\n", ""),)),
)  # fmt: skip

RIGHT = (
    Right("changes and restores", (("        up, down = x.copy(), x.copy()\n        up[index] += eps\n        down[index] -= eps\n        gradient[index] = (f(up) - f(down)) / (2 * eps)",
                                    "        old = x[index]\n        x[index] = old + eps\n        up = f(x)\n        x[index] = old - eps\n        gradient[index] = (up - f(x)) / (2 * eps)\n        x[index] = old"),)),
    Right("a flat loop", (("for index in np.ndindex(*x.shape):", "for number in range(x.size):\n        index = np.unravel_index(number, x.shape)"),)),
    Right("a guard in the divisor", (("    if size == 0:\n        return 0.0\n", "    size = max(size, 1e-300)\n"),)),
)  # fmt: skip
