"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

WRONG = (
    Wrong("forgets the bias", "input ignored: bias", (("x @ weight.T + bias", "x @ weight.T"),)),
    Wrong("dweight averaged over the batch", "factor 1/N", (("dy.T @ x", "dy.T @ x / len(x)"),)),
    Wrong("dbias averaged over the batch", "factor 1/N", (("dy.sum(axis=0)", "dy.mean(axis=0)"),)),
    Wrong("dweight transposed", "transposed", (("dy.T @ x", "x.T @ dy"),)),
    Wrong("dbias keeps the batch", "not summed over axis 0", (("dy.sum(axis=0)", "dy"),)),
    Wrong("dbias summed over everything", "summed over axis 0 too", (("dy.sum(axis=0)", "dy.sum()"),)),
    Wrong("wrong sign", "sign", (("dx = dy @ weight", "dx = -dy @ weight"),)),
    Wrong("the upstream gradient ignored", "upstream ignored", (("dy.sum(axis=0)", "np.full(dy.shape[1], len(dy), dy.dtype)"),)),
    Wrong("gradient overwritten", "overwritten", (("self.dweight += dweight", "self.dweight = dweight"),)),
    Wrong("bias gradient overwritten", "overwritten", (("self.dbias += dbias", "self.dbias[:] = dbias"),)),
    Wrong("gradients in the wrong order", "is dbias", (("return dx, dweight, dbias", "return dx, dbias, dweight"),)),
    Wrong("changes its input", "changes x", (("return x @ weight.T + bias", "x *= 1.5\n    return x @ weight.T / 1.5 + bias"),)),
    Wrong("float64 always", "dtype", (("return x @ weight.T + bias", "return x.astype(np.float64) @ weight.T + bias"),)),
    Wrong("no return", "returns nothing", (("return x @ weight.T + bias", "x @ weight.T + bias"),)),
)  # fmt: skip

RIGHT = (
    Right("einsum", (("dy.T @ x", 'np.einsum("no,ni->oi", dy, x)'),)),
    Right("ones instead of sum", (("dy.sum(axis=0)", "np.ones(len(dy), dy.dtype) @ dy"),)),
    Right("np.matmul and a new name", (("return x @ weight.T + bias", "y = np.matmul(x, weight.T)\n    y += bias\n    return y"),)),
    Right("adds in another way", (("self.dweight += dweight", "self.dweight = self.dweight + dweight"),)),
)  # fmt: skip
