"""The transposed convolution: what a convolution's backward pass does to gradients, done to images.

Some call it deconvolution, which it is not. The steps are those of ``convolution.py``, in reverse.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layers.convolution import Convolution, Plan, batch_first, batch_last, times_transposed
from groundup.scratch.layers.windows import Pair, pair

Array = np.ndarray


def conv_transpose2d_forward(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    output_padding: Pair = (0, 0),
    groups: int = 1,
    dilation: Pair = (1, 1),
) -> tuple[Array, Any]:
    """Stamp the filter once for each pixel, weighted with it: ``yₙₒ(h·s+i·d-p)(v·s+j·d-p) += xₙ_c_hᵥ W_cₒᵢⱼ``, plus b.

    It is the gradient of :func:`conv2d_forward` with respect to its image, taken as a forward pass; so its own
    gradient with respect to x is that convolution: ``y = fold(Wᵀ Z) + b`` with ``Z = unfold(x)``, hence with
    ``P = unfold(dy)``: ``dx = fold(W P)``, ``dW = Z Pᵀ``, ``db = Σ dy``.

    Parameters
    ----------
    x : (N, C, H, W)
    weight : (C, O/G, K, L): input channels first.
    bias : (O,) or None.
    stride, padding, dilation : those of the convolution of which this is the transpose; padding makes y smaller.
    output_padding : rows and columns added at one side, as several sizes shrink to the same when the stride is not 1.
    groups : G.

    Returns
    -------
    y : (N, O, Ho, Wo) with ``Ho = (H - 1) s - 2p + d (K - 1) + output_padding + 1``.
    cache : what :func:`conv_transpose2d_backward` needs.

    Notes
    -----
    Source: Zeiler et al. 2010, "Deconvolutional networks"; Dumoulin and Visin 2016, chapter 4, for the arithmetic.
    The definition: :func:`groundup.scratch.naive.conv_transpose2d`.
    """
    N, _, H, W = x.shape
    K, L = weight.shape[2:]
    size = (
        (H - 1) * stride[0] - 2 * padding[0] + dilation[0] * (K - 1) + output_padding[0] + 1,
        (W - 1) * stride[1] - 2 * padding[1] + dilation[1] * (L - 1) + output_padding[1] + 1,
    )
    plan = Plan.of(weight, size, (H, W), stride, padding, dilation, groups)
    matrix = plan.matrix(weight)  # (G, C/G·[K], O/G·[K]·L)
    z = plan.unfold_result(batch_last(x))  # (G, C/G·[K], H or Ho·W·N)
    y = plan.fold_image(matrix.swapaxes(1, 2) @ z, N)  # (O, Ho, Wo, N)
    if bias is not None:
        y += bias[:, None, None, None]
    return batch_first(y), (z, matrix, bias is not None, plan, N)


def conv_transpose2d_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array | None]:
    """Return ``dx`` (N, C, H, W), ``dweight`` (C, O/G, K, L), ``dbias`` (O,); see :func:`conv_transpose2d_forward`."""
    z, matrix, has_bias, plan, N = cache
    dy = batch_last(dy)  # (O, Ho, Wo, N)
    unfolded = plan.unfold_image(dy)  # (G, O/G·[K]·L, H or Ho·W·N)
    dweight = plan.filters(times_transposed(z, unfolded))  # dW = Z Pᵀ
    dbias = dy.sum(axis=(1, 2, 3)) if has_bias else None
    dx = plan.fold_result(matrix @ unfolded, N)  # (C, H, W, N)
    return batch_first(dx), dweight, dbias


class ConvTranspose2d(Convolution):
    """A learned enlargement of the image; see :func:`conv_transpose2d_forward`.

    Parameters
    ----------
    in_channels, out_channels : C and O; the weight is (C, O/G, K, L).
    kernel_size, stride, padding, output_padding, dilation : an int, or (height, width); the output padding is smaller
        than the stride or the dilation.
    groups, bias, rng, dtype : as of :class:`Conv2d`; the initial weights are uniform in ±1/√(O/G·K·L).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        output_padding: int | Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Pair = 1,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        self.stride, self.padding, self.dilation = pair(stride), pair(padding), pair(dilation)
        self.output_padding = pair(output_padding)
        self._build((in_channels, out_channels), pair(kernel_size), bias, groups, True, rng, dtype)
        if any(not 0 <= o < max(s, d) for o, s, d in zip(self.output_padding, self.stride, self.dilation)):
            raise ValueError(
                f"ConvTranspose2d: output_padding {self.output_padding} must be smaller than the stride {self.stride} "
                f"or the dilation {self.dilation}: it chooses among sizes that shrink to the same"
            )

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        hint = "images are (batch, channel, height, width)"
        check_shape("x", x, ("N", self.weight.shape[0], "H", "W"), hint)
        sizes = zip(x.shape[2:], self.stride, self.padding, self.dilation, self.weight.shape[2:], self.output_padding)
        if any((n - 1) * s - 2 * p + d * (k - 1) + o < 0 for n, s, p, d, k, o in sizes):
            raise ValueError(
                f"x: nothing is left of the image {x.shape[2]}x{x.shape[3]}: padding {self.padding} cuts off more than "
                f"the kernel {self.weight.shape[2:]} adds"
            )
        y, cache = conv_transpose2d_forward(
            x, self.weight.data, self.bias.data if self.bias else None,
            self.stride, self.padding, self.output_padding, self.groups, self.dilation,
        )  # fmt: skip
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array:
        dx, dweight, dbias = conv_transpose2d_backward(dy, self.recall())
        self._add_gradients(dweight, dbias)
        return dx
