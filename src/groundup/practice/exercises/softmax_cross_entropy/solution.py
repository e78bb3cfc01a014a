"""Softmax and cross-entropy: from scores to a loss, and back.

A classifier gives each of K classes a score, the logits (N, K). Softmax turns a row of scores into probabilities:

    p[n, k] = exp(z[n, k]) / sum over j of exp(z[n, j])

exp(1000) is infinite, so subtract the largest score of each row first: that changes nothing, since it cancels.

Cross-entropy is the surprise at the true class, averaged over the batch, in nats:

    loss = mean over n of  -log p[n, y[n]]

Take the logarithm before the division: log p = z - max - log(sum of exp(z - max)). Then a probability that rounds to
zero does no harm.

The gradient of the two together is simple. With one-hot rows e (1 at the true class, 0 elsewhere):

    dlogits = (p - e) / N
"""

import numpy as np


def softmax(logits):
    """Return probabilities (N, K); each row sums to 1. Must not overflow at logits of 1000."""
    # your code
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
    # end of your code


def cross_entropy(logits, labels):
    """Return the mean loss over the batch, a number, for logits (N, K) and labels (N,) from 0 to K - 1."""
    # your code
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()
    # end of your code


def cross_entropy_backward(logits, labels):
    """Return dlogits (N, K), the gradient of the mean loss."""
    # your code
    dlogits = softmax(logits)
    dlogits[np.arange(len(labels)), labels] -= 1
    return dlogits / len(labels)
    # end of your code
