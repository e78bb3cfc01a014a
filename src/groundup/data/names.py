"""Names: 29,494 first names, downloaded once."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from groundup.data import download
from groundup.data.dataset import Card, File
from groundup.data.text import Text

CARD = Card(
    name="names",
    title="first names",
    about=(
        "First names given to babies in the United States, in lower case, 2 to 15 letters, from the lists of the "
        "Social Security Administration for 2018. Of the file's 32,033 lines 2,539 repeat a name, given to girls and "
        "to boys; a split of the lines at random would put such names into both parts. So each name is taken once, "
        "and its checksum decides its place: about one in ten is in the test part."
    ),
    splits={"train": 26_661, "test": 2_833},
    shape="name",
    classes=(),
    licence="public domain",
    source="https://github.com/karpathy/makemore",
    citation="U.S. Social Security Administration. Popular baby names. https://www.ssa.gov/oact/babynames/",
    obtained="download",
    files=(File("names.txt", 228_145, "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d"),),
    urls=("https://raw.githubusercontent.com/karpathy/makemore/master/",),
)


@dataclass(frozen=True, eq=False)
class Names:
    """Names in an order that says nothing: ``train`` to learn from, ``test`` to be looked at once, at the end."""

    train: tuple[str, ...] = field(repr=False)
    test: tuple[str, ...] = field(repr=False)
    card: Card = field(repr=False)

    def as_text(self) -> Text:
        """Return each part as a text, a name a line, for models that read characters.

        The character ``"\\n"`` begins each part and ends each name.
        """
        train, test = ("\n" + "".join(name + "\n" for name in part) for part in (self.train, self.test))
        return Text(train, test, self.card)

    def __repr__(self) -> str:
        return f"Names({len(self.train):,} + {len(self.test):,} names)"


def is_present() -> bool:
    """Whether the file lies in the data folder (its checksum is not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download the file if it is missing, check it, return the folder."""
    return download.fetch(CARD)


def load() -> Names:
    """Return the names; the first time, download them."""
    (content,) = download.read(CARD)
    return divide(content.decode("ascii").split(), CARD)


def divide(names: list[str], card: Card) -> Names:
    """Take each name once, in an order that says nothing, and put a tenth, always the same, into the test part.

    A checksum is as good as a draw of lots, and needs no generator whose numbers could change with its version.
    """
    lots = {name: sha256(name.encode()).digest() for name in names}
    names = sorted(lots, key=lots.__getitem__)
    border = 256 // 10  # of the first byte of the checksum
    test = sum(lots[name][0] < border for name in names)
    return Names(tuple(names[test:]), tuple(names[:test]), card)
