"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

LEAD = "while dy.ndim > len(shape):\n        dy = dy.sum(axis=0)"
WRONG = (
    Wrong("scale meets the columns", "raises ValueError", (("scale[:, None]", "scale"),)),
    Wrong("the mean is added", "mean with the wrong sign", (("(x - mean)", "(x + mean)"),)),
    Wrong("the mean is forgotten", "input ignored: mean", (("(x - mean)", "x"),)),
    Wrong("divides nothing", "input ignored: scale", ((" / scale[:, None]", ""),)),
    Wrong("mean over the added axes", "mean instead of sum", ((LEAD, LEAD.replace("sum", "mean")),)),
    Wrong("sums from the right", "dy summed over axes 1, 2", ((LEAD, LEAD.replace("axis=0", "axis=-1")),)),
    Wrong("stretched axes are dropped", "axis lost", ((", keepdims=True", ""), ("enumerate(shape)", "reversed(list(enumerate(shape)))"))),
    Wrong("stretched axes are averaged", "mean instead of sum", (("dy.sum(axis=axis, keepdims=True)", "dy.mean(axis=axis, keepdims=True)"),)),
    Wrong("stretched axes are forgotten", "not summed over axis 1", (("if length == 1:", "if False:"),)),
    Wrong("picks one copy", "only the first along axis 1 of dy", (("dy.sum(axis=axis, keepdims=True)", "dy[(slice(None),) * axis + (slice(0, 1),)]"),)),
)  # fmt: skip

RIGHT = (
    Right("all axes at once", ((LEAD, "dy = dy.sum(axis=tuple(range(dy.ndim - len(shape))))"),)),
    Right("reshape instead of None", (("scale[:, None]", "scale.reshape(-1, 1)"),)),
    Right("by transposition", (("(x - mean) / scale[:, None]", "((x - mean).T / scale).T"),)),
)
