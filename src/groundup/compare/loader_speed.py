"""``groundup bench loader``: how long a batch of images takes to make, beside the training step that waits for it.

The images are random bytes in the shape that the model reads: what is in them changes nothing in the time. Each kind of
batch, and the step, runs in a process of its own, see ``turns.py``.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from rich.table import Table
from torch import optim

from groundup import models
from groundup.compare.machine import machine
from groundup.compare.turns import take_turns
from groundup.console import out, print_json, progress
from groundup.data import Card, Dataset, ImageSplit
from groundup.errors import UsageError
from groundup.training.config import ImagesConfig, TrainConfig
from groundup.training.randomness import BATCH, generator
from groundup.training.tasks import make_task

IMAGES = 20_000  # more than the processor's cache holds, so that a batch comes from memory as in training
BATCH_SIZE = 128
MODEL = "resnet20"

KINDS = {
    "plain": ("rows picked, bytes to floats", ImagesConfig()),
    "moved": ("+ crop, flip, normalise", ImagesConfig(normalize=True, crop=4, flip=True)),
    "mixed": (
        "+ cutout, erasing, mixup or cutmix",
        ImagesConfig(normalize=True, crop=4, flip=True, cutout=8, erasing=0.25, mixup=0.2, cutmix=1.0),
    ),
}


@dataclass(frozen=True)
class LoaderTiming:
    """Medians over rounds, in milliseconds a batch."""

    model: str
    batch_size: int
    threads: int
    rounds: int
    batch_ms: dict[str, float]  # kind of batch -> time to make one
    step_ms: float  # forward, backward and update on one batch

    def images_a_second(self, kind: str) -> float:
        return 1e3 * self.batch_size / self.batch_ms[kind]

    def share(self, kind: str) -> float:
        """What a batch takes, as a share of the step; if it is small, no second process need make batches."""
        return self.batch_ms[kind] / self.step_ms

    def to_dict(self) -> dict[str, Any]:
        more = {kind: {"images_a_second": self.images_a_second(kind), "share": self.share(kind)} for kind in KINDS}
        return asdict(self) | {"kinds": more, "step_images_a_second": 1e3 * self.batch_size / self.step_ms}


def measure(
    model: str,
    batch_size: int = BATCH_SIZE,
    threads: int = 2,
    rounds: int = 11,
    seconds_a_round: float = 0.4,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
) -> LoaderTiming:
    """Time every kind of batch and a training step of ``model``.

    Raises
    ------
    UsageError : no such model, or one that does not read images.
    GroundupError : a process died.
    """
    if models.describe(model).task != "images":
        raise UsageError(f"{model} does not read images, and only batches of images are altered while they are made.")
    commands = {
        kind: ["-m", "groundup.compare.loader_worker", model, kind, str(batch_size), str(threads), str(seed)]
        for kind in (*KINDS, "step")
    }
    step = commands.pop("step")
    # Not in turns with each other: a turn of as many steps as batches would take minutes.
    batches = take_turns(commands, rounds, seconds_a_round, "batches", report)
    steps = take_turns({"step": step}, rounds, seconds_a_round, f"{model} step", report)
    return LoaderTiming(
        model=model,
        batch_size=batch_size,
        threads=threads,
        rounds=rounds,
        batch_ms=batches.milliseconds,
        step_ms=steps.milliseconds["step"],
    )


def run(names: tuple[str, ...], rounds: int, threads: int, seed: int, json: bool) -> None:
    """Measure with the models that were named, or with one small network, and print tables or one JSON document."""
    with progress.status("starting") as status:
        timings = [
            measure(name, threads=threads, rounds=rounds, seed=seed, report=status.update) for name in names or (MODEL,)
        ]
    if json:
        print_json({"machine": machine(), "loader": [timing.to_dict() for timing in timings]})
    else:
        for timing in timings:
            out.print(table(timing))


def table(timing: LoaderTiming) -> Table:
    """Return a timing as a table for the terminal."""
    title = f"A batch of {timing.batch_size} images for {timing.model}, median of {timing.rounds} rounds"
    view = Table(title=title, title_justify="left")
    for heading in ("", "ms", "images/s", "share of a step"):
        view.add_column(heading, justify="right" if heading else "left")
    for kind, (about, _) in KINDS.items():
        view.add_row(
            about, f"{timing.batch_ms[kind]:.2f}", f"{timing.images_a_second(kind):,.0f}", f"{timing.share(kind):.1%}"
        )
    view.add_section()
    view.add_row("a training step", f"{timing.step_ms:.1f}", f"{1e3 * timing.batch_size / timing.step_ms:,.0f}", "")
    return view


def make_step(model: str, kind: str, batch_size: int, seed: int) -> Callable[[], Any]:
    """Return what a process repeats: making one batch of the given kind, or a training ``step`` on the same batch."""
    card = models.describe(model)
    images = KINDS["plain" if kind == "step" else kind][1]
    config = TrainConfig(model=model, data="random", batch_size=batch_size, seed=seed, device="cpu", images=images)
    task = make_task(config, torch.device("cpu"), _random_images(card.config, seed))
    order = torch.randperm(task.sizes["training"], generator=generator(seed)).split(batch_size)
    count = 0

    def make_batch() -> Any:
        nonlocal count
        count += 1
        return task.batch("training", order[count % (len(order) - 1)], generator(seed, BATCH, count))

    if kind != "step":
        return make_batch

    torch.manual_seed(seed)
    network = models.create(model, classes=len(task.classes)).train()  # type: ignore[attr-defined]  # images have them
    optimizer = optim.SGD(network.parameters(), lr=1e-3, momentum=0.9)
    batch = make_batch()

    def step() -> None:
        optimizer.zero_grad()
        task.loss(network, batch).backward()
        optimizer.step()

    return step


def _random_images(config: Any, seed: int) -> Dataset:
    """Return a data set of random bytes in the shape that a model reads."""
    rng = np.random.default_rng(seed)
    side = config.image_size
    count = max(2 * BATCH_SIZE, IMAGES * 32 * 32 // side**2)  # of large images fewer fill the memory
    classes = tuple(str(label) for label in range(10))

    def part(rows: int) -> ImageSplit:
        pixels = rng.integers(0, 256, (rows, config.in_channels, side, side), dtype=np.uint8)
        return ImageSplit(pixels, np.arange(rows) % len(classes), white=255)

    card = replace(_CARD, splits={"train": count, "test": len(classes)}, classes=classes)
    return Dataset(part(count), part(len(classes)), classes, card)


_CARD = Card(
    name="random", title="noise", about="random bytes", splits={}, shape="image", classes=(), licence="none",
    source="none", citation="none", obtained="bundled", files=(),
)  # fmt: skip
