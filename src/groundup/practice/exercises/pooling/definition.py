"""Pooling: the winner takes all, or everybody gets a share; overlapping windows add up."""

import numpy as np

from groundup.practice.exercise import Case, Exercise, Part, Slip
from groundup.practice.exercises.windows import border, give, take


def images(kernel=(3, 5), stride=(1, 2), padding=(1,), whole=False):
    """Return cases with images, mostly negative; of small whole numbers, so that many are equal, if ``whole``.

    No size, nor a product of sizes, is a kernel or its square: a wrong factor tells where it comes from.
    """

    def case(rng, dtype):
        n = {letter: int(size) for letter, size in zip("NC", rng.permutation([2, 3]))}
        n |= {letter: int(size) for letter, size in zip("HW", rng.permutation([6, 11]))}
        shape = [n[a] for a in "NCHW"]
        x = rng.integers(-2, 1, size=shape) if whole else rng.normal(size=shape) - 1
        k, s, p = (int(rng.choice(values)) for values in (kernel, stride, padding))
        n |= {out: (n[size] + 2 * p - k) // s + 1 for out, size in (("Ho", "H"), ("Wo", "W"))}
        return Case({"x": x.astype(dtype), "kernel": k, "stride": s, "padding": p}, n)

    return case


def with_upstream(cases):
    def case(rng, dtype):
        it = cases(rng, dtype)
        dy = rng.normal(size=[it.dims[a] for a in ("N", "C", "Ho", "Wo")]).astype(dtype)
        return Case({"dy": dy, **it.inputs}, it.dims)

    return case


def with_shape(cases):
    def case(rng, dtype):
        it = cases(rng, dtype)
        inputs = {**it.inputs, "shape": it.inputs["x"].shape}
        return Case({name: inputs[name] for name in ("dy", "shape", "kernel", "stride", "padding")}, it.dims)

    return case


PLAIN = images(kernel=(2,), stride=(2,), padding=(0,))
OVERLAPPING = images(kernel=(5,), stride=(2, 3), padding=(1, 2))
TIES = images(kernel=(3,), stride=(2,), whole=True)


def under(i, value=0.0, kernel=None, stride=None, x=None):
    """Return what lies under each window, (N, C, K, K, Ho, Wo), with a border of this value."""
    x = i["x"] if x is None else x
    k, s, p = i["kernel"], i["stride"], i["padding"]
    size = tuple((n + 2 * p - k) // s + 1 for n in x.shape[2:])
    k, s = k if kernel is None else kernel, s if stride is None else stride
    return take(np.pad(x, border(p), constant_values=value), (k, k), s, size)


def largest(i, value=-np.inf, **changes):
    return {"y": under(i, value, **changes).max(axis=(2, 3))}


def average(i, **changes):
    return {"y": under(i, **changes).mean(axis=(2, 3))}


def of_pixels_alone(i):
    """The average over the pixels in each window, without the zeros of the border."""
    return {"y": under(i).sum(axis=(2, 3)) / under(i, x=np.ones_like(i["x"])).sum(axis=(2, 3))}


def winners(i, who="first", value=-np.inf, stride=None):
    """Return who gets how much of dy: (N, C, K, K, Ho, Wo), 0 or 1 or a share."""
    windows = under(i, value, stride=stride)
    windows = {"smallest": -windows, "size": np.abs(windows)}.get(who, windows)
    N, C, K, _, Ho, Wo = windows.shape
    if who == "everybody":
        return np.ones_like(windows)
    best = windows == windows.max(axis=(2, 3), keepdims=True)
    if who in ("equals", "share"):
        return best / (best.sum(axis=(2, 3), keepdims=True) if who == "share" else 1)
    flat = best.reshape(N, C, K * K, Ho, Wo)
    number = K * K - 1 - flat[:, :, ::-1].argmax(axis=2) if who == "last" else flat.argmax(axis=2)
    one = np.arange(K * K)[:, None, None] == number[:, :, None]
    one = one.reshape(windows.shape)
    return one.swapaxes(2, 3) if who == "exchanged" else one


def max_back(i, who="first", value=-np.inf, stride=None, cut="middle", overwrite=False):
    """Return dx of max pooling with one thing done differently."""
    chosen = winners(i, who, value, stride)
    dy, s, p = i["dy"], i["stride"] if stride is None else stride, i["padding"]
    if not overwrite:
        return {"dx": give(chosen * dy[:, :, None, None], i["x"].shape, s, p, cut=cut)}
    N, C, H, W = i["x"].shape
    dx = np.zeros((N, C, H + 2 * p, W + 2 * p), dy.dtype)
    for h, v in np.ndindex(*dy.shape[2:]):
        window = dx[:, :, h * s : h * s + i["kernel"], v * s : v * s + i["kernel"]]
        window[...] = np.where(chosen[..., h, v], dy[:, :, h, v, None, None], window)
    return {"dx": dx[:, :, p : p + H, p : p + W]}


def without_the_corner(i):
    """dx if each window's share is put where it would be if the window stood at the start of the image."""
    k, p, (N, C, H, W) = i["kernel"], i["padding"], i["x"].shape
    dx = np.zeros((N, C, H + 2 * p, W + 2 * p))
    dx[:, :, :k, :k] = (winners(i) * i["dy"][:, :, None, None]).sum(axis=(4, 5))
    return {"dx": dx[:, :, p : p + H, p : p + W]}


def avg_back(i, order="added", cut="middle", stride=None, counts=False):
    """Return dx of average pooling with one thing done differently."""
    k, s, p = i["kernel"], i["stride"] if stride is None else stride, i["padding"]
    below = under(i, x=np.ones(i["shape"])).sum(axis=(2, 3))[:, :, None, None] if counts else k**2
    shares = np.ones((k, k, 1, 1)) * i["dy"][:, :, None, None] / below
    return {"dx": give(shares, i["shape"], s, p, order, cut)}


def slip(cause, message, function, **changes):
    return Slip(cause, message, lambda i: function(i, **changes))


STRIDE = "The window moves by one pixel: its corner is at h * stride, v * stride."
SMALL = "The window is one pixel too small: top : top + kernel holds kernel pixels, the last one is left out by Python itself."
OVERLAP = "Shares are overwritten: where windows overlap a pixel is in several of them, and all of these send something back. Add (+=)."
CORNER = "dx has the right size, but is cut out of the padded one at its corner: the image stands in the middle."

MAX = (
    slip("padded with zeros", "The border holds zeros, which win over negative numbers: it must hold -infinity, so that it never wins.", largest, value=0.0),
    slip("stride ignored", STRIDE, largest, stride=1),
    Slip("window one too small", SMALL, lambda i: largest(i, kernel=i["kernel"] - 1)),
    Slip("maximum over the channels too", "The channels share one maximum: each channel has its own, over the last two axes.",
         lambda i: {"y": largest(i)["y"].max(axis=1, keepdims=True) * np.ones((1, i["x"].shape[1], 1, 1))}),
    Slip("smallest, not largest", "This is the smallest number of each window.", lambda i: {"y": under(i, np.inf).min(axis=(2, 3))}),
    Slip("maximum over batch and channels too", "All images and channels share one maximum: each has its own, over the last two axes: .max(axis=(2, 3)).",
         lambda i: {"y": largest(i)["y"].max(axis=(0, 1)) * np.ones((*i["x"].shape[:2], 1, 1))}),
    Slip("maximum over the batch too", "All images share one maximum: each has its own, over the last two axes.",
         lambda i: {"y": largest(i)["y"].max(axis=0, keepdims=True) * np.ones((len(i["x"]), 1, 1, 1))}),
    Slip("sum instead of maximum", "This is the sum of each window.", lambda i: {"y": under(i).sum(axis=(2, 3))}),
    slip("mean instead of maximum", "This is the mean of each window.", average),
)  # fmt: skip
MAX_BACK = (
    slip("gradient to the whole window", "Each pixel of the window gets dy: only the winner moved the result.", max_back, who="everybody"),
    slip("overlap overwritten", OVERLAP, max_back, overwrite=True),
    slip("largest by size", "The number farthest from 0 gets dy, with whatever sign: the largest does.", max_back, who="size", value=0.0),
    slip("smallest, not largest", "The smallest number of each window gets dy: the largest does.", max_back, who="smallest", value=np.inf),
    Slip("corner forgotten", "i, j is the winner's place in its window: in the image it is top + i, left + j.", without_the_corner),
    slip("row and column exchanged", "The winner's row and column in the window are exchanged.", max_back, who="exchanged"),
    slip("stride ignored", STRIDE, max_back, stride=1),
    slip("padded with zeros", "On the way back the border holds zeros, which win over negative numbers: pad with -infinity here too.", max_back, value=0.0),
    slip("cropped at the wrong place", CORNER, max_back, cut="start"),
)  # fmt: skip
TIES_BACK = (
    slip("equals all win", "Where several numbers are the largest, each of them gets all of dy: only the first does, read row by row.", max_back, who="equals"),
    slip("equals share", "Where several numbers are the largest, they share dy. That is a gradient too, but here (as in PyTorch) the first gets it all, "
         "read row by row.", max_back, who="share"),
    slip("last of equals wins", "Where several numbers are the largest, the last gets dy: it is the first, read row by row. (>= lets a later one win, > does not.)",
         max_back, who="last"),
    *MAX_BACK,
)  # fmt: skip
AVG = (
    slip("maximum instead of mean", "This is the largest number of each window.", largest, value=0.0),
    Slip("padding not counted", "The mean is taken over the pixels alone. The zeros of the border count too: divide by kernel² everywhere.", of_pixels_alone),
    slip("stride ignored", STRIDE, average, stride=1),
    Slip("window one too small", SMALL, lambda i: average(i, kernel=i["kernel"] - 1)),
)  # fmt: skip
AVG_BACK = (
    slip("overlap overwritten", OVERLAP, avg_back, order="by place"),
    slip("overlap overwritten", OVERLAP, avg_back, order="by pixel"),
    slip("stride ignored", STRIDE, avg_back, stride=1),
    slip("cropped at the wrong place", CORNER, avg_back, cut="start"),
    slip("padding not counted", "dy is divided by the number of pixels in the window. The zeros of the border count too: divide by kernel² everywhere.",
         avg_back, counts=True),
)  # fmt: skip

EXERCISE = Exercise(
    title="Max and average pooling",
    parts=(
        Part("max_pool2d", PLAIN, ("y",), slips=MAX),
        Part("max_pool2d", images(), ("y",), slips=MAX),
        Part("max_pool2d_backward", with_upstream(PLAIN), ("dx",), slips=MAX_BACK),
        Part("max_pool2d_backward", with_upstream(OVERLAPPING), ("dx",), slips=MAX_BACK),
        Part("max_pool2d_backward", with_upstream(TIES), ("dx",), slips=TIES_BACK),
        Part("avg_pool2d", images(), ("y",), slips=AVG),
        Part("avg_pool2d_backward", with_shape(with_upstream(OVERLAPPING)), ("dx",), slips=AVG_BACK),
    ),
    hints=(
        "np.pad(..., constant_values=-np.inf) fills the border. padded[:, :, top : top + kernel, left : left + kernel] is the window of all "
        "images and channels, and .max(axis=(2, 3)) leaves one number for each.",
        "window.argmax() counts through the window row by row and finds the first of several equals; divmod(number, kernel), or "
        "np.unravel_index, makes row and column of it.",
        "dpadded[n, c, top + i, left + j] += dy[n, c, h, v] for the maximum; dpadded[:, :, the window] += dy[:, :, h, v][:, :, None, None] / "
        "kernel**2 for the average; and last cut the border off.",
    ),
)  # fmt: skip
