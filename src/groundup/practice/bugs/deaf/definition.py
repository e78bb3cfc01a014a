"""Gradients smaller than float16 can hold are rounded to zero on their way back."""

import numpy as np

from groundup.practice.bug import Bug
from groundup.practice.exercise import AnswerError
from groundup.practice.probes import Witness, cosine, recorded_steps
from groundup.scratch import MSE, Linear, Sequential, Tanh
from groundup.scratch.gradcheck import walk


def measure(module, healthy, seed):
    (x, y), validation = healthy.load(seed)
    rng = np.random.default_rng(seed)
    model = module.network(rng)
    module.train(model, x, y, rng)
    return healthy.explained(model, *validation)


def linears(model):
    return [layer for layer in walk(model) if isinstance(layer, Linear)]


def probe(module, healthy, seed):
    """The gradient of a batch must have the direction that it has in float32, in every layer."""
    (x, y), _ = healthy.load(seed)
    rng, witness = np.random.default_rng(seed), Witness()
    model = module.network(rng)
    if len(linears(model)) != 3 or any(layer.weight.size > healthy.HIDDEN**2 for layer in linears(model)):
        raise AnswerError("larger", "The network has not the layers that it had in the task: leave its size.")
    with recorded_steps(witness, hold=True) as steps:
        module.train(Sequential(witness, model), x[:100], y[:100], rng)
    one, two, three = linears(model)
    exact, loss = Sequential(one, Tanh(), two, Tanh(), three), MSE()
    target = {row.tobytes(): value for row, value in zip(x, y)}
    loss(healthy.UNIT * exact(steps[0].batch), np.stack([target[row.tobytes()] for row in steps[0].batch]))
    exact.zero_grad()
    exact.backward(healthy.UNIT * loss.backward())
    right = [p.grad.copy() for p in exact.parameters()]
    start = 0
    for number, gradient in enumerate(right):
        mine = steps[0].gradient[start : start + gradient.size]
        start += gradient.size
        if cosine(mine, gradient) < 0.99:
            raise AnswerError(
                "rounded to zero",
                f"In layer {number // 2 + 1} of 3, {np.mean(mine == 0):.0%} of the {'bias' if number % 2 else 'weight'}'s "
                f"gradient is exactly 0; without rounding {np.mean(gradient == 0):.0%} would be.",
            )


BUG = Bug(
    title="It trains and trains, and learns next to nothing",
    fault="float16 underflow: small gradients are rounded to zero",
    lesson="The smallest number of float16 is 6e-8; what is smaller becomes 0 and says nothing. Multiply the loss before "
    "backward, divide the gradients behind it (loss scaling), or measure in units in which numbers are near 1.",
    edits=(
        (
            "    scale = 2.0**16  # the smallest number of float16 is 6e-8: smaller gradients would be rounded to 0\n",
            "",
        ),
        ("loss.backward(scale)", "loss.backward()"),
        ("            for p in model.parameters():\n                p.grad /= scale\n", ""),
    ),
    here=(
        "return dy.astype(np.float16).astype(np.float32)",
        "model.backward(UNIT * loss.backward())",
    ),
    hints=(
        "Do all layers learn? `from groundup.practice import health`; print(health.gradients(model)) before a step. The last "
        "column is the share of gradients that are exactly 0.",
        "Exact zeros do not come from arithmetic with random numbers: something rounds. print(np.finfo(np.float16)."
        "smallest_subnormal), and np.abs(UNIT * loss.backward()).max() for comparison.",
        "The gradients that go back are too small for float16: errors in metres, times UNIT, divided by the batch. Make "
        "them larger where they start, before they are rounded, and (for other optimizers than Adam) smaller again in the end.",
    ),
    metric="variance explained",
    measure=measure,
    enough=0.75,
    steps=300,
    probe=probe,
)
