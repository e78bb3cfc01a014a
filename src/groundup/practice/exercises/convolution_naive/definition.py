"""Convolution by its definition: where the window stands, and what is added up on the way back."""

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, Slip
from groundup.practice.exercises.windows import convolve, convolve_backward, edge, images, in_the_corner, with_upstream

GRADIENTS = ("dx", "dweight", "dbias")


def axis(left_over):
    """Return cases of one axis with a wide border, on which the window fits exactly, or some pixels are left over."""

    def case(rng, dtype):
        kernel, stride, places = int(rng.integers(2, 6)), int(rng.integers(2, 5)), int(rng.integers(7, 12))
        padding = 2 * stride + 1
        size = kernel - 2 * padding + stride * (places - 1) + (int(rng.integers(1, stride)) if left_over else 0)
        return Case({"size": size, "kernel": kernel, "stride": stride, "padding": padding})

    return case


def call_output_size(module, inputs):
    size = module.output_size(**inputs)
    if size is not None and not isinstance(size, int | np.integer):
        raise AnswerError(
            "not an int",
            f"output_size returned {size!r}; expected an int: a // b divides and rounds down, a / b does not.",
        )
    return {"output size": size}


def places(cause, message, compute):
    return Slip(cause, message, lambda i: {"output size": compute(i["size"], i["kernel"], i["stride"], i["padding"])})


def flipped(i):
    return i["weight"][:, :, ::-1, ::-1]


PLACES = (
    places("one place too few", "This is the number of steps. Before the first step the window stands in a place too: add 1.",
           lambda n, k, s, p: (n + 2 * p - k) // s),
    places("padding on one side", "padding is added once: there is a border on both sides.", lambda n, k, s, p: (n + p - k) // s + 1),
    places("padding forgotten", "The padding is not counted: there is a border on both sides.", lambda n, k, s, p: (n - k) // s + 1),
    places("rounded up", "This is rounded up: a last window that does not fit wholly is left out.", lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1),
    places("kernel forgotten", "The window has a width: its corner can only go to size + 2 padding - kernel.", lambda n, k, s, p: (n + 2 * p) // s + 1),
    places("one added too early", "The 1 is added before the division: the steps are counted first.", lambda n, k, s, p: (n + 2 * p - k + 1) // s),
    places("stride forgotten", "The window moves by stride pixels, so there are fewer places: divide.", lambda n, k, s, p: n + 2 * p - k + 1),
    places("one place too few", "The last place is not counted: the window's corner goes from 0 to size + 2 padding - kernel, both included.",
           lambda n, k, s, p: (n + 2 * p - k - 1) // s + 1),
)  # fmt: skip

OVERWRITTEN = "Shares are overwritten: a pixel lies under several windows and meets several filters, and all of these send something back. Add (+=)."

FORWARD = (
    Slip("kernel flipped", "The filter is turned round in both directions, as mathematicians define a convolution. Here it is not: "
         "weight[i, j] meets the pixel i rows below and j columns right of the window's corner.", lambda i: convolve(i, filters=flipped(i))),
    Slip("stride ignored", "The window moves by one pixel: its corner is at h * stride, v * stride.", lambda i: convolve(i, stride=1)),
    Slip("mean instead of sum", "The products under a window are averaged: they are added up.",
         lambda i: convolve(i, scale=1 / i["weight"][0].size)),
    Slip("bias added too often", "The bias is added to each product: it is added once to their sum.", lambda i: convolve(i, bias=i["weight"][0].size)),
    Slip("bias added too often", "The bias is added once for each channel: it is added once to the sum over all channels.",
         lambda i: convolve(i, bias=i["weight"].shape[1])),
    Slip("border on one side", "The image stands in the corner of the padded one, with all of the border behind it: it stands in the middle, "
         "at [padding : padding + H, padding : padding + W].", lambda i: convolve(i, padded=in_the_corner(i))),
    Slip("padding not zero", "The border repeats the edge of the image: it holds zeros, as np.pad makes them by itself.",
         lambda i: convolve(i, padded=edge(i))),
)  # fmt: skip

BACKWARD = (
    Slip("stride ignored", "The window moves by one pixel on the way back: its corner is at h * stride, v * stride.", lambda i: convolve_backward(i, stride=1)),
    Slip("overlap overwritten", OVERWRITTEN, lambda i: convolve_backward(i, order="by place", last=True)),
    Slip("overlap overwritten", OVERWRITTEN, lambda i: convolve_backward(i, order="by place")),
    Slip("overlap overwritten", OVERWRITTEN, lambda i: convolve_backward(i, order="by pixel")),
    Slip("kernel flipped", "The filter is turned round on the way back. Each product weight[i, j] · x sends dy · weight[i, j] to its own "
         "pixel: the same places as on the way forward.", lambda i: convolve_backward(i, filters=flipped(i))),
    Slip("kernel flipped", "dweight is turned round in both directions.", lambda i: convolve_backward(i, flip=True)),
    Slip("cropped at the wrong place", "dx has the right size, but is cut out of the padded one at its corner: the image stands in the "
         "middle, at [padding : padding + H, padding : padding + W].", lambda i: convolve_backward(i, cut="start")),
    Slip("cropped at the wrong place", "dx has the right size, but is cut out of the padded one at its end: the image stands in the middle, "
         "at [padding : padding + H, padding : padding + W].", lambda i: convolve_backward(i, cut="end")),
)  # fmt: skip

EXERCISE = Exercise(
    title="Convolution by its definition",
    parts=(
        Part("output_size", axis(left_over=True), ("output size",), run=call_output_size, slips=PLACES, float32=False),
        Part("output_size", axis(left_over=False), ("output size",), run=call_output_size, slips=PLACES, float32=False),
        Part("conv2d", images(stride=1, padding=0), ("y",), slips=FORWARD),
        Part("conv2d", images(), ("y",), slips=FORWARD),
        Part("conv2d_backward", with_upstream(images(stride=1, padding=0)), GRADIENTS, slips=BACKWARD),
        Part("conv2d_backward", with_upstream(images()), GRADIENTS, slips=BACKWARD),
    ),
    hints=(
        "for n, o, h, v in np.ndindex(*y.shape) goes through all places of y. np.pad(x, ((0, 0), (0, 0), (p, p), (p, p))) puts p zeros around "
        "each image.",
        "The window of y[n, o, h, v] is padded[n, :, h * stride : h * stride + K, v * stride : v * stride + L]: as large as weight[o].",
        "Backward: in the same loop, dpadded[n, :, the same window] += dy[n, o, h, v] * weight[o] and dweight[o] += dy[n, o, h, v] * the "
        "window of the padded x. At the end cut the border off dpadded; dbias is dy summed over all axes but o.",
    ),
)  # fmt: skip
