"""A sample of Shakespeare, 100,000 characters, bundled with groundup, so that text models need no network."""

from pathlib import Path

from groundup.data.check import read_checked
from groundup.data.dataset import Card, File
from groundup.data.text import Text, cut

BUNDLE = Path(__file__).with_name("shakespeare_sample.txt")  # made by scripts/make_text_sample.py

CARD = Card(
    name="shakespeare_sample",
    title="a play of Shakespeare",
    about=(
        "The beginning of tinyshakespeare: most of the tragedy Coriolanus. The training part is the first nine tenths, "
        "the test part the last tenth, later in the same play, so it has the same speakers. Enough to learn how a play "
        "looks and many of its words; too little to learn English."
    ),
    splits={"train": 89_858, "test": 9_985},
    shape="character",
    classes=(),
    licence="public domain",
    source="https://github.com/karpathy/char-rnn",
    citation="W. Shakespeare (1623). The tragedy of Coriolanus. In the form of tinyshakespeare (A. Karpathy, 2015).",
    obtained="bundled",
    files=(File("shakespeare_sample.txt", 99_843, "b4a657aedf64a7c4dbb5201c11d9c2443df0145061c8df8c386b30266dc1f389"),),
)


def is_present() -> bool:
    """Always, unless the installation is damaged."""
    return BUNDLE.is_file()


def fetch() -> Path:
    """Check the bundled file; return the folder that holds it."""
    _read()
    return BUNDLE.parent


def load() -> Text:
    """Return the text."""
    return cut(_read(), CARD)


def _read() -> bytes:
    return read_checked(BUNDLE, CARD.files[0], "Install groundup again.")
