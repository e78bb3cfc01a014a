"""A gated recurrent unit: one state, and a gate that says how far it moves.

A GRU has the long memory of an LSTM with one state less. Two linear maps, of the input and of the old state, are given;
of each, the gates r, z, n have H columns, in this order:

    a = x W_ihᵀ + b_ih          b = h W_hhᵀ + b_hh          each (N, 3 H)

    r = σ(a_r + b_r)            reset gate: how much of the past goes into the new content
    z = σ(a_z + b_z)            update gate: how much of the old state stays
    n = tanh(a_n + r b_n)       the new content
    h_new = (1 - z) n + z h     all products are element by element

Backwards, take the last line apart, then n, whose two summands differ: b_n is multiplied with r, a_n is not.

    dn = dh_new (1 - z)         dz = dh_new (h - n)         dh = dh_new z

With ds = dn (1 - n²), the gradient of the bracket of tanh:

    a_n receives ds             b_n receives ds r           dr = ds b_n

and a_r and b_r receive dr r (1 - r), a_z and b_z receive dz z (1 - z). Side by side, in the order r, z, n, they are da
and db (N, 3 H).

Through time, the old state is used twice: as it is (that is the dh above), and in b, through W_hh. The way forward is
written for you.

Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", section 2.3. There r is multiplied with h
before the matrix; here, as in PyTorch, behind it. The order of the gates is PyTorch's.
"""

import numpy as np


def sigmoid(s):
    """Return σ(s)."""
    return 1 / (1 + np.exp(-s))


def gates(a, b):
    """Return r, z, n, each (N, H), for the sums a and b (N, 3 H)."""
    # your code
    a_r, a_z, a_n = np.split(a, 3, axis=1)
    b_r, b_z, b_n = np.split(b, 3, axis=1)
    r = sigmoid(a_r + b_r)
    z = sigmoid(a_z + b_z)
    n = np.tanh(a_n + r * b_n)
    return r, z, n
    # end of your code


def gru_step(a, b, h):
    """Return h_new (N, H) for the sums a and b (N, 3 H) and the old state h (N, H)."""
    # your code
    _, z, n = gates(a, b)
    return (1 - z) * n + z * h
    # end of your code


def gru_step_backward(dh_new, a, b, h):
    """Return da and db (N, 3 H), and dh (N, H): what h receives directly, not through b."""
    # your code
    r, z, n = gates(a, b)
    b_n = np.split(b, 3, axis=1)[2]
    ds = dh_new * (1 - z) * (1 - n**2)
    dr = ds * b_n * r * (1 - r)
    dz = dh_new * (h - n) * z * (1 - z)
    da = np.concatenate([dr, dz, ds], axis=1)
    db = np.concatenate([dr, dz, ds * r], axis=1)
    return da, db, dh_new * z
    # end of your code


def linear(x, w, bias):
    """Return y = x wᵀ + bias."""
    return x @ w.T + bias


def linear_backward(dy, x, w):
    """Return dx, dw, dbias."""
    return dy @ w, dy.T @ x, dy.sum(axis=0)


def gru_forward(x, h0, w_ih, w_hh, b_ih, b_hh):
    """Return the states after each step, hs (T, N, H), for x (T, N, I) and the state before the first step."""
    hs = []
    h = h0
    for x_t in x:
        h = gru_step(linear(x_t, w_ih, b_ih), linear(h, w_hh, b_hh), h)
        hs.append(h)
    return np.stack(hs)


def gru_backward(dhs, hs, x, h0, w_ih, w_hh, b_ih, b_hh):
    """Return dx (T, N, I), dh0 (N, H), dw_ih, dw_hh, db_ih, db_hh, for dhs (T, N, H), the gradient of hs."""
    dx, dh = np.zeros_like(x), np.zeros_like(h0)
    dw_ih, dw_hh, db_ih, db_hh = [np.zeros_like(weight) for weight in (w_ih, w_hh, b_ih, b_hh)]
    for t in reversed(range(len(x))):
        # your code
        h = hs[t - 1] if t > 0 else h0
        a, b = linear(x[t], w_ih, b_ih), linear(h, w_hh, b_hh)
        da, db, direct = gru_step_backward(dhs[t] + dh, a, b, h)
        dx[t], dw_ih_t, db_ih_t = linear_backward(da, x[t], w_ih)
        through, dw_hh_t, db_hh_t = linear_backward(db, h, w_hh)
        dh = direct + through
        dw_ih += dw_ih_t
        dw_hh += dw_hh_t
        db_ih += db_ih_t
        db_hh += db_hh_t
        # end of your code
    return dx, dh, dw_ih, dw_hh, db_ih, db_hh
