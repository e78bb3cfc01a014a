"""Model a language from both sides: guess the characters of a text that were masked, as BERT does."""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.training.config import TrainConfig
from groundup.training.evaluation import each, evaluation_mode
from groundup.training.metrics import perplexity
from groundup.training.tasks import text
from groundup.training.tasks.task import Split

SHARE = 0.15  # of the characters are to be guessed
MASKED, EXCHANGED = 0.8, 0.1  # of these; the rest stays as it is
SHOWN, WIDTH = 3, 64  # windows and characters of a sample


class Batch(NamedTuple):
    """Windows of text, and what is to be guessed in them."""

    seen: Tensor  # (N, T), what the model reads
    places: Tensor  # (N, K), where it is to guess
    truth: Tensor  # (N, K), what stood there


def mask(x: Tensor, vocabulary: int, generator: torch.Generator) -> Batch:
    """Choose 15% of the places of each window, and hide what stands there.

    Of ten chosen characters eight are replaced by the mask, one by any character, and one stays (Devlin et al. 2018,
    section 3.1 and appendix A.1). The model has to guess all of them. So it never knows which of the characters that
    it reads are true, and must have an opinion on each of them from those around; a model that met nothing but
    masks would have none on a text without.

    Parameters
    ----------
    x : (N, T), the characters, numbers below ``vocabulary``.
    vocabulary : how many characters there are; the mask has the number after the last.
    generator : source of the draws, on the CPU.
    """
    N, T = x.shape
    K = max(1, round(SHARE * T))
    places = torch.rand(N, T, generator=generator).topk(K).indices.sort().values.to(x.device)
    lot = torch.rand(N, K, generator=generator).to(x.device)
    any_character = torch.randint(vocabulary, (N, K), generator=generator).to(x.device)
    truth = x.gather(1, places)
    put = torch.where(lot < MASKED + EXCHANGED, any_character, truth)
    put = put.masked_fill(lot < MASKED, vocabulary)
    return Batch(x.scatter(1, places, put), places, truth)


class MaskedLanguageModelling(text.LanguageModelling):
    """Windows of T characters, of which K are hidden; the model turns (N, T) and places (N, K) into (N, K, V + 1).

    The loss is the cross-entropy of the hidden characters, mean over all N · K, in nats. Windows are those of
    :class:`groundup.training.tasks.text.LanguageModelling`, but for a shorter last one. In training, each batch hides
    other characters; validation and test hide the same ones each time, so that epochs and runs can be compared.
    """

    unit = guesses = "hidden characters"

    def __init__(self, config: TrainConfig, dataset: Any, device: torch.device) -> None:
        super().__init__(config, dataset, device)
        self.mask = len(self.text.vocabulary)
        self.settings["vocabulary"] += 1

    def batch(self, split: Split, rows: Tensor, generator: torch.Generator | None = None) -> Any:
        x, _ = super().batch(split, rows, generator)
        return mask(x, self.mask, generator or torch.Generator().manual_seed(0))

    def items(self, batch: Any) -> int:
        return batch.truth.numel()

    def loss(self, model: nn.Module, batch: Any) -> Tensor:
        logits = model(batch.seen, places=batch.places)  # (N, K, V + 1)
        return F.cross_entropy(logits.flatten(0, 1), batch.truth.flatten(), label_smoothing=self.label_smoothing)

    def evaluate(self, model: nn.Module, split: Split, batch_size: int = 64) -> dict[str, Any]:
        draws = torch.Generator().manual_seed(0)
        take = super().batch
        windows = [take(split, rows)[0] for rows in torch.arange(self.sizes[split]).split(batch_size)]
        batches = [mask(x, self.mask, draws) for x in windows]

        def guess(batch: Batch) -> tuple[float, int]:  # the sum of the losses, and how many guesses are right
            truth = batch.truth.flatten()
            logits = model(batch.seen, places=batch.places).flatten(0, 1).float()
            return float(F.cross_entropy(logits, truth, reduction="sum")), int((logits.argmax(1) == truth).sum())

        losses, right = zip(*each(model, guess, batches))
        count = sum(map(self.items, batches))
        loss = sum(losses) / count
        return {"loss": loss, "perplexity": perplexity(loss), "accuracy": sum(right) / count}

    @torch.inference_mode()
    def sample(self, model: nn.Module) -> str:
        """Return the beginnings of a few windows of the validation split, masked, and as the model restores them."""
        rows = torch.linspace(0, self.sizes["validation"] - 1, min(SHOWN, self.sizes["validation"])).long()
        x, _ = super().batch("validation", rows)
        _, places, truth = mask(x, self.mask, torch.Generator().manual_seed(0))
        masked = x.scatter(1, places, self.mask)  # all of them, so that one sees which
        with evaluation_mode(model):
            logits = model(masked, places=places)
        logits[..., self.mask] = -torch.inf
        restored = x.scatter(1, places, logits.argmax(-1))
        pairs = [(self._line(before), self._line(after)) for before, after in zip(masked, restored)]
        right = int((restored.gather(1, places) == truth).sum())
        lines = [f"masked    {before}\nrestored  {after}\n" for before, after in pairs]
        return "\n".join([*lines, f"{right} of {truth.numel()} right, in the whole windows"])

    def _line(self, numbers: Tensor) -> str:
        letters = [*self.text.vocabulary.replace("\n", "↵"), "_"]
        return "".join(letters[number] for number in numbers[:WIDTH].tolist())

    def show(self, page: Any, model: nn.Module, split: Split, predictions: dict[str, Tensor]) -> None:
        page.section("What it restores", "Beginnings of windows of the validation split; each `_` hides a character.")
        page.code(self.sample(model))

    def words(self, scores: dict[str, Any]) -> str:
        return f"loss {scores['loss']:.4f} nats per hidden character, {scores['accuracy']:.2%} restored"


def make(config: TrainConfig, dataset: Any, device: torch.device) -> MaskedLanguageModelling:
    """Return the task; see :func:`groundup.training.tasks.make_task`."""
    return MaskedLanguageModelling(config, dataset, device)
