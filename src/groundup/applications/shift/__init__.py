"""What if tomorrow is not like yesterday? A case study in data that change: images that get worse, months that pass.

Where to look: ``corruptions.py`` (six ways to spoil an image), ``network.py`` (the network, and two ways to ask it),
``contest.py`` (remedies side by side), ``honesty.py`` and ``sureness.py`` (how sure it may be), ``drift.py`` and
``detection.py`` (would anybody notice?), ``months.py`` and ``month_drift.py`` (flights), ``transfer.py`` (a few
examples of something new), ``study.py`` (the whole).
"""

from groundup.applications.shift.report import add_to
from groundup.applications.shift.study import run
from groundup.applications.shift.words import sentences, summary

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "What if tomorrow is not like yesterday?"
QUESTION = (
    "A model meets data unlike its training data: how much does it lose, does it know, would anybody notice, and what "
    "helps?"
)
