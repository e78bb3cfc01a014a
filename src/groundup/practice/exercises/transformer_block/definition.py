"""A Transformer block: heads cut and put together, the composition of known pieces, and its way back."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip, sizes
from groundup.practice.exercises.transformer_block import solution as given

SHAPES = {
    "gain1": "D", "shift1": "D", "w_qkv": "QD", "w_out": "DD", "gain2": "D", "shift2": "D",
    "w1": "FD", "b1": "F", "w2": "DF", "b2": "D",
}  # fmt: skip


def split_case(rng, dtype):
    n = sizes(rng, "NTHK")
    x = rng.normal(size=(n["N"], n["T"], n["H"] * n["K"])).astype(dtype)
    return Case({"x": x, "heads": n["H"]}, n)


def merge_case(rng, dtype):
    n = sizes(rng, "NHTK")
    return Case({"x": rng.normal(size=[n[letter] for letter in "NHTK"]).astype(dtype)}, n)


def forward_case(rng, dtype):
    """Small primes, as the width is the product of two."""
    n = {letter: int(size) for letter, size in zip("NTHK", rng.permutation((2, 3, 5, 7)))}
    n |= {"D": n["H"] * n["K"], "F": 11}
    inputs = {"x": rng.normal(size=(n["N"], n["T"], n["D"])), "heads": n["H"]}
    for name, letters in SHAPES.items():
        shape = [{**n, "Q": 3 * n["D"]}[letter] for letter in letters]
        scale = shape[-1] ** -0.5 if len(shape) == 2 else 0.5
        inputs[name] = scale * rng.normal(size=shape) + name.startswith("gain")
    return Case({k: v.astype(dtype) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}, n)


def backward_case(rng, dtype):
    case = forward_case(rng, dtype)
    return Case({"dy": rng.normal(size=case.inputs["x"].shape).astype(dtype), **case.inputs}, case.dims)


def run_forward(module, inputs):
    """The block forward; what it keeps for the way back is its own affair."""
    made = module.block_forward(inputs["x"], {name: inputs[name] for name in SHAPES}, inputs["heads"])
    if not isinstance(made, tuple | list) or len(made) != 2:
        raise AnswerError("number of values", "block_forward returns two things: y, and what block_backward will need.")
    return {"y": made[0], "cache": made[1]}


def run_backward(module, inputs):
    """The block forward and backward; the gradients by name."""
    made = module.block_backward(inputs["dy"], run_forward(module, inputs)["cache"])
    if not isinstance(made, tuple | list) or len(made) != 2 or not isinstance(made[1], dict):
        raise AnswerError("number of values", "block_backward returns two things: dx, and a dictionary of gradients.")
    missing = [name for name in SHAPES if name not in made[1]]
    if missing:
        raise AnswerError(
            "gradient missing", f"The dictionary of block_backward has no gradient of {', '.join(missing)}."
        )
    return {"dx": made[0], **{f"d{name}": made[1][name] for name in SHAPES}}


def gelu(u):
    return given.gelu_forward(u)[0]


def forward(i, norms="first", first="x", second="h", activation=gelu, attention=True, shared=False):
    """The block, with one thing done differently: where the norms stand, what is added to, what is left out."""

    def norm(x, k):
        k = "1" if shared else k
        return given.norm_forward(x, i[f"gain{k}"], i[f"shift{k}"])[0]

    def attend(x):
        return given.attention_forward(x, i["w_qkv"], i["w_out"], i["heads"])[0]

    def think(x):
        u = x @ i["w1"].T + i["b1"]
        return activation(u) @ i["w2"].T + i["b2"]

    x = i["x"]
    if norms == "last":
        h = norm(x + attend(x), "1")
        return {"y": norm(h + think(h), "2")}
    n1 = norm(x, "1") if norms in ("first", "first only", "first twice") else x
    a = attend(n1) if attention else 0
    h = {"x": x, "n1": n1, "nothing": 0}[first] + a
    n2 = {"first": norm(h, "2"), "second only": norm(h, "2"), "first twice": norm(x, "2")}.get(norms, h)
    return {"y": {"h": h, "x": x, "n2": n2, "nothing": 0}[second] + think(n2)}


def backward(i, through_h="dy", through_x="dh", into_attention="dh", gelu=True, inside=False):
    """The gradients, with one thing done differently: which gradient goes on where."""
    cache = given.block_forward(i["x"], i, i["heads"])[1]
    norm1, attention, norm2, linear1, gelu_cache, linear2 = cache
    d = {"dy": i["dy"], "0": 0}
    dg, dw2, db2 = given.linear_backward(i["dy"], linear2)
    dn2, dw1, db1 = given.linear_backward(given.gelu_backward(dg, gelu_cache) if gelu else dg, linear1)
    d["second half"], dgain2, dshift2 = given.norm_backward(dn2 + (i["dy"] if inside else 0), norm2)
    d["dh"] = d["0" if inside else through_h] + d["second half"]
    dn1, dw_qkv, dw_out = given.attention_backward(d[into_attention], attention)
    dx_half, dgain1, dshift1 = given.norm_backward(dn1, norm1)
    return {
        "dx": d[through_x] + dx_half, "dgain1": dgain1, "dshift1": dshift1, "dw_qkv": dw_qkv, "dw_out": dw_out,
        "dgain2": dgain2, "dshift2": dshift2, "dw1": dw1, "db1": db1, "dw2": dw2, "db2": db2,
    }  # fmt: skip


def block_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: forward(i, **changes))


def back_slip(cause, message, **changes):
    return Slip(cause, message, lambda i: backward(i, **changes))


RESHAPED = "The numbers stand in wrong places: reshape refills row by row, and moves no axis past another. "

EXERCISE = Exercise(
    title="A Transformer block",
    parts=(
        Part("split_heads", split_case, ("heads",), slips=(
            Slip("reshaped, not transposed", RESHAPED + "Cut the features into (H, K) first, then exchange the axes of T and H.",
                 lambda i: {"heads": i["x"].reshape(len(i["x"]), i["heads"], i["x"].shape[1], -1)}),
            Slip("K before H", "The features are cut into (K, H): then head h has every H-th feature. Cut into (H, K): head h has "
                 "K features that lie together.",
                 lambda i: {"heads": i["x"].reshape(*i["x"].shape[:2], -1, i["heads"]).transpose(0, 3, 1, 2)}),
        )),
        Part("merge_heads", merge_case, ("merged",), slips=(
            Slip("reshaped, not transposed", RESHAPED + "Bring the heads back beside their features first, (N, T, H, K).",
                 lambda i: {"merged": i["x"].reshape(len(i["x"]), i["x"].shape[2], -1)}),
            Slip("K before H", "The features of the heads are mixed: behind the first of head 0 comes its second. (N, T, H, K) "
                 "before the reshape.",
                 lambda i: {"merged": i["x"].transpose(0, 2, 3, 1).reshape(len(i["x"]), i["x"].shape[2], -1)}),
        )),
        Part("block_forward", forward_case, ("y",), run=run_forward, slips=(
            block_slip("post-norm", "The norms stand behind the sums, as in the first Transformer. Here each half norms what it "
                       "reads, and the stream itself is never normed.", norms="last"),
            block_slip("residual forgotten", "The first half replaces x: h = x + attention(...).", first="nothing"),
            block_slip("residual forgotten", "The second half replaces h: y = h + ...", second="nothing"),
            block_slip("residual forgotten", "Neither half is added to what went in.", first="nothing", second="nothing"),
            block_slip("residual from the norm", "The attention is added to the normed copy: it is added to x as it came.",
                       first="n1"),
            block_slip("residual from the norm", "The second half is added to the normed copy: it is added to h.", second="n2"),
            block_slip("residual from the norm", "Both halves are added to the normed copies: they are added to x and to h.",
                       first="n1", second="n2"),
            block_slip("residual from x", "The second half is added to x: what the attention has found is lost. It is added to h.",
                       second="x"),
            block_slip("activation forgotten", "There is no GELU between the two linear layers.", activation=lambda u: u),
            block_slip("ReLU for GELU", "Between the two linear layers stands ReLU: it is GELU here.",
                       activation=lambda u: np.maximum(u, 0)),
            block_slip("norm forgotten", "The attention reads x: it reads norm1(x).", norms="second only"),
            block_slip("norm forgotten", "The second half reads h: it reads norm2(h).", norms="first only"),
            block_slip("norm forgotten", "Neither half norms what it reads: norm1(x), and norm2(h).", norms="none"),
            block_slip("norm of x", "The second half reads norm2(x): it reads norm2(h), with what the attention has found.",
                       norms="first twice"),
            block_slip("one norm for both", "Both norms use gain1 and shift1: the second has gain2 and shift2.", shared=True),
            block_slip("attention forgotten", "h is x: the attention is not added.", attention=False),
        )),
        Part("block_backward", backward_case, ("dx", *(f"d{name}" for name in SHAPES)), run=run_backward, slips=(
            back_slip("residual gradient forgotten", "{name} is made from a dh without dy: h went to the second half, and "
                      "straight on to y. Add dy.", through_h="0"),
            back_slip("residual gradient forgotten", "dx is what comes back through the norm alone: x also went straight on into "
                      "h. Add dh.", through_x="0"),
            back_slip("residual gradient forgotten", "Neither residual has a gradient: add dy to dh, and dh to dx.",
                      through_h="0", through_x="0"),
            back_slip("residual inside the norm", "dy went through the backward of the norm too. The residual passes the norm by: add "
                      "dy behind norm_backward.", inside=True),
            back_slip("residual from dy", "dy is added to dx where dh belongs: x went straight on into h, and h also into the "
                      "second half.", through_x="dy"),
            back_slip("attention receives dy", "{name} is right for an attention that receives dy. It was added to h: it receives "
                      "dh, which holds what came back through the second half too.", into_attention="dy"),
            back_slip("attention receives dy", "The first half receives and adds dy, as if h went straight to y alone: it is dh.",
                      into_attention="dy", through_x="dy"),
            back_slip("activation forgotten", "{name} is made without the gradient of GELU, between the two linear layers.",
                      gelu=False),
        )),
    ),
    hints=(
        "split_heads: reshape to (N, T, heads, K), then transpose(0, 2, 1, 3). merge_heads: the same two in reverse.",
        "block_forward is seven lines: norm, attention, a sum; norm, linear, GELU, linear, a sum. Keep each cache.",
        "block_backward is the same lines from the last to the first. Where a line of the way forward is a sum, dy goes to both "
        "sides; where a value was read twice, what comes back is added: dh = dy + ..., dx = dh + ...",
    ),
)  # fmt: skip
