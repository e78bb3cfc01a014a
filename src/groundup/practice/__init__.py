"""Practice: exercises to write by hand, checked at once, with feedback that names the cause.

>>> from groundup import practice
>>> verdict = practice.check(my_softmax)                  # doctest: +SKIP
>>> practice.explain_gradient(mine, right).message        # doctest: +SKIP

``exercise`` says what an exercise is, ``exercises`` holds them, ``sandbox`` and ``runner`` run the learner's code in a
process of its own, ``checker`` compares it with the solution, ``diagnosis`` finds the mistake behind wrong numbers,
``bug`` says what a script with a fault is, ``bugs`` holds them, ``health`` has the questions that find such faults,
``workspace`` keeps files and progress, ``command`` and ``watch`` are the command line.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundup.practice.checker import Verdict, check, check_file
    from groundup.practice.diagnosis import Explanation, explain_gradient

__all__ = ["Explanation", "Verdict", "check", "check_file", "explain_gradient"]


def __getattr__(name: str) -> Any:
    """Import on first use: the sandbox starts in this package, and should start fast."""
    if name in ("Explanation", "explain_gradient"):
        from groundup.practice import diagnosis

        return getattr(diagnosis, name)
    if name in ("Verdict", "check", "check_file"):
        from groundup.practice import checker

        return getattr(checker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
