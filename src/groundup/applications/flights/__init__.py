"""Which flights come late, or not at all? A case study in time: what was known when, and what only looks as if it was.

The road: decide what is to be predicted and at which moment; compute every feature as of that moment (`knowledge`);
split by time; try three learners with equal budgets, and the flight number encoded in every way (`encoding`,
`learners`); show what the usual mistakes promise and what they deliver (`mistakes`); measure on the last two months,
once (`study`). The network reads its batches from the disk (`stream`).
"""

from groundup.applications.flights.report import add_to
from groundup.applications.flights.study import run
from groundup.applications.flights.words import sentences, summary

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "Which flights come late, or not at all?"
QUESTION = (
    "From what is known two hours before its scheduled departure: will a flight from New York reach its destination "
    "more than 30 minutes late, or not at all?"
)
