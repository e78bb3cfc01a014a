"""Multi30k: 31,014 captions of photographs, each in German and in English, downloaded once."""

from dataclasses import dataclass, field
from pathlib import Path

from groundup.data import download
from groundup.data.dataset import Card, File
from groundup.errors import GroundupError

CARD = Card(
    name="multi30k",
    title="captions of photographs, German and English",
    about=(
        "English captions of photographs from Flickr, each translated into German by a professional translator who "
        "saw the caption and not the picture. The test part is test_2016_flickr. Short sentences about what "
        "people, animals and things do, so a small model learns to translate them, and nothing else. Nearly all are "
        "unlike any other: of the validation sentences one in each language is in the training part too, with "
        "another translation; of the test sentences none."
    ),
    splits={"train": 29_000, "validation": 1_014, "test": 1_000},
    shape="pair of sentences",
    classes=(),
    licence="for research use; the terms of Flickr30k apply",
    source="https://github.com/multi30k/dataset",
    citation=(
        "D. Elliott, S. Frank, K. Sima'an and L. Specia (2016). Multi30K: multilingual English-German image "
        "descriptions. Proceedings of the 5th Workshop on Vision and Language, 70-74. "
        "https://doi.org/10.18653/v1/W16-3210"
    ),
    obtained="download",
    files=(
        File("raw/train.de.gz", 2_110_398, "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72"),
        File("raw/train.en.gz", 1_801_238, "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6"),
        File("raw/val.de.gz", 75_981, "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660"),
        File("raw/val.en.gz", 63_297, "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227"),
        File(
            "raw/test_2016_flickr.de.gz",
            70_649,
            "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
        ),
        File(
            "raw/test_2016_flickr.en.gz",
            62_076,
            "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
        ),
    ),
    urls=("https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/",),
)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sentences and their translations: ``target[i]`` says in one language what ``source[i]`` says in another."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.source) != len(self.target):
            raise GroundupError(
                f"{len(self.source):,} sentences cannot be paired with {len(self.target):,} translations: "
                "expected as many lines in both files"
            )

    def __len__(self) -> int:
        return len(self.source)

    def __repr__(self) -> str:
        return f"Pairs({len(self):,})"


@dataclass(frozen=True, eq=False)
class Translations:
    """Pairs of sentences in three parts; ``test`` is to be looked at once, at the end."""

    train: Pairs
    validation: Pairs
    test: Pairs
    card: Card = field(repr=False)


def is_present() -> bool:
    """Whether the files lie in the data folder (their checksums are not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download what is missing, check all, return the folder."""
    return download.fetch(CARD)


def load() -> Translations:
    """Return the pairs, German to English; the first time, download them."""
    return pair_up(download.read(CARD), CARD)


def pair_up(contents: list[bytes], card: Card) -> Translations:
    """Return the pairs in six files: training source and target, validation source and target, test likewise."""
    sentences = [_lines(content) for content in contents]
    train, validation, test = (Pairs(source, target) for source, target in zip(sentences[::2], sentences[1::2]))
    return Translations(train, validation, test, card)


def _lines(content: bytes) -> tuple[str, ...]:
    """Return a sentence a line, without the blanks around it.

    Lines end at ``\\n`` and nowhere else: ``str.splitlines`` would also cut at rarer characters, and every pair after
    such a cut would be wrong.
    """
    return tuple(line.strip() for line in content.decode("utf-8").removesuffix("\n").split("\n"))
