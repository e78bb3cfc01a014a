"""Is a difference more than noise? Two ways of training, compared seed by seed.

Two runs with the same choices and different seeds do not come out the same: other first weights, another order of the
examples, another validation split. So one run of each of two choices says little. Runs with the same seed, however,
share all that luck, or most of it: what is compared is their difference, seed by seed. If it has the same sign and
about the same size each time, it is real; if it jumps around zero, it is noise. The t-test turns that into a number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Comparison:
    """How much better a choice is than the baseline; a positive difference is a higher score."""

    seeds: int
    difference: float  # mean over the seeds
    spread: float  # standard deviation over the seeds
    low: float  # the interval in which the true difference lies, see compare()
    high: float
    p: float  # corrected for the number of comparisons

    @property
    def clear(self) -> bool:
        """Whether it is more than noise: the interval does not hold zero."""
        return self.p < 0.05


def compare(scores: ArrayLike, baseline: ArrayLike, held_out: float, comparisons: int = 1) -> Comparison:
    """Compare scores with those of the baseline; values at one place come from the same seed.

    With n differences d of mean m and sample variance s², the test statistic is

        t = m / sqrt((1/n + r) s²)

    against Student's distribution with n - 1 degrees of freedom. The plain paired t-test has r = 0; it would be right
    if the seeds were independent experiments. They are not: all learn from the same data, only split anew, so their
    differences are more alike than those of independent experiments, and the plain test would find differences where
    there are none. Nadeau and Bengio ("Inference for the generalization error", 2003) correct for that with r, the
    number of validation examples for each training example.

    Who compares m choices with a baseline looks m times for something rare, and finds it by chance m times as often.
    Hence each comparison is tested at 5% / m (Bonferroni): ``p`` is m times the test's, at most 1, and the interval has
    the level 1 - 5% / m. Then the chance that *any* of the m findings is a false one is at most 5%. Holm's procedure
    finds a little more, but has no intervals that agree with it.

    Parameters
    ----------
    scores, baseline : one score a seed.
    held_out : r, validation examples for each training example.
    comparisons : how many comparisons are made, this one among them.
    """
    differences = np.subtract(np.asarray(scores, float), np.asarray(baseline, float))
    n, mean = len(differences), float(np.mean(differences))
    if n < 2:
        raise ValueError(f"got {n} seed, expected at least 2: one difference says nothing about how much it jumps")
    spread = float(np.std(differences, ddof=1))
    error = spread * (1 / n + held_out) ** 0.5
    reach = float(stats.t.ppf(1 - 0.05 / comparisons / 2, n - 1)) * error
    if error == 0:  # the same difference with every seed
        p = 1.0 if mean == 0 else 0.0
    else:
        p = min(1.0, comparisons * 2 * float(stats.t.sf(abs(mean) / error, n - 1)))
    return Comparison(n, mean, spread, mean - reach, mean + reach, p)
