"""Translate: read a sentence of one language, write it in another."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import data
from groundup.data import Pairs, Translations
from groundup.errors import UsageError
from groundup.models.decoding import BEGIN, END, PAD
from groundup.training.config import TrainConfig
from groundup.training.evaluation import each, evaluation_mode
from groundup.training.metrics import perplexity
from groundup.training.tasks.task import Split, Task
from groundup.training.translator import Translator, attention_figure
from groundup.training.vocabulary import Vocabulary

POOL = 100  # batches' worth of sentences that are sorted by length at a time
SHOWN = 8  # sentences in a sample and in a table


class Batch(NamedTuple):
    """Sentences side by side, filled up with PAD to the longest of each language."""

    source: Tensor  # (N, S), each with END
    target: Tensor  # (N, T), each beginning with BEGIN: what the decoder has written before each place
    labels: Tensor  # (N, T), each with END: what it is to write at each place
    counts: Tensor  # (N,), on the CPU: labels that are no PAD


class Sentences:
    """The tokens of many sentences in one table, filled up with PAD."""

    def __init__(self, tokens: list[list[int]], device: torch.device) -> None:
        self.lengths = torch.tensor([len(row) for row in tokens])  # on the CPU, where batches are cut to size
        table = torch.full((len(tokens), int(self.lengths.max())), PAD)
        for row, numbers in zip(table, tokens):
            row[: len(numbers)] = torch.tensor(numbers)
        self.table = table.to(device)

    def take(self, rows: Tensor) -> Tensor:
        """Return the sentences ``rows`` (N,), cut to the longest of them, (N, longest)."""
        return self.table[rows.to(self.table.device), : int(self.lengths[rows].max())]


class Translation(Task):
    """Pairs of sentences; the model turns source (N, S) and target (N, T) into logits (N, T, vocabulary).

    Position t of the logits is the guess of token t of the translation from the source and the tokens before t. The
    loss is the cross-entropy in nats per token, the mean over all tokens that are no filling, END included.

    A batch is filled up to its longest sentence, and filling is computed for nothing. So an epoch's sentences are
    shuffled, then sorted by length among those of 100 batches at a time, cut into batches, and the batches are
    shuffled: each pair once an epoch, beside others of nearly its length.

    The vocabulary is learnt from the training part alone. Validation is measured with greedy search, for it is
    measured often; the test part with ``--translation.beam``.
    """

    best = ("bleu", "highest")
    unit = "tokens"
    needs_predictions = True

    def __init__(self, config: TrainConfig, dataset: Any, device: torch.device) -> None:
        if not isinstance(dataset, Translations):
            known = [name for name, card in data.cards().items() if card.shape == "pair of sentences"]
            raise UsageError(
                f"{config.model} learns to translate, but the data set {config.data!r} holds no pairs of sentences. "
                f"Sets of such pairs: {', '.join(known)}."
            )
        self.device, self.label_smoothing = device, config.label_smoothing
        self.beam, self.alpha = config.translation.beam, config.translation.alpha
        self.dataset = dataset
        self.pairs: dict[str, Pairs] = {
            "training": dataset.train,
            "validation": dataset.validation,
            "test": dataset.test,
        }
        for name, pairs in self.pairs.items():
            if not len(pairs):
                raise UsageError(f"The {name} part of {config.data} is empty; expected pairs of sentences.")
        self.vocabulary = Vocabulary.learn(
            (*dataset.train.source, *dataset.train.target), config.translation.vocabulary
        )
        self.settings = {"vocabulary": len(self.vocabulary)}
        self.sizes = {name: len(pairs) for name, pairs in self.pairs.items()}
        self.source = {name: self._tokens(pairs.source) for name, pairs in self.pairs.items()}
        self.target = {name: self._tokens(pairs.target, [BEGIN]) for name, pairs in self.pairs.items()}

    def _tokens(self, sentences: tuple[str, ...], before: list[int] | None = None) -> Sentences:
        return Sentences([[*(before or []), *row, END] for row in self.vocabulary.encode(sentences)], self.device)

    def order(self, generator: torch.Generator, batch_size: int) -> Tensor:
        source, target = self.source["training"].lengths, self.target["training"].lengths
        lengths = torch.maximum(source, target) * 10_000 + source + target  # by the longer one, then by both
        shuffled = torch.randperm(self.sizes["training"], generator=generator)
        pools = [rows[lengths[rows].argsort(stable=True)] for rows in shuffled.split(POOL * batch_size)]
        batches = torch.cat(pools).split(batch_size)
        whole = [rows for rows in batches if len(rows) == batch_size]
        places = torch.randperm(len(whole), generator=generator).tolist()
        rest = batches[len(whole) :]  # a smaller batch, if there is one, stays the last: so the others stay whole
        return torch.cat([*(whole[place] for place in places), *rest])

    def padding(self, order: Tensor, batch_size: int) -> float:
        """Return which share of all places in the batches of an epoch is filling."""
        used = total = 0
        for rows in order.split(batch_size):
            for side, cut in ((self.source, 0), (self.target, 1)):  # the target loses its last token as an input
                lengths = side["training"].lengths[rows] - cut
                used += int(lengths.sum())
                total += len(rows) * int(lengths.max())
        return 1 - used / total

    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Batch:
        source, target = self.source[split].take(rows), self.target[split].take(rows)
        counts = self.target[split].lengths[rows] - 1  # all but BEGIN are to be written
        return Batch(source, target[:, :-1], target[:, 1:], counts)

    def items(self, batch: Batch) -> int:
        return int(batch.counts.sum())

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        logits = model(batch.source, batch.target)
        return F.cross_entropy(
            logits.flatten(0, 1), batch.labels.flatten(), ignore_index=PAD, label_smoothing=self.label_smoothing
        )

    def evaluate(self, model: nn.Module, split: Split) -> dict[str, Any]:
        return self.measure(model, split)[0]

    def measure(self, model: nn.Module, split: Split) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Return loss and BLEU, and the translations as tokens (N, T), each with END, filled up with PAD."""
        with evaluation_mode(model):
            loss = self._mean_loss(model, split)
            translator = self._translator(model, 1 if split == "validation" else self.beam)
            tokens = translator.tokens(self.pairs[split].source)
        translations = [self.vocabulary.decode(row) for row in tokens]
        bleu, signature = corpus_bleu(translations, self.pairs[split].target)
        scores = {
            "loss": loss,
            "perplexity": perplexity(loss),
            "bleu": bleu,
            "bleu_signature": signature,
            "search": translator.search,
        }
        return scores, {"tokens": Sentences([[*row, END] for row in tokens], torch.device("cpu")).table}

    def _translator(self, model: nn.Module, beam: int) -> Translator:
        return Translator(model, self.vocabulary, self.device, beam, self.alpha)

    def _mean_loss(self, model: nn.Module, split: Split, batch_size: int = 128) -> float:
        """Return the cross-entropy without smoothing, in nats per token."""

        def loss(rows: Tensor) -> tuple[float, int]:  # the sum over the tokens, and how many those are
            batch = self.batch(split, rows)
            logits = model(batch.source, batch.target).float()
            losses = F.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=PAD, reduction="sum")
            return float(losses), self.items(batch)

        losses, counts = zip(*each(model, loss, self.target[split].lengths.argsort(stable=True).split(batch_size)))
        return sum(losses) / sum(counts)

    def facts(self) -> dict[str, Any]:
        return {"data": self.dataset.card.name, "vocabulary": self.vocabulary.to_json()}

    def sample(self, model: nn.Module) -> str:
        """Return translations of the first validation sentences, each between its source and its reference."""
        pairs = self.pairs["validation"]
        translated = self._translator(model, self.beam)(pairs.source[:SHOWN])
        lines = (f"  {s}\n> {t}\n= {r}\n" for s, t, r in zip(pairs.source, translated, pairs.target))
        return "\n".join(lines) + "\n  source, > translation, = reference"

    def show(self, page: Any, model: nn.Module, split: Split, predictions: dict[str, Tensor]) -> None:
        """Add to the page the first translations and the worst ones, and where the model looked as it wrote two."""
        pairs = self.pairs[split]
        translated = [self.vocabulary.decode(row) for row in predictions["tokens"].tolist()]
        rows = list(zip(pairs.source, translated, pairs.target))
        headers = ("source", "translation", "reference")
        page.section("Translations", f"The first {min(SHOWN, len(rows))} of the {split} part.")
        page.table(headers, rows[:SHOWN])
        page.section("The worst", "Those that have the fewest letters in a row in common with their reference (chrF).")
        page.table(headers, worst(rows)[:SHOWN])
        page.section("Where it looks", "While it writes a piece of the translation, it looks at pieces of the source.")
        translator = self._translator(model, self.beam)
        for source in pairs.source[:2]:
            page.figure(*attention_figure(translator, source))

    def words(self, scores: dict[str, Any]) -> str:
        return f"BLEU {scores['bleu']:.2f}, loss {scores['loss']:.4f} nats per token"


def corpus_bleu(translations: list[str], references: tuple[str, ...] | list[str]) -> tuple[float, str]:
    """Return BLEU, from 0 to 100, of all translations together, and the signature that says how it was counted.

    The geometric mean of the shares of 1, 2, 3 and 4 words in a row that are in the reference too, times a penalty if
    the translations are shorter than the references (Papineni et al., "BLEU: a method for automatic evaluation of
    machine translation", ACL 2002). Counted by sacrebleu on the text as it is, upper and lower case and all: it cuts
    the words itself, so results of different systems compare (Post, "A call for clarity in reporting BLEU scores",
    WMT 2018).
    """
    from sacrebleu.metrics.bleu import BLEU

    bleu = BLEU()
    score = bleu.corpus_score(translations, [list(references)]).score
    return score, str(bleu.get_signature())


def worst(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return (source, translation, reference) in ascending order of how much a translation is like its reference.

    The measure is chrF: the F-score of the character n-grams, n = 1 to 6 (Popović, "chrF: character n-gram F-score for
    automatic MT evaluation", WMT 2015). BLEU is made for many sentences together; of one alone it is often zero.
    """
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    return sorted(rows, key=lambda row: chrf.sentence_score(row[1], [row[2]]).score)


def make(config: TrainConfig, dataset: Any, device: torch.device) -> Translation:
    """Return the task; see :func:`groundup.training.tasks.make_task`."""
    return Translation(config, dataset, device)
