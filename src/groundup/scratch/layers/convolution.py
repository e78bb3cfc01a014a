"""Convolution: the same small filter at every place of the image.

The textbook's fast way is one large matrix product ("im2col"): copy the K·L pixels under each position into a column,
and multiply the filters with that matrix. Copying everything K·L times takes longer than multiplying. Three choices
make the kernels here fast:

- **The batch innermost.** In memory images lie as (C, H, W, N). A shift of the window then moves runs of at least N
  numbers, whatever the stride. Arrays are handed on as *views* of shape (N, C, H, W): nothing is moved, and the next
  layer finds its input as it wants it. Only the first layer has to rearrange the images.
- **Half of the copying before the product, half after it.** Columns are unfolded: each pixel is copied L times, not
  K·L. The product computes what each row of the filter contributes, and these K rows of results are shifted and
  added: with f the filter, ``y[h, v] = Σᵢ z[i, h + i, v]`` and ``z[i, r, v] = Σⱼ f[i, j] x[r, v + j]``. Copies and
  sums cost K + L passes instead of K·L, and the product has a better shape, (O·K, C·L) instead of (O, C·K·L).
- Where there are few channels (the first layer) or the rows have a stride, the whole patch is unfolded after all.

In the backward pass every step is undone by its gradient: ``unfold`` by ``fold``, the product by two products. The
transposed convolution (``transposed_convolution.py``) is that backward pass, used as a forward one.

The definition, as the formula reads: :func:`groundup.scratch.naive.conv2d`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from groundup.scratch import initializers
from groundup.scratch.checks import check_float, check_shape
from groundup.scratch.layer import Layer
from groundup.scratch.layers.windows import Pair, Window, check_fits, fold, pair, unfold
from groundup.scratch.parameter import Parameter

Array = np.ndarray


def batch_last(x: Array) -> Array:
    """Return (N, C, H, W) as contiguous (C, H, W, N): a view if it lies so already, otherwise a copy."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0))


def batch_first(x: Array) -> Array:
    """Return the view (N, C, H, W) of (C, H, W, N)."""
    return x.transpose(3, 0, 1, 2)


def times_transposed(a: Array, b: Array) -> Array:
    """Return ``a bᵀ`` (G, A, B) of a (G, A, M) and b (G, B, M).

    Each of the few results is a sum over very many places. That is not what matrix products are tuned for if one factor
    has only a few rows: then the places are cut into parts, short enough for the cache, whose products are added up.
    Otherwise the product is faster with the taller factor on the left.
    """
    (G, A, M), B = a.shape, b.shape[1]
    parts = math.gcd(M, 16)
    if min(A, B) <= 16 and parts > 1:
        a, b = a.reshape(G, A, parts, M // parts), b.reshape(G, B, parts, M // parts)
        return (a.swapaxes(1, 2) @ b.transpose(0, 2, 3, 1)).sum(axis=1)
    return a @ b.swapaxes(1, 2) if a.shape[1] >= b.shape[1] else (b @ a.swapaxes(1, 2)).swapaxes(1, 2)


@dataclass(frozen=True)
class Plan:
    """How one convolution is carried out.

    Attributes
    ----------
    rows, columns : the windows along height and width.
    image, result : (H, W) and (Ho, Wo).
    weight : the weight's shape (O, C/G, K, L).
    groups : G, the number of groups of channels that do not see each other.
    whole : whether whole patches are unfolded, or only their columns.
    """

    rows: Window
    columns: Window
    image: Pair
    result: Pair
    weight: tuple[int, ...]
    groups: int
    whole: bool

    @classmethod
    def of(
        cls, weight: Array, image: Pair, result: Pair | None, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> Plan:
        O, C, K, L = weight.shape
        rows = Window(K, stride[0], padding[0], dilation[0])
        columns = Window(L, stride[1], padding[1], dilation[1])
        result = result or (rows.positions(image[0]), columns.positions(image[1]))
        whole = rows.stride > 1 or O // groups >= C * K  # the second: copying more before costs less than adding after
        return cls(rows, columns, image, result, weight.shape, groups, whole)

    @property
    def shifts(self) -> Window:
        """The window that adds up the rows of results: seen from the output, the filter's rows run backwards."""
        return Window(self.rows.kernel, 1, self.rows.extent - 1 - self.rows.padding, self.rows.dilation)

    def matrix(self, weight: Array) -> Array:
        """Return the filters as left factor: (G, O/G, C·K·L), or with their rows apart (G, O/G·K, C·L)."""
        O, C, K, L = weight.shape
        if self.whole:
            return weight.reshape(self.groups, O // self.groups, C * K * L)
        return weight[:, :, ::-1].transpose(0, 2, 1, 3).reshape(self.groups, O // self.groups * K, C * L)

    def filters(self, matrix: Array) -> Array:
        """Return (O, C, K, L) from the left factor: undo :meth:`matrix`."""
        O, C, K, L = self.weight
        if self.whole:
            return matrix.reshape(O, C, K, L)
        return matrix.reshape(O, K, C, L)[:, ::-1].transpose(0, 2, 1, 3)

    def unfold_image(self, x: Array) -> Array:
        """Return (G·C, H, W, N) as right factor: (G, C·K·L, Ho·Wo·N), or with rows apart (G, C·L, H·Wo·N)."""
        channels, H, W, N = x.shape
        (_, C, K, L), (Ho, Wo) = self.weight, self.result
        if self.whole:
            x = unfold(x, 1, self.rows, Ho).reshape(channels * K, Ho, W, N)
            return unfold(x, 2, self.columns, Wo).reshape(self.groups, C * K * L, Ho * Wo * N)
        return unfold(x, 2, self.columns, Wo).reshape(self.groups, C * L, H * Wo * N)

    def fold_image(self, p: Array, N: int) -> Array:
        """Add the right factor up to (G·C, H, W, N): the gradient of :meth:`unfold_image`."""
        (_, C, K, L), (H, W), (Ho, Wo) = self.weight, self.image, self.result
        channels = self.groups * C
        if self.whole:
            x = fold(p.reshape(channels * K, L, Ho, Wo, N), 2, self.columns, W)
            return fold(x.reshape(channels, K, Ho, W, N), 1, self.rows, H)
        return fold(p.reshape(channels, L, H, Wo, N), 2, self.columns, W)

    def fold_result(self, z: Array, N: int) -> Array:
        """Return the product as (O, Ho, Wo, N); if the filters' rows are apart, shift and add what they found."""
        (O, _, K, _), H, (Ho, Wo) = self.weight, self.image[0], self.result
        return z.reshape(O, Ho, Wo, N) if self.whole else fold(z.reshape(O, K, H, Wo, N), 1, self.shifts, Ho)

    def unfold_result(self, y: Array) -> Array:
        """Return (O, Ho, Wo, N) in the product's shape: the gradient of :meth:`fold_result`."""
        (O, _, K, _), H, (_, Ho, Wo, N) = self.weight, self.image[0], y.shape
        if self.whole:
            return y.reshape(self.groups, O // self.groups, Ho * Wo * N)
        return unfold(y, 1, self.shifts, H).reshape(self.groups, O // self.groups * K, H * Wo * N)


def conv2d_forward(
    x: Array,
    weight: Array,
    bias: Array | None,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> tuple[Array, Any]:
    """Slide each filter over the image: ``yₙₒₕᵥ = bₒ + Σ_c Σᵢ Σⱼ Wₒ_cᵢⱼ x̂ₙ_c(h·s+i·d)(v·s+j·d)``, x̂ padded with zeros.

    (Strictly a cross-correlation: the filter is not flipped. Every framework calls it convolution.)

    Derivation of the gradient: unfolding and adding up are linear, so with P the unfolded image it is
    ``y = fold(W P) + b``. The gradient of a fold is the unfold of the gradient, ``Z = unfold(dy)``; then as in a linear
    layer ``dW = Z Pᵀ``, ``db = Σ dy`` over batch and positions, and ``dx = fold(Wᵀ Z)``.

    Parameters
    ----------
    x : (N, C, H, W)
    weight : (O, C/G, K, L), kernel height K and width L.
    bias : (O,) or None.
    stride, padding, dilation : s, p, d of height and width, in pixels.
    groups : G; output channels of a group see the input channels of that group only. G = C: depthwise.

    Returns
    -------
    y : (N, O, Ho, Wo) with ``Ho = ⌊(H + 2p - d(K-1) - 1) / s⌋ + 1``.
    cache : what :func:`conv2d_backward` needs.

    Notes
    -----
    Source: LeCun et al. 1998, section II.A. Convolution as a matrix product: Chellapilla et al. 2006. The definition:
    :func:`groundup.scratch.naive.conv2d`.
    """
    N, _, H, W = x.shape
    plan = Plan.of(weight, (H, W), None, stride, padding, dilation, groups)
    matrix = plan.matrix(weight)  # (G, O/G·[K], C/G·[K]·L)
    unfolded = plan.unfold_image(batch_last(x))  # (G, C/G·[K]·L, Ho or H·Wo·N)
    y = plan.fold_result(matrix @ unfolded, N)  # (O, Ho, Wo, N)
    if bias is not None:
        y += bias[:, None, None, None]
    return batch_first(y), (unfolded, matrix, bias is not None, plan, N)


def conv2d_backward(dy: Array, cache: Any, input_gradient: bool = True) -> tuple[Array | None, Array, Array | None]:
    """Return ``dx`` (N, C, H, W), ``dweight`` (O, C/G, K, L) and ``dbias`` (O,); see :func:`conv2d_forward`."""
    unfolded, matrix, has_bias, plan, N = cache
    dy = batch_last(dy)  # (O, Ho, Wo, N)
    dz = plan.unfold_result(dy)  # (G, O/G·[K], Ho or H·Wo·N)
    dweight = plan.filters(times_transposed(dz, unfolded))  # dW = dZ Pᵀ
    dbias = dy.sum(axis=(1, 2, 3)) if has_bias else None
    if not input_gradient:
        return None, dweight, dbias
    dx = plan.fold_image(matrix.swapaxes(1, 2) @ dz, N)  # (C, H, W, N)
    return batch_first(dx), dweight, dbias


class Convolution(Layer):
    """What the layers below share: the weight, the bias, and the checks of the arguments."""

    stride: Pair
    padding: Pair
    dilation: Pair

    def _build(
        self, channels: Pair, kernel: Pair, bias: bool, groups: int, transposed: bool, rng: np.random.Generator,
        dtype: Any,
    ) -> None:  # fmt: skip
        name, (first, second) = type(self).__name__, channels[::-1] if not transposed else channels
        sizes = {"kernel_size": kernel, "stride": self.stride, "dilation": self.dilation}
        for what, value in {"channels": channels, "groups": (groups,), **sizes}.items():
            if min(value) < 1:
                raise ValueError(f"{name}: {what} must be at least 1, got {value}")
        if min(self.padding) < 0:
            raise ValueError(f"{name}: padding must be at least 0, got {self.padding}")
        if channels[0] % groups or channels[1] % groups:
            raise ValueError(f"{name}: {groups} groups do not divide the channels {channels[0]} and {channels[1]}")
        self.groups = groups
        shape = (first, second // groups, *kernel)
        bound = 1 / np.sqrt(initializers.fans(shape)[0])
        self.weight = Parameter(initializers.uniform(shape, -bound, bound, rng, dtype))
        self.bias = Parameter(initializers.uniform((channels[1],), -bound, bound, rng, dtype)) if bias else None

    def _add_gradients(self, dweight: Array, dbias: Array | None) -> None:
        self.weight.grad += dweight.reshape(self.weight.shape)
        if self.bias:
            self.bias.grad += dbias

    def __repr__(self) -> str:
        settings = f"stride={self.stride}, padding={self.padding}, dilation={self.dilation}, groups={self.groups}"
        return f"{type(self).__name__}(weight={self.weight.shape}, {settings})"


def same_padding(kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    """Return the padding with which an image keeps its size: ``p = d (K - 1) / 2``; needs stride 1 and an odd kernel.

    Raises
    ------
    ValueError : no such padding, equal on both sides, exists.
    """
    if stride != (1, 1):
        raise ValueError(f'padding="same" needs stride 1, got {stride}: with a stride the size cannot stay')
    total = tuple(d * (k - 1) for d, k in zip(dilation, kernel))
    if any(t % 2 for t in total):
        raise ValueError(f'padding="same" with kernel {kernel}: an even kernel has no middle; take an odd one')
    return total[0] // 2, total[1] // 2


class Conv2d(Convolution):
    """A convolution with learned filters; see :func:`conv2d_forward`.

    Parameters
    ----------
    in_channels, out_channels : C and O.
    kernel_size, stride, padding, dilation : an int, or (height, width); padding is with zeros, ``"same"`` keeps the
        size (odd kernels, stride 1).
    groups : G divides C and O; with G = C each channel has filters of its own (depthwise).
    bias : whether to add a bias.
    rng : source of the initial weights, uniform in ±1/√(C/G·K·L) as PyTorch's.
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
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        kernel, self.stride, self.dilation = pair(kernel_size), pair(stride), pair(dilation)
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f'padding must be numbers, "same" or "valid" (none), got {padding!r}')
            padding = same_padding(kernel, self.stride, self.dilation) if padding == "same" else 0
        self.padding = pair(padding)
        self._build((in_channels, out_channels), kernel, bias, groups, False, rng, dtype)
        self.input_gradient = True

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        _, C, K, L = self.weight.shape
        hint = "images are (batch, channel, height, width); add the channel axis with x[:, None]?"
        check_shape("x", x, ("N", C * self.groups, "H", "W"), hint)
        check_fits(x, (K, L), self.padding, self.dilation)
        bias = self.bias.data if self.bias else None
        y, cache = conv2d_forward(x, self.weight.data, bias, self.stride, self.padding, self.dilation, self.groups)
        self.remember(cache)
        return y

    def backward(self, dy: Array) -> Array | None:
        dx, dweight, dbias = conv2d_backward(dy, self.recall(), self.input_gradient)
        self._add_gradients(dweight, dbias)
        return dx

    def skip_input_gradient(self) -> None:
        self.input_gradient = False


class Conv1d(Convolution):
    """A convolution along a sequence, ``(N, C, T)`` to ``(N, O, To)``: :func:`conv2d_forward` on images one row high.

    ``yₙₒₜ = bₒ + Σ_c Σⱼ Wₒ_cⱼ x̂ₙ_c(t·s+j·d)``. Parameters as of :class:`Conv2d`, each a single int; the weight is
    (O, C/G, L).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        rng: np.random.Generator,
        dtype: Any = np.float32,
    ) -> None:
        two = Conv2d(
            in_channels, out_channels, (1, kernel_size), (1, stride),
            padding if isinstance(padding, str) else (0, padding), (1, dilation), groups, bias, rng=rng, dtype=dtype,
        )  # fmt: skip
        self.stride, self.padding, self.dilation, self.groups = two.stride, two.padding, two.dilation, groups
        self.weight, self.bias = Parameter(two.weight.data[:, :, 0]), two.bias
        self.input_gradient = True

    def forward(self, x: Array) -> Array:
        check_float("x", x)
        C = self.weight.shape[1] * self.groups
        check_shape("x", x, ("N", C, "T"), "sequences are (batch, channel, time); time is the last axis")
        x, weight = x[:, :, None], self.weight.data[:, :, None]
        check_fits(x, weight.shape[2:], self.padding, self.dilation)
        bias = self.bias.data if self.bias else None
        y, cache = conv2d_forward(x, weight, bias, self.stride, self.padding, self.dilation, self.groups)
        self.remember(cache)
        return y[:, :, 0]

    def backward(self, dy: Array) -> Array | None:
        dx, dweight, dbias = conv2d_backward(dy[:, :, None], self.recall(), self.input_gradient)
        self._add_gradients(dweight, dbias)
        return None if dx is None else dx[:, :, 0]

    def skip_input_gradient(self) -> None:
        self.input_gradient = False
