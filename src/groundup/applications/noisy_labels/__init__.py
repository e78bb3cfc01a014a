"""Who labelled this? A case study in wrong labels: images whose labels are made wrong in known ways.

Where to look: ``network.py`` (the network, a robust loss, co-teaching), ``finding.py`` (the search for wrong labels),
``study.py`` (from the split to the test), ``report.py`` (the page).
"""

from groundup.applications.noisy_labels.report import add_to, sentences, summary
from groundup.applications.noisy_labels.study import run

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "Who labelled this?"
QUESTION = (
    "When a part of the labels is wrong: what does a network learn, what helps, and which labels are the wrong ones?"
)
