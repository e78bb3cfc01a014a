"""A long short-term memory: a second state that is added to, not overwritten, so that a gradient survives many steps.

In a plain recurrent network the gradient is multiplied with a matrix at every step, and soon vanishes. The LSTM keeps a
second state, the cell c, and changes it only by adding. Four gates decide; all are made from the same sums, of which
each gate has H columns, in the order i, f, g, o:

    a = x W_ihᵀ + h W_hhᵀ + b       (N, 4 H), given
    i = σ(first H columns)          input gate: how much of the new content is written
    f = σ(the next)                 forget gate: how much of the old cell is kept
    g = tanh(the next)              the new content
    o = σ(the last)                 output gate: how much of the cell is shown

    c_new = f c + i g               all products are element by element
    h_new = o tanh(c_new)

with σ(s) = 1 / (1 + exp(-s)). Backwards, first collect what reaches c_new: dc_new, from the future, and what comes
through h_new. Then take the two lines apart:

    dc_all = dc_new + dh_new o (1 - tanh²(c_new))
    di = dc_all g       df = dc_all c       dg = dc_all i       do = dh_new tanh(c_new)         dc = dc_all f

and each gate's gradient is multiplied with its slope, i (1 - i) for σ and 1 - g² for tanh. Side by side, in the order
i, f, g, o, they are da (N, 4 H). No matrix stands between dc_new and dc: an open forget gate lets the gradient pass.

Through time it is as in a recurrent network, with two states to hand back. The way forward is written for you.

Hochreiter and Schmidhuber 1997, "Long short-term memory"; the forget gate: Gers et al. 2000, "Learning to forget". The
order of the gates is PyTorch's.
"""

import numpy as np


def sigmoid(s):
    """Return σ(s)."""
    return 1 / (1 + np.exp(-s))


def gates(a):
    """Return i, f, g, o, each (N, H), for the sums a (N, 4 H)."""
    # your code
    i, f, g, o = np.split(a, 4, axis=1)
    return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    # end of your code


def lstm_step(a, c):
    """Return h_new and c_new, each (N, H), for the sums a (N, 4 H) and the old cell c (N, H)."""
    # your code
    i, f, g, o = gates(a)
    c_new = f * c + i * g
    h_new = o * np.tanh(c_new)
    return h_new, c_new
    # end of your code


def lstm_step_backward(dh_new, dc_new, a, c):
    """Return da (N, 4 H) and dc (N, H)."""
    # your code
    i, f, g, o = gates(a)
    tanh_c = np.tanh(lstm_step(a, c)[1])
    dc_all = dc_new + dh_new * o * (1 - tanh_c**2)
    da_i = dc_all * g * i * (1 - i)
    da_f = dc_all * c * f * (1 - f)
    da_g = dc_all * i * (1 - g**2)
    da_o = dh_new * tanh_c * o * (1 - o)
    return np.concatenate([da_i, da_f, da_g, da_o], axis=1), dc_all * f
    # end of your code


def sums(x, h, w_ih, w_hh, b):
    """Return a (N, 4 H) for x (N, I) and the old h (N, H), with w_ih (4 H, I), w_hh (4 H, H), b (4 H,)."""
    return x @ w_ih.T + h @ w_hh.T + b


def sums_backward(da, x, h, w_ih, w_hh):
    """Return dx, dh, dw_ih, dw_hh, db of one step."""
    return da @ w_ih, da @ w_hh, da.T @ x, da.T @ h, da.sum(axis=0)


def lstm_forward(x, h0, c0, w_ih, w_hh, b):
    """Return the states after each step, hs and cs (T, N, H), for x (T, N, I) and the states before the first step."""
    hs, cs = [], []
    h, c = h0, c0
    for x_t in x:
        h, c = lstm_step(sums(x_t, h, w_ih, w_hh, b), c)
        hs.append(h)
        cs.append(c)
    return np.stack(hs), np.stack(cs)


def lstm_backward(dhs, hs, cs, x, h0, c0, w_ih, w_hh, b):
    """Return dx (T, N, I), dh0, dc0 (N, H), dw_ih, dw_hh, db, for dhs (T, N, H), the gradient of hs."""
    dx, dw_ih, dw_hh, db = np.zeros_like(x), np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros_like(b)
    dh, dc = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(len(x))):
        # your code
        h, c = (hs[t - 1], cs[t - 1]) if t > 0 else (h0, c0)
        da, dc = lstm_step_backward(dhs[t] + dh, dc, sums(x[t], h, w_ih, w_hh, b), c)
        dx[t], dh, dw_ih_t, dw_hh_t, db_t = sums_backward(da, x[t], h, w_ih, w_hh)
        dw_ih += dw_ih_t
        dw_hh += dw_hh_t
        db += db_t
        # end of your code
    return dx, dh, dc, dw_ih, dw_hh, db
