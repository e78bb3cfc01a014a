"""Schedules: how the learning rate changes during training.

Large steps cover ground, small ones settle. A schedule is a formula for the learning rate at step k = 0, 1, 2, ...
from the rate that the optimizer began with, the base.

Stairs: every ``size`` steps the rate is multiplied by gamma. The brackets mean "rounded down":

    lr = base gamma^⌊k / size⌋

Half a cosine wave, from the base at step 0 down to ``floor`` at step ``total``, and flat after that:

    lr = floor + (base - floor) (1 + cos(π k / total)) / 2

Warm-up, then cosine. Adam's running means are erratic in the first steps, so the rate first rises in a straight line,
from start · base at step 0 to the base at step ``warmup``. The half wave takes the remaining total - warmup steps:

    lr = base (start + (1 - start) k / warmup)          while k < warmup
    lr = half a wave at step k - warmup of total - warmup           then

(Loshchilov and Hutter, 2017, "SGDR", for the cosine; Goyal and others, 2017, for the warm-up.)

Last, the object that sets the rate of an optimizer. The formula wants the base, so keep it: optimizer.lr changes.
"""

import math


def stairs(k, base, size, gamma):
    """Return the learning rate at step k."""
    # your code
    return base * gamma ** (k // size)
    # end of your code


def cosine(k, base, total, floor):
    """Return the learning rate at step k; from step ``total`` on it is ``floor``."""
    # your code
    done = min(k / total, 1.0)
    return floor + (base - floor) * (1 + math.cos(math.pi * done)) / 2
    # end of your code


def warmup_cosine(k, base, warmup, total, start, floor):
    """Return the learning rate at step k; warmup is smaller than total."""
    # your code
    if k < warmup:
        return base * (start + (1 - start) * k / warmup)
    return cosine(k - warmup, base, total - warmup, floor)
    # end of your code


class Schedule:
    """Set optimizer.lr to rate(k, base): at once for step 0, and for the next step whenever ``step`` is called."""

    def __init__(self, optimizer, rate):
        """Keep what ``step`` will need, and set the rate of step 0."""
        # your code
        self.optimizer, self.rate = optimizer, rate
        self.base = optimizer.lr
        self.k = 0
        optimizer.lr = rate(0, self.base)
        # end of your code

    def step(self):
        """Go on to the next step: change optimizer.lr."""
        # your code
        self.k += 1
        self.optimizer.lr = self.rate(self.k, self.base)
        # end of your code
