"""Asked twice, it answers twice.

A network in PyTorch learns to read digits, and is measured after each epoch on digits that it did not learn from. It
seems to be far worse than it should be, and when the same digits are shown to it again it gives other answers.

One fault, of a line or two, is in this script. Run it, find the fault, and mend it. Leave the data, the size of the
network, the number of epochs and what the functions are called with: the check calls them, with seeds of its own.
`groundup practice check moody --line 40` says whether it is in line 40; `groundup practice hint` helps.
"""

import torch
from torch import nn
from torch.nn import functional as F

from groundup import data

SEED, EPOCHS, BATCH, HIDDEN, LR = 0, 12, 32, 32, 0.2


def load(seed):
    """Return digits to learn from and others to be measured on, each x (N, 64) and y (N,)."""
    digits = data.load("digits").train
    x, y = torch.from_numpy(digits.x.reshape(-1, 64)), torch.from_numpy(digits.y)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    first, second = order.chunk(2)
    return (x[first], y[first]), (x[second], y[second])


def network():
    """Return the untrained network."""
    return nn.Sequential(nn.Dropout(0.4), nn.Linear(64, HIDDEN), nn.ReLU(), nn.Dropout(0.4), nn.Linear(HIDDEN, 10))


@torch.no_grad()
def accuracy(model, x, y):
    """Return the share of digits that the model reads right."""
    model.eval()
    return (model(x).argmax(dim=1) == y).float().mean().item()


def train(model, x, y, validation):
    """Train the model; return the accuracy on the validation digits after each epoch."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    reached = []
    for _ in range(EPOCHS):
        model.train()
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()
        reached.append(accuracy(model, *validation))
    return reached


def main(seed):
    torch.manual_seed(seed)
    (x, y), validation = load(seed)
    model = network()
    print("validation accuracy of each epoch:", *(f"{value:.2f}" for value in train(model, x, y, validation)))
    print("and the last network three times:", *(f"{accuracy(model, *validation):.3f}" for _ in range(3)))


if __name__ == "__main__":
    main(SEED)
