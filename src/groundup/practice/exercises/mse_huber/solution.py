"""Two losses for numbers: the mean squared error and Huber's.

With the error e = prediction - target, and M numbers in all (N examples times O outputs):

    MSE    = mean of e²                                            its gradient: 2 e / M
    Huber  = mean of  e²/2              where |e| <= delta
                      delta (|e| - delta/2)   elsewhere            its gradient: e / M, but never beyond ± delta / M

MSE punishes an error ten times as large a hundred times as much, so a few wild values decide. Huber's loss is the same
curve near zero (but for the half) and a straight line further out: a wild value pulls with force delta, not more.

The mean is over all M numbers, as in PyTorch. (Huber, 1964, "Robust estimation of a location parameter".)
"""

import numpy as np


def mse(prediction, target):
    """Return the mean squared error, a number, for arrays (N, O)."""
    # your code
    return ((prediction - target) ** 2).mean()
    # end of your code


def mse_backward(prediction, target):
    """Return dprediction (N, O)."""
    # your code
    return 2 * (prediction - target) / prediction.size
    # end of your code


def huber(prediction, target, delta):
    """Return the mean Huber loss, a number."""
    # your code
    e = np.abs(prediction - target)
    return np.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta)).mean()
    # end of your code


def huber_backward(prediction, target, delta):
    """Return dprediction (N, O)."""
    # your code
    return np.clip(prediction - target, -delta, delta) / prediction.size
    # end of your code
