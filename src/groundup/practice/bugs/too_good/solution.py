"""Too good to be true.

A made-up series of measurements that swings, with a good deal of chance. A network learns to say the next value from
the eight before it. On measurements that it did not learn from it is right nearly to the last digit. Put to work, where
the next value is not known yet, it is much worse.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check too_good --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import numpy as np

from groundup import scratch

SEED, EPOCHS, BATCH, HIDDEN, WINDOW, LR = 0, 15, 32, 16, 8, 0.01


def load(seed):
    """Return a series to learn from, and how it goes on: each value leans on the two before it, and on chance."""
    noise = 0.15 * np.random.default_rng(seed).normal(size=800)
    series = np.zeros(800, np.float32)
    for t in range(2, 800):
        series[t] = 1.6 * series[t - 1] - 0.9 * series[t - 2] + noise[t]
    return series[:500], series[500:]


def windows(series):
    """Return what is known x (N, WINDOW) and what comes next y (N, 1), one row for each place in the series."""
    starts = range(len(series) - WINDOW)
    x = np.stack([series[start : start + WINDOW] for start in starts])
    y = np.stack([series[start + WINDOW : start + WINDOW + 1] for start in starts])
    return x, y


def network(rng):
    """Return the untrained network."""
    return scratch.Sequential(
        scratch.Linear(WINDOW, HIDDEN, rng=rng), scratch.Tanh(), scratch.Linear(HIDDEN, 1, rng=rng)
    )


def train(model, x, y, rng):
    """Train the model; return the loss of each step."""
    loss, optimizer = scratch.MSE(), scratch.Adam(model.parameters(), lr=LR)
    losses = []
    for _ in range(EPOCHS):
        for batch_x, batch_y in scratch.batches(x, y, BATCH, rng):
            losses.append(float(loss(model(batch_x), batch_y)))
            optimizer.zero_grad()
            model.backward(loss.backward())
            optimizer.step()
    return losses


def explained(prediction, truth):
    """Return the share of the variance that is predicted: 1 is perfect, 0 is as good as always saying the mean."""
    return 1 - np.mean((prediction - truth) ** 2) / np.var(truth)


def at_work(model, series):
    """Stand at each place of a series, say what comes next from the values before it, and compare when it has come."""
    said = [model(series[None, t - WINDOW : t])[0, 0] for t in range(WINDOW, len(series))]
    return explained(np.array(said), series[WINDOW:])


def main(seed):
    series, later = load(seed)
    rng = np.random.default_rng(seed)
    model = network(rng)
    losses = train(model, *windows(series), rng)
    print("loss every fifty steps:", *(f"{value:.3f}" for value in losses[::50]))
    x, y = windows(later)
    model.eval()
    print(f"variance explained: validation {explained(model(x), y):.3f}, at work {at_work(model, later):.3f}")


if __name__ == "__main__":
    main(SEED)
