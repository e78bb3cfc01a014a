"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SLOPE = "dh_new * (1 - h_new**2)"
BEFORE = "before = hs[t - 1] if t > 0 else h0"
WRONG = (
    Wrong("no bias", "input ignored: b", ((" + h @ w_hh.T + b)", " + h @ w_hh.T)"),)),
    Wrong("the square matrix not transposed", "w_hh transposed", (("h @ w_hh.T", "h @ w_hh"),)),
    Wrong("no slope", "slope forgotten", ((SLOPE, "dh_new"),)),
    Wrong("the slope of a sigmoid", "slope of a sigmoid", ((SLOPE, "dh_new * h_new * (1 - h_new)"),)),
    Wrong("the slope at the output", "derivative at the output", ((SLOPE, "dh_new * (1 - np.tanh(h_new) ** 2)"),)),
    Wrong("the matrix transposed on the way back", "w_hh transposed", (("ds @ w_hh,", "ds @ w_hh.T,"),)),
    Wrong("dw_hh from the new state", "off by one step", (("ds.T @ h,", "ds.T @ h_new,"),)),
    Wrong("starts from h0 at each step", "memory not carried", (("        h = rnn_step(x_t, h, w", "        h = rnn_step(x_t, h0, w"),)),
    Wrong("nothing from the future", "future forgotten", (("(dhs[t] + dh,", "(dhs[t],"),)),
    Wrong("the future alone", "dhs forgotten", (("dh = np.zeros_like(h0)", "dh = dhs[-1]"), ("(dhs[t] + dh,", "(dh,"))),
    Wrong("weights' gradients overwritten", "overwritten", (("dw_ih += dw_ih_t", "dw_ih = dw_ih_t"),)),
    Wrong("hs[-1] before the first step", "hs[-1] at the first step", ((BEFORE, "before = hs[t - 1]"),)),
    Wrong("from the first step to the last", "wrong direction", (("reversed(range(len(x)))", "range(len(x))"),)),
    Wrong("the state after the step", "off by one step", ((BEFORE, "before = hs[t]"),)),
    Wrong("h0 among the states", "h0 among the states", (("hs = []", "hs = [h0]"),)),
)  # fmt: skip

RIGHT = (
    Right("one product for both maps", (("x @ w_ih.T + h @ w_hh.T + b", "np.hstack([x, h]) @ np.hstack([w_ih, w_hh]).T + b"),)),
    Right("states in an array made before", (
        ("hs = []\n", "hs = np.empty((len(x), *h0.shape), h0.dtype)\n"), ("for x_t in x:", "for t, x_t in enumerate(x):"),
        ("hs.append(h)", "hs[t] = h"), ("return np.stack(hs)", "return hs"))),
    Right("all old states together", ((BEFORE, "before = np.concatenate([h0[None], hs])[t]"),)),
    Right("gradients in lists", (
        ("dw_ih += dw_ih_t\n        dw_hh += dw_hh_t\n        db += db_t", "dw_ih, dw_hh, db = dw_ih + dw_ih_t, dw_hh_t + dw_hh, db + db_t"),)),
)  # fmt: skip
