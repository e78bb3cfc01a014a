"""Text data sets: a text cut in two, and its characters as whole numbers."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from groundup.data.dataset import Card
from groundup.errors import UsageError


@dataclass(frozen=True, eq=False)
class Text:
    """A text for models that read one character after the other.

    Attributes
    ----------
    train, test : the two parts; ``test`` is to be looked at once, at the end.
    card : the description.
    """

    train: str = field(repr=False)
    test: str = field(repr=False)
    card: Card = field(repr=False)

    @cached_property
    def vocabulary(self) -> str:
        """Every character of either part once, in the order of their code points: number i is ``vocabulary[i]``."""
        return "".join(sorted(set(self.train) | set(self.test)))

    def encode(self, text: str) -> np.ndarray:
        """Return the number of each character, int64 (T,).

        Raises
        ------
        UsageError : a character is not in the vocabulary.
        """
        known = _code_points(self.vocabulary)
        wanted = _code_points(text)
        numbers = np.searchsorted(known, wanted)
        unknown = known[np.minimum(numbers, len(known) - 1)] != wanted
        if unknown.any():
            raise UsageError(
                f"{self.card.name} has no character {text[int(unknown.argmax())]!r}: "
                f"expected some of the {len(known)} characters {self.vocabulary!r}"
            )
        return numbers

    def decode(self, numbers: np.ndarray) -> str:
        """Return the text that :meth:`encode` turns into these numbers."""
        return "".join(self.vocabulary[i] for i in np.asarray(numbers).tolist())

    def __repr__(self) -> str:
        return f"Text({len(self.train):,} + {len(self.test):,} characters, {len(self.vocabulary)} different ones)"


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), dtype="<u4")


def cut(content: bytes, card: Card) -> Text:
    """Return the text in ``content``, cut at the number of training characters that the card names."""
    text = content.decode("ascii")
    return Text(text[: card.splits["train"]], text[card.splits["train"] :], card)
