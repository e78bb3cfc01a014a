"""At home it knows everything, at work nearly nothing.

A made-up table of machine parts: five measurements, and whether the part is good (0) or broken (1). To learn from
there are as many broken parts as good ones; at work, as it is in a factory, one part in twenty is broken. The network
is nearly always right about the parts that it learnt from. At work it would do better to call every part good.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check stranger --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import numpy as np

from groundup import scratch

SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 10, 32, 16, 0.1


def parts(rng, count, broken):
    """Return the measurements (N, 5) of some parts, and which are broken; three of the measurements tell."""
    y = (rng.random(count) < broken).astype(int)
    x = rng.normal(size=(count, 5)) + np.outer(2 * y - 1, [0.9, 0.9, 0.9, 0, 0])
    units = np.array([10, 2, 300, 1, 50]), np.array([20, 5, 1000, 3, 100])  # millimetres, bars, kelvins ...
    return (x * units[0] + units[1]).astype(np.float32), y


def load(seed):
    """Return parts to learn from, and parts at work."""
    rng = np.random.default_rng(seed)
    return parts(rng, 400, broken=0.5), parts(rng, 1000, broken=0.05)


def prepare(x, work):
    """Return the parts to learn from and those at work, every measurement brought to about -1 to 1."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    x = (x - mean) / spread
    work = (work - mean) / spread
    return x, work


def network(rng):
    """Return the untrained network."""
    return scratch.Sequential(scratch.Linear(5, HIDDEN, rng=rng), scratch.ReLU(), scratch.Linear(HIDDEN, 2, rng=rng))


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


def f1(model, x, broken):
    """Return how well the parts called broken are the broken ones: 1 if they are the same parts, 0 if none is found."""
    said = scratch.predict(model, x).argmax(axis=1)
    return 2 * np.sum(said * broken) / (said.sum() + broken.sum())


def main(seed):
    (x, y), (work, broken) = load(seed)
    x, work = prepare(x, work)
    rng = np.random.default_rng(seed)
    model = network(rng)
    losses = train(model, x, y, rng)
    print("loss every ten steps:", *(f"{value:.2f}" for value in losses[::10]))
    home, away = scratch.accuracy(model, x, y), scratch.accuracy(model, work, broken)
    print(f"accuracy: where it learnt {home:.2f}, at work {away:.2f}")
    print(f"F1 of the broken parts at work: {f1(model, work, broken):.2f}")


if __name__ == "__main__":
    main(SEED)
