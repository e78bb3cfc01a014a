"""Adam, checked over several steps: the first alone can't tell a forgotten memory from a kept one."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

STEPS = 4


def case(rng, dtype):
    n = sizes(rng, "OI")
    shape = (n["O"], n["I"])
    return Case(
        {
            "parameter": rng.normal(size=shape).astype(dtype),
            "gradients": rng.normal(size=(STEPS, *shape)).astype(dtype),
            "lr": float(rng.choice([0.1, 0.03])),
            "beta1": float(rng.choice([0.8, 0.9])),
            "beta2": float(rng.choice([0.95, 0.99])),
            "eps": float(rng.choice([0.1, 0.2])),  # large, so that its place shows
        },
        n,
    )


def take_steps(module, inputs):
    """Take a few steps on one array, and say where it is after the first and after the last."""
    parameter = inputs["parameter"].copy()
    optimizer = module.Adam(parameter, inputs["lr"], inputs["beta1"], inputs["beta2"], inputs["eps"])
    optimizer.step(inputs["gradients"][0])
    first = parameter.copy()
    for gradient in inputs["gradients"][1:]:
        optimizer.step(gradient)
    return {"parameter after 1 step": first, f"parameter after {STEPS} steps": parameter}


def adam(inputs, m_corrected=True, v_corrected=True, eps="outside", momentum=True, start=1, sign=1, root=True):
    """Adam with one thing done differently: what the learner may have written."""
    lr, beta1, beta2 = inputs["lr"], inputs["beta1"], inputs["beta2"]
    p, m, v = inputs["parameter"].copy(), 0.0, 0.0
    path = []
    for t, g in enumerate(inputs["gradients"], start):
        m = beta1 * m + (1 - beta1) * g if momentum else g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t) if m_corrected and momentum else m
        v_hat = v / (1 - beta2**t) if v_corrected else v
        if not root:
            below = v_hat + inputs["eps"]
        else:
            below = np.sqrt(v_hat + inputs["eps"]) if eps == "inside" else np.sqrt(v_hat) + inputs["eps"]
        p = p - sign * lr * m_hat / below
        path.append(p)
    return {"parameter after 1 step": path[0], f"parameter after {STEPS} steps": path[-1]}


def slip(cause, message, **changes):
    return Slip(cause, message, lambda inputs: adam(inputs, **changes))


EXERCISE = Exercise(
    title="Adam",
    parts=(
        Part(
            "Adam",
            case,
            ("parameter after 1 step", f"parameter after {STEPS} steps"),
            run=take_steps,
            slips=(
                slip("bias correction missing", "Neither m nor v is corrected: both start at zero and are too small in "
                     "the first steps. Divide by 1 - betaᵗ.", m_corrected=False, v_corrected=False),
                slip("bias correction missing", "m is not corrected: divide it by 1 - beta1ᵗ.", m_corrected=False),
                slip("bias correction missing", "v is not corrected: divide it by 1 - beta2ᵗ.", v_corrected=False),
                slip("eps inside the root", "eps is added inside the root. It stands outside: sqrt(v̂) + eps.",
                     eps="inside"),
                slip("root missing", "The step divides by v̂ + eps: the square root is missing.", root=False),
                slip("no momentum", "The step follows the gradient of the moment, not its running mean m̂.",
                     momentum=False),
                slip("t off by one", "t is one too large: the first step is step 1. Add 1 to t once.", start=2),
                slip("sign", "The step goes up the gradient: subtract it.", sign=-1),
            ),
        ),
    ),
    hints=(
        "t counts the steps and starts at 1: add 1 before you use it.",
        "m and v live on between the steps: keep them in self. m̂ and v̂ don't.",
        "self.parameter -= ... changes the array in place; self.parameter = ... makes a new one that the network "
        "never sees.",
    ),
)  # fmt: skip
