"""What a vocabulary writes as tokens it reads back, whatever the text."""

import os
import subprocess
import sys

import pytest

from groundup.errors import GroundupError, UsageError
from groundup.models.decoding import BEGIN, END, PAD
from groundup.training.vocabulary import SMALLEST, Vocabulary

SENTENCES = [
    "Ein Mann mit einem Hut.",
    "Ein Mann mit einem roten Hut.",
    "Eine Frau mit einem Hut und ein Mann.",
    "A man with a hat.",
    "A man with a red hat.",
    "A woman with a hat and a man.",
]


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.learn(SENTENCES, 300)


@pytest.mark.parametrize(
    "text",
    [
        *SENTENCES,
        "Donaudampfschifffahrtsgesellschaft",
        "Zwei  Leerzeichen, \tein Tabulator.",
        "Привет, 世界 🙂",
        "<end> and <pad> are five characters each",
        "",
    ],
)
def test_every_text_survives_the_round_trip(vocabulary, text):
    (tokens,) = vocabulary.encode([text])
    assert vocabulary.decode(tokens) == text
    assert not {PAD, BEGIN, END} & set(tokens)
    assert all(0 <= token < len(vocabulary) for token in tokens)


def test_what_is_no_part_of_a_text_is_left_out(vocabulary):
    (tokens,) = vocabulary.encode(["A man."])
    assert vocabulary.decode([BEGIN, *tokens, END, PAD, PAD]) == "A man."
    assert vocabulary.encode(["", "  "]) == [[], []]
    assert vocabulary.encode([" A man. "]) == [tokens]


def test_frequent_words_are_one_piece_and_what_was_never_seen_is_spelt(vocabulary):
    pieces = vocabulary.pieces(vocabulary.encode(["Mann with xyz"])[0])
    assert pieces == ["Mann", "with", "", "·x", "·y", "·z"]
    assert vocabulary.pieces([BEGIN, END]) == ["<begin>", "<end>"]


def test_an_umlaut_is_the_same_however_it_was_typed(vocabulary):
    assert vocabulary.encode(["Mu\u0308tze"]) == vocabulary.encode(["M\u00fctze"])


def test_its_size_is_what_was_asked_for_or_what_the_sentences_give():
    assert len(Vocabulary.learn(SENTENCES, 280)) == 280
    assert SMALLEST < len(Vocabulary.learn(SENTENCES, 5000)) < 5000
    assert len(Vocabulary.learn(SENTENCES, SMALLEST)) == SMALLEST == 259
    with pytest.raises(UsageError, match=r"--translation\.vocabulary is 258; expected 259 or more"):
        Vocabulary.learn(SENTENCES, 258)


def test_the_same_sentences_give_the_same_vocabulary_in_every_process(vocabulary):
    code = f"from groundup.training.vocabulary import Vocabulary; print(Vocabulary.learn({SENTENCES!r}, 300).to_json())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        assert done.stdout.strip() == vocabulary.to_json()


def test_it_can_be_kept_as_text(vocabulary):
    again = Vocabulary.from_json(vocabulary.to_json())
    assert again.encode(SENTENCES) == vocabulary.encode(SENTENCES)
    assert again.decode(again.encode(["<end>"])[0]) == "<end>"
    with pytest.raises(GroundupError, match="This is no vocabulary"):
        Vocabulary.from_json("{}")


def test_bytes_that_are_no_text_are_refused(vocabulary):
    with pytest.raises(UsageError, match=r"'a\\udcff' is not text: it holds bytes that are not UTF-8"):
        vocabulary.encode(["fine", "a\udcff"])
