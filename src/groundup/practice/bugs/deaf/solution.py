"""It trains and trains, and learns next to nothing.

A made-up table: how far a beam bends, in metres, from six measurements; it bends by about a millimetre. Inside the
network numbers near 1 are best, so what it says is multiplied by UNIT. To save memory, all that goes from layer to
layer, forward and backward, is rounded to float16; weights, their gradients and the loss stay float32. The network does
little better than to say the mean of all beams, however long it trains.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check deaf --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import numpy as np

from groundup import scratch

SEED, EPOCHS, BATCH, HIDDEN, LR, UNIT = 0, 30, 50, 32, 0.01, 7e-4


def load(seed):
    """Return beams to learn from and others to be measured on, each x (N, 6) and how far they bend in metres (N, 1)."""
    x = np.random.default_rng(seed).normal(size=(1000, 6)).astype(np.float32)
    y = np.sin(2 * x[:, :1]) + 0.7 * x[:, 1:2] * x[:, 2:3] + 0.7 * np.abs(x[:, 3:4])
    y = UNIT * (y - y.mean()) / y.std()
    return (x[:500], y[:500]), (x[500:], y[500:])


class Half(scratch.Layer):
    """Round what passes to float16, in both directions."""

    def forward(self, x):
        return x.astype(np.float16).astype(np.float32)

    def backward(self, dy):
        return dy.astype(np.float16).astype(np.float32)


def network(rng):
    """Return the untrained network."""
    return scratch.Sequential(
        scratch.Linear(6, HIDDEN, rng=rng), scratch.Tanh(), Half(),
        scratch.Linear(HIDDEN, HIDDEN, rng=rng), scratch.Tanh(), Half(),
        scratch.Linear(HIDDEN, 1, rng=rng), Half(),
    )  # fmt: skip


def train(model, x, y, rng):
    """Train the model; return the mean loss of each epoch."""
    loss, optimizer = scratch.MSE(), scratch.Adam(model.parameters(), lr=LR)
    scale = 2.0**16  # the smallest number of float16 is 6e-8: smaller gradients would be rounded to 0
    means = []
    for _ in range(EPOCHS):
        losses = []
        for batch_x, batch_y in scratch.batches(x, y, BATCH, rng):
            losses.append(float(loss(UNIT * model(batch_x), batch_y)))
            optimizer.zero_grad()
            model.backward(UNIT * loss.backward(scale))
            for p in model.parameters():
                p.grad /= scale
            optimizer.step()
        means.append(np.mean(losses))
    return means


def explained(model, x, y):
    """Return the share of the variance that the model explains: 1 is perfect, 0 is as good as saying the mean."""
    return 1 - np.mean((UNIT * scratch.predict(model, x) - y) ** 2) / np.var(y)


def main(seed):
    (x, y), validation = load(seed)
    rng = np.random.default_rng(seed)
    model = network(rng)
    print("loss every ten epochs:", *(f"{value:.2e}" for value in train(model, x, y, rng)[::10]))
    print(f"variance explained: training {explained(model, x, y):.2f}, validation {explained(model, *validation):.2f}")


if __name__ == "__main__":
    main(SEED)
