"""From sentences to tokens and back: a vocabulary of pieces of words, learnt by byte-pair encoding.

A vocabulary of whole words cannot say a word that it has not seen, and German makes new ones as it goes
(Schneemobilfahrer). Byte-pair encoding begins with single bytes, of which every text is made, and again and again
makes one piece of the two that stand side by side most often. Frequent words end as one piece, rare ones as a few,
and what was never seen is spelt. One vocabulary serves both languages: names and numbers are the same in both, and a
model can share its table of vectors.

Source
    R. Sennrich, B. Haddow and A. Birch, "Neural machine translation of rare words with subword units", ACL 2016,
    section 3.2; over bytes as in A. Radford and others, "Language models are unsupervised multitask learners", 2019,
    section 2.2. The learning is the work of the library tokenizers.
"""

from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from groundup.errors import GroundupError, UsageError
from groundup.models.decoding import BEGIN, END, PAD

SPECIAL = {PAD: "<pad>", BEGIN: "<begin>", END: "<end>"}
SMALLEST = len(SPECIAL) + 256  # every byte is a piece


class Vocabulary:
    """Pieces of words with their numbers; :meth:`learn` makes one, :meth:`from_json` brings one back."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        # "<end>" in a text is five characters and no command.
        self._tokenizer.encode_special_tokens = True

    @classmethod
    def learn(cls, sentences: Iterable[str], size: int) -> "Vocabulary":
        """Return a vocabulary of at most ``size`` pieces, the most useful ones for these sentences.

        The same sentences give the same vocabulary. It is smaller than ``size`` if no two pieces stand side by side
        twice.
        """
        if size < SMALLEST:
            raise UsageError(
                f"--translation.vocabulary is {size}; expected {SMALLEST} or more: the 256 bytes, of which every text "
                f"is made, and {len(SPECIAL)} tokens that are no text."
            )
        tokenizer = Tokenizer(models.BPE())
        tokenizer.normalizer = normalizers.NFC()  # an umlaut may be typed as one or as two
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=2,
            special_tokens=[SPECIAL[number] for number in sorted(SPECIAL)],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator(sentences, trainer)
        return cls(tokenizer)

    @classmethod
    def from_json(cls, text: str) -> "Vocabulary":
        """Return the vocabulary that :meth:`to_json` wrote."""
        try:
            return cls(Tokenizer.from_str(text))
        except Exception as error:  # the library's errors are plain Exceptions
            raise GroundupError(f"This is no vocabulary: {error}") from error

    def to_json(self) -> str:
        """Return all there is to know about this vocabulary, in one line."""
        return self._tokenizer.to_str()

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def encode(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return the tokens of each sentence, without BEGIN and END; an empty sentence has none."""
        try:
            texts = [sentence.strip() for sentence in sentences]
            return [code.ids if text else [] for text, code in zip(texts, self._tokenizer.encode_batch(texts))]
        except (TypeError, UnicodeError):
            wrong = next(text for text in sentences if not _is_unicode(text))
            raise UsageError(f"{wrong!r} is not text: it holds bytes that are not UTF-8.") from None

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the sentence of these tokens; PAD, BEGIN and END say nothing."""
        return self._tokenizer.decode(list(tokens), skip_special_tokens=True).strip()

    def pieces(self, tokens: Sequence[int]) -> list[str]:
        """Return each token as a reader sees it: ``·ung`` continues the word before, END is ``<end>``.

        A piece that is no whole character is shown as its number.
        """
        return [SPECIAL.get(token) or self._piece(token) for token in tokens]

    def _piece(self, token: int) -> str:
        text = self._tokenizer.decode([token])
        if not text.isprintable() or "\ufffd" in text:  # \ufffd stands for bytes that are no character by themselves
            return f"<{token}>"
        return text[1:] if text.startswith(" ") else f"·{text}"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeError:
        return False
    return True
