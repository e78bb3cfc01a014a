"""Whatever it learns from, it guesses.

A network with one hidden layer learns to read digits. Before each epoch the digits are shuffled, as they should be. The
loss stays where it started, and of ten digits it gets one right: as many as by tossing a coin with ten sides.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check coin_toss --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import numpy as np

from groundup import data, scratch
from groundup.scratch.models import mlp

SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 32, 0.2


def load(seed):
    """Return digits to learn from and others to be measured on, each x (N, 64) and y (N,)."""
    digits = data.load("digits").train
    train, validation = data.split(digits.x.reshape(-1, 64), digits.y, 0.5, np.random.default_rng(seed))
    return (train.x, train.y), (validation.x, validation.y)


def network(rng):
    """Return the untrained network."""
    return mlp([64, HIDDEN, 10], rng=rng)


def train(model, x, y, rng):
    """Train the model; return the mean loss of each epoch."""
    loss, optimizer = scratch.CrossEntropy(), scratch.SGD(model.parameters(), lr=LR)
    means = []
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        x, y = x[order], y[order]
        losses = []
        for start in range(0, len(x), BATCH):
            batch_x, batch_y = x[start : start + BATCH], y[start : start + BATCH]
            losses.append(float(loss(model(batch_x), batch_y)))
            optimizer.zero_grad()
            model.backward(loss.backward())
            optimizer.step()
        means.append(np.mean(losses))
    return means


def main(seed):
    (x, y), validation = load(seed)
    rng = np.random.default_rng(seed)
    model = network(rng)
    print("loss of each epoch:", *(f"{value:.2f}" for value in train(model, x, y, rng)))
    print(f"accuracy: training {scratch.accuracy(model, x, y):.2f}, ", end="")
    print(f"validation {scratch.accuracy(model, *validation):.2f}")


if __name__ == "__main__":
    main(SEED)
