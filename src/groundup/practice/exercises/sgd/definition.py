"""SGD: three lines, each of which can be put in the wrong place."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

STEPS = 4
OUTPUTS = ("parameter after 1 step", f"parameter after {STEPS} steps", "the last gradient")


def plain(rng, dtype):
    n = sizes(rng, "OI")
    shape = (n["O"], n["I"])
    return Case(
        {
            "parameter": rng.normal(size=shape).astype(dtype),
            "gradients": rng.normal(size=(STEPS, *shape)).astype(dtype),
            "lr": float(rng.choice([0.1, 0.03])),
            "momentum": 0.0,
            "decay": 0.0,
        },
        n,
    )


def with_momentum(rng, dtype):
    case = plain(rng, dtype)
    return Case({**case.inputs, "momentum": float(rng.choice([0.7, 0.9]))}, case.dims)


def with_both(rng, dtype):
    case = with_momentum(rng, dtype)
    return Case({**case.inputs, "decay": float(rng.choice([0.2, 0.4]))}, case.dims)


def take_steps(module, inputs):
    """Take a few steps on one array, and say where it is after the first and after the last."""
    parameter = inputs["parameter"].copy()
    gradients = inputs["gradients"].copy()
    optimizer = module.SGD(parameter, inputs["lr"], inputs["momentum"], inputs["decay"])
    optimizer.step(gradients[0])
    first = parameter.copy()
    for gradient in gradients[1:]:
        optimizer.step(gradient)
    return dict(zip(OUTPUTS, (first, parameter, gradients[-1])))


def sgd(i, decay="gradient", velocity="sum", forget=False, nesterov=False, lr=None):
    lr = i["lr"] if lr is None else lr(i)
    momentum, strength = i["momentum"], i["decay"]
    p, v, path = i["parameter"].copy(), np.zeros_like(i["parameter"]), []
    for g in i["gradients"]:
        g = g + strength * p if decay == "gradient" else g
        v = (momentum * v if not forget else 0) + (1 - momentum if velocity == "mean" else 1) * g
        p = p * (1 - strength if decay == "not times lr" else 1 - lr * strength if decay == "apart" else 1) - lr * (
            g + momentum * v if nesterov else v
        )
        path.append(p)
    return dict(zip(OUTPUTS, (path[0], path[-1], i["gradients"][-1])))


def slip(cause, message, **changes):
    return Slip(cause, message, lambda i: sgd(i, **changes))


SLIPS = (
    slip("sign", "The step goes up the gradient: subtract it.", lr=lambda i: -i["lr"]),
    slip("learning rate missing", "The step is not multiplied with the learning rate.", lr=lambda i: 1.0),
    slip("velocity forgotten", "The velocity is not kept: each step is a plain one. self.velocity must live on.", forget=True),
    slip("running mean", "The gradient is weighted with 1 - momentum: that is a running mean (as in Adam). Here it is a sum.",
         velocity="mean"),
    slip("Nesterov", "The step looks ahead (g + momentum v): that is Nesterov's variant.", nesterov=True),
    slip("decay forgotten", "The weight decay is not there.", decay="none"),
    slip("decay apart", "The decay is taken off the weights, beside the velocity: that is AdamW's way. In SGD it is part of "
         "the gradient, and goes through the velocity too.", decay="apart"),
    slip("decay not times lr", "The weights shrink by decay, not by lr times decay.", decay="not times lr"),
)  # fmt: skip

EXERCISE = Exercise(
    title="Gradient descent, momentum, weight decay",
    parts=tuple(Part("SGD", case, OUTPUTS, run=take_steps, slips=SLIPS) for case in (plain, with_momentum, with_both)),
    hints=(
        "Begin with the plain step, and add the other two when it passes.",
        "self.parameter -= ... changes the array in place; self.parameter = ... makes a new one that the network "
        "never sees. And gradient += ... would change the gradient, which is not yours.",
        "g = gradient + self.decay * self.parameter; self.velocity = self.momentum * self.velocity + g.",
    ),
)
