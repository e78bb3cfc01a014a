"""An LSTM: gates, one step there and back, and the way back through time with two states."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, named, sizes
from groundup.practice.exercises.rnn.definition import drawn

WEIGHTS = ("dw_ih", "dw_hh", "db")


def gates_case(rng, dtype):
    n = sizes(rng, "NH")
    return Case({"a": rng.normal(size=(n["N"], 4 * n["H"])).astype(dtype)}, n)


def step_case(rng, dtype):
    case = gates_case(rng, dtype)
    return Case({**case.inputs, "c": rng.normal(size=(case.dims["N"], case.dims["H"])).astype(dtype)}, case.dims)


def step_backward_case(rng, dtype):
    case = step_case(rng, dtype)
    dh_new, dc_new = rng.normal(size=(2, *case.inputs["c"].shape)).astype(dtype)
    return Case({"dh_new": dh_new, "dc_new": dc_new, **case.inputs}, case.dims)


def backward_case(rng, dtype):
    n = sizes(rng, "TNIH")
    shapes = {"x": "TNI", "h0": "NH", "c0": "NH", "w_ih": "4HI", "w_hh": "4HH", "b": "4H", "dhs": "TNH"}
    i = drawn(rng, dtype, n, shapes)
    h, c, states = i["h0"], i["c0"], []
    for x_t in i["x"]:
        h, c = step(sums(i, x_t, h), c)
        states.append((h, c))
    hs, cs = (np.stack(values) for values in zip(*states))
    return Case({"dhs": i.pop("dhs"), "hs": hs, "cs": cs, **i}, n)


def by_gate(name, array, gates, shape):
    """Cut what the learner returned for all gates into one output for each, so that a fault is found where it is."""
    array = np.asarray(array)
    if array.shape != shape:
        raise AnswerError(
            "shape",
            f"{name} has the shape {array.shape}; expected {shape}: the columns of all gates side by side, "
            f"{', '.join(gates)}. np.concatenate(..., axis=1) puts them there.",
        )
    return {f"{name} of {gate}": part for gate, part in zip(gates, np.split(array, len(gates), axis=1))}


def run_step_backward(module, inputs):
    da, dc = named(module.lstm_step_backward(**inputs), ("da", "dc"), "lstm_step_backward").values()
    return {**by_gate("da", da, "ifgo", inputs["a"].shape), "dc": dc}


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def blocks(a):
    return np.split(a, 4, axis=1)


def gates(a):
    i, f, g, o = blocks(a)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)


def step(a, c):
    i, f, g, o = gates(a)
    c_new = f * c + i * g
    return o * np.tanh(c_new), c_new


def sums(i, x, h):
    return x @ i["w_ih"].T + h @ i["w_hh"].T + i["b"]


def step_backward(
    v, arrives="both", at="tanh(c_new)", shown=True, slopes="ifgo", at_input=False, keep=True, order="ifgo"
):
    """One step back with one thing done differently: what reaches c_new, which slopes are taken where, what dc is."""
    i, f, g, o = gates(v["a"])
    c_new = step(v["a"], v["c"])[1]
    seen = {"tanh(c_new)": np.tanh(c_new), "c_new": c_new, "tanh(c)": np.tanh(v["c"]), "nothing": 0}[at]
    through_h = v["dh_new"] * (o if shown else 1) * (1 - seen**2)
    dc_all = {"both": v["dc_new"] + through_h, "dc_new": v["dc_new"], "dh_new": through_h}[arrives]
    d = {"i": dc_all * g, "f": dc_all * v["c"], "g": dc_all * i, "o": v["dh_new"] * np.tanh(c_new)}
    for gate, at_gate in zip("ifgo", blocks(v["a"]) if at_input else (i, f, g, o)):
        if gate in slopes:
            d[gate] = d[gate] * (1 - at_gate**2 if gate == "g" else at_gate * (1 - at_gate))
    return {"da": np.concatenate([d[gate] for gate in order], axis=1), "dc": dc_all * f if keep else dc_all}


def quantities(v):
    """What is multiplied on the way back, and what may be taken for it."""
    i, f, g, o = gates(v["a"])
    c_new = step(v["a"], v["c"])[1]
    gate = {"i": i, "f": f, "g": g, "o": o}
    slopes = {
        "1 - i": 1 - i,
        "1 - f": 1 - f,
        "1 - o": 1 - o,
        "1 - g²": 1 - g**2,
        "1 - g": 1 - g,
        "g (1 - g)": g * (1 - g),
    }
    return gate | slopes | {"c": v["c"], "c_new": c_new, "tanh(c_new)": np.tanh(c_new), "tanh(c)": np.tanh(v["c"])}


def before(i, late=""):
    """The states that each step has read, h and c; those in ``late`` one step too late."""
    h, c = (np.concatenate([i[f"{s}0"][None], i[f"{s}s"][:-1]]) for s in "hc")
    return i["hs"] if "h" in late else h, i["cs"] if "c" in late else c


def rolled(i):
    return np.roll(i["hs"], 1, axis=0), np.roll(i["cs"], 1, axis=0)


def through_time(i, hand_h=True, hand_c=True, dhs=True, read=before, kept=sum, order=reversed):
    """All gradients, with one thing done differently: what is handed on, which states were read, what is kept."""
    dh, dc, dx, parts = np.zeros_like(i["h0"]), np.zeros_like(i["c0"]), np.zeros_like(i["x"]), []
    steps = list(order(range(len(i["x"]))))
    for t in steps:
        h, c = (states[t] for states in read(i))
        outside = i["dhs"][t] if dhs or t == steps[0] else 0
        arrives = {"dh_new": outside + (dh if hand_h else 0), "dc_new": dc if hand_c else np.zeros_like(dc)}
        back = step_backward({**arrives, "a": sums(i, i["x"][t], h), "c": c})
        da, dc = back["da"], back["dc"]
        dx[t], dh = da @ i["w_ih"], da @ i["w_hh"]
        parts.append({"dw_ih": da.T @ i["x"][t], "dw_hh": da.T @ h, "db": da.sum(axis=0)})
    return {"dx": dx, "dh0": dh, "dc0": dc, **{name: kept([part[name] for part in parts]) for name in WEIGHTS}}


def gate_slip(cause, message, make):
    """``make(block, gate)`` returns what stands in the place of a gate; block is the number of its columns."""
    return Slip(cause, message, lambda i: {gate: make(i["a"], k, gate) for k, gate in enumerate("ifgo")})


def squash(s, gate):
    return np.tanh(s) if gate == "g" else sigmoid(s)


def step_slip(cause, message, make):
    """``make(i, f, g, o, c)`` returns h_new and c_new."""
    return Slip(cause, message, lambda v: dict(zip(("h_new", "c_new"), make(*gates(v["a"]), v["c"]))))


def back_slip(cause, message, **changes):
    def compute(i):
        made = step_backward(i, **changes)
        return {**by_gate("da", made["da"], "ifgo", made["da"].shape), "dc": made["dc"]}

    return Slip(cause, message, compute)


def time_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: through_time(i, **changes))


WRONG_ORDER = "{name} is made from the columns of another gate: they come in the order i, f, g, o, H for each."

EXERCISE = Exercise(
    title="An LSTM, step by step and back",
    parts=(
        Part("gates", gates_case, ("i", "f", "g", "o"), slips=(
            *(gate_slip("gates in the wrong order", WRONG_ORDER, lambda a, k, gate, other=other: squash(blocks(a)[other], gate))
              for other in range(4)),
            gate_slip("sigmoid for g", "In the third place stands σ of the third columns. There g is expected, the new content "
                      "of both signs: tanh.",
                      lambda a, k, gate: sigmoid(blocks(a)[k])),
            gate_slip("tanh for a gate", "{name} is a gate, between 0 and 1: σ. Only the new content g is tanh.",
                      lambda a, k, gate: np.tanh(blocks(a)[k])),
            gate_slip("not squashed", "{name} is the sum, before σ or tanh.", lambda a, k, gate: blocks(a)[k]),
            gate_slip("rows mixed up", "The rows are mixed up: reshape(4, N, H) refills row by row. The gates lie side by side "
                      "in each row: cut along axis 1.", lambda a, k, gate: squash(a.reshape(4, len(a), -1)[k], gate)),
        )),
        Part("lstm_step", step_case, ("h_new", "c_new"), slips=(
            step_slip("tanh forgotten", "The cell is shown as it is: h_new = o tanh(c_new).",
                      lambda i, f, g, o, c: (o * (f * c + i * g), f * c + i * g)),
            step_slip("old cell", "The old cell is shown: h_new is made from c_new.",
                      lambda i, f, g, o, c: (o * np.tanh(c), f * c + i * g)),
            step_slip("input gate forgotten", "All of g is written: c_new = f c + i g.",
                      lambda i, f, g, o, c: (o * np.tanh(f * c + g), f * c + g)),
            step_slip("forget gate forgotten", "All of the old cell is kept: c_new = f c + i g.",
                      lambda i, f, g, o, c: (o * np.tanh(c + i * g), c + i * g)),
            step_slip("output gate forgotten", "All of the cell is shown: h_new = o tanh(c_new).",
                      lambda i, f, g, o, c: (np.tanh(f * c + i * g), f * c + i * g)),
            step_slip("i and f exchanged", "i and f have changed places: f keeps the old cell, i writes the new content.",
                      lambda i, f, g, o, c: (o * np.tanh(i * c + f * g), i * c + f * g)),
        )),
        Part("lstm_step_backward", step_backward_case, (*(f"da of {gate}" for gate in "ifgo"), "dc"),
             run=run_step_backward, quantities=quantities, slips=(
            back_slip("dc_new forgotten", "What comes to the cell from the future, dc_new, is left out: add it to what comes "
                      "through h_new.", arrives="dh_new"),
            back_slip("path through h_new forgotten", "Only dc_new reaches the cell. h_new is made from it too: add "
                      "dh_new o (1 - tanh²(c_new)).", arrives="dc_new"),
            back_slip("slope at c_new", "The slope of tanh(c_new) is 1 - tanh²(c_new), not 1 - c_new².", at="c_new"),
            back_slip("slope at the old cell", "The slope of tanh is taken at the old cell: it is 1 - tanh²(c_new).", at="tanh(c)"),
            back_slip("output gate forgotten", "On its way to the cell dh_new is multiplied with the slope of tanh, but not with o, "
                      "which showed only a part.", shown=False),
            back_slip("slope of the cell forgotten", "h_new = o tanh(c_new): on its way to the cell, dh_new o is multiplied "
                      "with the slope 1 - tanh²(c_new).", at="nothing"),
            back_slip("slope forgotten", "The slope is missing in {name}: i (1 - i) for σ, and 1 - g² for tanh.", slopes=""),
            back_slip("derivative at the input", "The slopes are taken at the sums. The slope of σ is i (1 - i) with its result "
                      "i; that of tanh is 1 - g² with its result g.", at_input=True),
            back_slip("forget gate forgotten", "dc is all that reaches c_new. Only the share f of the old cell went into it: "
                      "multiply with f.", keep=False),
            *(back_slip("gates in the wrong order", f"The columns of {gate} stand in the place of {{name}}: the order is i, f, g, o, "
                        "as in a.", order=4 * gate) for gate in "ifgo"),
        )),
        Part("lstm_backward", backward_case, ("dx", "dh0", "dc0", *WEIGHTS), slips=(
            time_slip("dc not handed on", "Each step starts with dc = 0: it goes on with the dc that step t+1 handed back. "
                      "That is what the LSTM is made for.", hand_c=False),
            time_slip("dh not handed on", "Each step goes back from dhs[t] alone: add the dh that step t+1 handed back.",
                      hand_h=False),
            time_slip("dh not handed on", "Nothing is handed from step to step, neither dh nor dc.", hand_h=False, hand_c=False),
            time_slip("dhs forgotten", "dhs enters at the last step alone: add dhs[t] at each step.", dhs=False),
            Slip("zeros", "dx is zero everywhere. Either dx[t] is nowhere set, or dhs[t] is nowhere added, so that nothing comes back.",
                 lambda i: {"dx": np.zeros_like(i["x"])}),
            time_slip("wrong direction", "The steps are gone through from the first to the last: begin at the end.", order=list),
            time_slip("overwritten", "{name} is that of step 0 alone, the last one that was gone through. The weights are "
                      "used at every step: add up all steps (+=).", kept=lambda parts: parts[-1]),
            *(time_slip("off by one step", f"{which} is read after step t. What step t has read is the state before it.",
                        read=lambda i, late=late: before(i, late))
              for late, which in (("h", "h"), ("c", "The cell"), ("hc", "Both h and c"))),
            time_slip("hs[-1] at the first step", "At t = 0, hs[t-1] and cs[t-1] are the last states of all: Python counts from "
                      "the end. The states before the first step are h0 and c0.", read=rolled),
        )),
    ),
    hints=(
        "np.split(a, 4, axis=1) cuts the columns into four. In the step backwards, call gates(a) and lstm_step(a, c) again.",
        "Write dc_all first. Then each of i, f, g, o has one line: its factor in c_new or h_new, and its slope.",
        "In lstm_backward, five lines: the states before step t, lstm_step_backward(dhs[t] + dh, dc, sums(...), c), "
        "sums_backward, and what is added up for the weights. dh and dc are what the next round starts with.",
    ),
)  # fmt: skip
