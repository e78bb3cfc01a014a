"""What to watch next? A case study in ranking: 100,000 ratings, most films unknown to most people, and time.

The road: turn stars into films that were liked, divide each person's ratings by time; make the common mistakes on
purpose, and measure what each pretends; then rank all films, from the most popular to embeddings, each learner with the
same budget; look at whom and at which films the lists serve; and judge by the top of the list, against every film that
was not rated, with intervals over people.
"""

from groundup.applications.recommend.report import add_to, sentences, summary
from groundup.applications.recommend.study import run

__all__ = ["QUESTION", "TITLE", "add_to", "run", "sentences", "summary"]

TITLE = "What to watch next?"
QUESTION = "From what people have liked so far: which of thousands of films will they go on to like?"
