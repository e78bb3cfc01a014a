"""Adam and AdamW: steps that take the size of past gradients into account.

Adam keeps two running means for every parameter: of the gradient (m) and of its square (v). At step t = 1, 2, 3, ...

    m = beta1 m + (1 - beta1) g
    v = beta2 v + (1 - beta2) g²
    m̂ = m / (1 - beta1ᵗ)         both start at zero, so in the first steps they are too small:
    v̂ = v / (1 - beta2ᵗ)         dividing by 1 - betaᵗ corrects that
    p = p - lr m̂ / (sqrt(v̂) + eps)

eps stands outside the root: it keeps the division from exploding where v is zero.

AdamW adds weight decay. SGD adds decay p to the gradient; here Adam would divide that by sqrt(v̂) too, and weights with
large gradients would hardly decay. So the decay is taken off the weights themselves, beside Adam's step (it is
"decoupled"), before anything else:

    p = p - lr decay p           then the step above, with the plain gradient

``step`` changes the parameter in place (the network holds the same array), and leaves the gradient as it is.
"""

import numpy as np


class Adam:
    """Adam for one parameter array (Kingma and Ba, 2015, algorithm 1)."""

    def __init__(self, parameter, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.parameter = parameter
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t = 0
        self.m = np.zeros_like(parameter)
        self.v = np.zeros_like(parameter)

    def step(self, gradient):
        """Take one step against the gradient: change self.parameter in place."""
        # your code
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradient
        self.v = self.beta2 * self.v + (1 - self.beta2) * gradient**2
        m_hat = self.m / (1 - self.beta1**self.t)
        v_hat = self.v / (1 - self.beta2**self.t)
        self.parameter -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
        # end of your code


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019, algorithm 2)."""

    def __init__(self, parameter, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.01):
        super().__init__(parameter, lr, beta1, beta2, eps)
        self.decay = decay

    def step(self, gradient):
        """Take one step, in place; super().step(gradient) is Adam's."""
        # your code
        self.parameter -= self.lr * self.decay * self.parameter
        super().step(gradient)
        # end of your code
