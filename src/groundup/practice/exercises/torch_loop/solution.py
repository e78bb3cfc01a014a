"""The training loop in PyTorch.

The same four steps as in NumPy; autograd does the backward pass:

    optimizer.zero_grad()     .grad adds up: what the batch before has left must go
    loss = ...                forward, and the loss of the batch
    loss.backward()           fills .grad of every parameter
    optimizer.step()          moves every parameter

model.train() and model.eval() switch the mode: batch norm takes the statistics of the batch in training, and those that it
has collected in evaluation; dropout acts in training alone. Evaluation needs no gradients: under torch.no_grad() no graph
is kept, which saves memory and time.

F.cross_entropy(logits, y) takes logits, not probabilities, and returns the mean over the batch. The last batch may be
smaller, so the mean over all examples is

    sum over batches of (mean loss of the batch, times the examples in it) / number of examples

A loss is a tensor with its graph behind it: loss.item() is the plain number.
"""

import torch
from torch.nn import functional as F


def train_epoch(model, loader, optimizer):
    """Train for one epoch and return the mean loss over its examples, a plain number.

    loader yields batches (x, y): x (B, I) and the class numbers y (B,). B may differ from batch to batch.
    """
    # your code
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
        count += len(y)
    return total / count
    # end of your code


def evaluate(model, loader):
    """Return the mean loss and the accuracy over all examples, two plain numbers; the mode is all that may change."""
    # your code
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits = model(x)
            total += F.cross_entropy(logits, y).item() * len(y)
            right += (logits.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count
    # end of your code
