"""A recurrent network: one layer that is used at every time step, and a gradient that travels back in time.

It reads a sequence and keeps a memory, the state h. One step mixes the input x with the old state and squashes the sum:

    h_new = tanh(x W_ihᵀ + h W_hhᵀ + b)        x (N, I), h and h_new (N, H), W_ih (H, I), W_hh (H, H), b (H,)

Backwards, with s for the sum in the brackets. The slope of tanh is best written with its result, which is known:

    ds    = dh_new (1 - h_new²)                 (N, H)
    dx    = ds W_ih         dh    = ds W_hh     (N, I), (N, H)
    dW_ih = dsᵀ x           dW_hh = dsᵀ h       (H, I), (H, H)
    db    = ds summed over N                    (H,)

Through time, the new state of one step is the old state of the next. The state before the first is h0:

    h[t] = step(x[t], h[t-1])                   x (T, N, I), all states hs (T, N, H): hs[t] is h[t]

and back, from the last step to the first. h[t] was used twice: it was given out, and step t+1 read it. So what reaches
it is the sum of dhs[t], which comes from outside, and the dh that step t+1 handed back. The weights are used at every
step: their gradients are the sums over all steps.

Elman 1990, "Finding structure in time"; the names are PyTorch's, with its two biases as one.
"""

import numpy as np


def rnn_step(x, h, w_ih, w_hh, b):
    """Return h_new (N, H) for x (N, I) and the old state h (N, H)."""
    # your code
    return np.tanh(x @ w_ih.T + h @ w_hh.T + b)
    # end of your code


def rnn_step_backward(dh_new, h_new, x, h, w_ih, w_hh):
    """Return dx, dh, dw_ih, dw_hh, db."""
    # your code
    ds = dh_new * (1 - h_new**2)
    return ds @ w_ih, ds @ w_hh, ds.T @ x, ds.T @ h, ds.sum(axis=0)
    # end of your code


def rnn_forward(x, h0, w_ih, w_hh, b):
    """Return all states hs (T, N, H) for x (T, N, I) and the state before the first step, h0 (N, H)."""
    # your code
    hs = []
    h = h0
    for x_t in x:
        h = rnn_step(x_t, h, w_ih, w_hh, b)
        hs.append(h)
    return np.stack(hs)
    # end of your code


def rnn_backward(dhs, hs, x, h0, w_ih, w_hh):
    """Return dx (T, N, I), dh0 (N, H), dw_ih, dw_hh, db, for dhs (T, N, H) and the states hs of rnn_forward."""
    # your code
    dx, dw_ih, dw_hh, db = np.zeros_like(x), np.zeros_like(w_ih), np.zeros_like(w_hh), np.zeros_like(w_hh[0])
    dh = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        before = hs[t - 1] if t > 0 else h0
        dx[t], dh, dw_ih_t, dw_hh_t, db_t = rnn_step_backward(dhs[t] + dh, hs[t], x[t], before, w_ih, w_hh)
        dw_ih += dw_ih_t
        dw_hh += dw_hh_t
        db += db_t
    return dx, dh, dw_ih, dw_hh, db
    # end of your code
