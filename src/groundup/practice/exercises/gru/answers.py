"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

NEW = "(1 - z) * n + z * h"
DB = "db = np.concatenate([dr, dz, ds * r], axis=1)"
WRONG = (
    Wrong("z before r", "gates in the wrong order",
          (("a_r, a_z, a_n = np.split(a", "a_z, a_r, a_n = np.split(a"), ("b_r, b_z, b_n = np.split(b", "b_z, b_r, b_n = np.split(b"))),
    Wrong("no reset", "reset gate forgotten", (("np.tanh(a_n + r * b_n)", "np.tanh(a_n + b_n)"),)),
    Wrong("the reset of both summands", "input reset too", (("np.tanh(a_n + r * b_n)", "np.tanh(r * (a_n + b_n))"),)),
    Wrong("a sigmoid for the content", "sigmoid for n", (("np.tanh(a_n + r * b_n)", "sigmoid(a_n + r * b_n)"),)),
    Wrong("z the wrong way round", "z the wrong way round", ((NEW, "z * n + (1 - z) * h"),)),
    Wrong("the old state reset", "h multiplied with r", (("_, z, n = gates(a, b)\n    return (1 - z) * n + z * h", "r, z, n = gates(a, b)\n    return (1 - z) * n + z * r * h"),)),
    Wrong("the reset left out on the way back", "reset gate forgotten", ((DB, "db = da"),)),
    Wrong("dz with the wrong sign", "sign of dz", (("dh_new * (h - n)", "dh_new * (n - h)"),)),
    Wrong("dr from h", "dr from h", (("dr = ds * b_n", "dr = ds * h"),)),
    Wrong("no slope of the gates", "slope forgotten", (("* b_n * r * (1 - r)", "* b_n"), ("dh_new * (h - n) * z * (1 - z)", "dh_new * (h - n)"))),
    Wrong("dh all of dh_new", "update gate forgotten", (("return da, db, dh_new * z", "return da, db, dh_new"),)),
    Wrong("the direct way left out", "direct path forgotten", (("dh = direct + through", "dh = through"),)),
    Wrong("the way through W_hh left out", "path through W_hh forgotten", (("dh = direct + through", "dh = direct"),)),
    Wrong("da for both maps", "da in the place of db", (("linear_backward(db, h, w_hh)", "linear_backward(da, h, w_hh)"),)),
    Wrong("a bias overwritten", "overwritten", (("db_hh += db_hh_t", "db_hh = db_hh_t"),)),
)  # fmt: skip

RIGHT = (
    Right("from n towards h", ((NEW, "n + z * (h - n)"),)),
    Right("r and z together", (("r = sigmoid(a_r + b_r)\n    z = sigmoid(a_z + b_z)",
                                "r, z = np.split(sigmoid(np.hstack([a_r, a_z]) + np.hstack([b_r, b_z])), 2, axis=1)"),)),
    Right("writes db over a copy of da", ((DB, "db = da.copy()\n    db[:, -h.shape[1] :] *= r"),)),
    Right("sums over time at the end", (
        ("dw_ih += dw_ih_t\n", "dw_ih = sum([dw_ih, dw_ih_t])\n"), ("db_hh += db_hh_t", "db_hh = np.add(db_hh_t, db_hh)"))),
)  # fmt: skip
