"""A linear layer: the first backward, and the first layer that collects gradients."""

from groundup.practice.exercise import Case, Exercise, Part, sizes


def forward_case(rng, dtype):
    n = sizes(rng, "NIO")
    x = rng.normal(size=(n["N"], n["I"])).astype(dtype)
    weight = rng.normal(size=(n["O"], n["I"])).astype(dtype)
    return Case({"x": x, "weight": weight, "bias": rng.normal(size=n["O"]).astype(dtype)}, n)


def backward_case(rng, dtype):
    case = forward_case(rng, dtype)
    x, weight = case.inputs["x"], case.inputs["weight"]
    dy = rng.normal(size=(len(x), len(weight))).astype(dtype)
    return Case({"dy": dy, "x": x, "weight": weight}, case.dims)


def layer_case(rng, dtype):
    case = forward_case(rng, dtype)
    again = rng.normal(size=case.inputs["x"].shape).astype(dtype)
    dy = rng.normal(size=(2, case.dims["N"], case.dims["O"])).astype(dtype)
    return Case({**case.inputs, "again": again, "dy": dy}, case.dims)


def use_layer(module, inputs):
    """One pass forward and backward, and a second one: the gradients of both must add up."""
    layer = module.Linear(inputs["weight"], inputs["bias"])
    y = layer.forward(inputs["x"])
    dx = layer.backward(inputs["dy"][0])
    dweight, dbias = layer.dweight.copy(), layer.dbias.copy()
    layer.forward(inputs["again"])
    layer.backward(inputs["dy"][1])
    return {
        "y": y,
        "dx": dx,
        "dweight": dweight,
        "dbias": dbias,
        "dweight after a second pass": layer.dweight,
        "dbias after a second pass": layer.dbias,
    }


EXERCISE = Exercise(
    title="A linear layer, forward and backward",
    parts=(
        Part("linear_forward", forward_case, ("y",)),
        Part("linear_backward", backward_case, ("dx", "dweight", "dbias")),
        Part(
            "Linear",
            layer_case,
            ("y", "dx", "dweight", "dbias", "dweight after a second pass", "dbias after a second pass"),
            run=use_layer,
        ),
    ),
    hints=(
        "Write the shapes of dy, x and weight side by side. Only one product of two of them has the shape of dx.",
        "bias is added to every example, so every example sends it a gradient: add them all up.",
        "dx is dy @ weight, dweight is dy.T @ x. In the layer, += is what collects.",
    ),
)
