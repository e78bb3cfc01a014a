"""Convolution as a matrix product: the order of rows and columns, and what col2im adds up."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip
from groundup.practice.exercises.windows import (
    border,
    convolve,
    convolve_backward,
    edge,
    give,
    images,
    in_the_corner,
    output,
    take,
    with_upstream,
)

GRADIENTS = ("dx", "dweight", "dbias")


def image(stride=None, padding=None):
    def case(rng, dtype):
        it = images(stride, padding)(rng, dtype)
        n = {**it.dims, "P": it.dims["Ho"] * it.dims["Wo"]}
        if n["P"] == n["C"] * n["K"] * n["L"]:  # as many rows as columns: draw again
            return case(rng, dtype)
        inputs = {"x": it.inputs["x"], "kernel": it.inputs["weight"].shape[2:]}
        return Case({**inputs, **{name: it.inputs[name] for name in ("stride", "padding")}}, n)

    return case


def columns(stride=None, padding=None):
    def case(rng, dtype):
        it = image(stride, padding)(rng, dtype)
        n = it.dims
        inputs = {**it.inputs, "shape": it.inputs["x"].shape}
        del inputs["x"]
        filled = rng.normal(size=(n["N"], n["C"] * n["K"] * n["L"], n["P"])).astype(dtype)
        return Case({"columns": filled, **inputs}, n)

    return case


def unfolded(i, order="cij", places="hv", stride=None, padded=None, turned=False):
    """The columns, with their rows or places in another order, or taken from elsewhere."""
    kernel, p = i["kernel"], i["padding"]
    size = output({**i, "weight": np.empty((0, 0, *kernel))})
    padded = np.pad(i["x"], border(p)) if padded is None else padded(i)
    under = take(padded, kernel, i["stride"] if stride is None else stride, size)
    under = under[:, :, ::-1, ::-1] if turned else under
    under = np.einsum(f"ncijhv->n{order}{places}", under)
    return {"columns": under.reshape(len(under), -1, size[0] * size[1])}


def folded(i, order="added", cut="middle", average=False, rows="cij", stride=None):
    """The image from the columns, put together in another way."""
    (K, L), (_, C, H, W) = i["kernel"], i["shape"]
    Ho, Wo = ((n + 2 * i["padding"] - k) // i["stride"] + 1 for n, k in ((H, K), (W, L)))
    shape = [{"c": C, "i": K, "j": L}[letter] for letter in rows]
    shares = np.einsum(f"n{rows}hv->ncijhv", i["columns"].reshape(-1, *shape, Ho, Wo))
    made = give(shares, i["shape"], i["stride"] if stride is None else stride, i["padding"], order, cut)
    if average:
        made = made / np.maximum(give(np.ones_like(shares), i["shape"], i["stride"], i["padding"]), 1)
    return {"image": made}


def tall(weight):
    """The filters reshaped to (C K L, O) and transposed, which mixes them up."""
    return weight.reshape(-1, len(weight)).T.reshape(weight.shape)


def batch_mixed_up(i):
    """dweight of a dy (N, O, P) that was reshaped to (O, N P) instead of transposed first."""
    dy = i["dy"].reshape(i["dy"].shape[1], -1)
    under = take(np.pad(i["x"], border(i["padding"])), i["weight"].shape[2:], i["stride"], i["dy"].shape[2:])
    under = under.transpose(0, 4, 5, 1, 2, 3).reshape(dy.shape[1], -1)
    return {"dweight": (dy @ under).reshape(i["weight"].shape)}


def of_one_example(number):
    return lambda i: {"dweight": convolve_backward({**i, "dy": i["dy"][[number]], "x": i["x"][[number]]})["dweight"]}


ROWS = "The rows of the columns stand in another order. In the order c, i, j, the channel changes slowest, so that weight.reshape(O, C K L) fits."
FILTERS = (
    "The filters are reshaped to (C K L, O) and transposed. reshape refills row by row: reshape to (O, C K L) at once."
)
STRIDE = "The window moves by one pixel: its corner is at h * stride, v * stride."
CORNER = "The image stands in the corner of the padded one, with all of the border behind it: it stands in the middle."
OVERLAP = "Columns overwrite each other: a pixel was copied into every window that it lies under, and all of these copies are added (+=)."

UNFOLD = (
    *(Slip("order of the rows", ROWS, lambda i, order=order: unfolded(i, order)) for order in ("ijc", "jic", "cji", "icj", "jci")),
    Slip("order of the places", "The places stand column by column. They stand row by row of the output: h changes slowest.",
         lambda i: unfolded(i, places="vh")),
    Slip("window turned round", "The rows of each channel stand in reverse order: pixel i, j of the window is i rows below and j columns right of its corner.",
         lambda i: unfolded(i, turned=True)),
    Slip("stride ignored", STRIDE, lambda i: unfolded(i, stride=1)),
    Slip("padding not zero", "The border repeats the edge of the image: it holds zeros, as np.pad makes them by itself.", lambda i: unfolded(i, padded=edge)),
    Slip("border on one side", CORNER, lambda i: unfolded(i, padded=in_the_corner)),
)  # fmt: skip

FOLD = (
    Slip("overlap overwritten", OVERLAP, lambda i: folded(i, order="by pixel")),
    Slip("overlap overwritten", OVERLAP, lambda i: folded(i, order="by place")),
    Slip("stride ignored", STRIDE, lambda i: folded(i, stride=1)),
    Slip("overlap averaged", "Where windows overlap the copies are averaged: they are added up, as each of them has an effect.",
         lambda i: folded(i, average=True)),
    Slip("cropped at the wrong place", "The image has the right size, but is cut out of the padded one at its corner: it stands in the middle.",
         lambda i: folded(i, cut="start")),
    Slip("cropped at the wrong place", "The image has the right size, but is cut out of the padded one at its end: it stands in the middle.",
         lambda i: folded(i, cut="end")),
    *(Slip("order of the rows", ROWS, lambda i, rows=rows: folded(i, rows=rows)) for rows in ("ijc", "jic", "cji", "icj", "jci")),
)  # fmt: skip

EXERCISE = Exercise(
    title="Convolution as a matrix product",
    parts=(
        Part("im2col", image(stride=1, padding=0), ("columns",), slips=UNFOLD),
        Part("im2col", image(), ("columns",), slips=UNFOLD),
        Part("col2im", columns(stride=1, padding=0), ("image",), slips=FOLD),
        Part("col2im", columns(), ("image",), slips=FOLD),
        Part("conv2d_product", images(), ("y",), slips=(
            Slip("filters mixed up", FILTERS, lambda i: convolve(i, filters=tall(i["weight"]))),
            Slip("kernel flipped", "The filter is turned round in both directions: use it as it is.",
                 lambda i: convolve(i, filters=i["weight"][:, :, ::-1, ::-1])),
        )),
        Part("conv2d_product_backward", with_upstream(images()), GRADIENTS, slips=(
            Slip("filters mixed up", FILTERS, lambda i: {"dx": convolve_backward(i, filters=tall(i["weight"]))["dx"]}),
            Slip("kernel flipped", "The filter is turned round on the way back: use it as it is.",
                 lambda i: {"dx": convolve_backward(i, filters=i["weight"][:, :, ::-1, ::-1])["dx"]}),
            Slip("batch mixed up", "dy is reshaped to (O, N P), but its first axis is N: reshape refills row by row. Transpose first: "
                 "dy.transpose(1, 0, 2, 3).reshape(O, N P).", batch_mixed_up),
            Slip("one example only", "dweight is that of the last example alone: add up those of all.", of_one_example(-1)),
            Slip("one example only", "dweight is that of the first example alone: add up those of all.", of_one_example(0)),
        )),
    ),
    hints=(
        "Make columns as (N, C, K, L, Ho, Wo) first, and reshape at the end. Two loops are enough, over the K x L pixels of the window: for all "
        "places at once, what lies under pixel i, j is a slice with a step.",
        "Rows i, i + stride, i + 2 stride, ... of the padded image, Ho of them: padded[:, :, i : i + stride * Ho : stride]. col2im has the same "
        "loops, and adds to that slice what im2col took from it.",
        "conv2d_product: weight.reshape(O, -1) @ columns + bias[:, None]. Backward, with dy reshaped to (N, O, P): dweight is the sum over N of "
        "dy @ columns.transpose(0, 2, 1), dcolumns is weight.reshape(O, -1).T @ dy, and dx = col2im(dcolumns, x.shape, ...).",
    ),
)  # fmt: skip
