"""A GRU: gates, one step there and back, and the way back through time, by two paths."""

from itertools import permutations

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip, named, sizes
from groundup.practice.exercises.lstm.definition import by_gate
from groundup.practice.exercises.rnn.definition import before, drawn

WEIGHTS = ("dw_ih", "dw_hh", "db_ih", "db_hh")


def gates_case(rng, dtype):
    n = sizes(rng, "NH")
    return Case(drawn(rng, dtype, n, {"a": "N3H", "b": "N3H"}), n)


def step_case(rng, dtype):
    n = sizes(rng, "NH")
    return Case(drawn(rng, dtype, n, {"a": "N3H", "b": "N3H", "h": "NH"}), n)


def step_backward_case(rng, dtype):
    n = sizes(rng, "NH")
    return Case(drawn(rng, dtype, n, {"dh_new": "NH", "a": "N3H", "b": "N3H", "h": "NH"}), n)


def backward_case(rng, dtype):
    n = sizes(rng, "TNIH")
    shapes = {"x": "TNI", "h0": "NH", "w_ih": "3HI", "w_hh": "3HH", "b_ih": "3H", "b_hh": "3H", "dhs": "TNH"}
    i = drawn(rng, dtype, n, shapes)
    h, hs = i["h0"], []
    for x_t in i["x"]:
        h = step({**sums(i, x_t, h), "h": h})["h_new"]
        hs.append(h)
    return Case({"dhs": i.pop("dhs"), "hs": np.stack(hs), **i}, n)


def split_by_gate(made, shape):
    parts = [by_gate(name, made[name], "rzn", shape) for name in ("da", "db")]
    return {**parts[0], **parts[1], "dh": made["dh"]}


def run_step_backward(module, inputs):
    made = named(module.gru_step_backward(**inputs), ("da", "db", "dh"), "gru_step_backward")
    return split_by_gate(made, inputs["a"].shape)


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


def cut(a):
    return np.split(a, 3, axis=1)


def gates(i, order="rzn", reset="b", squash=np.tanh):
    """r, z, n, with one thing done differently: which columns are whose, what r multiplies, what squashes n."""
    a, b = (dict(zip(order, cut(i[name]))) for name in "ab")
    r, z = sigmoid(a["r"] + b["r"]), sigmoid(a["z"] + b["z"])
    inside = {
        "b": a["n"] + r * b["n"],
        "a": r * a["n"] + b["n"],
        "both": r * (a["n"] + b["n"]),
        "none": a["n"] + b["n"],
    }
    return {"r": r, "z": z, "n": squash(inside[reset])}


def step(i, new=lambda r, z, n, h: (1 - z) * n + z * h):
    return {"h_new": new(**gates(i), h=i["h"])}


def sums(i, x, h):
    return {"a": x @ i["w_ih"].T + i["b_ih"], "b": h @ i["w_hh"].T + i["b_hh"]}


def step_backward(i, slopes="rzn", reset=True, keep=lambda z: z, sign=1, dr_from="b_n", order="rzn"):
    """One step back with one thing done differently: what the learner may have written."""
    r, z, n = gates(i).values()
    ds = i["dh_new"] * (1 - z) * (1 - n**2 if "n" in slopes else 1)
    factor = {"b_n": cut(i["b"])[2], "a_n": cut(i["a"])[2], "h": i["h"], "1": 1}[dr_from]
    dr, dz = ds * factor, sign * i["dh_new"] * (i["h"] - n)
    dr = dr * r * (1 - r) if "r" in slopes else dr
    dz = dz * z * (1 - z) if "z" in slopes else dz
    da, db = {"r": dr, "z": dz, "n": ds}, {"r": dr, "z": dz, "n": ds * r if reset else ds}
    return {
        "da": np.concatenate([da[gate] for gate in order], axis=1),
        "db": np.concatenate([db[gate] for gate in order], axis=1),
        "dh": i["dh_new"] * keep(z),
    }


def quantities(i):
    """What is multiplied on the way back, and what may be taken for it."""
    r, z, n = gates(i).values()
    ours = {"r": r, "z": z, "n": n, "1 - r": 1 - r, "1 - z": 1 - z, "1 - n²": 1 - n**2, "1 - n": 1 - n}
    return ours | {
        "h": i["h"],
        "h - n": i["h"] - n,
        "b_n": cut(i["b"])[2],
        "a_n": cut(i["a"])[2],
        "dh_new": i["dh_new"],
    }


def through_time(i, future=True, dhs=True, paths="both", for_h="db", read=before, kept=sum, order=reversed):
    """All gradients, with one thing done differently: what is handed on and by which path, what is read and kept."""
    dh, dx, parts = np.zeros_like(i["h0"]), np.zeros_like(i["x"]), []
    steps = list(order(range(len(i["x"]))))
    for t in steps:
        x, h = i["x"][t], read(i)[t]
        outside = i["dhs"][t] if dhs or t == steps[0] else 0
        back = step_backward({"dh_new": outside + (dh if future else 0), **sums(i, x, h), "h": h})
        da, db = back["da"], back[for_h]
        dx[t] = da @ i["w_ih"]
        dh = {"both": back["dh"] + db @ i["w_hh"], "direct": back["dh"], "W_hh": db @ i["w_hh"]}[paths]
        parts.append({"dw_ih": da.T @ x, "dw_hh": db.T @ h, "db_ih": da.sum(axis=0), "db_hh": db.sum(axis=0)})
    return {"dx": dx, "dh0": dh, **{name: kept([part[name] for part in parts]) for name in WEIGHTS}}


def slip(make):
    """Return a maker of slips: ``make`` with one thing done differently."""
    return lambda cause, message, **changes: Slip(cause, message, lambda i: make(i, **changes))


def split_step_backward(i, **changes):
    return split_by_gate(step_backward(i, **changes), i["a"].shape)


gate_slip, step_slip, back_slip, time_slip = slip(gates), slip(step), slip(split_step_backward), slip(through_time)
OTHER_ORDERS = [order for order in permutations("rzn") if order != tuple("rzn")]

EXERCISE = Exercise(
    title="A GRU, step by step and back",
    parts=(
        Part("gates", gates_case, ("r", "z", "n"), slips=(
            *(gate_slip("gates in the wrong order", "{name} is made from the columns of another gate: they come in the order r, z, "
                        "n, H for each.", order=order) for order in OTHER_ORDERS),
            gate_slip("reset gate forgotten", "n is made without r: tanh(a_n + r b_n).", reset="none"),
            gate_slip("input reset too", "r multiplies the whole bracket. It multiplies b_n alone, what comes from the past.",
                      reset="both"),
            gate_slip("input reset too", "r multiplies a_n. It multiplies b_n, what comes from the past.", reset="a"),
            gate_slip("sigmoid for n", "n is the new content, of both signs: tanh. Only the gates r and z are σ.", squash=sigmoid),
            gate_slip("not squashed", "n is the bracket, before tanh.", squash=lambda s: s),
        )),
        Part("gru_step", step_case, ("h_new",), slips=(
            step_slip("z the wrong way round", "z and 1 - z have changed places: where z is 1, the old state stays.",
                      new=lambda r, z, n, h: z * n + (1 - z) * h),
            step_slip("h multiplied with r", "The old state is multiplied with r. r has done its work inside n.",
                      new=lambda r, z, n, h: (1 - z) * n + z * r * h),
            step_slip("r in the place of z", "r decides here how far the state moves: that is z.",
                      new=lambda r, z, n, h: (1 - r) * n + r * h),
            step_slip("all of n added", "All of n is added: only the share 1 - z is.", new=lambda r, z, n, h: n + z * h),
        )),
        Part("gru_step_backward", step_backward_case, (*(f"d{sums} of {gate}" for sums in "ab" for gate in "rzn"), "dh"),
             run=run_step_backward, quantities=quantities, slips=(
            back_slip("reset gate forgotten", "The last columns of db are those of da. b_n was multiplied with r: so is its "
                      "gradient.", reset=False),
            back_slip("sign of dz", "The columns of z have the wrong sign: a larger z brings more of h and less of n, "
                      "dz = dh_new (h - n).", sign=-1),
            back_slip("dr from h", "dr is made with h. r multiplies b_n, so dr = ds b_n.", dr_from="h"),
            back_slip("dr from a_n", "dr is made with a_n. r multiplies b_n, so dr = ds b_n.", dr_from="a_n"),
            back_slip("b_n forgotten", "dr is ds. r multiplies b_n, so dr = ds b_n.", dr_from="1"),
            *(back_slip("slope forgotten", f"The slope of {without} is missing in {{name}}: r (1 - r) for σ, and 1 - n² for tanh.",
                        slopes=slopes) for without, slopes in (("the gates", "n"), ("n", "rz"), ("all three", ""))),
            back_slip("update gate forgotten", "dh is dh_new. Only the share z of the old state went on: multiply with z.",
                      keep=np.ones_like),
            back_slip("z the wrong way round", "dh is dh_new (1 - z). Of the old state the share z went on.",
                      keep=lambda z: 1 - z),
            *(back_slip("gates in the wrong order", f"The columns of {gate} stand in the place of {{name}}: the order is r, z, n.",
                        order=3 * gate) for gate in "rzn"),
        )),
        Part("gru_backward", backward_case, ("dx", "dh0", *WEIGHTS), slips=(
            time_slip("direct path forgotten", "What goes to the old state without a matrix, the dh of gru_step_backward, is left "
                      "out: add it to db W_hh.", paths="W_hh"),
            time_slip("path through W_hh forgotten", "The old state was used in b too: add db W_hh to the dh of "
                      "gru_step_backward.", paths="direct"),
            time_slip("da in the place of db", "W_hh and b_hh have da as their upstream gradient. They made b: it is db.",
                      for_h="da"),
            time_slip("future forgotten", "Each step goes back from dhs[t] alone: add the dh that step t+1 handed back.",
                      future=False),
            time_slip("dhs forgotten", "dhs enters at the last step alone: add dhs[t] at each step.", dhs=False),
            Slip("zeros", "dx is zero everywhere. Either dx[t] is nowhere set, or dhs[t] is nowhere added, so that nothing comes back.",
                 lambda i: {"dx": np.zeros_like(i["x"])}),
            time_slip("wrong direction", "The steps are gone through from the first to the last: begin at the end.", order=list),
            time_slip("overwritten", "{name} is that of step 0 alone, the last one that was gone through. The weights are "
                      "used at every step: add up all steps (+=).", kept=lambda parts: parts[-1]),
            time_slip("off by one step", "hs[t] is the state after step t. What step t has read is the state before it.",
                      read=lambda i: i["hs"]),
            time_slip("hs[-1] at the first step", "At t = 0, hs[t-1] is hs[-1], the last state of all: Python counts from the "
                      "end. The state before the first step is h0.", read=lambda i: np.roll(i["hs"], 1, axis=0)),
        )),
    ),
    hints=(
        "np.split(a, 3, axis=1) cuts the columns into three. In the step backwards, call gates(a, b) again.",
        "Backwards from the last line: dn, dz and dh stand there. Then the bracket of tanh: ds goes to a_n, ds r to b_n, "
        "ds b_n to r.",
        "In gru_backward: h before step t, a and b by linear, gru_step_backward(dhs[t] + dh, a, b, h), and linear_backward twice, "
        "with da for x and with db for h. The new dh is the sum of what both gave for h.",
    ),
)  # fmt: skip
