"""The loss falls, and then runs away.

A network with one hidden layer learns to read digits by gradient descent, with the gradient of 32 digits for each step.
The network is right, the loss is right, the data are right; and yet the loss goes up and down as it likes.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check runaway --line 40` says whether it is in line 40; `groundup practice hint` helps.
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
    """Train the model; return the loss of each step."""
    loss, optimizer = scratch.CrossEntropy(), scratch.SGD(model.parameters(), lr=LR)
    losses = []
    for _ in range(EPOCHS):
        for batch_x, batch_y in scratch.batches(x, y, BATCH, rng):
            losses.append(float(loss(model(batch_x), batch_y)))
            optimizer.zero_grad()
            model.backward(loss.backward())
            optimizer.step()
    return losses


def main(seed):
    (x, y), validation = load(seed)
    rng = np.random.default_rng(seed)
    model = network(rng)
    losses = train(model, x, y, rng)
    print("loss every ten steps:", *(f"{value:.2f}" for value in losses[::10]))
    print(f"validation accuracy: {scratch.accuracy(model, *validation):.2f}")


if __name__ == "__main__":
    main(SEED)
