"""MSE and Huber: what the mean is over, and where a curve turns into a line."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def errors(rng, dtype):
    n = sizes(rng, "NO")
    prediction = rng.normal(size=(n["N"], n["O"])).astype(dtype)
    return Case({"prediction": prediction, "target": rng.normal(scale=2, size=prediction.shape).astype(dtype)}, n)


def with_delta(rng, dtype):
    case = errors(rng, dtype)
    return Case({**case.inputs, "delta": float(rng.choice([0.5, 0.7, 1.3]))}, case.dims)


def huber(inputs, half=True, offset=True, delta=True):
    e = np.abs(inputs["prediction"] - inputs["target"])
    d = inputs["delta"]
    outer = (d if delta else 1) * (e - (0.5 * d if offset else 0))
    return np.where(e <= d, (0.5 if half else 1) * e**2, outer).mean()


EXERCISE = Exercise(
    title="Mean squared error and Huber's loss",
    parts=(
        Part("mse", errors, ("loss",), slips=(
            Slip("not squared", "This is the mean absolute error: square the error.",
                 lambda i: {"loss": np.abs(i["prediction"] - i["target"]).mean()}),
            Slip("root", "This is the root of the mean squared error.",
                 lambda i: {"loss": np.sqrt(((i["prediction"] - i["target"]) ** 2).mean())}),
            Slip("not squared", "This is the mean error: positive and negative ones cancel.",
                 lambda i: {"loss": (i["prediction"] - i["target"]).mean()}),
        )),
        Part("mse_backward", errors, ("dprediction",)),
        Part("huber", with_delta, ("loss",), slips=(
            Slip("half missing", "The half of e²/2 is missing: the curve and the line no longer meet at delta.",
                 lambda i: {"loss": huber(i, half=False)}),
            Slip("offset missing", "The line is delta |e|: the - delta/2 is missing, so it jumps at delta.",
                 lambda i: {"loss": huber(i, offset=False)}),
            Slip("delta missing", "The line has slope 1, not delta.", lambda i: {"loss": huber(i, delta=False)}),
            Slip("not squared", "The curve is nowhere: this is the line everywhere.", lambda i: {"loss": (
                i["delta"] * (np.abs(i["prediction"] - i["target"]) - 0.5 * i["delta"])).mean()}),
        )),
        Part("huber_backward", with_delta, ("dprediction",), slips=(
            Slip("not clipped", "The gradient goes beyond delta: this is the curve's, everywhere.",
                 lambda i: {"dprediction": (i["prediction"] - i["target"]) / i["prediction"].size}),
            Slip("clipped at 1", "The gradient is clipped at 1 instead of delta.",
                 lambda i: {"dprediction": np.clip(i["prediction"] - i["target"], -1, 1) / i["prediction"].size}),
            Slip("sign lost", "Far out the gradient is ± delta: its sign is lost.",
                 lambda i: {"dprediction": np.minimum(np.abs(i["prediction"] - i["target"]), i["delta"])
                            / i["prediction"].size}),
        )),
    ),
    hints=(
        "prediction.size is M, the number of all entries; len(prediction) is only N.",
        "np.where(condition, a, b) takes from a where the condition holds, and from b elsewhere.",
        "The gradient of Huber's loss is the error, cut off at ± delta (np.clip), divided by M.",
    ),
)  # fmt: skip
