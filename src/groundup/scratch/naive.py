"""The definitions, loops and all, exactly as the formulas read.

Slow on purpose: these are what the fast kernels are checked against, and where to look when a fast kernel is
hard to read. Each function returns the output alone.
"""

import math
from collections.abc import Iterator

import numpy as np

Array = np.ndarray
Pair = tuple[int, int]
Index = tuple[int, ...]


def conv2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> Array:
    """Convolution: ``yₙₒₕᵥ = bₒ + Σ_c Σᵢ Σⱼ Wₒ_cᵢⱼ x̂ₙ_c(h·s+i·d)(v·s+j·d)``, x̂ padded with zeros.

    ``x`` (N, C, H, W), ``weight`` (O, C/G, K, L), ``bias`` (O,); returns (N, O, Ho, Wo).
    """
    N, _, H, W = x.shape
    O, _, K, L = weight.shape
    Ho = (H + 2 * padding[0] - dilation[0] * (K - 1) - 1) // stride[0] + 1
    Wo = (W + 2 * padding[1] - dilation[1] * (L - 1) - 1) // stride[1] + 1
    y = np.zeros((N, O, Ho, Wo), x.dtype)
    if bias is not None:
        y += bias[:, None, None]
    for target, source, w in _conv2d_products(x.shape, weight.shape, (Ho, Wo), stride, padding, dilation, groups):
        y[target] += weight[w] * x[source]
    return y


def conv2d_backward(
    dy: Array,
    x: Array,
    weight: Array,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> tuple[Array, Array, Array]:
    """Return ``dx``, ``dweight``, ``dbias`` of :func:`conv2d`.

    Each product ``w · x`` that entered an output sends ``dy · w`` back to its x and ``dy · x`` back to its w.
    """
    size = (dy.shape[2], dy.shape[3])
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    for target, source, w in _conv2d_products(x.shape, weight.shape, size, stride, padding, dilation, groups):
        dx[source] += dy[target] * weight[w]
        dweight[w] += dy[target] * x[source]
    return dx, dweight, dy.sum(axis=(0, 2, 3))


def _conv2d_products(
    image: tuple[int, ...],
    weight: tuple[int, ...],
    size: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
) -> Iterator[tuple[Index, Index, Index]]:
    """Yield which product goes where: an index of the result, of the image and of the weight."""
    N, _, H, W = image
    O, C, K, L = weight
    for n in range(N):
        for o in range(O):
            group = o // (O // groups)
            for h in range(size[0]):
                for v in range(size[1]):
                    for c in range(C):
                        for i in range(K):
                            for j in range(L):
                                row = h * stride[0] + i * dilation[0] - padding[0]
                                column = v * stride[1] + j * dilation[1] - padding[1]
                                if 0 <= row < H and 0 <= column < W:  # outside lies the padding: zeros
                                    yield (n, o, h, v), (n, group * C + c, row, column), (o, c, i, j)


def conv1d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Array:
    """Convolution along a sequence: ``yₙₒₜ = bₒ + Σ_c Σⱼ Wₒ_cⱼ x̂ₙ_c(t·s+j·d)``.

    ``x`` (N, C, T), ``weight`` (O, C/G, L), ``bias`` (O,); returns (N, O, To).
    """
    N, _, T = x.shape
    O, C, L = weight.shape
    y = np.zeros((N, O, (T + 2 * padding - dilation * (L - 1) - 1) // stride + 1), x.dtype)
    for n in range(N):
        for o in range(O):
            first = o // (O // groups) * C  # the first input channel of o's group
            for t in range(y.shape[2]):
                y[n, o, t] = 0 if bias is None else bias[o]
                for c in range(C):
                    for j in range(L):
                        at = t * stride + j * dilation - padding
                        if 0 <= at < T:
                            y[n, o, t] += weight[o, c, j] * x[n, first + c, at]
    return y


def conv_transpose2d(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    output_padding: Pair = (0, 0),
    groups: int = 1,
    dilation: Pair = (1, 1),
) -> Array:
    """Transposed convolution: every pixel stamps the filter, ``yₙₒ(h·s+i·d-p)(v·s+j·d-p) += xₙ_c_hᵥ W_cₒᵢⱼ``.

    ``x`` (N, C, H, W), ``weight`` (C, O/G, K, L), ``bias`` (O,).
    """
    N, C, H, W = x.shape
    _, O, K, L = weight.shape  # O: of one group
    Ho = (H - 1) * stride[0] - 2 * padding[0] + dilation[0] * (K - 1) + output_padding[0] + 1
    Wo = (W - 1) * stride[1] - 2 * padding[1] + dilation[1] * (L - 1) + output_padding[1] + 1
    y = np.zeros((N, O * groups, Ho, Wo), x.dtype)
    if bias is not None:
        y += bias[:, None, None]
    for n in range(N):
        for c in range(C):
            group = c // (C // groups)
            for h in range(H):
                for v in range(W):
                    for o in range(O):
                        for i in range(K):
                            for j in range(L):
                                row = h * stride[0] + i * dilation[0] - padding[0]
                                column = v * stride[1] + j * dilation[1] - padding[1]
                                if 0 <= row < Ho and 0 <= column < Wo:  # the rest is cut off
                                    y[n, group * O + o, row, column] += x[n, c, h, v] * weight[c, o, i, j]
    return y


def max_pool2d(x: Array, kernel: Pair, stride: Pair | None = None, padding: Pair = (0, 0)) -> Array:
    """Max pooling: the largest value in each window that lies inside the image. ``x`` (N, C, H, W)."""
    y, _ = _max_pool2d(x, kernel, stride or kernel, padding)
    return y


def max_pool2d_backward(dy: Array, x: Array, kernel: Pair, stride: Pair | None = None, padding: Pair = (0, 0)) -> Array:
    """Return ``dx`` of :func:`max_pool2d`: each ``dy`` goes to the first largest value of its window."""
    dx = np.zeros_like(x)
    _, winners = _max_pool2d(x, kernel, stride or kernel, padding)
    for (n, c, h, v), (row, column) in winners.items():
        dx[n, c, row, column] += dy[n, c, h, v]
    return dx


def _max_pool2d(x: Array, kernel: Pair, stride: Pair, padding: Pair) -> tuple[Array, dict]:
    N, C, H, W = x.shape
    Ho = (H + 2 * padding[0] - kernel[0]) // stride[0] + 1
    Wo = (W + 2 * padding[1] - kernel[1]) // stride[1] + 1
    y, winners = np.full((N, C, Ho, Wo), -np.inf, x.dtype), {}
    for n in range(N):
        for c in range(C):
            for h in range(Ho):
                for v in range(Wo):
                    for i in range(kernel[0]):
                        for j in range(kernel[1]):
                            row, column = h * stride[0] + i - padding[0], v * stride[1] + j - padding[1]
                            inside = 0 <= row < H and 0 <= column < W
                            if inside and x[n, c, row, column] > y[n, c, h, v]:
                                y[n, c, h, v] = x[n, c, row, column]
                                winners[n, c, h, v] = row, column
    return y, winners


def avg_pool2d(
    x: Array, kernel: Pair, stride: Pair | None = None, padding: Pair = (0, 0), count_include_pad: bool = True
) -> Array:
    """Average pooling: the mean of each window, padded with zeros that count or do not. ``x`` (N, C, H, W)."""
    (s, t), (p, q) = stride or kernel, padding
    N, C, H, W = x.shape
    y = np.zeros((N, C, (H + 2 * p - kernel[0]) // s + 1, (W + 2 * q - kernel[1]) // t + 1), x.dtype)
    for h in range(y.shape[2]):
        for v in range(y.shape[3]):
            top, left = h * s - p, v * t - q
            window = x[:, :, max(top, 0) : top + kernel[0], max(left, 0) : left + kernel[1]]
            count = kernel[0] * kernel[1] if count_include_pad else window.shape[2] * window.shape[3]
            y[:, :, h, v] = window.sum(axis=(2, 3)) / count
    return y


def adaptive_avg_pool2d(x: Array, size: Pair) -> Array:
    """Average over ``size`` cells; cell h holds the rows from ⌊h·H/Ho⌋ up to ⌈(h+1)·H/Ho⌉. ``x`` (N, C, H, W)."""
    (H, W), (Ho, Wo) = x.shape[2:], size
    y = np.zeros((*x.shape[:2], Ho, Wo), x.dtype)
    for h in range(Ho):
        for v in range(Wo):
            rows = slice(h * H // Ho, math.ceil((h + 1) * H / Ho))
            columns = slice(v * W // Wo, math.ceil((v + 1) * W / Wo))
            y[:, :, h, v] = x[:, :, rows, columns].mean(axis=(2, 3))
    return y


def upsample(x: Array, scale: int, mode: str = "nearest") -> Array:
    """Enlarge (N, C, H, W): each output pixel takes the nearest pixel, or mixes the four around it ("bilinear")."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, scale * H, scale * W), x.dtype)
    for h in range(scale * H):
        for v in range(scale * W):
            if mode == "nearest":
                y[:, :, h, v] = x[:, :, h // scale, v // scale]
                continue
            row = min(max((h + 0.5) / scale - 0.5, 0), H - 1)  # where the centre of the output pixel lies
            column = min(max((v + 0.5) / scale - 0.5, 0), W - 1)
            top, left = math.floor(row), math.floor(column)
            bottom, right = min(top + 1, H - 1), min(left + 1, W - 1)
            down, across = row - top, column - left
            y[:, :, h, v] = (1 - down) * ((1 - across) * x[:, :, top, left] + across * x[:, :, top, right]) + down * (
                (1 - across) * x[:, :, bottom, left] + across * x[:, :, bottom, right]
            )
    return y


def attention(query: Array, key: Array, value: Array, hidden: Array | None = None, causal: bool = False) -> Array:
    """Attention: ``yₜ = Σₛ pₜₛ vₛ``, the shares ``pₜₛ`` being the softmax over s of ``qₜ · kₛ / √d``.

    ``query`` (N, H, T, d), ``key`` and ``value`` (N, G, S, d), each shared by H/G query heads; ``hidden`` (N, H, T, S).
    Causal: the last query stands at the last key. A query that sees no key takes nothing.
    """
    N, H, T, d = query.shape
    G, S = key.shape[1:3]
    y = np.zeros((N, H, T, value.shape[3]), query.dtype)
    for n in range(N):
        for h in range(H):
            g = h // (H // G)  # which head of keys and values
            for t in range(T):
                seen = [
                    s
                    for s in range(S)
                    if not (hidden is not None and hidden[n, h, t, s]) and not (causal and s > t + S - T)
                ]
                scores = {s: float(query[n, h, t] @ key[n, g, s]) / d**0.5 for s in seen}
                largest = max(scores.values(), default=0.0)
                total = sum(np.exp(score - largest) for score in scores.values())
                for s in seen:
                    y[n, h, t] += np.exp(scores[s] - largest) / total * value[n, g, s]
    return y


def ctc(log_probs: Array, target: list[int], blank: int = 0) -> float:
    """Connectionist temporal classification: ``-log Σ_path Π_t p_t(path_t)`` over all paths that spell the target.

    ``log_probs`` (T, C) of one example. A path spells what remains of it after merging repeats, then dropping blanks.
    """
    T, C = log_probs.shape
    probability = 0.0
    for path in np.ndindex(*[C] * T):
        merged = [symbol for t, symbol in enumerate(path) if t == 0 or symbol != path[t - 1]]
        if [symbol for symbol in merged if symbol != blank] == target:
            probability += np.exp(sum(log_probs[t, symbol] for t, symbol in enumerate(path)))
    return -np.log(probability) if probability else np.inf
