"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

CENTRED = "    centred = x - x.mean(axis=-1, keepdims=True)\n"
SIGMA = "    sigma = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)\n"
RETURN = "    return weight * (centred / sigma) + bias"
FORWARD = CENTRED + SIGMA + RETURN
DX = "dx = (dnormalized - through_mean - through_variance) / sigma"
WRONG = (
    Wrong("over the batch", "wrong axis", ((FORWARD, FORWARD.replace("axis=-1", "axis=0")),)),
    Wrong("over the places of an example too", "wrong axis", ((FORWARD, FORWARD.replace("axis=-1", "axis=(1, 2)")),)),
    Wrong("eps outside", "eps outside the root", ((SIGMA + RETURN, SIGMA.replace(" + eps)", ") + eps") + RETURN),)),
    Wrong("x.std(ddof=1)", "unbiased variance",
          ((SIGMA + RETURN, "    sigma = np.sqrt(x.var(axis=-1, keepdims=True, ddof=1) + eps)\n" + RETURN),)),
    Wrong("no eps", "input ignored: eps", ((SIGMA + RETURN, SIGMA.replace(" + eps", "") + RETURN),)),
    Wrong("bias before the scale", "bias scaled too", ((RETURN, "    return weight * (centred / sigma + bias)"),)),
    Wrong("not centred", "mean not subtracted", ((RETURN, "    return weight * (x / sigma) + bias"),)),
    Wrong("dweight keeps the places", "not summed over axis 0", (("(dy * normalized).sum(axis=(0, 1))", "(dy * normalized).sum(axis=0)"),)),
    Wrong("dweight with the centred x", "not divided by σ", (("(dy * normalized).sum", "(dy * centred).sum"),)),
    Wrong("weight outside, as in batch norm", "weight outside the means", (
        ("dnormalized = dy * weight", "dnormalized = dy"), (DX, DX.replace("dx = (", "dx = weight * ("))),),
    Wrong("statistics held constant", "statistics held constant", ((DX, "dx = dnormalized / sigma"),)),
    Wrong("means over the batch", "means over the wrong axis", (
        ("through_mean = dnormalized.mean(axis=-1, keepdims=True)", "through_mean = dnormalized.mean(axis=0)"),
        ("(dnormalized * normalized).mean(axis=-1, keepdims=True)", "(dnormalized * normalized).mean(axis=0)"))),
    Wrong("sums instead of means", "sums instead of means", (
        ("dnormalized.mean(", "dnormalized.sum("), ("(dnormalized * normalized).mean(", "(dnormalized * normalized).sum("))),
    Wrong("bias gradient overwritten", "overwritten", (("self.dbias += dbias", "self.dbias = dbias"),)),
    Wrong("eps as an array of float64", "dtype", ((SIGMA + RETURN, SIGMA.replace("+ eps)", "+ np.array([eps]))") + RETURN),)),
)  # fmt: skip

RIGHT = (
    Right("np.var and (x - mean)", ((FORWARD,
        "    mean, variance = x.mean(-1)[..., None], x.var(-1)[..., None]\n    return (x - mean) * weight / np.sqrt(variance + eps) + bias"),)),
    Right("einsum", (("(dy * normalized).sum(axis=(0, 1))", 'np.einsum("ntd,ntd->d", dy, normalized)'),)),
    Right("rows of a matrix", (("dbias = dy.sum(axis=(0, 1))", "dbias = dy.reshape(-1, len(weight)).sum(axis=0)"),)),
    Right("through the variance and the mean", ((DX,
        "dvariance = (dnormalized * centred).sum(axis=-1, keepdims=True) * -0.5 / sigma**3\n"
        "    dcentred = dnormalized / sigma + dvariance * 2 * centred / x.shape[-1]\n"
        "    dx = dcentred - dcentred.mean(axis=-1, keepdims=True)"),)),
)  # fmt: skip
