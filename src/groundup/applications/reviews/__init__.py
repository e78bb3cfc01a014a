"""Were they happy? A case study in texts: dirt, copies, a rare class, and networks against counted words.

The road: clean the texts (`cleaning`); find the copies, and divide so that no two are apart (`copies`, `corpus`); show
what the usual mistakes cost (`mistakes`); let two linear models and two networks compete with six trials each
(`learners`, `networks`, `contest`), with few reviews and many, and with wrong labels; ask the test part once (`study`).
"""

from groundup.applications.reviews.report import add_to
from groundup.applications.reviews.study import VIEWS, final_model, run
from groundup.applications.reviews.words import sentences, summary

__all__ = ["QUESTION", "TITLE", "VIEWS", "add_to", "final_model", "run", "sentences", "summary"]

TITLE = "Were they happy?"
QUESTION = "From what a customer wrote about food: did it get five stars, or fewer?"
