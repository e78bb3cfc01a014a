"""Tiny Shakespeare: 1.1 million characters of Shakespeare's plays, downloaded once."""

from pathlib import Path

from groundup.data import download
from groundup.data.dataset import Card, File
from groundup.data.text import Text, cut

CARD = Card(
    name="tinyshakespeare",
    title="plays of Shakespeare",
    about=(
        "Speeches from plays of William Shakespeare, each under the name of who speaks, in 40,000 lines. The training "
        "part is the first nine tenths, the test part the last tenth: most of The Taming of the Shrew and what there "
        "is of The Tempest. So the test part has names and words that training never saw."
    ),
    splits={"train": 1_003_854, "test": 111_540},
    shape="character",
    classes=(),
    licence="public domain",
    source="https://github.com/karpathy/char-rnn",
    citation="A. Karpathy (2015). The unreasonable effectiveness of recurrent neural networks.",
    obtained="download",
    files=(File("input.txt", 1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"),),
    urls=("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/",),
)


def is_present() -> bool:
    """Whether the file lies in the data folder (its checksum is not looked at)."""
    return download.is_present(CARD)


def fetch() -> Path:
    """Download the file if it is missing, check it, return the folder."""
    return download.fetch(CARD)


def load() -> Text:
    """Return the text; the first time, download it."""
    (content,) = download.read(CARD)
    return cut(content, CARD)
