"""The contestants: two linear models over counted words or letters, two networks; six settings for each."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from groundup.applications.reviews.cleaning import WORD
from groundup.applications.reviews.networks import TextNetwork

NAMES = {
    "words": "words, TF-IDF and logistic regression",
    "characters": "letters, TF-IDF and logistic regression",
    "gru": "recurrent network (GRU)",
    "transformer": "small Transformer",
}
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "words": [{"longest": n, "C": c} for n in (1, 2) for c in (1, 4, 16)],
    "characters": [{"longest": n, "C": c} for n in (4, 5) for c in (0.5, 2, 8)],
    "gru": [{"dropout": p, "learning_rate": rate} for p in (0.3, 0.5, 0.7) for rate in (2e-3, 5e-3)],
    "transformer": [{"dropout": p, "learning_rate": rate} for p in (0.1, 0.3, 0.5) for rate in (1e-3, 3e-3)],
}


@dataclass(frozen=True)
class Learner:
    """One way of learning from cleaned texts; what `fit` returns has ``decision_function``."""

    kind: str
    setting: dict[str, Any]

    def fit(self, texts: np.ndarray, labels: np.ndarray, watch: tuple[np.ndarray, np.ndarray], seed: int) -> Any:
        """Learn from texts (N,) and labels (N,); vocabulary and word weights are those of these texts alone.

        The networks choose their epoch by ``watch``, texts and labels; the linear models do not look at it.
        """
        if self.kind in ("gru", "transformer"):
            return TextNetwork(self.kind, **self.setting, seed=seed).fit(texts, labels, watch)  # pyright: ignore[reportArgumentType]
        return linear(self.kind, **self.setting).fit(texts, labels)


def linear(kind: str = "words", longest: int = 2, C: float = 8, class_weight: str | None = None) -> Pipeline:
    """Return an unfitted logistic regression over TF-IDF.

    A text becomes a vector with one number for each word, and each run of up to ``longest`` words (or, for
    ``"characters"``, of 2 to ``longest`` letters within a word): (1 + log count) · log of how rare it is among the
    training texts, scaled to length 1. Runs that stand in a single text are left out.
    """
    common: dict[str, Any] = {"lowercase": False, "sublinear_tf": True, "min_df": 2}
    if kind == "words":
        counted = TfidfVectorizer(token_pattern=WORD.pattern, ngram_range=(1, longest), **common)
    else:
        counted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, longest), **common)
    return make_pipeline(counted, LogisticRegression(C=C, max_iter=1000, class_weight=class_weight))


def telling(model: Pipeline, number: int = 12) -> dict[str, list[tuple[str, float]]]:
    """Return the words with the largest weights on either side, ``unhappy`` and ``happy``, most telling first."""
    counted, regression = (step for _, step in model.steps)
    names, weights = counted.get_feature_names_out(), regression.coef_[0]
    order = np.argsort(weights)
    return {
        "unhappy": [(str(names[i]), float(weights[i])) for i in order[::-1][:number]],
        "happy": [(str(names[i]), float(weights[i])) for i in order[:number]],
    }
