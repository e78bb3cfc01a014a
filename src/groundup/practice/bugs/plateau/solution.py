"""It gets better for a while, and stops far too early.

A network in PyTorch learns to read digits. It has a body of two layers and a head of one. In the first epoch the body
is held still, so that the wild first steps of the head do no harm to it; from the second epoch on all learn together.
But that all learn together makes nothing better.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check plateau --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import torch
from torch import nn
from torch.nn import functional as F

from groundup import data

SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 8, 32, 12, 0.01


def load(seed):
    """Return digits to learn from and others to be measured on, each x (N, 64) and y (N,)."""
    digits = data.load("digits").train
    x, y = torch.from_numpy(digits.x.reshape(-1, 64)), torch.from_numpy(digits.y)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    first, second = order.chunk(2)
    return (x[first], y[first]), (x[second], y[second])


def network():
    """Return the untrained network: a body and a head."""
    body = nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU())
    return nn.Sequential(body, nn.Linear(HIDDEN, 10))


def hold(body, still):
    """Hold the body still, or let it go: without requires_grad a parameter gets no gradient."""
    for p in body.parameters():
        p.requires_grad = not still


def train(model, x, y):
    """Train the model; return the mean loss of each epoch."""
    hold(model[0], still=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    means = []
    for epoch in range(EPOCHS):
        if epoch == 1:
            hold(model[0], still=False)
        losses = []
        for batch in torch.randperm(len(x)).split(BATCH):
            loss = F.cross_entropy(model(x[batch]), y[batch])
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        means.append(sum(losses) / len(losses))
    return means


@torch.no_grad()
def accuracy(model, x, y):
    """Return the share of digits that the model reads right."""
    return (model(x).argmax(dim=1) == y).float().mean().item()


def main(seed):
    torch.manual_seed(seed)
    (x, y), validation = load(seed)
    model = network()
    print("loss of each epoch:", *(f"{value:.2f}" for value in train(model, x, y)))
    print(f"accuracy: training {accuracy(model, x, y):.2f}, validation {accuracy(model, *validation):.2f}")


if __name__ == "__main__":
    main(SEED)
