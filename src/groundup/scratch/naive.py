"""The definitions, loops and all, exactly as the formulas read.

Slow on purpose: these are what the fast kernels are checked against, and where to look when a fast kernel is
hard to read. Each function returns the output alone.
"""

import numpy as np

Array = np.ndarray
Pair = tuple[int, int]


def conv2d(x: Array, weight: Array, bias: Array | None = None, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Array:
    """Convolution: ``yₙₒₕᵥ = bₒ + Σ_c Σᵢ Σⱼ Wₒ_cᵢⱼ x̂ₙ_c(h·s+i)(v·s+j)``, x̂ padded with zeros.

    ``x`` (N, C, H, W), ``weight`` (O, C, K, L), ``bias`` (O,); returns (N, O, Ho, Wo).
    """
    N, C, H, W = x.shape
    O, _, K, L = weight.shape
    (s, t), (p, q) = stride, padding
    Ho, Wo = (H + 2 * p - K) // s + 1, (W + 2 * q - L) // t + 1
    y = np.zeros((N, O, Ho, Wo), x.dtype)
    for n in range(N):
        for o in range(O):
            for h in range(Ho):
                for v in range(Wo):
                    total = 0.0 if bias is None else bias[o]
                    for c in range(C):
                        for i in range(K):
                            for j in range(L):
                                row, column = h * s + i - p, v * t + j - q
                                if 0 <= row < H and 0 <= column < W:  # outside lies the padding: zeros
                                    total += weight[o, c, i, j] * x[n, c, row, column]
                    y[n, o, h, v] = total
    return y


def conv2d_backward(
    dy: Array, x: Array, weight: Array, stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> tuple[Array, Array, Array]:
    """Return ``dx``, ``dweight``, ``dbias`` of :func:`conv2d`.

    Each product ``w · x`` that entered an output sends ``dy · w`` back to its x and ``dy · x`` back to its w.
    """
    N, C, H, W = x.shape
    O, _, K, L = weight.shape
    (s, t), (p, q) = stride, padding
    dx, dweight, dbias = np.zeros_like(x), np.zeros_like(weight), np.zeros(O, dy.dtype)
    for n in range(N):
        for o in range(O):
            for h in range(dy.shape[2]):
                for v in range(dy.shape[3]):
                    dbias[o] += dy[n, o, h, v]
                    for c in range(C):
                        for i in range(K):
                            for j in range(L):
                                row, column = h * s + i - p, v * t + j - q
                                if 0 <= row < H and 0 <= column < W:
                                    dx[n, c, row, column] += dy[n, o, h, v] * weight[o, c, i, j]
                                    dweight[o, c, i, j] += dy[n, o, h, v] * x[n, c, row, column]
    return dx, dweight, dbias


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
