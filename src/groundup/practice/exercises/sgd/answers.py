"""Answers that must be rejected, each for the reason named, and right ones in another style."""

from groundup.practice.exercise import Right, Wrong

G = "g = gradient + self.decay * self.parameter"
V = "self.velocity = self.momentum * self.velocity + g"
P = "self.parameter -= self.lr * self.velocity"
WRONG = (
    Wrong("upwards", "sign", ((P, "self.parameter += self.lr * self.velocity"),)),
    Wrong("a new array", "unchanged", ((P, "self.parameter = self.parameter - self.lr * self.velocity"),)),
    Wrong("no learning rate", "learning rate missing", ((P, "self.parameter -= self.velocity"),)),
    Wrong("velocity forgotten", "velocity forgotten", ((V, "velocity = self.momentum * self.velocity + g"), (P, "self.parameter -= self.lr * velocity"))),
    Wrong("a running mean", "running mean", ((V, "self.velocity = self.momentum * self.velocity + (1 - self.momentum) * g"),)),
    Wrong("Nesterov", "Nesterov", ((P, "self.parameter -= self.lr * (g + self.momentum * self.velocity)"),)),
    Wrong("decay forgotten", "decay forgotten", ((G, "g = gradient"),)),
    Wrong("decay as in AdamW", "decay apart", ((G, "g = gradient"), (V, V + "\n        self.parameter *= 1 - self.lr * self.decay"))),
    Wrong("decay not times lr", "decay not times lr", ((G, "g = gradient"), (V, V + "\n        self.parameter *= 1 - self.decay"))),
    Wrong("changes the gradient", "unnamed", ((G, "gradient += self.decay * self.parameter\n        g = gradient"),)),
)  # fmt: skip

RIGHT = (
    Right("velocity in place", ((V, "self.velocity *= self.momentum\n        self.velocity += g"),)),
    Right("through a slice", ((P, "self.parameter[...] = self.parameter - self.lr * self.velocity"),)),
    Right("one line", ((V, ""), (P, "self.velocity = self.momentum * self.velocity + g\n        np.subtract(self.parameter, self.lr * self.velocity, out=self.parameter)"))),
)  # fmt: skip
