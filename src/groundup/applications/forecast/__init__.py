"""How many will come? A case study in time: gaps, seasons that change, and a past that must not know the future.

The road: turn two public data sets into panels, with gaps where the file has zeros; make the common mistakes on
purpose, and measure what each one pretends; then backtest, from the naive forecast to a Transformer, each learner with
the same budget, the settings chosen before the test, the test forecast as it would have been at the time; intervals
measured by the share that they hold.
"""

from groundup.applications.forecast.report import add_to, sentences, summary
from groundup.applications.forecast.study import run

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "How many will come?"
QUESTION = "How many riders will enter each station in the next two weeks, and how sure can one be?"
