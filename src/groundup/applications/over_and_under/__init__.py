"""Too simple, or too clever? A case study in under- and overfitting: one data set, one knob at a time.

Where to look: ``sample.py`` (what one training run sees), ``network.py`` (one run, by hand in NumPy), ``knobs.py``
(capacity, data, epochs, weight decay, dropout, augmentation), ``variance.py`` (bias and variance by resampling),
``descent.py`` (double descent), ``twin.py`` (the same network in PyTorch), ``contest.py`` (the choice, and the test).
"""

from groundup.applications.over_and_under.report import add_to, sentences, summary
from groundup.applications.over_and_under.study import run

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "Too simple, or too clever?"
QUESTION = "When does a network learn too little, when too much, and which knob does what about it?"
