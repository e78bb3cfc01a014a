"""A module in PyTorch: what it registers is counted, what it computes is compared, and its modes are told apart."""

from itertools import pairwise
from typing import Any

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, nothing_returned, sizes

INITIAL: tuple[str, ...] = (
    "deviation of the initial weight, times sqrt(3 I)",
    "deviation of the initial bias, times sqrt(3 I)",
)
DROPPED = "in training: share that is dropped, smallest and largest factor of what is kept"
LEARNT: str = "numbers that are learnt"
KEPT: str = "numbers that are kept"
GRADIENTS: tuple[str, ...] = ("dx", "dweight", "dbias")
AGAIN = " after a second pass"


def standardise_case(rng, dtype):
    n = sizes(rng, "NI")
    x, dy = rng.normal(size=(2, n["N"], n["I"])).astype(dtype)
    mean, std = rng.normal(size=n["I"]).astype(dtype), rng.uniform(0.5, 2, size=n["I"]).astype(dtype)
    return Case({"dy": dy, "x": x, "mean": mean, "std": std}, n)


def linear_case(rng, dtype):
    n = sizes(rng, "NIO")
    dy = rng.normal(size=(2, n["N"], n["O"])).astype(dtype)
    x, again = rng.normal(size=(2, n["N"], n["I"])).astype(dtype)
    weight, bias = rng.normal(size=(n["O"], n["I"])).astype(dtype), rng.normal(size=n["O"]).astype(dtype)
    return Case({"dy": dy, "x": x, "again": again, "weight": weight, "bias": bias}, n)


def network_case(rng, dtype):
    n = sizes(rng, "NIHO")
    n["J"] = 17  # a second hidden layer
    widths = [n[letter] for letter in "IHJO"]
    arrays: dict[str, Any] = {"x": rng.normal(size=(n["N"], n["I"])), "dy": rng.normal(size=(n["N"], n["O"]))}
    for number, (i, o) in enumerate(pairwise(widths), 1):
        arrays |= {f"weight{number}": rng.normal(size=(o, i)), f"bias{number}": rng.normal(size=o)}
    return Case({**{name: a.astype(dtype) for name, a in arrays.items()}, "sizes": tuple(widths), "rate": 0.5}, n)


def dropout_case(rng, dtype):
    n = sizes(rng, "I")
    x = rng.uniform(1, 2, size=(24000 // n["I"], n["I"])).astype(dtype)
    return Case({"x": x, "rate": float(rng.choice([0.2, 0.3, 0.4])), "seed": int(rng.integers(1000, 9999))}, n)


def tensors(*arrays):
    """Return the arrays as tensors on the same memory: what changes the tensor in place changes the input."""
    import torch

    return [torch.from_numpy(array) for array in arrays]


def count(things):
    return sum(thing.numel() for thing in things)


def output(it, x):
    y = it(x)
    if y is None:
        raise nothing_returned("forward")
    return y


def forward_and_back(it, x, dy, named):
    """Return y and the gradients of these tensors, by name; where one is missing, say why."""
    import torch

    y = output(it, x)
    if not y.requires_grad:
        raise no_gradient("anything at all")
    if y.shape != dy.shape:
        raise AnswerError("shape", f"The output has the shape {tuple(y.shape)}; expected {tuple(dy.shape)}.")
    y.backward(dy)
    for name, tensor in named.items():
        if tensor.grad is None:
            with torch.no_grad():
                tensor.add_(1)
                used = not torch.equal(it(x), y)
            raise no_gradient(name) if used else AnswerError("not used", f"forward does not use {name}.")
    return y, {f"d{name}": tensor.grad.clone() for name, tensor in named.items()}


def no_gradient(name):
    return AnswerError(
        "no gradient",
        f"backward brings no gradient to {name}: on the way the graph was left, by .data, .detach(), .numpy(), "
        "torch.tensor(...) or torch.no_grad().",
    )


def use_standardise(module, i):
    dy, x, mean, std = tensors(i["dy"], i["x"], i["mean"], i["std"])
    it = module.Standardise(mean.clone(), std.clone())
    x.requires_grad_()
    y, gradients = forward_and_back(it, x, dy, {"x": x})
    return {"y": y, **gradients, LEARNT: count(it.parameters()), KEPT: count(it.state_dict().values())}


def begin_linear(module, i):
    import torch

    torch.manual_seed(0)
    it = module.Linear(300, 200)
    learnt = count(it.parameters())
    if learnt != 200 * 300 + 200:
        raise not_registered(learnt, "Linear(300, 200)", 200 * 300 + 200)
    weight, bias = by_shape(it, [(200, 300), (200,)])
    return dict(zip(INITIAL, [round(float(p.detach().std() * 900**0.5), 1) for p in (weight, bias)]))


def not_registered(learnt, what, expected):
    return AnswerError(
        "parameter not registered" if learnt < expected else "too many parameters",
        f"parameters() of {what} yields {learnt} numbers; expected {expected}. The optimizer sees only what is an "
        "nn.Parameter of the module, or belongs to a module in it (in a list: an nn.ModuleList).",
    )


def by_shape(it, shapes):
    """Return the parameters in the order of these shapes, whatever they are called."""
    left = list(it.parameters())
    found = []
    for shape in shapes:
        match = next((p for p in left if tuple(p.shape) == tuple(shape)), None)
        if match is None:
            others = [tuple(p.shape) for p in left]
            if tuple(shape[::-1]) in others:
                raise AnswerError(
                    "weight transposed",
                    f"The weight has the shape {shape[::-1]}; expected {shape}: (O, I), as in PyTorch.",
                )
            raise AnswerError("shape of a parameter", f"No parameter has the shape {shape}; there are {others}.")
        left = [p for p in left if p is not match]
        found.append(match)
    return found


def filled(it, arrays):
    """Put these arrays into the parameters of a module, and return them."""
    import torch

    it.to(torch.from_numpy(arrays[0]).dtype)
    found = by_shape(it, [array.shape for array in arrays])
    with torch.no_grad():
        for parameter, array in zip(found, arrays):
            parameter.copy_(torch.from_numpy(array))
    return found


def use_linear(module, i):
    """One pass forward and backward, and a second one, whose gradients add to the first."""
    it = module.Linear(i["x"].shape[1], len(i["bias"]))
    weight, bias = filled(it, [i["weight"], i["bias"]])
    x, again, dy, dy_again = tensors(i["x"], i["again"], *i["dy"])
    x.requires_grad_()
    y, first = forward_and_back(it, x, dy, {"x": x, "weight": weight, "bias": bias})
    it(again).backward(dy_again)
    return {"y": y, **first, f"dweight{AGAIN}": weight.grad, f"dbias{AGAIN}": bias.grad}


LAYER_ARRAYS = [f"{kind}{number}" for number in (1, 2, 3) for kind in ("weight", "bias")]


def use_network(module, i):
    """Evaluation mode: twice the same."""
    import torch

    it = module.Network(i["sizes"], i["rate"])
    learnt, expected = count(it.parameters()), sum(i[name].size for name in LAYER_ARRAYS)
    if learnt != expected:
        raise not_registered(learnt, f"Network({i['sizes']}, rate)", expected)
    parameters = filled(it, [i[name] for name in LAYER_ARRAYS])
    it.eval()
    x, dy = tensors(i["x"], i["dy"])
    if not torch.equal(output(it, x), it(x)):
        raise AnswerError(
            "dropout in evaluation",
            "After eval() the same input gives two different outputs: dropout is still active. Does it look at "
            "self.training (F.dropout does so only if you pass it), or is it a module made in __init__?",
        )
    y, gradients = forward_and_back(it, x, dy, dict(zip(LAYER_ARRAYS, parameters)))
    return {"y": y, **gradients}


def use_dropout(module, i):
    """Layers that change nothing: what goes in and what comes out differ by dropout alone."""
    import torch

    width = i["x"].shape[1]
    it = module.Network((width, width, width), i["rate"])
    filled(it, [array.astype(i["x"].dtype) for array in (np.eye(width), np.zeros(width)) * 2])
    torch.manual_seed(i["seed"])
    it.eval()
    it.train()
    ratio = (output(it, torch.from_numpy(i["x"])).detach().numpy() / i["x"]).astype(np.float64)
    kept = ratio[ratio != 0]
    share = round(float((ratio == 0).mean()) * 20) / 20  # to a twentieth: it is drawn
    return {DROPPED: [share, kept.min(initial=9), kept.max(initial=0)]}


def outputs_of(i, relu=(True, True, False)):
    x = i["x"]
    for number, bent in enumerate(relu, 1):
        x = x @ i[f"weight{number}"].T + i[f"bias{number}"]
        x = np.maximum(x, 0) if bent else x
    return {"y": x}


def softmax_of(y):
    e = np.exp(y - y.max(axis=1, keepdims=True))
    return {"y": e / e.sum(axis=1, keepdims=True)}


def dropout_slip(cause, message, share, factor):
    return Slip(
        cause, message, lambda i: {DROPPED: [round(share(i["rate"]) * 20) / 20, factor(i["rate"]), factor(i["rate"])]}
    )


EXERCISE = Exercise(
    title="A module in PyTorch",
    torch=True,
    parts=(
        Part("Standardise", standardise_case, ("y", "dx", LEARNT, KEPT), run=use_standardise, tolerance=1e-6, slips=(
            Slip("buffer not registered", "Neither mean nor std is in state_dict(): a saved model would lose them. "
                 "self.register_buffer keeps them.", lambda i: {KEPT: 0}),
            Slip("buffer not registered", "mean or std is not in state_dict(): a saved model would lose it. "
                 "self.register_buffer keeps it.", lambda i: {KEPT: len(i["mean"])}),
            Slip("statistics learnt", "mean and std are parameters: the optimizer would change them. "
                 "self.register_buffer keeps them without that.", lambda i: {LEARNT: 2 * len(i["mean"])}),
            Slip("statistics learnt", "mean or std is a parameter: the optimizer would change it. "
                 "self.register_buffer keeps it without that.", lambda i: {LEARNT: len(i["mean"])}),
        )),
        Part("Linear", linear_case, INITIAL, run=begin_linear, float32=False, slips=(
            Slip("starts at zero", "The weight starts at zero: all units of a layer would be the same, and stay so.",
                 lambda i: {INITIAL[0]: 0.0}),
            Slip("starts at zero", "The bias starts at zero; it should be uniform, as the weight.", lambda i: {INITIAL[1]: 0.0}),
            Slip("not scaled", "It starts between -1 and 1, whatever the number of inputs: divide by sqrt(I).",
                 lambda i: dict.fromkeys(INITIAL, 17.3)),
            Slip("not scaled", "It starts with a deviation of 1, whatever the number of inputs: take it from "
                 "-1/sqrt(I) to 1/sqrt(I).", lambda i: dict.fromkeys(INITIAL, 30.0)),
            Slip("only positive", "It starts between 0 and 1/sqrt(I): take it from -1/sqrt(I).", lambda i: dict.fromkeys(INITIAL, 0.5)),
            Slip("limit by the outputs", "The limit is 1/sqrt(O): take the number of inputs, 1/sqrt(I).", lambda i: dict.fromkeys(INITIAL, 1.2)),
            Slip("normal", "This is He's normal distribution; here it is uniform from -1/sqrt(I) to 1/sqrt(I).",
                 lambda i: dict.fromkeys(INITIAL, 2.4)),
            Slip("normal", "1/sqrt(I) is the limit of a uniform distribution here, not the deviation of a normal one.",
                 lambda i: dict.fromkeys(INITIAL, 1.7)),
        )),
        Part("Linear", linear_case, ("y", *GRADIENTS, f"dweight{AGAIN}", f"dbias{AGAIN}"), run=use_linear),
        Part("Network", network_case, ("y", *(f"d{name}" for name in LAYER_ARRAYS)), run=use_network, slips=(
            Slip("ReLU forgotten", "There is no ReLU between the layers: together they are one linear layer.",
                 lambda i: outputs_of(i, relu=(False, False, False))),
            Slip("ReLU after the last layer", "There is a ReLU after the last layer too, so no output can be negative.",
                 lambda i: outputs_of(i, relu=(True, True, True))),
            Slip("softmax after the last layer", "There is a softmax behind the last layer: the network gives back scores, and the loss "
                 "has the softmax in it.", lambda i: softmax_of(outputs_of(i)["y"])),
        )),
        Part("Network", dropout_case, (DROPPED,), run=use_dropout, tolerance=1e-5, slips=(
            dropout_slip("dropout missing", "In training mode nothing is dropped.", lambda rate: 0, lambda rate: 1.0),
            dropout_slip("keep and drop exchanged", "rate is the share that is dropped, not the share that stays.",
                         lambda rate: 1 - rate, lambda rate: 1 / rate),
            dropout_slip("dropped twice", "Dropout acts more often than once for each hidden layer: on the input, or after the "
                         "last layer?", lambda rate: 1 - (1 - rate) ** 2, lambda rate: (1 - rate) ** -2),
            dropout_slip("not rescaled", "What is kept is not divided by 1 - rate: the next layer would get less in training "
                         "than in evaluation.", lambda rate: rate, lambda rate: 1.0),
        )),
    ),
    hints=(
        "super().__init__() comes first in each __init__: before it, a module can't take anything in.",
        "Learnt: nn.Parameter(...). Kept but not learnt: self.register_buffer('mean', mean). Modules in a list: nn.ModuleList.",
        "torch.empty(O, I).uniform_(-limit, limit) is a weight to start from. It does not depend on the data, so nothing is lost "
        "if it becomes an nn.Parameter after that.",
        "F.dropout(x, self.rate, self.training) looks at the mode; F.dropout(x, self.rate) always drops. Go through "
        "self.layers[:-1] with ReLU and dropout, then return self.layers[-1](x).",
    ),
)  # fmt: skip
