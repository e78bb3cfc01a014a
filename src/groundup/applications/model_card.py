"""Model cards: what a model was made from, what it is for, and what happens when it errs.

After Mitchell et al. (2019), "Model cards for model reporting": a model is handed on with the answers to the questions
that its next user should ask, and might not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundup.report import Page


@dataclass(frozen=True)
class ModelCard:
    """The card of one study's model. A study stores it among its results, as ``asdict(card)``."""

    model: str  # what it is, and how it was chosen
    data: str  # what it learned from, and what is wrong with that
    licence: str  # of the data, and where that is written
    intended_use: str
    not_for: str  # uses that suggest themselves and would go wrong
    limits: Sequence[str]  # where it is known, or must be feared, to fail
    harm: str  # who is hurt by an error, and how


def add_card(page: "Page", card: Mapping[str, Any], level: int = 2) -> "Page":
    """Add the model card to a page, as its last section."""
    page.section("Model card", "What the next user of this model should know.", level)
    lines = {
        "Model": card["model"],
        "Data": card["data"],
        "Licence": card["licence"],
        "Intended use": card["intended_use"],
        "Not for": card["not_for"],
        "Who is hurt by an error": card["harm"],
    }
    page.points([f"**{what}.** {text}" for what, text in lines.items()])
    return page.text("Where it is known, or must be feared, to fail:").points(list(card["limits"]))
