"""The training loop: batches, zero_grad, forward, backward, step, and an honest evaluation.

An epoch is one pass over all N examples, in a new random order, in batches of B. Every example comes once; where B does
not divide N, the last batch is smaller. For each batch:

    zero_grad     layers add to their gradients: what the batch before has left must go
    forward       the scores, and from them the loss
    backward      the gradient of the loss for every parameter
    step          the optimizer moves every parameter against its gradient

The loss of an epoch is the mean over its N examples. A mean of the batches' means would let an example in the small last
batch count more than the others:

    loss = sum over batches of (mean loss of the batch, times the examples in it) / N

Some layers act differently in training: dropout sets numbers to zero at random. So training switches the mode on, and
evaluation switches it off. Evaluation changes nothing else: no backward, no step.

A network, an optimizer and a loss are here already. Your part comes after them: batches, train_epoch, evaluate.
"""

import numpy as np


class Network:
    """A linear layer behind dropout: x (N, I), weight (K, I), bias (K,) -> logits (N, K)."""

    def __init__(self, weight, bias, rate=0.5, seed=0):
        self.weight, self.bias = weight, bias
        self.dweight, self.dbias = np.zeros_like(weight), np.zeros_like(bias)
        self.rate, self.rng = rate, np.random.default_rng(seed)
        self.training = True  # the mode: whether dropout acts

    def zero_grad(self):
        self.dweight[...] = 0
        self.dbias[...] = 0

    def forward(self, x):
        if self.training:
            x = x * (self.rng.random(x.shape) >= self.rate) / (1 - self.rate)
        self.x = x
        return x @ self.weight.T + self.bias

    def backward(self, dlogits):
        self.dweight += dlogits.T @ self.x
        self.dbias += dlogits.sum(axis=0)


class SGD:
    """Plain gradient descent for a network."""

    def __init__(self, network, lr):
        self.network, self.lr = network, lr

    def step(self):
        self.network.weight -= self.lr * self.network.dweight
        self.network.bias -= self.lr * self.network.dbias


def cross_entropy(logits, labels):
    """Return the mean loss over the rows, a number, and its gradient dlogits (N, K)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(labels))
    dlogits = np.exp(log_p)
    dlogits[rows, labels] -= 1
    return -log_p[rows, labels].mean(), dlogits / len(labels)


def batches(n, size, rng):
    """Yield the row numbers of each batch: all from 0 to n - 1 once, in random order, at most ``size`` at a time.

    Draw the order with rng.permutation(n), once a call: then your numbers can be compared.
    """
    # your code
    order = rng.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]
    # end of your code


def train_epoch(network, optimizer, x, labels, size, rng):
    """Train for one epoch on x (N, I) and labels (N,), and return the mean loss over its N examples."""
    # your code
    network.training = True
    total = 0.0
    for rows in batches(len(x), size, rng):
        network.zero_grad()
        logits = network.forward(x[rows])
        loss, dlogits = cross_entropy(logits, labels[rows])
        network.backward(dlogits)
        optimizer.step()
        total += loss * len(rows)
    return total / len(x)
    # end of your code


def evaluate(network, x, labels, size):
    """Return the mean loss and the accuracy over the N examples, ``size`` at a time and in order: no rng here."""
    # your code
    network.training = False
    total, right = 0.0, 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network.forward(x[rows])
        loss, _ = cross_entropy(logits, labels[rows])
        total += loss * len(logits)
        right += (logits.argmax(axis=1) == labels[rows]).sum()
    return total / len(x), right / len(x)
    # end of your code
