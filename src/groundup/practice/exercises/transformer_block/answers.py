"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SPLIT = "x.reshape(N, T, heads, D // heads).transpose(0, 2, 1, 3)"
MERGE = "x.transpose(0, 2, 1, 3).reshape(N, T, H * K)"
FIRST = "h = x + a\n"
SECOND = "y = h + m\n"
WRONG = (
    Wrong("heads by reshape alone", "reshaped, not transposed", ((SPLIT, "x.reshape(N, heads, T, D // heads)"),)),
    Wrong("merged by reshape alone", "reshaped, not transposed", ((MERGE, "x.reshape(N, T, H * K)"),)),
    Wrong("norm after the sum", "post-norm", (
        ("n1, norm1 = norm_forward(x, p[\"gain1\"], p[\"shift1\"])\n    a, attention = attention_forward(n1, p[\"w_qkv\"], p[\"w_out\"], heads)\n    h = x + a\n    n2, norm2 = norm_forward(h, p[\"gain2\"], p[\"shift2\"])\n    u, linear1 = linear_forward(n2,",
         "a, attention = attention_forward(x, p[\"w_qkv\"], p[\"w_out\"], heads)\n    h, norm1 = norm_forward(x + a, p[\"gain1\"], p[\"shift1\"])\n    u, linear1 = linear_forward(h,"),
        (SECOND, "y, norm2 = norm_forward(h + m, p[\"gain2\"], p[\"shift2\"])\n"))),
    Wrong("first residual missing", "residual forgotten", ((FIRST, "h = a\n"),)),
    Wrong("adds to the normalised copy", "residual from the norm", ((FIRST, "h = n1 + a\n"),)),
    Wrong("adds x at the end", "residual from x", ((SECOND, "y = x + m\n"),)),
    Wrong("no GELU", "activation forgotten", (("linear_forward(g, p", "linear_forward(u, p"),)),
    Wrong("norms once more at the end", "unnamed", ((SECOND, "y = norm_forward(h + m, p[\"gain2\"], p[\"shift2\"])[0]\n"),)),
    Wrong("adds in place", "changes x", ((FIRST, "x += a\n    h = x\n"),)),
    Wrong("residual of the second half forgotten", "residual gradient forgotten", (("dh = dy + dh_half", "dh = dh_half"),)),
    Wrong("residual of the first half forgotten", "residual gradient forgotten", (("dx = dh + dx_half", "dx = dx_half"),)),
    Wrong("the residual from dy", "residual from dy", (("dx = dh + dx_half", "dx = dy + dx_half"),)),
    Wrong("dy into the attention", "attention receives dy", (("attention_backward(dh, attention)", "attention_backward(dy, attention)"),)),
    Wrong("no GELU on the way back", "activation forgotten", (("du = gelu_backward(dg, gelu)", "du = dg"),)),
    Wrong("gains exchanged", "is dgain2", (("dh_half, d[\"gain2\"]", "dh_half, d[\"gain1\"]"), ("dx_half, d[\"gain1\"]", "dx_half, d[\"gain2\"]"))),
)  # fmt: skip

RIGHT = (
    Right("heads by splitting", ((SPLIT, "np.stack(np.split(x, heads, axis=2), axis=1)"),)),
    Right("merged by concatenating", ((MERGE, "np.concatenate([x[:, h] for h in range(H)], axis=2)"),)),
    Right("a cache that is a dictionary", (
        ("return y, (norm1, attention, norm2, linear1, gelu, linear2)", "return y, dict(zip('abcdef', (norm1, attention, norm2, linear1, gelu, linear2)))"),
        ("norm1, attention, norm2, linear1, gelu, linear2 = cache", "norm1, attention, norm2, linear1, gelu, linear2 = cache.values()"))),
    Right("adds into new arrays", ((SECOND, "y = m.copy()\n    y += h\n"), ("dh = dy + dh_half", "dh_half += dy\n    dh = dh_half"))),
)  # fmt: skip
