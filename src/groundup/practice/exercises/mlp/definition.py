"""The backward pass of a small network: the chain rule, line by line."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes


def network(rng, dtype):
    n = sizes(rng, "NIHO")

    def draw(*letters):
        return rng.normal(size=[n[letter] for letter in letters]).astype(dtype)

    inputs = {"x": draw("N", "I"), "w1": draw("H", "I"), "b1": draw("H"), "w2": draw("O", "H"), "b2": draw("O")}
    return Case(inputs, n)


def with_target(rng, dtype):
    case = network(rng, dtype)
    target = rng.normal(size=(case.dims["N"], case.dims["O"])).astype(dtype)
    return Case({**case.inputs, "target": target}, case.dims)


def gradients(i, gate="a", hidden="h", loss_gradient=True):
    """The gradients, with one line written differently: what the learner may have done."""
    a = i["x"] @ i["w1"].T + i["b1"]
    h = np.maximum(a, 0)
    y = h @ i["w2"].T + i["b2"]
    dy = 2 * (y - i["target"]) / y.size if loss_gradient else y
    dh = dy @ i["w2"]
    da = {"a": dh * (a > 0), "none": dh, "dh": dh * (dh > 0), "h": dh * h}[gate]
    return {
        "dw1": da.T @ i["x"],
        "db1": da.sum(axis=0),
        "dw2": dy.T @ {"h": h, "a": a}[hidden],
        "db2": dy.sum(axis=0),
    }


def slip(cause, message, **changes):
    return Slip(cause, message, lambda i: gradients(i, **changes))


EXERCISE = Exercise(
    title="The backward pass of a network",
    parts=(
        Part(
            "mlp_forward",
            network,
            ("a", "h", "y"),
            slips=(
                Slip("activation missing", "y is computed from a: the ReLU between the layers is not used.",
                     lambda i: {"y": (i["x"] @ i["w1"].T + i["b1"]) @ i["w2"].T + i["b2"]}),
            ),
        ),
        Part(
            "mlp_backward",
            with_target,
            ("dw1", "db1", "dw2", "db2"),
            slips=(
                slip("gate forgotten", "The ReLU's gradient is missing: where a < 0 nothing comes back.", gate="none"),
                slip("gate of dh", "The gate looks at the sign of dh. It is open where a was positive.", gate="dh"),
                slip("times the output", "dh is multiplied with h. ReLU's slope is 1 or 0, not h.", gate="h"),
                slip("before the activation", "dw2 is made with a: the second layer saw h.", hidden="a"),
                slip("loss gradient missing", "The backward starts from y: it starts from the gradient of the loss, "
                     "2 (y - target) / (N O).", loss_gradient=False),
            ),
        ),
    ),
    hints=(
        "Write the four forward lines on paper, and under each, from the last to the first, the backward lines.",
        "Every gradient has the shape of its array: that decides which side is transposed.",
        "dy = 2 (y - target) / y.size; then dh = dy @ w2; da = dh * (a > 0); and two linear layers' gradients.",
    ),
)  # fmt: skip
