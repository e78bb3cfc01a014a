"""A recurrent network: one step there and back, then all steps."""

import re

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, sizes

WEIGHTS = ("dw_ih", "dw_hh", "db")


def step_case(rng, dtype):
    n = sizes(rng, "NIH")
    shapes = {"x": "NI", "h": "NH", "w_ih": "HI", "w_hh": "HH", "b": "H"}
    return Case(drawn(rng, dtype, n, shapes), n)


def step_backward_case(rng, dtype):
    case = step_case(rng, dtype)
    i = dict(case.inputs)
    h_new = step(i["x"], i["h"], i["w_ih"], i["w_hh"], i.pop("b"))
    return Case({"dh_new": rng.normal(size=h_new.shape).astype(dtype), "h_new": h_new, **i}, case.dims)


def forward_case(rng, dtype):
    n = sizes(rng, "TNIH")
    shapes = {"x": "TNI", "h0": "NH", "w_ih": "HI", "w_hh": "HH", "b": "H"}
    return Case(drawn(rng, dtype, n, shapes), n)


def backward_case(rng, dtype):
    case = forward_case(rng, dtype)
    hs = states(case.inputs)
    i = {name: value for name, value in case.inputs.items() if name != "b"}
    return Case({"dhs": rng.normal(size=hs.shape).astype(dtype), "hs": hs, **i}, case.dims)


def drawn(rng, dtype, n, shapes):
    """Draw an array for each shape, written in letters: "TNI", or "3HI" for 3 H rows.

    Weights are divided by the root of their columns, so that the squashing functions do not saturate.
    """
    arrays = {}
    for name, letters in shapes.items():
        shape = [int(times or 1) * n[letter] for times, letter in re.findall(r"(\d?)([A-Z])", letters)]
        scale = shape[-1] ** -0.5 if name.startswith("w") else 1.0
        arrays[name] = (scale * rng.normal(size=shape)).astype(dtype)
    return arrays


def step(x, h, w_ih, w_hh, b):
    return np.tanh(x @ w_ih.T + h @ w_hh.T + b)


def step_backward(i, slope=None, seen=None):
    """One step back, with another slope, or another state that W_hh has seen: what the learner may have written."""
    ds = i["dh_new"] * (1 - i["h_new"] ** 2 if slope is None else slope(i["h_new"]))
    dw_hh = ds.T @ (i["h"] if seen is None else i[seen])
    return {"dx": ds @ i["w_ih"], "dh": ds @ i["w_hh"], "dw_ih": ds.T @ i["x"], "dw_hh": dw_hh, "db": ds.sum(axis=0)}


def states(i, carried=True):
    hs, h = [], i["h0"]
    for x_t in i["x"]:
        h = step(x_t, h if carried else i["h0"], i["w_ih"], i["w_hh"], i["b"])
        hs.append(h)
    return np.stack(hs)


def before(i):
    """All states but the last, with h0 in front: what each step has read."""
    return np.concatenate([i["h0"][None], i["hs"][:-1]])


def through_time(i, receives=lambda dhs_t, dh, last: dhs_t + dh, seen=before, kept=sum, order=reversed, piled=False):
    """All gradients, with one thing done differently.

    ``receives`` says what reaches a state; ``seen(i)`` returns the states that W_hh is held to have read; ``kept`` is what
    becomes of the weights' gradients of all steps, listed as they are made; ``order`` that of the steps; ``piled``
    whether the dh of all later steps is added up.
    """
    dx, dh, parts = np.zeros_like(i["x"]), np.zeros_like(i["h0"]), []
    steps = list(order(range(len(i["x"]))))
    for t in steps:
        one = {"h_new": i["hs"][t], "x": i["x"][t], "h": seen(i)[t], "w_ih": i["w_ih"], "w_hh": i["w_hh"]}
        back = step_backward({"dh_new": receives(i["dhs"][t], dh, t == steps[0]), **one})
        dx[t], dh = back["dx"], back["dh"] + (dh if piled else 0)
        parts.append(back)
    return {"dx": dx, "dh0": dh, **{name: kept([part[name] for part in parts]) for name in WEIGHTS}}


def slope_slip(cause, message, slope):
    return Slip(cause, message, lambda i: step_backward(i, slope))


def time_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: through_time(i, **changes))


EXERCISE = Exercise(
    title="A recurrent network, through time and back",
    parts=(
        Part("rnn_step", step_case, ("h_new",), slips=(
            Slip("activation missing", "This is the sum, before tanh.",
                 lambda i: {"h_new": i["x"] @ i["w_ih"].T + i["h"] @ i["w_hh"].T + i["b"]}),
        )),
        Part("rnn_step_backward", step_backward_case, ("dx", "dh", *WEIGHTS), slips=(
            slope_slip("slope forgotten", "The slope of tanh is missing: ds = dh_new (1 - h_new²).", np.ones_like),
            slope_slip("square forgotten", "The slope of tanh is 1 - h_new², with the square.", lambda h: 1 - h),
            slope_slip("slope of a sigmoid", "h (1 - h) is the slope of a sigmoid. That of tanh is 1 - h².",
                       lambda h: h * (1 - h)),
            slope_slip("derivative at the output", "tanh is taken once more: h_new is tanh(s) already, so its slope at s is "
                       "1 - h_new².", lambda h: 1 - np.tanh(h) ** 2),
            Slip("matrix forgotten", "dh is ds: the old state came through W_hh, so its gradient does too, ds W_hh.",
                 lambda i: {"dh": i["dh_new"] * (1 - i["h_new"] ** 2)}),
            Slip("off by one step", "dw_hh is made with the new state: W_hh has seen the old one, h.",
                 lambda i: {"dw_hh": step_backward(i, seen="h_new")["dw_hh"]}),
        )),
        Part("rnn_forward", forward_case, ("hs",), slips=(
            Slip("memory not carried", "Each step starts from h0. It starts from the state that the step before has made.",
                 lambda i: {"hs": states(i, carried=False)}),
            Slip("off by one step", "These are the states before each step: hs[t] is the state after step t.",
                 lambda i: {"hs": np.concatenate([i["h0"][None], states(i)[:-1]])}),
            Slip("h0 among the states", "h0 stands in front of the states: hs has T of them, those after each step.",
                 lambda i: {"hs": np.concatenate([i["h0"][None], states(i)])}),
            Slip("the last alone", "This is the last state: all T are wanted.", lambda i: {"hs": states(i)[-1]}),
        )),
        Part("rnn_backward", backward_case, ("dx", "dh0", *WEIGHTS), slips=(
            time_slip("future forgotten", "Each step goes back from dhs[t] alone. h[t] was read by step t+1 too: add the dh "
                      "that it handed back.", receives=lambda dhs_t, dh, last: dhs_t),
            time_slip("dhs forgotten", "dhs enters at the last step alone. Every h[t] was given out: add dhs[t] at each step.",
                      receives=lambda dhs_t, dh, last: dhs_t if last else dh),
            time_slip("dh piled up", "The dh of all later steps are added up. The dh of step t+1 holds what comes from beyond "
                      "already: it takes the place of the old one.", piled=True),
            Slip("zeros", "dx is zero everywhere. Either dx[t] is nowhere set, or dhs[t] is nowhere added, so that nothing comes back.",
                 lambda i: {"dx": np.zeros_like(i["x"])}),
            time_slip("wrong direction", "The steps are gone through from the first to the last. What reaches h[t] is known "
                      "only when step t+1 is done: begin at the end.", order=list),
            time_slip("overwritten", "{name} is that of step 0 alone, the last one that was gone through. The weights are "
                      "used at every step: add up all steps (+=).", kept=lambda parts: parts[-1]),
            time_slip("off by one step", "dw_hh is made with hs[t], the state after step t. W_hh has read the one before it.",
                      seen=lambda i: i["hs"]),
            time_slip("hs[-1] at the first step", "At t = 0, hs[t-1] is hs[-1], the last state of all: Python counts from the "
                      "end. The state before the first step is h0.", seen=lambda i: np.roll(i["hs"], 1, axis=0)),
            time_slip("h0 forgotten", "At t = 0 the state before is taken to be zero: it is h0.",
                      seen=lambda i: before({**i, "h0": np.zeros_like(i["h0"])})),
        )),
    ),
    hints=(
        "rnn_step_backward is a tanh and two linear layers: dh_new (1 - h_new²), and then what you know of x @ w.T + b.",
        "In rnn_forward, keep the newest state in a variable h, and append it to a list in each step. np.stack(list) at the end.",
        "In rnn_backward, go through reversed(range(T)) and keep dh, zeros at first. Hand dhs[t] + dh to rnn_step_backward, "
        "which returns the next dh; add up what it returns for the weights.",
    ),
)  # fmt: skip
