"""A function of one's own in autograd: values, gradients, which of them are wanted, and what forward keeps."""

from contextlib import suppress

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, nothing_returned, sizes

Y_DX: tuple[str, ...] = ("y", "dx")
ALONE: tuple[str, ...] = ("dx when x alone wants one", "dbeta when beta alone wants one")


def rounding(rng, dtype):
    n = sizes(rng, "NI")
    x, dy = rng.normal(scale=3, size=(2, n["N"], n["I"])).astype(dtype)
    return Case({"dy": dy, "x": x}, n)


def slope_for_each(rng, dtype):
    case = rounding(rng, dtype)
    beta = rng.normal(size=case.inputs["x"].shape).astype(dtype)
    return Case({**case.inputs, "beta": beta, "scale": float(rng.choice([0.6, 1.7, 2.3]))}, case.dims)


def slope_for_a_feature(rng, dtype):
    case = slope_for_each(rng, dtype)
    return Case({**case.inputs, "beta": case.inputs["beta"][0].copy()}, case.dims)


def use_round(module, i):
    import torch

    x, dy = torch.from_numpy(i["x"]).requires_grad_(), torch.from_numpy(i["dy"])
    y = module.Round.apply(x)
    back(y, dy)
    return dict(zip(Y_DX, (y, given(x.grad, "x"))))


def swish_inputs(i, wanted=("x", "beta")):
    import torch

    return [torch.from_numpy(i[name]).requires_grad_(name in wanted) for name in ("x", "beta")]


def use_swish(module, i):
    import torch

    x, beta = swish_inputs(i)
    y = module.Swish.apply(x, beta, i["scale"])
    back(y, torch.from_numpy(i["dy"]))
    return {"y": y, "dx": given(x.grad, "x"), "dbeta": given(beta.grad, "beta")}


def use_swish_otherwise(module, i):
    """With one gradient wanted alone, and with an input that is changed between forward and backward."""
    import torch

    dy = torch.from_numpy(i["dy"])
    found = {}
    for number, name in enumerate(("x", "beta")):
        pair = swish_inputs(i, wanted=(name,))
        back(module.Swish.apply(*pair, i["scale"]), dy)
        if pair[number].grad is None:
            raise AnswerError(
                "needs exchanged",
                f"When {name} alone wants a gradient, backward returns None for it: ctx.needs_input_grad has the order of "
                "forward's inputs.",
            )
        found[ALONE[number]] = pair[number].grad
    x, beta = swish_inputs(i)
    moved = x.clone()
    y = module.Swish.apply(moved, beta, i["scale"])
    with torch.no_grad():
        moved.mul_(2)
    with suppress(RuntimeError):  # as it should: PyTorch notices, if it was told what to watch
        y.backward(dy)
        if not torch.allclose(given(x.grad, "x"), found[ALONE[0]]):
            raise AnswerError(
                "not saved for backward",
                "When x is changed in place between forward and backward, your gradient is silently wrong: tensors go "
                "through ctx.save_for_backward, which notices.",
            )
    return found


def back(y, dy):
    """Go back, and say in words of the exercise what autograd refuses."""
    if y is None:
        raise nothing_returned("forward")
    try:
        y.backward(dy)
    except RuntimeError as error:
        if "incorrect number of gradients" in str(error) or "different than None" in str(error):
            raise AnswerError(
                "number of gradients",
                "backward must return one gradient for each input of forward (without ctx), None for what is not a "
                f"tensor. {error}.",
            ) from None
        if "invalid gradient at index" in str(error):
            raise AnswerError(
                "shape of a gradient",
                f"{error}. The gradients come in the order of forward's inputs, each as large as its input.",
            ) from None
        raise


def given(gradient, name):
    if gradient is None:
        raise AnswerError("no gradient", f"backward returns None for {name}, which wants a gradient.")
    return gradient


def sigmoid(i):
    return 1 / (1 + np.exp(-i["beta"] * i["x"]))


def dx(i, product=True, inner=True):
    s = sigmoid(i)
    more = (i["beta"] if inner else 1) * i["x"] * s * (1 - s)
    return {"dx": i["dy"] * i["scale"] * (s + more if product else s)}


def dbeta(i, x):
    s = sigmoid(i)
    full = i["dy"] * i["scale"] * x(i) * s * (1 - s)
    return {"dbeta": full.sum(axis=0) if i["beta"].ndim == 1 else full}


SWISH = (
    Slip("a term missing", "By the product rule there are two terms: s, and x times the derivative of s. The second is missing.",
         lambda i: dx(i, product=False)),
    Slip("inner derivative forgotten", "The derivative of sigmoid(beta x) for x has the factor beta: it is missing.",
         lambda i: dx(i, inner=False)),
    Slip("x once", "x stands before the sigmoid and in it: dbeta has x². One x is missing.", lambda i: dbeta(i, lambda i: i["x"])),
    Slip("beta for x", "The derivative of beta x for beta is x, not beta.", lambda i: dbeta(i, lambda i: i["x"] * i["beta"])),
)  # fmt: skip

EXERCISE = Exercise(
    title="A function of your own in autograd",
    torch=True,
    parts=(
        Part("Round", rounding, Y_DX, run=use_round, slips=(
            Slip("true derivative", "This is the true derivative of rounding, zero nearly everywhere, and nothing before it would ever "
                 "learn. The straight-through estimator passes dy on.", lambda i: {"dx": np.zeros_like(i["x"])}),
            Slip("upstream ignored", "This is the gradient for dy = 1: the upstream gradient dy is ignored.",
                 lambda i: {"dx": np.ones_like(i["x"])}),
            Slip("rounded down", "This is floor, always down: round takes the nearest.", lambda i: {"y": np.floor(i["x"])}),
            Slip("rounded towards zero", "This cuts the decimals off: round takes the nearest.", lambda i: {"y": np.trunc(i["x"])}),
            Slip("upstream gradient rounded", "The gradient is rounded: only forward rounds.", lambda i: {"dx": i["dy"].round()}),
        )),
        Part("Swish", slope_for_each, ("y", "dx", "dbeta"), run=use_swish, slips=SWISH),
        Part("Swish", slope_for_a_feature, ("y", "dx", "dbeta"), run=use_swish, slips=SWISH),
        Part("Swish", slope_for_a_feature, ALONE, run=use_swish_otherwise),
    ),
    hints=(
        "Round: forward rounds, backward returns dy as it came.",
        "Swish: ctx.save_for_backward(x, beta) in forward, x, beta = ctx.saved_tensors in backward. scale is a number: ctx.scale = scale.",
        "Compute s again in backward. Three things go back: dx, dbeta, and None for scale.",
        "(...).sum_to_size(beta.shape) sums over the axes along which beta was broadcast, and does nothing where it was not.",
    ),
)  # fmt: skip
