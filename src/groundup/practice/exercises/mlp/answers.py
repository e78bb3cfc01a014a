"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

RETURN = "return da.T @ x, da.sum(axis=0), dy.T @ h, dy.sum(axis=0)"
WRONG = (
    Wrong("no activation", "activation missing", (("y = h @ w2.T", "y = a @ w2.T"),)),
    Wrong("activation at the end", "unnamed", (("h = np.maximum(a, 0)", "h = np.tanh(a)"),)),
    Wrong("gate forgotten", "gate forgotten", (("da = dh * (a > 0)", "da = dh"),)),
    Wrong("gate of dh", "gate of dh", (("da = dh * (a > 0)", "da = np.maximum(dh, 0)"),)),
    Wrong("times h", "times the output", (("da = dh * (a > 0)", "da = dh * h"),)),
    Wrong("dw2 from a", "before the activation", (("dy.T @ h,", "dy.T @ a,"),)),
    Wrong("the 2 lost", "factor 1/2", (("dy = 2 * (y", "dy = (y"),)),
    Wrong("divided by N alone", "factor O", (("/ y.size", "/ len(y)"),)),
    Wrong("not divided", "factor N O", (("/ y.size", ""),)),
    Wrong("target minus y", "sign", (("dy = 2 * (y - target)", "dy = 2 * (target - y)"),)),
    Wrong("starts from y", "loss gradient missing", (("dy = 2 * (y - target) / y.size", "dy = y"),)),
    Wrong("biases averaged", "factor 1/N", ((RETURN, RETURN.replace("da.sum", "da.mean")),)),
    Wrong("transposed", "transposed", ((RETURN, RETURN.replace("da.T @ x", "x.T @ da")),)),
    Wrong("layers exchanged", "is dw2", ((RETURN, "return dy.T @ h, dy.sum(axis=0), da.T @ x, da.sum(axis=0)"),)),
)

RIGHT = (
    Right("gate from h", (("(a > 0)", "(h > 0)"),)),
    Right("einsum", ((RETURN, 'return np.einsum("nh,ni->hi", da, x), da.sum(0), np.einsum("no,nh->oh", dy, h), dy.sum(0)'),)),
    Right("np.where", (("da = dh * (a > 0)", "da = np.where(a > 0, dh, np.zeros_like(dh))"),)),
)  # fmt: skip
