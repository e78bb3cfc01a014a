"""Part 3: case studies on real data, imperfect as it comes. Each one is a module with the same five names.

``TITLE`` and ``QUESTION`` (texts), ``run(seeds, seed, progress) -> dict`` (the results, ready for JSON),
``sentences(result)`` (the verdict in plain words), ``summary(result)`` (a table for the terminal) and
``add_to(page, result)`` (the sections of a report page). Where the model can be used on new rows, a sixth:
``final_model(result) -> SavedModel``.
"""

from importlib import import_module
from types import ModuleType

from groundup.errors import missing_package, unknown_name

# Name to one line about it: a list that can be read without loading pandas or torch.
STUDIES = {
    "loans": "Which loans go bad? One in twenty does, and 95% accuracy means nothing",
    "flights": "Which flights come late, or not at all? Half of the table is known only afterwards",
    "forecast": "How many will come? Twenty stations, gaps, and a past that must not know the future",
    "noisy-labels": "Who labelled this? What wrong labels do, what helps, and which ones they are",
    "recommend": "What to watch next? Thousands of films, and a good error in stars that ranks worse than popularity",
    "reviews": "Were they happy? Dirty texts, copies, and networks against counted words",
    "over-and-under": "Too simple, or too clever? Digits with wrong labels, and one knob at a time",
    "shift": "What if tomorrow is not like yesterday? Images get worse, months pass, and a network stays sure",
}


def study(name: str) -> ModuleType:
    """Return the module of one case study; an unknown name is answered with the nearest ones."""
    if name not in STUDIES:
        raise unknown_name("case study", name, STUDIES)
    try:
        return import_module(f"groundup.applications.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        raise missing_package(error.name or "scikit-learn", "applications") from None
