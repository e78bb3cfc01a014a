"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

ALL = "dc_all = dc_new + dh_new * o * (1 - tanh_c**2)"
GATES = "da_i = dc_all * g * i * (1 - i)\n    da_f = dc_all * c * f * (1 - f)\n    da_g = dc_all * i * (1 - g**2)"
BEFORE = "h, c = (hs[t - 1], cs[t - 1]) if t > 0 else (h0, c0)"
WRONG = (
    Wrong("o before g", "gates in the wrong order", (("i, f, g, o = np.split", "i, f, o, g = np.split"),)),
    Wrong("reshape instead of split", "rows mixed up", (("np.split(a, 4, axis=1)", "a.reshape(4, len(a), -1)"),)),
    Wrong("a sigmoid for the content", "sigmoid for g", (("np.tanh(g), ", "sigmoid(g), "),)),
    Wrong("the cell shown without tanh", "tanh forgotten", (("o * np.tanh(c_new)", "o * c_new"),)),
    Wrong("the old cell shown", "old cell", (("o * np.tanh(c_new)", "o * np.tanh(c)"),)),
    Wrong("no input gate", "input gate forgotten", (("f * c + i * g", "f * c + g"),)),
    Wrong("the cell's future left out", "dc_new forgotten", ((ALL, ALL.replace("dc_new + ", "")),)),
    Wrong("the way through h left out", "path through h_new forgotten", ((ALL, "dc_all = dc_new"),)),
    Wrong("the slope at c instead of tanh c", "slope at c_new", ((ALL, ALL.replace("tanh_c**2", "lstm_step(a, c)[1] ** 2")),)),
    Wrong("no slopes", "slope forgotten", ((GATES, "da_i, da_f, da_g = dc_all * g, dc_all * c, dc_all * i"),)),
    Wrong("dc not multiplied with f", "forget gate forgotten", (("axis=1), dc_all * f", "axis=1), dc_all"),)),
    Wrong("adds into dc_new", "changes dc_new",
          ((ALL, "dc_new += dh_new * o * (1 - tanh_c**2)\n    dc_all = dc_new"),)),
    Wrong("dc not handed on", "dc not handed on", (("dhs[t] + dh, dc, sums", "dhs[t] + dh, np.zeros_like(dc), sums"),)),
    Wrong("the cell after the step", "off by one step", ((BEFORE, "h = hs[t - 1] if t > 0 else h0\n        c = cs[t]"),)),
    Wrong("clips on the way back", "unnamed", (("dw_ih += dw_ih_t", "dh = np.clip(dh, -0.05, 0.05)\n        dw_ih += dw_ih_t"),)),
)  # fmt: skip

RIGHT = (
    Right("columns by slices", (("i, f, g, o = np.split(a, 4, axis=1)",
                                 "H = a.shape[1] // 4\n    i, f, g, o = a[:, :H], a[:, H : 2 * H], a[:, 2 * H : 3 * H], a[:, 3 * H :]"),)),
    Right("the slope of tanh by cosh", (("da_g = dc_all * i * (1 - g**2)", "da_g = dc_all * i / np.cosh(np.split(a, 4, axis=1)[2]) ** 2"),)),
    Right("everything else from right to left", ((GATES, "da_i = (1 - i) * i * g * dc_all\n    da_f = (1 - f) * f * c * dc_all\n"
                                                         "    da_g = (1 + g) * (1 - g) * i * dc_all"),)),
    Right("all old states together", ((BEFORE, "h, c = np.stack([h0, *hs])[t], np.stack([c0, *cs])[t]"),)),
)  # fmt: skip
