"""Schedules: the learning rate of step t is the peak times a factor between 0 and 1, a plain function of t.

Because it depends on nothing but t, there is no state: a run that is resumed at step t goes on along the same curve.
"""

import math

from groundup.training.config import ScheduleConfig


def learning_rate_factor(config: ScheduleConfig, step: int, steps: int) -> float:
    """Return the factor of step t of T, with t = 0, ..., T - 1.

    The first W = warmup · T steps climb a line: (t + 1) / W. After them, with u = (t - W) / (T - W) in [0, 1) for
    the share of the remaining steps that is done, and f = ``final``:

    - constant: 1
    - linear: 1 - (1 - f) u
    - cosine: f + (1 - f) (1 + cos πu) / 2 (Loshchilov and Hutter 2017, "SGDR", equation 5, without restarts)
    - step: ``factor`` to the power of the number of ``milestones`` that t / T has reached
    - inverse-sqrt: √(W / (t + 1)) (Vaswani et al. 2017, equation 3, with the peak as the learning rate)
    - one-cycle: from 1/25 up to 1 along half a cosine, then down to 1/250,000 along another (Smith and Topin 2018,
      "Super-convergence"); the rise takes ``warmup`` of all steps, or three tenths if that is 0. Momentum stays.
    """
    if config.name == "one-cycle":
        rise = (config.warmup or 0.3) * steps
        if step < rise:
            return _half_cosine(1 / 25, 1, step / rise)
        return _half_cosine(1, 1 / 250_000, (step - rise) / max(steps - 1 - rise, 1))

    warmup = round(config.warmup * steps)
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(steps - warmup, 1)
    match config.name:
        case "constant":
            return 1.0
        case "linear":
            return 1 - (1 - config.final) * done
        case "cosine":
            return _half_cosine(1, config.final, done)
        case "step":
            return config.factor ** sum(step >= share * steps for share in config.milestones)
        case "inverse-sqrt":
            return math.sqrt(max(warmup, 1) / (step + 1))


def _half_cosine(start: float, end: float, share: float) -> float:
    """Go from ``start`` to ``end``, slowly at both ends."""
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1))) / 2
