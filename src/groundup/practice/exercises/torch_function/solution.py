"""A function of your own in autograd: forward, and the backward that PyTorch can't find, or should not.

A torch.autograd.Function has two static methods. forward(ctx, ...) computes the output and keeps in ctx what backward will
need; backward(ctx, dy) gets the gradient of the loss for the output, and returns one for each input of forward, in the
same order. It is called as Function.apply(...).

    ctx.save_for_backward(a, b)     tensors: a, b = ctx.saved_tensors gives them back. ctx.a = a works too, but then nobody
                                    notices when a is changed in between, and the gradient is silently wrong
    ctx.name = 3.0                  for what is not a tensor
    ctx.needs_input_grad[0]         whether the first input wants a gradient at all; None is returned where it doesn't
    return dx, None                 None also for an input that is not a tensor

Rounding has the derivative 0 nearly everywhere, which would stop all learning before it. The straight-through estimator
says: forward rounds, backward does as if nothing had happened.

    y = round(x)            dx = dy

Swish with a slope for each feature, and a plain number as its scale. With s = sigmoid(beta x):

    y = scale x s           x (N, I), beta (N, I) or (I,), scale a number

    dx    = dy scale (s + beta x s (1 - s))
    dbeta = dy scale x² s (1 - s)               as large as beta: for (I,) the sum over N

torch.autograd.gradcheck(Swish.apply, (x, beta, 2.0)) compares your gradients with finite differences, for x and beta in
float64 with requires_grad=True. It can't say anything about rounding: there your gradient is not the derivative.
"""

import torch


class Round(torch.autograd.Function):
    """Rounding to whole numbers, with the straight-through gradient."""

    @staticmethod
    def forward(ctx, x):
        # your code
        return x.round()
        # end of your code

    @staticmethod
    def backward(ctx, dy):
        # your code
        return dy
        # end of your code


class Swish(torch.autograd.Function):
    """scale x sigmoid(beta x), with gradients for x and beta."""

    @staticmethod
    def forward(ctx, x, beta, scale):
        # your code
        ctx.save_for_backward(x, beta)
        ctx.scale = scale
        return scale * x * torch.sigmoid(beta * x)
        # end of your code

    @staticmethod
    def backward(ctx, dy):
        # your code
        x, beta = ctx.saved_tensors
        s = torch.sigmoid(beta * x)
        dx = dbeta = None
        if ctx.needs_input_grad[0]:
            dx = dy * ctx.scale * (s + beta * x * s * (1 - s))
        if ctx.needs_input_grad[1]:
            dbeta = (dy * ctx.scale * x**2 * s * (1 - s)).sum_to_size(beta.shape)
        return dx, dbeta, None
        # end of your code
