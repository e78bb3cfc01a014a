"""Convolution: the same small filter at every place of the image.

The fast kernels turn a convolution into one large matrix product ("im2col"). Two choices make them fast:

- The patches are laid out with the channel outermost, (C·K·K, N·H·W), so that one product serves the whole batch
  and each of the K·K copies that build the matrix moves long contiguous rows.
- The result (O, N·H·W) is returned as a *view* of shape (N, O, H, W); nothing is moved. The next convolution
  wants the channel outermost again, and finds it so.

The definition, as the formula reads, is :func:`groundup.scratch.naive.conv2d`.
"""

from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.parameter import Parameter

Array = np.ndarray
Pair = tuple[int, int]


def pair(value: int | Pair) -> Pair:
    """Return (value, value) for an int, so that one number serves height and width."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def output_size(size: int, kernel: int, stride: int, padding: int) -> int:
    """Return the number of places for a window: ``⌊(size + 2·padding - kernel) / stride⌋ + 1``."""
    return (size + 2 * padding - kernel) // stride + 1


def windows(x: Array, kernel: Pair, stride: Pair, size: Pair) -> Any:
    """Yield, for each place (i, j) in the kernel, the view of what lies under it at every output position.

    Parameters
    ----------
    x : (..., H, W), already padded.
    kernel, stride : of height and width.
    size : (Ho, Wo), the output positions.

    Yields
    ------
    i, j, view : place in the kernel, and a view (..., Ho, Wo) into x.
    """
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            rows = slice(i, i + stride[0] * (size[0] - 1) + 1, stride[0])
            columns = slice(j, j + stride[1] * (size[1] - 1) + 1, stride[1])
            yield i, j, x[..., rows, columns]


def conv2d_forward(
    x: Array, weight: Array, bias: Array | None, stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> tuple[Array, Any]:
    """Slide each filter over the image: ``yₙₒₕᵥ = bₒ + Σ_c Σᵢ Σⱼ Wₒ_cᵢⱼ x̂ₙ_c(h·s+i)(v·s+j)``, x̂ the padded image.

    (Strictly a cross-correlation: the filter is not flipped. Every framework calls it convolution.)

    Derivation of the gradient: with the patches as columns P (C·K·K, N·Ho·Wo) it is a linear layer, ``y = W P + b``.
    Hence ``dW = dy Pᵀ``, ``db = Σ dy`` over batch and positions, ``dP = Wᵀ dy``; and as a pixel was copied into
    several patches, ``dx`` is the sum of ``dP`` over all the places it was copied to.

    Parameters
    ----------
    x : (N, C, H, W)
    weight : (O, C, K, L), kernel height K and width L.
    bias : (O,) or None.
    stride, padding : of height and width, in pixels.

    Returns
    -------
    y : (N, O, Ho, Wo) with ``Ho = ⌊(H + 2p - K) / s⌋ + 1``.
    cache : what :func:`conv2d_backward` needs.

    Notes
    -----
    Source: LeCun et al. 1998, section II.A; the layout as a matrix product: Chellapilla et al. 2006.
    """
    N, C, H, W = x.shape
    O, _, K, L = weight.shape
    (p, q), size = (
        padding,
        (output_size(H, K, stride[0], padding[0]), output_size(W, L, stride[1], padding[1])),
    )

    padded = np.zeros((C, N, H + 2 * p, W + 2 * q), x.dtype)  # (C, N, H+2p, W+2q): the channel outermost
    padded[:, :, p : p + H, q : q + W] = x.transpose(1, 0, 2, 3)
    patches = np.empty((C, K, L, N, *size), x.dtype)  # (C, K, L, N, Ho, Wo)
    for i, j, view in windows(padded, (K, L), stride, size):
        patches[:, i, j] = view
    patches = patches.reshape(C * K * L, -1)  # (C·K·L, N·Ho·Wo)

    y = weight.reshape(O, -1) @ patches  # (O, N·Ho·Wo)
    if bias is not None:
        y += bias[:, None]
    cache = (patches, weight, bias is not None, x.shape, stride, padding)
    return y.reshape(O, N, *size).transpose(1, 0, 2, 3), cache


def conv2d_backward(dy: Array, cache: Any, input_gradient: bool = True) -> tuple[Array | None, Array, Array | None]:
    """Return ``dx`` (N, C, H, W), ``dweight`` (O, C, K, L) and ``dbias`` (O,); see :func:`conv2d_forward`."""
    patches, weight, has_bias, (N, C, H, W), stride, (p, q) = cache
    O, _, K, L = weight.shape
    size = dy.shape[2:]
    rows = dy.transpose(1, 0, 2, 3).reshape(O, -1)  # (O, N·Ho·Wo)

    dweight = (rows @ patches.T).reshape(weight.shape)  # (O, C, K, L)
    dbias = rows.sum(axis=1) if has_bias else None  # (O,)
    if not input_gradient:
        return None, dweight, dbias

    dpatches = (weight.reshape(O, -1).T @ rows).reshape(C, K, L, N, *size)  # (C, K, L, N, Ho, Wo)
    dpadded = np.zeros((C, N, H + 2 * p, W + 2 * q), dy.dtype)
    for i, j, view in windows(dpadded, (K, L), stride, size):
        view += dpatches[:, i, j]
    return dpadded[:, :, p : p + H, q : q + W].transpose(1, 0, 2, 3), dweight, dbias


class Conv2d(Layer):
    """A convolution with learned filters; see :func:`conv2d_forward`.

    Parameters
    ----------
    in_channels, out_channels : C and O.
    kernel_size, stride, padding : an int, or (height, width); padding is with zeros.
    bias : whether to add a bias.
    rng : source of the initial weights, uniform in ±1/√(C·K·L) as PyTorch's.
    dtype : of the parameters.

    Raises
    ------
    ValueError : the input is not (N, C, H, W), or smaller than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        self.stride, self.padding = pair(stride), pair(padding)
        shape = (out_channels, in_channels, *pair(kernel_size))
        if min(shape) < 1 or min(self.stride) < 1 or min(self.padding) < 0:
            raise ValueError(
                f"Conv2d: channels, kernel and stride must be at least 1 and padding at least 0, "
                f"got weight {shape}, stride {self.stride}, padding {self.padding}"
            )
        bound = 1 / np.sqrt(initializers.fans(shape)[0])
        self.weight = Parameter(initializers.uniform(shape, -bound, bound, rng, dtype))
        self.bias = Parameter(initializers.uniform((out_channels,), -bound, bound, rng, dtype)) if bias else None
        self.input_gradient = True

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        _, C, K, L = self.weight.shape
        hint = "images are (batch, channel, height, width); add the channel axis with x[:, None]?"
        check_shape("x", x, ("N", C, "H", "W"), hint)
        (H, W), (p, q) = x.shape[2:], self.padding
        if H + 2 * p < K or W + 2 * q < L:
            raise ValueError(
                f"x: the image {H}x{W} with padding {p}, {q} is smaller than the kernel {K}x{L}: "
                "too many strides or poolings before this layer?"
            )
        y, cache = conv2d_forward(x, self.weight.data, self.bias.data if self.bias else None, self.stride, self.padding)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array | None:
        dx, dweight, dbias = conv2d_backward(dy, self.recall(), self.input_gradient)
        self.weight.grad += dweight
        if self.bias:
            self.bias.grad += dbias
        return dx

    def skip_input_gradient(self) -> None:
        self.input_gradient = False

    def __repr__(self) -> str:
        O, C, K, L = self.weight.shape
        return f"Conv2d({C}, {O}, kernel_size=({K}, {L}), stride={self.stride}, padding={self.padding})"
