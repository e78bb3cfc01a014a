"""Dirty text: what a web shop, a word processor and a wrong decoding leave in it, and how to get it out again."""

import html
import re

import numpy as np
import pandas as pd

# A word keeps the apostrophe inside it: "don't" is more than "don" and "t". ! and ? are words too: people shout.
WORD = re.compile(r"\w+(?:'\w+)*|[!?]")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")  # <br />, <a href="...">; the heart <3 is none
NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
PLAIN = str.maketrans({"’": "'", "‘": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def clean(text: str) -> str:
    """Return the text as everyone writes it: no markup, no codes, plain quotes, single blanks, lower case.

    Applied to its own result it changes nothing. New reviews must go the same way as those the model learned from.
    """
    while (cleaner := _clean_once(text)) != text:  # &amp;quot; was encoded twice
        text = cleaner
    return text


def _clean_once(text: str) -> str:
    text = NOT_ASCII.sub(lambda found: _decode_again(found[0]), html.unescape(text))
    text = TAG.sub(" ", text.translate(PLAIN))
    return " ".join(text.lower().split())


def _decode_again(letters: str) -> str:
    """Return what UTF-8 meant before it was read as Windows-1252: â€™ was ’. Anything else stays as it is."""
    try:
        raw = b"".join(letter.encode("latin-1" if letter < "\u0100" else "cp1252") for letter in letters)
        return raw.decode("utf-8")
    except UnicodeError:
        return letters


def words(text: str) -> list[str]:
    """Return the words of a cleaned text."""
    return WORD.findall(text)


def count_dirt(texts: list[str]) -> dict[str, int]:
    """Count the texts that hold each kind of dirt."""
    column = pd.Series(texts)
    kinds = {
        "markup": TAG.pattern,
        "links": r"https?://|www\.",
        "codes": r"&(?:\w+|#\d+);",
        "letters beyond ASCII": NOT_ASCII.pattern,
        "several blanks": r"\s{2,}",
        "shouting": r"\b[A-Z]{4,}\b",
    }
    return {name: int(column.str.contains(pattern, regex=True).sum()) for name, pattern in kinds.items()}


def typographic(texts: np.ndarray) -> np.ndarray:
    """Return the texts as a telephone or a word processor writes them: with ’ instead of '."""
    return np.array([text.replace("'", "’") for text in texts], dtype=object)


def saved_by_windows(texts: np.ndarray) -> bytes:
    """Return a file of texts, one a line, in Windows-1252, where three dots are one character (the byte 0x85)."""
    lines = [" ".join(text.split()).replace("...", "…") for text in texts]
    return "\n".join(lines).encode("cp1252", errors="ignore")
