"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

DECAY = "self.parameter -= self.lr * self.decay * self.parameter"
WRONG = (
    Wrong("no bias correction", "bias correction missing",
          (("self.m / (1 - self.beta1**self.t)", "self.m"), ("self.v / (1 - self.beta2**self.t)", "self.v"))),
    Wrong("m not corrected", "bias correction missing", (("self.m / (1 - self.beta1**self.t)", "self.m"),)),
    Wrong("v not corrected", "bias correction missing", (("self.v / (1 - self.beta2**self.t)", "self.v"),)),
    Wrong("eps inside", "eps inside the root", (("np.sqrt(v_hat) + self.eps", "np.sqrt(v_hat + self.eps)"),)),
    Wrong("no root", "root missing", (("np.sqrt(v_hat) + self.eps", "v_hat + self.eps"),)),
    Wrong("upwards", "sign", (("self.parameter -= self.lr * m_hat", "self.parameter += self.lr * m_hat"),)),
    Wrong("never counts", "not finite", (("self.t += 1", "pass"),)),
    Wrong("counts twice in step one", "t off by one", (("self.t += 1", "self.t = max(self.t, 1) + 1"),)),
    Wrong("no memory", "no momentum", (("* m_hat /", "* gradient /"),)),
    Wrong("a new array", "unchanged", (("self.parameter -= self.lr * m_hat", "self.parameter = self.parameter - self.lr * m_hat"),)),
    Wrong("betas swapped", "unnamed",
          (("self.beta1 * self.m + (1 - self.beta1) * gradient", "self.beta2 * self.m + (1 - self.beta2) * gradient"),)),
    Wrong("decay in the gradient, as in SGD", "decay in the gradient",
          ((DECAY, "gradient = gradient + self.decay * self.parameter"),)),
    Wrong("decay without the learning rate", "decay not times lr", ((DECAY, "self.parameter *= 1 - self.decay"),)),
    Wrong("decay after the step", "decay after the step",
          ((DECAY + "\n        super().step(gradient)", "super().step(gradient)\n        " + DECAY),)),
    Wrong("no decay", "input ignored: decay", ((DECAY, "pass"),)),
)  # fmt: skip

RIGHT = (
    Right("in place", (("self.m = self.beta1 * self.m + (1 - self.beta1) * gradient",
                        "self.m += (1 - self.beta1) * (gradient - self.m)"),)),
    Right("np.subtract with out", (("self.parameter -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)",
                                    "np.subtract(self.parameter, self.lr * m_hat / (v_hat**0.5 + self.eps), "
                                    "out=self.parameter)"),)),
    Right("correction in the learning rate", (
        ("m_hat = self.m / (1 - self.beta1**self.t)", "lr = self.lr / (1 - self.beta1**self.t)"),
        ("self.lr * m_hat", "lr * self.m"))),
    Right("shrinks by a factor", ((DECAY, "self.parameter *= 1 - self.lr * self.decay"),)),
    Right("decay of the old weights, taken off at the end",
          ((DECAY + "\n        super().step(gradient)",
            "old = self.parameter.copy()\n        super().step(gradient)\n        self.parameter -= self.lr * self.decay * old"),)),
)  # fmt: skip
