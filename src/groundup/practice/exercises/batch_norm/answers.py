"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

FORWARD = "    sigma = np.sqrt((centred**2).mean(axis=0) + eps)\n    return"
DX = "dx = (dnormalized - through_mean - through_variance) / sigma"
MEAN = "self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * x.mean(axis=0)"
VAR = "self.running_var = (1 - self.momentum) * self.running_var + self.momentum * x.var(axis=0, ddof=1)"
WRONG = (
    Wrong("over the features", "wrong axis",
          (("    centred = x - x.mean(axis=0)\n" + FORWARD,
            "    centred = x - x.mean(axis=1, keepdims=True)\n    sigma = np.sqrt((centred**2).mean(axis=1, keepdims=True) + eps)\n    return"),)),
    Wrong("eps outside", "eps outside the root", ((FORWARD, "    sigma = np.sqrt((centred**2).mean(axis=0)) + eps\n    return"),)),
    Wrong("no root", "root missing", ((FORWARD, "    sigma = (centred**2).mean(axis=0) + eps\n    return"),)),
    Wrong("divided by N - 1", "unbiased variance", ((FORWARD, "    sigma = np.sqrt(x.var(axis=0, ddof=1) + eps)\n    return"),)),
    Wrong("mean of squares less square of mean", "float32", ((FORWARD, "    sigma = np.sqrt((x**2).mean(axis=0) - x.mean(axis=0) ** 2 + eps)\n    return"),)),
    Wrong("statistics held constant", "statistics held constant", ((DX, "dx = dnormalized / sigma"),)),
    Wrong("variance held constant", "variance held constant", ((DX, "dx = (dnormalized - through_mean) / sigma"),)),
    Wrong("mean held constant", "mean held constant", ((DX, "dx = (dnormalized - through_variance) / sigma"),)),
    Wrong("weight forgotten", "input ignored: weight", (("dnormalized = dy * weight", "dnormalized = dy"),)),
    Wrong("dweight with x", "x instead of x̂", (("(dy * normalized).sum(axis=0)", "(dy * x).sum(axis=0)"),)),
    Wrong("momentum the wrong way round", "1 - momentum for momentum", (
        (MEAN, "self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * x.mean(axis=0)"),
        (VAR, "self.running_var = self.momentum * self.running_var + (1 - self.momentum) * x.var(axis=0, ddof=1)"))),
    Wrong("running variance biased", "biased variance", ((VAR, VAR.replace(", ddof=1", "")),)),
    Wrong("evaluation by the batch", "batch statistics in evaluation",
          (("normalized = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)",
            "normalized = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + self.eps)"),)),
    Wrong("gradient overwritten", "overwritten", (("self.dweight += dweight", "self.dweight = dweight"),)),
    Wrong("centres x in place", "changes x", (("    centred = x - x.mean(axis=0)\n" + FORWARD, "    x -= x.mean(axis=0)\n    centred = x\n" + FORWARD),)),
)  # fmt: skip

RIGHT = (
    Right("np.var and the bias first", ((FORWARD, "    sigma = np.sqrt(x.var(axis=0) + eps)\n    return"),)),
    Right("the gradients of γ and β in dx", ((DX, "dx = weight / sigma * (dy - dbias / len(x) - normalized * dweight / len(x))"),)),
    Right("step by step through the graph", ((DX,
        "dvariance = (dnormalized * centred).sum(axis=0) * -0.5 / sigma**3\n"
        "    dmean = -(dnormalized / sigma).sum(axis=0)\n"
        "    dx = dnormalized / sigma + dvariance * 2 * centred / len(x) + dmean / len(x)"),)),
    Right("running statistics in place", ((MEAN, "self.running_mean += self.momentum * (x.mean(axis=0) - self.running_mean)"),
                                          (VAR, "self.running_var += self.momentum * (x.var(axis=0) * len(x) / (len(x) - 1) - self.running_var)"))),
)  # fmt: skip
