"""Translate sentences with a trained model: from text to text."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from groundup.models.decoding import BEGIN, END, PAD, beam_search, greedy
from groundup.training.evaluation import each
from groundup.training.vocabulary import Vocabulary


class Translator:
    """A model, its vocabulary, and how it searches.

    Parameters
    ----------
    model : a model of translation; it is used in evaluation mode.
    vocabulary : the one that it was trained with.
    device : where it computes.
    beam, alpha : see :func:`groundup.models.decoding.beam_search`; a beam of 1 is greedy search.
    """

    def __init__(
        self, model: nn.Module, vocabulary: Vocabulary, device: torch.device, beam: int = 4, alpha: float = 0.6
    ) -> None:
        self.model = _bare(model).eval()
        self.vocabulary, self.device, self.beam, self.alpha = vocabulary, device, beam, alpha

    @property
    def search(self) -> str:
        """How it searches, in words."""
        return "greedy search" if self.beam == 1 else f"beam search (beam {self.beam}, alpha {self.alpha:g})"

    def __call__(self, sentences: Sequence[str]) -> list[str]:
        """Return the translation of each sentence; of an empty one, an empty one."""
        return [self.vocabulary.decode(row) for row in self.tokens(sentences)]

    def tokens(self, sentences: Sequence[str], batch_size: int = 128) -> list[list[int]]:
        """Return the tokens of each translation.

        Sentences of nearly the same length are translated side by side; one alone gives the same but for rounding.
        """
        sources = self.vocabulary.encode(sentences)
        found: list[list[int]] = [[] for _ in sources]
        rows = sorted((row for row, source in enumerate(sources) if source), key=lambda row: len(sources[row]))
        groups = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]

        def write(group: list[int]) -> list[list[int]]:
            batch = self._table([[*sources[row], END] for row in group])
            model: Any = self.model
            return greedy(model, batch) if self.beam == 1 else beam_search(model, batch, self.beam, self.alpha)

        for group, written in zip(groups, each(self.model, write, groups)):
            for row, tokens in zip(group, written):
                found[row] = tokens
        return found

    @torch.inference_mode()
    def alignment(self, sentence: str) -> tuple[Tensor, list[str], list[str]]:
        """Return where the model looks as it translates: weights (T, S), the T pieces it writes, the S it reads.

        Row t: how much piece t of the translation took from each piece of the source. END is a piece of both.
        """
        source = [*self.vocabulary.encode([sentence])[0], END]
        target = [*self.tokens([sentence])[0], END]
        model: Any = self.model
        weights = model.alignment(self._table([source]), self._table([[BEGIN, *target[:-1]]]))
        return weights[0].float().cpu(), self.vocabulary.pieces(target), self.vocabulary.pieces(source)

    def _table(self, rows: list[list[int]]) -> Tensor:
        longest = max(map(len, rows))
        return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows], device=self.device)


def attention_figure(translator: Translator, sentence: str) -> tuple[Any, str, str]:
    """Return a picture of :meth:`Translator.alignment`, its caption, and its content in words."""
    from groundup import plots

    weights, target, source = translator.alignment(sentence)
    caption = (
        "Each row is a piece of the translation as it is written, each column a piece of the source; the darker, the "
        "more the model looks there. A dot continues a word."
    )
    alt = f"Attention of the translation {' '.join(target)} over the source {' '.join(source)}."
    return plots.attention(weights.numpy(), target, source), caption, alt


def _bare(model: nn.Module) -> nn.Module:
    """Return the model itself, without what the trainer put around it: writing takes more methods than forward."""
    return getattr(model, "module", model)
