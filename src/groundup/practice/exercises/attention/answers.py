"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SCALE = "/ query.shape[-1] ** 0.5"
HIDE = "scores = np.where(mask, -np.inf, scores)"
SOFTMAX = "p = np.exp(scores - scores.max(axis=-1, keepdims=True))\n    return p / p.sum(axis=-1, keepdims=True)"
DS = "ds = p * (dp - (p * dp).sum(axis=-1, keepdims=True))"
WRONG = (
    Wrong("not divided by the root", "scale forgotten", ((SCALE, ""),)),
    Wrong("divided by D", "divided by D", ((SCALE, "/ query.shape[-1]"),)),
    Wrong("the root by np.sqrt", "dtype", ((SCALE, "/ np.sqrt(query.shape[-1])"),)),
    Wrong("keys reshaped", "reshaped, not transposed", (("query @ key.transpose(0, 2, 1)", "query @ key.reshape(len(key), key.shape[2], key.shape[1])"),)),
    Wrong("no mask", "mask forgotten", ((HIDE, "pass"),)),
    Wrong("mask the wrong way round", "mask inverted", ((HIDE, "scores = np.where(mask, scores, -np.inf)"),)),
    Wrong("hidden scores are 0", "mask filled with 0", ((HIDE, "scores = scores * ~mask"),)),
    Wrong("a mask that is too weak", "unnamed", ((HIDE, "scores = scores - 5.0 * mask"),)),
    Wrong("mask after the softmax", "mask after the softmax",
          ((HIDE, "pass"), ("return p / p.sum(axis=-1, keepdims=True)", "return p / p.sum(axis=-1, keepdims=True) * ~mask"))),
    Wrong("softmax over the queries", "softmax axis", ((SOFTMAX, SOFTMAX.replace("axis=-1", "axis=1")),)),
    Wrong("overflows", "not finite", ((SOFTMAX, SOFTMAX.replace(" - scores.max(axis=-1, keepdims=True)", "")),)),
    Wrong("softmax backwards without the sum", "sum of the row forgotten", ((DS, "ds = p * dp"),)),
    Wrong("softmax backwards as a sigmoid", "p (1 - p)", ((DS, "ds = dp * p * (1 - p)"),)),
    Wrong("the root forgotten on the way back", "scale forgotten", (("dkey = ds.transpose(0, 2, 1) @ query * scale", "dkey = ds.transpose(0, 2, 1) @ query"),)),
    Wrong("key before query", "is dkey", (("return dquery, dkey, dvalue", "return dkey, dquery, dvalue"),)),
)  # fmt: skip

RIGHT = (
    Right("a large negative number", ((HIDE, "scores = np.where(mask, -1e30, scores)"),)),
    Right("einsum", (("query @ key.transpose(0, 2, 1)", 'np.einsum("ntd,nsd->nts", query, key)'),
                     ("dvalue = p.transpose(0, 2, 1) @ dy", 'dvalue = np.einsum("nts,nte->nse", p, dy)'))),
    Right("the scale on the query", (("query @ key.transpose(0, 2, 1) / query.shape[-1] ** 0.5", "(query * query.shape[-1] ** -0.5) @ key.mT"),)),
    Right("the sum of a row from y", ((DS, "y = p @ value\n    ds = p * (dp - (dy * y).sum(axis=-1)[..., None])"),)),
)  # fmt: skip
