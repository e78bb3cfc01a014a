"""Movie reviews: 10,662 sentences about films, half of them for and half against, downloaded once."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from groundup.data import download
from groundup.data.dataset import Card, File

CARD = Card(
    name="movie-reviews",
    title="sentences about films, for or against",
    about=(
        "Sentences from reviews of films, in lower case: 5,331 of reviews that were marked fresh, then 5,331 of "
        "reviews that were marked rotten. The mark is the review's, not the sentence's: some say nothing, or the "
        "opposite. The files are in Windows-1252, and read as UTF-8 they fail. Read as Latin-1, 23 characters that "
        "were three dots become line ends (U+0085) for str.splitlines, which tears 22 sentences apart: lines end at "
        "\\n and nowhere else. There is no given test part. The original archive (rt-polaritydata.tar.gz on the page "
        "of the source) holds these two files; they are fetched from a repository that has them unpacked."
    ),
    splits={"all": 10_662},
    shape="sentence",
    classes=("for", "against"),
    licence="none stated in the files",
    source="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
    citation=(
        "B. Pang and L. Lee (2005). Seeing stars: exploiting class relationships for sentiment categorization with "
        "respect to rating scales. Proceedings of ACL, 115-124."
    ),
    obtained="download",
    files=(
        File("rt-polarity.pos", 626_139, "2da124ec187a9d5a29c9f04e91c540e02baed5af8868f550a26bd6fd4dbf8bf0"),
        File("rt-polarity.neg", 612_256, "4ace77d558c3714723843f1d65b60c01e3417b208180f0728808d76ad0eeeaca"),
    ),
    urls=("https://raw.githubusercontent.com/yoonkim/CNN_sentence/master/",),
)


@dataclass(frozen=True, eq=False)
class Reviews:
    """Texts and what they say: ``labels[i]`` is 0 if ``texts[i]`` is for the film and 1 if it is against it."""

    texts: tuple[str, ...] = field(repr=False)
    labels: np.ndarray = field(repr=False)
    card: Card = field(repr=False)

    def __repr__(self) -> str:
        return f"Reviews({len(self.texts):,} texts)"


def is_present() -> bool:
    """Whether the files lie in the data folder (their checksums are not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download what is missing, check all, return the folder."""
    return download.fetch(CARD)


def load() -> Reviews:
    """Return the sentences, those for a film first; the first time, download them."""
    return decode(download.read(CARD), CARD)


def decode(contents: list[bytes], card: Card) -> Reviews:
    """Return the lines of two files in Windows-1252 without the blanks around them, first file 0 and second 1."""
    lines = [content.decode("cp1252").removesuffix("\n").split("\n") for content in contents]
    texts = tuple(line.strip() for part in lines for line in part)
    return Reviews(texts, np.repeat([0, 1], [len(part) for part in lines]), card)
