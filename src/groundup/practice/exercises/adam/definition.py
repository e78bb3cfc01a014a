"""Adam, checked over several steps: the first alone can't tell a forgotten memory from a kept one."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

STEPS = 4
OUTPUTS = ("parameter after 1 step", f"parameter after {STEPS} steps")


def case(rng, dtype):
    n = sizes(rng, "OI")
    shape = (n["O"], n["I"])
    return Case(
        {
            "parameter": rng.normal(size=shape).astype(dtype),
            "gradients": rng.normal(size=(STEPS, *shape)).astype(dtype),
            "lr": float(rng.choice([0.1, 0.03])),
            "beta1": float(rng.choice([0.8, 0.9])),
            "beta2": float(rng.choice([0.95, 0.98])),  # 1 - beta2 is no square of a 1 - beta1
            "eps": float(rng.choice([0.1, 0.2])),  # large, so that its place shows
        },
        n,
    )


def with_decay(rng, dtype):
    plain = case(rng, dtype)
    return Case({**plain.inputs, "decay": float(rng.choice([0.3, 0.6]))}, plain.dims)


def take_steps(name, *settings):
    """Return a run that takes a few steps on one array, and says where it is after the first and after the last."""

    def run(module, inputs):
        parameter = inputs["parameter"].copy()
        optimizer = getattr(module, name)(parameter, *(inputs[setting] for setting in settings))
        optimizer.step(inputs["gradients"][0])
        first = parameter.copy()
        for gradient in inputs["gradients"][1:]:
            optimizer.step(gradient)
        return dict(zip(OUTPUTS, (first, parameter)))

    return run


def adam(
    inputs, m_corrected=True, v_corrected=True, eps="outside", momentum=True, start=1, sign=1, root=True, decay="apart"
):
    """Adam (or AdamW, if there is a decay) with one thing done differently: what the learner may have written."""
    lr, beta1, beta2, strength = inputs["lr"], inputs["beta1"], inputs["beta2"], inputs.get("decay", 0)
    p, m, v = inputs["parameter"].copy(), 0.0, 0.0
    path = []
    for t, g in enumerate(inputs["gradients"], start):
        g = g + strength * p if decay == "in the gradient" else g
        p = p * {"apart": 1 - lr * strength, "not times lr": 1 - strength}.get(decay, 1)
        m = beta1 * m + (1 - beta1) * g if momentum else g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t) if m_corrected and momentum else m
        v_hat = v / (1 - beta2**t) if v_corrected else v
        if not root:
            below = v_hat + inputs["eps"]
        else:
            below = np.sqrt(v_hat + inputs["eps"]) if eps == "inside" else np.sqrt(v_hat) + inputs["eps"]
        p = p - sign * lr * m_hat / below
        p = p * (1 - lr * strength if decay == "after the step" else 1)
        path.append(p)
    return dict(zip(OUTPUTS, (path[0], path[-1])))


def slip(cause, message, **changes):
    return Slip(cause, message, lambda inputs: adam(inputs, **changes))


EXERCISE = Exercise(
    title="Adam and AdamW",
    parts=(
        Part(
            "Adam",
            case,
            OUTPUTS,
            run=take_steps("Adam", "lr", "beta1", "beta2", "eps"),
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
        Part(
            "AdamW",
            with_decay,
            OUTPUTS,
            run=take_steps("AdamW", "lr", "beta1", "beta2", "eps", "decay"),
            slips=(
                slip("decay in the gradient", "The decay is added to the gradient, and goes through m and v: that is SGD's "
                     "way. In AdamW it is taken off the weights, and Adam sees the plain gradient.",
                     decay="in the gradient"),
                slip("decay not times lr", "The weights shrink by decay, not by lr times decay.", decay="not times lr"),
                slip("decay after the step", "The decay is taken off after the step, so that the step itself decays too: "
                     "it is taken off the old weights.", decay="after the step"),
            ),
        ),
    ),
    hints=(
        "t counts the steps and starts at 1: add 1 before you use it.",
        "m and v live on between the steps: keep them in self. m̂ and v̂ don't.",
        "self.parameter -= ... changes the array in place; self.parameter = ... makes a new one that the network "
        "never sees. AdamW: shrink the weights first, then super().step(gradient).",
    ),
)  # fmt: skip
