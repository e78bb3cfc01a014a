"""The model card of the review study."""

from typing import Any

from groundup.applications.model_card import ModelCard


def card(result: dict[str, Any]) -> ModelCard:
    """Return the card of the model that is kept, the better of the two linear ones on validation."""
    contest, facts = result["contest"], result["data"]
    kind = max(("words", "characters"), key=lambda name: contest["validation"][name]["mean"])
    test, dirt = contest["metrics"][kind], facts["dirt"]
    setting = ", ".join(f"{name} {value}" for name, value in result["chosen"][kind].items())
    return ModelCard(
        model=(
            f"{result['names'][kind].capitalize()} ({setting}), the better of two linear models on validation. Both, "
            f"and two networks, had {len(result['trials'][kind])} trials each. A network is never kept."
        ),
        data=(
            f"{facts['parts']['train']['reviews']:,} English reviews of food from one web shop, until October 2012, "
            f"one for each product; {dirt['markup']:,} of the {facts['reviews']:,} held markup. Who wrote them is "
            "unknown, and whoever did not write is not there."
        ),
        licence=(
            f"{facts['licence']}, as its DESCRIPTION says; the terms of the shop and of the reviewers are not "
            "restated there."
        ),
        intended_use="To learn from: what dirt, copies and a rare class do, and what counting words can do.",
        not_for=(
            "Judging a seller, a product or a person by single reviews; texts of another kind, language or time; "
            "finding faked reviews, of which nothing is known here."
        ),
        limits=[
            "“Unhappy” means fewer than five stars: a friendly four is among them. What reads like a mistake of the "
            "model is often a mistake of the label.",
            "It counts words and short runs of them. Irony, comparisons with another product, and “not” far from its "
            "word are beyond it.",
            f"Of the unhappy test reviews it misses {1 - test['recall']['mean']:.0%}, and "
            f"{1 - test['precision']['mean']:.0%} of those that it flags are of happy customers.",
            "The words are those of food. A word that was not in two training reviews does not exist for it.",
            "The threshold is for as many unhappy reviews as there were: where they are rarer or dearer, choose anew.",
        ],
        harm=(
            "A complaint that is not found is not answered; some are about spoiled food or allergies. A seller whose "
            "reviews are taken for complaints may be punished for words."
        ),
    )
