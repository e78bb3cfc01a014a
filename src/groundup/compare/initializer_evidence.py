"""The evidence for an initializer: its distribution is PyTorch's.

- ``distribution``: a two-sample Kolmogorov-Smirnov test, on 120,000 values of each, sees one distribution.
- ``moments``: mean and standard deviation agree within four standard errors.
- ``generator``: the same generator gives the same weights.
- ``gains``: for initializers that take a nonlinearity, every gain is that of ``torch.nn.init.calculate_gain``.
"""

import inspect

import numpy as np
import torch

from groundup.compare.case import InitializerCase
from groundup.compare.evidence import Evidence
from groundup.scratch import initializers

Array = np.ndarray

SHAPE = (300, 16, 5, 5)
SLOPES = (0.01, 0.3)


def examine_initializer(case: InitializerCase, seed: int = 0) -> Evidence:
    """Draw from both and compare what was drawn."""
    mine = case.draw(SHAPE, np.random.default_rng(seed))
    tensor = torch.empty(SHAPE, dtype=torch.float64)
    torch.manual_seed(seed)
    case.twin(tensor)
    theirs = tensor.numpy()

    distance, limit = distribution_distance(mine, theirs)
    again = case.draw(SHAPE, np.random.default_rng(seed))
    found = {
        "distribution": "" if distance <= limit else f"it differs from PyTorch's by {distance:.3f}",
        "moments": compare_moments(mine, theirs),
        "generator": "" if np.array_equal(mine, again) else "the same generator gives other weights",
    }
    if "nonlinearity" in inspect.signature(case.component).parameters:
        found["gains"] = compare_gains()
    checks = tuple(name for name, complaint in found.items() if not complaint)
    failures = tuple(f"{name}: {complaint}" for name, complaint in found.items() if complaint)
    twin = case.twin.__name__
    if twin == "<lambda>":  # it calls the function of torch.nn.init, whose names end in an underscore
        twin = next(name for name in case.twin.__code__.co_names if name.endswith("_"))
    note = f"distance of distributions {distance:.4f}, limit {limit:.4f}"
    note = f"{note}; {case.evidence}" if case.evidence else note
    return Evidence(case.name, "initializer", twin, None, {}, {}, checks, failures, note)


def distribution_distance(mine: Array, theirs: Array) -> tuple[float, float]:
    """Return the distance of the two empirical distribution functions, and its limit.

    Two samples of n values from one distribution stay below ``1.95 √(2/n)`` in 999 of 1,000 trials.
    """
    a, b = np.sort(mine.ravel()), np.sort(theirs.ravel())
    both = np.concatenate([a, b])
    distance = np.abs(np.searchsorted(a, both, "right") - np.searchsorted(b, both, "right")).max() / a.size
    return float(distance), float(1.95 * np.sqrt(2 / a.size))


def compare_moments(mine: Array, theirs: Array) -> str:
    """Compare mean and standard deviation; 4 standard errors are passed by chance once in 16,000 trials."""
    mine = mine.astype(np.float64)
    scale = theirs.std()
    error = 4 * np.sqrt(2 / mine.size)
    kurtosis = np.mean(((theirs - theirs.mean()) / scale) ** 4)  # the spread of a sample's variance depends on it
    complaints = []
    if abs(mine.mean() - theirs.mean()) > error * scale:
        complaints.append(f"means {mine.mean():.5f} and {theirs.mean():.5f}")
    if abs(mine.std() / scale - 1) > error * np.sqrt(kurtosis - 1) / 2:
        complaints.append(f"standard deviations {mine.std():.5f} and {scale:.5f}")
    return ", ".join(complaints)


def compare_gains() -> str:
    """Compare every gain with PyTorch's ``calculate_gain``."""
    wrong = [
        f"gain of {name}: {mine} and {right}"
        for name in initializers.GAINS
        for slope in SLOPES
        if not np.isclose(mine := initializers.gain(name, slope), right := their_gain(name, slope), rtol=1e-15)
    ]
    return ", ".join(wrong)


def their_gain(name: str, slope: float) -> float:
    return torch.nn.init.calculate_gain(name, slope if name == "leaky_relu" else None)  # pyright: ignore[reportArgumentType]
