"""What the exercises on convolution and pooling share: their inputs, and windows in one stroke.

The solutions move a window from place to place, as a learner does. Here all windows are taken at once with index
arrays: another way to the same numbers, and fast enough to try many mistakes.
"""

import numpy as np

from groundup.practice.exercise import Case


def border(padding):
    """Return the widths of a border around the images, for np.pad."""
    return ((0, 0), (0, 0), (padding, padding), (padding, padding))


def place(padded, kernel, stride, size):
    """Return the indices, into the last two axes, of what lies under each window: two arrays (K, L, Ho, Wo)."""
    rows = np.arange(kernel[0])[:, None] + stride * np.arange(size[0])  # (K, Ho)
    columns = np.arange(kernel[1])[:, None] + stride * np.arange(size[1])  # (L, Wo)
    return rows[:, None, :, None], columns[None, :, None, :]


def take(padded, kernel, stride, size):
    """Return what lies under each of size = (Ho, Wo) windows: (N, C, K, L, Ho, Wo)."""
    rows, columns = place(padded, kernel, stride, size)
    return padded[:, :, rows, columns]


def give(shares, shape, stride, padding, order="added", cut="middle"):
    """Put (N, C, K, L, Ho, Wo) back under the windows of an image of this shape (N, C, H, W), the border cut off.

    ``order`` says what happens where windows overlap: they are added; or the last one overwrites the others, "by place"
    if the window moves over the image, "by pixel" if all windows are written at once, pixel after pixel of the window.
    ``cut`` says where the image is cut out.
    """
    N, C, H, W = shape
    K, L, Ho, Wo = shares.shape[2:]
    padded = np.zeros((N, C, H + 2 * padding, W + 2 * padding), shares.dtype)
    if order == "by place":
        for h, v in np.ndindex(Ho, Wo):
            padded[:, :, h * stride : h * stride + K, v * stride : v * stride + L] = shares[..., h, v]
    else:
        for i, j in np.ndindex(K, L):
            under = padded[:, :, i : i + stride * Ho : stride, j : j + stride * Wo : stride]
            under[...] = shares[:, :, i, j] + (0 if order == "by pixel" else under)
    first = {"middle": padding, "start": 0, "end": 2 * padding}[cut]
    return padded[:, :, first : first + H, first : first + W]


def images(stride=None, padding=None):
    """Return cases with images x (N, C, H, W) and filters weight (O, C, K, L), bias (O,)."""

    def case(rng, dtype):
        n = {letter: int(size) for letter, size in zip("NCO", rng.permutation([2, 3, 5]))}
        if n["N"] == 2:  # then an average over the batch could not be told from a lost factor 2
            n["N"], n["C"] = n["C"], n["N"]
        n |= {letter: int(size) for letter, size in zip("HW", rng.permutation([5, 7]))}
        n |= {letter: int(size) for letter, size in zip("KL", rng.permutation([2, 3]))}
        inputs = {
            "x": rng.normal(size=[n[a] for a in "NCHW"]).astype(dtype),
            "weight": rng.normal(size=[n[a] for a in "OCKL"]).astype(dtype),
            "bias": rng.normal(size=n["O"]).astype(dtype),
            "stride": int(rng.choice([2, 3])) if stride is None else stride,
            "padding": int(rng.choice([1, 2])) if padding is None else padding,
        }
        for out, size, kernel in (("Ho", "H", "K"), ("Wo", "W", "L")):
            n[out] = (n[size] + 2 * inputs["padding"] - n[kernel]) // inputs["stride"] + 1
        return Case(inputs, n)

    return case


def with_upstream(cases):
    """Return cases with dy (N, O, Ho, Wo) in the place of the bias."""

    def case(rng, dtype):
        it = cases(rng, dtype)
        inputs = {"dy": rng.normal(size=[it.dims[a] for a in ("N", "O", "Ho", "Wo")]).astype(dtype), **it.inputs}
        del inputs["bias"]
        return Case(inputs, it.dims)

    return case


def output(i):
    """Return (Ho, Wo) of a convolution's inputs."""
    size = zip(i["x"].shape[2:], i["weight"].shape[2:])
    return tuple((n + 2 * i["padding"] - k) // i["stride"] + 1 for n, k in size)


def convolve(i, stride=None, filters=None, padded=None, scale=1.0, bias=1.0):
    """Return y of a convolution with one thing done differently: what a learner may have written."""
    filters = i["weight"] if filters is None else filters
    padded = np.pad(i["x"], border(i["padding"])) if padded is None else padded
    under = take(padded, filters.shape[2:], i["stride"] if stride is None else stride, output(i))
    y = np.einsum("ocij,ncijhv->nohv", filters, under) * scale
    return {"y": y + bias * i["bias"][:, None, None]}


def in_the_corner(i):
    """The image at the start of the padded array, all of the border behind it."""
    p = i["padding"]
    return np.pad(i["x"], ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p)))


def edge(i):
    """The border filled with the outermost pixels of the image."""
    return np.pad(i["x"], border(i["padding"]), mode="edge")


def convolve_backward(i, stride=None, filters=None, order="added", cut="middle", last=False, flip=False):
    """Return the gradients of a convolution with one thing done differently.

    ``last`` keeps only what the last filter sends back to a pixel, and the last window to a weight: it has overwritten
    the others. ``flip`` turns dweight round.
    """
    dy, weight = i["dy"], i["weight"] if filters is None else filters
    stride = i["stride"] if stride is None else stride
    padded = np.pad(i["x"], border(i["padding"]))
    under = take(padded, weight.shape[2:], stride, dy.shape[2:])
    kept = slice(-1, None) if last else slice(None)
    shares = np.einsum("nohv,ocij->ncijhv", dy[:, kept], weight[kept])
    dx = give(shares, i["x"].shape, stride, i["padding"], order, cut)
    if last:
        dweight = np.einsum("no,ncij->ocij", dy[-1:, :, -1, -1], under[-1:, ..., -1, -1])
    else:
        dweight = np.einsum("nohv,ncijhv->ocij", dy, under)
    return {"dx": dx, "dweight": dweight[:, :, ::-1, ::-1] if flip else dweight, "dbias": dy.sum(axis=(0, 2, 3))}
