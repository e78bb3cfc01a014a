"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

SAVE = "ctx.save_for_backward(x, beta)"
DX = "dx = dy * ctx.scale * (s + beta * x * s * (1 - s))"
DBETA = "dbeta = (dy * ctx.scale * x**2 * s * (1 - s)).sum_to_size(beta.shape)"

WRONG = (
    Wrong("the true derivative of rounding", "true derivative", (("return dy\n", "return torch.zeros_like(dy)\n"),)),
    Wrong("ones instead of the upstream gradient", "upstream ignored", (("return dy\n", "return torch.ones_like(dy)\n"),)),
    Wrong("rounded upstream gradient", "upstream gradient rounded", (("return dy\n", "return dy.round()\n"),)),
    Wrong("rounds in place", "changes x", (("return x.round()", "return x.round_()"),)),
    Wrong("saved as attributes", "not saved for backward", ((SAVE, "ctx.x, ctx.beta = x, beta"), ("x, beta = ctx.saved_tensors", "x, beta = ctx.x, ctx.beta"))),
    Wrong("gradients in the wrong order", "is dbeta", (("return dx, dbeta, None", "return dbeta, dx, None"),)),
    Wrong("no place for scale", "number of gradients", (("return dx, dbeta, None", "return dx, dbeta"),)),
    Wrong("scale forgotten", "input ignored: scale", ((DX, DX.replace(" * ctx.scale", "")),)),
    Wrong("upstream ignored", "upstream ignored", ((DX, DX.replace("dy * ", "")),)),
    Wrong("product rule forgotten", "a term missing", ((DX, "dx = dy * ctx.scale * s"),)),
    Wrong("chain rule forgotten", "inner derivative forgotten", ((DX, "dx = dy * ctx.scale * (s + x * s * (1 - s))"),)),
    Wrong("x once in dbeta", "x once", ((DBETA, DBETA.replace("x**2", "x")),)),
    Wrong("the needs exchanged", "needs exchanged", (("if ctx.needs_input_grad[0]", "if ctx.needs_input_grad[-2]"), ("if ctx.needs_input_grad[1]", "if ctx.needs_input_grad[0]"))),
    Wrong("mean over N in dbeta", "factor 1/N", ((DBETA, DBETA.replace(".sum_to_size(beta.shape)", "") + "\n            if beta.dim() == 1:\n                dbeta = dbeta.mean(dim=0)"),)),
    Wrong("sigmoid of x alone", "input ignored: beta", (("return scale * x * torch.sigmoid(beta * x)", "return scale * x * torch.sigmoid(x)"),)),
)  # fmt: skip

RIGHT = (
    Right("setup_context apart", (
        ("    def forward(ctx, x, beta, scale):", "    def forward(x, beta, scale):"),
        (SAVE + "\n        ctx.scale = scale\n        return scale * x * torch.sigmoid(beta * x)",
         "return scale * x * torch.sigmoid(beta * x)\n\n    @staticmethod\n    def setup_context(ctx, inputs, output):\n        x, beta, ctx.scale = inputs\n        " + SAVE))),
    Right("sigmoid kept", (
        (SAVE, "s = torch.sigmoid(beta * x)\n        ctx.save_for_backward(x, beta, s)"),
        ("x, beta = ctx.saved_tensors\n        s = torch.sigmoid(beta * x)", "x, beta, s = ctx.saved_tensors"))),
    Right("all gradients always, summed by hand", (
        ("        if ctx.needs_input_grad[0]:\n            dx", "        dx"), ("        if ctx.needs_input_grad[1]:\n            dbeta", "        dbeta"),
        (DBETA[8:], "dy * ctx.scale * x**2 * s * (1 - s)\n        if beta.dim() == 1:\n            dbeta = dbeta.sum(0)"))),
    Right("a clone through", (("return dy\n", "return dy.clone()\n"), ("return x.round()", "return torch.round(x)"))),
)  # fmt: skip
