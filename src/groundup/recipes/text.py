"""What all recipes that learn to write have in common: each predicts the next character of a text."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TextIO

import numpy as np

from groundup import data, scratch
from groundup.recipes.exhibits import Exhibit, Passage
from groundup.recipes.recipe import Array, Examples, Pair, Recipe, Result, Settings
from groundup.scratch.generation import generate
from groundup.scratch.gradcheck import as_tuple
from groundup.scratch.losses.per_token import PerToken
from groundup.scratch.models import GPT, CharRNN
from groundup.scratch.trainer import Epoch, explain_divergence


@dataclass(frozen=True, eq=False)
class TextExamples(Examples):
    """Texts as pairs: the characters (L,) as numbers, and for each the character that follows, (L,).

    Attributes
    ----------
    text : knows which number is which character.
    names : if the text is a list of names, those that are not in the test part.
    """

    text: data.Text | None = None
    names: frozenset[str] = frozenset()


class Reader(scratch.Layer):
    """A network that carries its state from one window of a text to the next; one without a state has none to carry.

    Each of several processes reads rows of its own, and carries their state.
    """

    def __init__(self, model: scratch.Layer) -> None:
        self.model = model
        self.state: Sequence[Array] = ()

    def forward(self, tokens: Array, fresh: Array) -> Array:
        """Return the logits (N, T, V) of what follows; ``fresh`` (N,) says whether the rows begin a text."""
        before = () if fresh.all() else self.state
        logits, *self.state = as_tuple(self.model(tokens, *before))
        return logits

    def backward(self, dlogits: Array) -> None:
        self.model.backward(dlogits)  # not on to the state: that is where the gradient is truncated


class TextRecipe(Recipe):
    """Train with cross-entropy and Adam, the learning rate rising and falling once; write something new.

    Attributes
    ----------
    held_out : the share of the training part, its end, that is kept for validation.
    window : T, how many characters a gradient reaches back.
    temperature : of what is written; below 1 the likely becomes likelier.
    """

    held_out = 0.1
    window = 64
    temperature = 0.8

    def examples(self, dataset: Any, rng: np.random.Generator) -> TextExamples:
        text: data.Text = dataset.as_text() if isinstance(dataset, data.Names) else dataset
        tokens = text.encode(text.train)
        # Validation begins after the end of a line, so that no name is cut in two.
        border = text.train.rindex("\n", 0, round((1 - self.held_out) * len(tokens)))
        return TextExamples(
            pair(tokens[: border + 1]),
            pair(tokens[border:]),
            pair(text.encode(text.test)),
            tuple(text.vocabulary),
            text,
            frozenset(dataset.train) if isinstance(dataset, data.Names) else frozenset(),
        )

    def windows(self, part: Pair, rows: int, rng: np.random.Generator | None) -> Iterator[Pair]:
        """Yield inputs and targets (N, T) from all of a text; in a new way each time if ``rng`` is given."""
        raise NotImplementedError

    def train(
        self,
        model: scratch.Layer,
        examples: Examples,
        settings: Settings,
        rng: np.random.Generator,
        progress: TextIO | None,
    ) -> list[Epoch]:
        scratch.keep_freed_memory()
        loss, optimizer = PerToken(scratch.CrossEntropy()), scratch.Adam(model.parameters(), lr=settings.lr)
        steps = sum(1 for _ in self.windows(examples.train, settings.batch_size, rng))  # in an epoch
        # A few more than there will be: the random start of an epoch can move one window in or out.
        total_steps = settings.epochs * (steps + 1)
        schedule = scratch.OneCycleLR(optimizer, settings.lr, total_steps) if total_steps > 10 else None
        history: list[Epoch] = []
        started = time.perf_counter()
        with scratch.DataParallel(Reader(model), loss, optimizer, settings.workers, max_norm=1.0) as parallel:
            for epoch in range(1, settings.epochs + 1):
                good, total, count = model.state_dict(), 0.0, 0
                for step, (x, y) in enumerate(self.windows(examples.train, settings.batch_size, rng), 1):
                    try:
                        value = parallel.step((x, np.full(len(x), step == 1)), y)
                    except scratch.InfiniteGradient as error:
                        model.load_state_dict(good)
                        where = f"in epoch {epoch}, step {step}"
                        raise scratch.Diverged(f"{where}, {error} (it is {optimizer.lr:g})") from None
                    if not math.isfinite(value):
                        model.load_state_dict(good)
                        raise scratch.Diverged(explain_divergence(value, epoch, step, x, optimizer.lr))
                    if schedule:
                        schedule.step()
                    total, count = total + value * y.size, count + y.size
                    if progress and progress.isatty() and (step % 10 == 0 or step == steps):
                        progress.write(f"\repoch {epoch}/{settings.epochs}  step {step}/{steps}  loss {value:.4f} ")
                        progress.flush()
                seconds = time.perf_counter() - started
                history.append(Epoch(epoch, total / count, self.measure(model, examples.validation), None, seconds))
                if progress:
                    progress.write(
                        f"{chr(13) if progress.isatty() else ''}epoch {epoch}/{settings.epochs}  training loss "
                        f"{total / count:.4f}  validation loss {history[-1].validation_loss:.4f}  {seconds:.1f} s\n"
                    )
        return history

    def measure(self, model: scratch.Layer, part: Pair, rows: int = 32) -> float:
        """Return the loss in nats a character, the mean over a whole text (but for a rest too short for a window)."""
        model.eval()
        loss, total, count, state = scratch.CrossEntropy().eval(), 0.0, 0, ()
        for x, y in self.windows(part, rows, None):
            logits, *state = as_tuple(model(x, *state))
            total += float(loss(logits.reshape(y.size, -1), y.reshape(-1))) * y.size
            count += y.size
        model.train()
        return total / count

    def test(self, model: scratch.Layer, examples: Examples, rng: np.random.Generator) -> Result:
        assert isinstance(model, (CharRNN, GPT))
        assert isinstance(examples, TextExamples)
        assert examples.text is not None
        loss, plain = self.measure(model, examples.test), frequencies_loss(examples)
        scores: dict[str, Any] = {"loss": loss, "loss_of_frequencies": plain}
        choices = math.exp(min(loss, 99))  # the perplexity; past 99 nats no number would help
        summary = (
            f"[bold]{loss:.3f}[/] nats a character on the test part: as unsure as between {choices:.1f} equally likely "
            f"characters. The frequencies of the characters alone: {plain:.3f} nats."
        )
        if examples.names:
            exhibits, said, counts = self.new_names(model, examples.text, examples.names, rng)
            return Result(scores | counts, f"{summary}\n{said}", exhibits)
        start = examples.text.encode("\n")
        written = examples.text.decode(generate(model, start, 600, temperature=self.temperature, rng=rng)[1:])
        title = f"What it writes, at temperature {self.temperature}"
        return Result(scores | {"written": written}, summary, [Passage("written", title, written)])

    def new_names(
        self, model: CharRNN | GPT, text: data.Text, known: frozenset[str], rng: np.random.Generator, count: int = 200
    ) -> tuple[list[Exhibit], str, dict[str, Any]]:
        """Let the model invent names, and count those that it cannot have learnt by heart."""
        start = np.full((count, 1), text.encode("\n")[0])
        lines = generate(model, start, 20, temperature=self.temperature, rng=rng)[:, 1:]
        names = [text.decode(line).split("\n")[0] for line in lines]
        new = [name for name in names if name not in known]
        told = f"Of {count} names that it wrote, {len(new)} are not among those it learnt from."
        counts = {"names_written": count, "names_new": len(new), "written": names}
        return [Passage("names", "New names", ", ".join(dict.fromkeys(new[:40])))], told, counts


class CharRecipe(TextRecipe):
    """A recurrent network: reads rows of text side by side, from beginning to end, and carries its state on."""

    settings: ClassVar = {
        "shakespeare_sample": Settings(epochs=8, batch_size=16, lr=0.006),
        "tinyshakespeare": Settings(epochs=2, batch_size=32, lr=0.006),
        "names": Settings(epochs=5, batch_size=32, lr=0.006),
    }
    window = 32

    def __init__(self, cell: str, kind: str) -> None:
        self.name = f"char-{cell}"
        self.about = f"{kind} that reads a text letter by letter and writes on"
        self.cell = cell

    def model(self, examples: Examples, rng: np.random.Generator) -> CharRNN:
        return CharRNN(vocabulary=len(examples.classes), cell=self.cell, hidden=128, width=32, rng=rng)

    def windows(self, part: Pair, rows: int, rng: np.random.Generator | None) -> Iterator[Pair]:
        x, y = part
        start = int(rng.integers(min(self.window, len(x) // 2))) if rng else 0  # so that the borders are elsewhere
        rows = max(1, min(rows, (len(x) - start) // self.window))
        x, y = (tokens[start : start + (len(x) - start) // rows * rows].reshape(rows, -1) for tokens in (x, y))
        for t in range(0, x.shape[1], self.window):
            yield x[:, t : t + self.window], y[:, t : t + self.window]


class GPTRecipe(TextRecipe):
    """A Transformer: reads windows in random order, each for itself."""

    name = "gpt"
    about = "small GPT that reads a text letter by letter and writes on"
    settings: ClassVar = {
        "shakespeare_sample": Settings(epochs=8, batch_size=8, lr=0.003),
        "tinyshakespeare": Settings(epochs=1, batch_size=16, lr=0.003),
        "names": Settings(epochs=4, batch_size=8, lr=0.003),
    }

    def model(self, examples: Examples, rng: np.random.Generator) -> GPT:
        return GPT(vocabulary=len(examples.classes), context=self.window, layers=2, heads=4, width=96, rng=rng)

    def windows(self, part: Pair, rows: int, rng: np.random.Generator | None) -> Iterator[Pair]:
        x, y = part
        T = min(self.window, len(x))
        start = int(rng.integers(min(T, len(x) - T + 1))) if rng else 0
        stop = start + (len(x) - start) // T * T
        yield from scratch.batches(x[start:stop].reshape(-1, T), y[start:stop].reshape(-1, T), rows, rng)


def pair(tokens: Array) -> Pair:
    return tokens[:-1], tokens[1:]


def frequencies_loss(examples: Examples) -> float:
    """Return the loss, in nats, of whoever knows only how frequent each character is in the training part."""
    counts = np.bincount(examples.train[1], minlength=len(examples.classes)) + 1  # so that none is impossible
    return float(-np.log(counts / counts.sum())[examples.test[1]].mean())
