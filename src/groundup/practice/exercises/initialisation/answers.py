"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

FANS = "return shape[1] * field, shape[0] * field"
HE = "* np.sqrt(2 / fan_in)"
WRONG = (
    Wrong("fans exchanged", "is fan_out", ((FANS, "return shape[0] * field, shape[1] * field"),)),
    Wrong("kernel forgotten", "kernel forgotten", ((FANS, "return shape[1], shape[0]"),)),
    Wrong("one side of the kernel", "factor 1/K", (("int(np.prod(shape[2:]))", "int(np.prod(shape[3:]))"),)),
    Wrong("everything as fan_out", "factor I", ((FANS, "return shape[1] * field, shape[0] * shape[1] * field"),)),
    Wrong("not scaled", "not scaled", ((HE, ""),)),
    Wrong("variance as deviation", "variance as deviation", ((HE, "* 2 / fan_in"),)),
    Wrong("no room for ReLU", "Xavier's deviation", ((HE, "* np.sqrt(1 / fan_in)"),)),
    Wrong("He by fan_out", "fans exchanged", (("fan_in, _ = fans(shape)", "_, fan_in = fans(shape)"),)),
    Wrong("the same for all", "ones", (("return rng.normal(size=shape) " + HE, "return np.ones(shape)"),)),
    Wrong("all zero", "zeros", (("return rng.normal(size=shape) " + HE, "return np.zeros(shape)"),)),
    Wrong("deviation as limit", "variance as limit", (("np.sqrt(6 / ", "np.sqrt(2 / "),)),
    Wrong("fan_in alone", "fan_in alone", (("sum(fans(shape))", "fans(shape)[0]"),)),
    Wrong("no root", "root missing", (("np.sqrt(6 / sum(fans(shape)))", "6 / sum(fans(shape))"),)),
    Wrong("only positive", "unnamed", (("rng.uniform(-a, a, size=shape)", "rng.uniform(0, a, size=shape)"),)),
)  # fmt: skip

RIGHT = (
    Right("scale inside", (("rng.normal(size=shape) * np.sqrt(2 / fan_in)", "rng.normal(0, (2 / fan_in) ** 0.5, size=shape)"),)),
    Right("standard normal", (("rng.normal(size=shape)", "rng.standard_normal(shape)"),)),
    Right("random numbers from 0 to 1, moved", (("rng.uniform(-a, a, size=shape)", "(2 * rng.random(shape) - 1) * a"),)),
)  # fmt: skip
