"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

MSE = "return ((prediction - target) ** 2).mean()"
CLIP = "np.clip(prediction - target, -delta, delta) / prediction.size"
WRONG = (
    Wrong("sum of squares", "factor N O", ((MSE, "return ((prediction - target) ** 2).sum()"),)),
    Wrong("divided by N alone", "factor O", ((MSE, "return ((prediction - target) ** 2).sum() / len(target)"),)),
    Wrong("absolute error", "not squared", ((MSE, "return abs(prediction - target).mean()"),)),
    Wrong("root mean square", "root", ((MSE, "return ((prediction - target) ** 2).mean() ** 0.5"),)),
    Wrong("half a square", "factor 1/2", ((MSE, "return 0.5 * ((prediction - target) ** 2).mean()"),)),
    Wrong("one loss an example", "not averaged over axis 0", ((MSE, "return ((prediction - target) ** 2).mean(axis=1)"),)),
    Wrong("the 2 lost", "factor 1/2", (("return 2 * (", "return ("),)),
    Wrong("target minus prediction", "sign", (("return 2 * (prediction - target)", "return 2 * (target - prediction)"),)),
    Wrong("gradient divided by N alone", "factor O", (("return 2 * (prediction - target) / prediction.size", "return 2 * (prediction - target) / len(prediction)"),)),
    Wrong("the half lost", "half missing", (("0.5 * e**2", "e**2"),)),
    Wrong("a jump at delta", "offset missing", (("delta * (e - 0.5 * delta)", "delta * e"),)),
    Wrong("never a line", "not clipped", ((CLIP, "(prediction - target) / prediction.size"),)),
    Wrong("clipped at one", "clipped at 1", ((CLIP, "np.clip(prediction - target, -1, 1) / prediction.size"),)),
    Wrong("gradient not divided", "factor N O", ((CLIP, "np.clip(prediction - target, -delta, delta)"),)),
)  # fmt: skip

RIGHT = (
    Right("np.square and np.mean", ((MSE, "return np.mean(np.square(target - prediction))"),)),
    Right("a dot product", ((MSE, "e = (prediction - target).ravel()\n    return e @ e / e.size"),)),
    Right("minimum instead of where", (("np.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)).mean()", "(np.minimum(e, delta) * (e - 0.5 * np.minimum(e, delta))).mean()"),)),
    Right("where instead of clip", ((CLIP, "np.where(abs(prediction - target) <= delta, prediction - target, delta * np.sign(prediction - target)).astype(target.dtype) / target.size"),)),
)  # fmt: skip
