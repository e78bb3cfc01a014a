"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

MASK = "mask = np.where(rng.random(x.shape) < p, 0, 1 / (1 - p)).astype(x.dtype)"
BACK = "return dropout_backward(dy, self.mask)"
FORWARD = "y, self.mask = dropout_forward(x, self.p, self.rng)"
WRONG = (
    Wrong("not scaled", "scale missing", ((MASK, "mask = (rng.random(x.shape) >= p).astype(x.dtype)"),)),
    Wrong("scaled down", "scaled down", ((MASK, "mask = (rng.random(x.shape) >= p).astype(x.dtype) * (1 - p)"),)),
    Wrong("divided by p", "divided by p", ((MASK, MASK.replace("1 / (1 - p)", "1 / p")),)),
    Wrong("keeps what is to be dropped", "kept and dropped exchanged", ((MASK, MASK.replace("< p", ">= p")),)),
    Wrong("p as the share kept", "p is what is kept", ((MASK, "mask = (rng.random(x.shape) < p).astype(x.dtype) / p"),)),
    Wrong("one mask for all examples", "one mask for all examples", ((MASK, MASK.replace("x.shape", "x.shape[1:]") + " * np.ones_like(x)"),)),
    Wrong("mask of Trues returned", "mask not scaled", (("return x * mask, mask", "return x * mask, (mask > 0).astype(x.dtype)"),)),
    Wrong("a mask that knows only 0 and 1", "mask not scaled", (
        (MASK, "mask = (rng.random(x.shape) >= p).astype(x.dtype)"), ("return x * mask, mask", "return x * mask / (1 - p), mask"))),
    Wrong("drops x in place", "changes x", (("return x * mask, mask", "x *= mask\n    return x.copy(), mask"),)),
    Wrong("mask in float64", "dtype", ((MASK, "mask = (rng.random(x.shape) >= p) / (1 - p)"),)),
    Wrong("backward without the mask", "is the input dy", (("return dy * mask", "return dy"),)),
    Wrong("drops in evaluation too", "drops in evaluation", (("if not self.training:\n            return x\n        ", ""),)),
    Wrong("evaluation scaled", "scaled in evaluation", (("            return x\n", "            return x * (1 - self.p)\n"),)),
    Wrong("a new mask on the way back", "new mask in backward", ((BACK, "return dropout_forward(dy, self.p, self.rng)[0]"),)),
    Wrong("drawn once for all", "one mask for all calls",
          ((FORWARD, 'if not hasattr(self, "mask"):\n            _, self.mask = dropout_forward(x, self.p, self.rng)\n        y = x * self.mask'),)),
)  # fmt: skip

RIGHT = (
    Right("True and False", ((MASK, "mask = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)"),)),
    Right("uniform, and a scale put on afterwards", ((MASK, "keep = rng.uniform(size=x.shape) > p\n    mask = np.zeros_like(x)\n    mask[keep] = 1 / (1 - p)"),)),
    Right("random numbers into an array", ((MASK, "numbers = np.empty(x.shape)\n    rng.random(out=numbers)\n    mask = (numbers >= p) * np.ones_like(x) / (1 - p)"),)),
    Right("the layer multiplies itself", ((BACK, "return dy * self.mask"), ("return y\n", "return x * self.mask\n"))),
)  # fmt: skip
