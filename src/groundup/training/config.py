"""What can be chosen for a training run.

These dataclasses are the command line too: ``--optimizer.lr 0.01`` is the field ``lr`` of ``OptimizerConfig``, and a
field that does not exist is refused. They are also ``config.json`` in the folder of a run, see ``settings``.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import tyro

from groundup.errors import UsageError
from groundup.training.settings import KeysAndValues


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights follow the gradient."""

    name: Literal["adagrad", "adam", "adamw", "nadam", "rmsprop", "sgd"] = "adam"
    """The rule that turns gradients into steps."""
    lr: float = 0.001
    """Learning rate at its peak: what the schedule's factor is multiplied with."""
    momentum: float = 0.9
    """Share of the last step that SGD and RMSprop keep (the others have their own rule and ignore this)."""
    nesterov: bool = False
    """SGD: look ahead, take the gradient's step after the momentum's."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Adam, AdamW, NAdam: how much of the mean of the gradients, and of their squares, stays at each step."""
    eps: float = 1e-8
    """Added to the root of the mean square, so that nothing is divided by zero (SGD ignores this)."""
    weight_decay: float = 0.0
    """Pull of the weights towards zero."""
    decay: Literal["all", "matrices"] = "all"
    """What is pulled: all weights, or only those with two axes or more, not biases and scales of normalisation."""

    def __post_init__(self) -> None:
        _require(self.lr > 0, "--optimizer.lr", self.lr, "a number above 0")
        _require(0 <= self.momentum < 1, "--optimizer.momentum", self.momentum, "from 0 to below 1")
        _require(
            all(0 <= beta < 1 for beta in self.betas), "--optimizer.betas", self.betas, "two numbers from 0 to below 1"
        )
        _require(self.eps > 0, "--optimizer.eps", self.eps, "a number above 0")
        _require(self.weight_decay >= 0, "--optimizer.weight-decay", self.weight_decay, "0 or more")
        if self.nesterov and (self.name != "sgd" or self.momentum == 0):
            raise UsageError("--optimizer.nesterov is for --optimizer.name sgd with a momentum above 0.")


@dataclass(frozen=True)
class ScheduleConfig:
    """How the learning rate changes from step to step; `schedules.py` has the formulas."""

    name: Literal["constant", "cosine", "inverse-sqrt", "linear", "one-cycle", "step"] = "cosine"
    """The shape of the curve."""
    warmup: float = 0.0
    """Share of all steps in which the learning rate rises from near zero to its peak, along a line."""
    final: float = 0.0
    """Cosine and linear: where the curve ends, as a share of the peak."""
    milestones: tuple[float, ...] = (0.5, 0.75)
    """Step: after which shares of all steps the learning rate drops."""
    factor: float = 0.1
    """Step: what the learning rate is multiplied with at each milestone."""

    def __post_init__(self) -> None:
        _require(0 <= self.warmup < 1, "--schedule.warmup", self.warmup, "a share of all steps, from 0 to below 1")
        _require(0 <= self.final <= 1, "--schedule.final", self.final, "a share of the peak, from 0 to 1")
        _require(
            all(0 < share < 1 for share in self.milestones) and list(self.milestones) == sorted(self.milestones),
            "--schedule.milestones", self.milestones, "shares of all steps in order, such as 0.5 0.75",
        )  # fmt: skip
        _require(0 < self.factor <= 1, "--schedule.factor", self.factor, "a number above 0, at most 1")
        if self.name == "inverse-sqrt" and self.warmup == 0:
            raise UsageError(
                "--schedule.name inverse-sqrt needs --schedule.warmup: its curve falls from where that ends."
            )


@dataclass(frozen=True)
class ImagesConfig:
    """How images are prepared. All but `normalize` changes training batches alone, at random."""

    normalize: bool = False
    """Shift and scale each channel to mean 0 and deviation 1 over the training examples."""
    crop: int = 0
    """Pixels of a frame put around each image before its old size is cut out anywhere; 0: no such cropping."""
    flip: bool = False
    """Swap left and right in half of the images."""
    cutout: int = 0
    """Pixels along each side of a square that is covered in each image; 0: none."""
    erasing: float = 0.0
    """Share of the images in which a rectangle is covered."""
    mixup: float = 0.0
    """Alpha of the Beta distribution by which images are blended in pairs; 0: not at all."""
    cutmix: float = 0.0
    """Alpha of the Beta distribution of the rectangles pasted from another image; 0: none. Beside mixup, each batch
    takes one of the two by lot."""

    def __post_init__(self) -> None:
        _require(self.crop >= 0, "--images.crop", self.crop, "0 or more pixels")
        _require(self.cutout >= 0, "--images.cutout", self.cutout, "0 or more pixels")
        _require(0 <= self.erasing <= 1, "--images.erasing", self.erasing, "a share from 0 to 1")
        _require(self.mixup >= 0, "--images.mixup", self.mixup, "0 or more")
        _require(self.cutmix >= 0, "--images.cutmix", self.cutmix, "0 or more")


@dataclass(frozen=True)
class TextConfig:
    """How a text is cut, for models that guess the next character."""

    context: int = 128
    """Characters a window: the most that the model sees before the one it guesses."""

    def __post_init__(self) -> None:
        _require(self.context >= 1, "--text.context", self.context, "1 or more")


@dataclass(frozen=True)
class TranslationConfig:
    """How sentences are cut into tokens, and how a translation is searched for."""

    vocabulary: int = 8000
    """Pieces of words, of both languages together, that are learnt from the training part."""
    beam: int = 4
    """Beginnings of a translation that are kept at every step, when the test part is translated; 1: greedy search."""
    alpha: float = 0.6
    """How strongly the beam search makes up for length; 0 prefers short sentences."""

    def __post_init__(self) -> None:
        _require(self.beam >= 1, "--translation.beam", self.beam, "1 or more")
        _require(self.alpha >= 0, "--translation.alpha", self.alpha, "0 or more")


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run: the same configuration on the same machine gives the same weights."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")] = ""
    """Name of the model; `groundup models` lists them."""
    data: str | None = None
    """Name of the data set; `groundup data` lists them. By default mnist, tinyshakespeare or multi30k, whichever the
    model can learn from."""
    model_settings: KeysAndValues = field(default_factory=dict)
    """Settings of the model that shall differ from its own, such as width=64 depth=4."""
    epochs: int = 5
    """Passes over the training examples."""
    batch_size: int = 64
    """Examples a step."""
    accumulate: int = 1
    """Parts in which a batch is computed, one after the other: the same step from that much less memory."""
    validation: float = 0.1
    """Share of the training examples that is held out to choose the best epoch."""
    patience: int = 0
    """Stop early after so many epochs in a row without a new best; 0: never."""
    time_limit: float = 0.0
    """Minutes after which training stops, wherever it is; 0: never."""
    seed: int = 0
    """Decides the first weights, the validation split, the order of the examples and every other chance."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes alike."""
    clip: float = 0.0
    """Largest norm of the gradient of all weights together; a longer one is shortened to it. 0: no limit."""
    ema: float = 0.0
    """Average the weights over the steps, and measure and keep the average: how much of it stays at each step, such
    as 0.999. 0: no average."""
    precision: Literal["32", "bf16", "fp16"] = "32"
    """Numbers of 32 bits, or 16 where that is safe: bf16 has the range of 32 bits, fp16 needs its loss scaled."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes an accelerator if there is one."""
    strategy: Literal["ddp", "fsdp"] = "ddp"
    """What each of several processes (torchrun) holds: ddp the whole model; fsdp a share of its weights, gradients and
    optimizer state, for a model that does not fit."""
    deterministic: bool = False
    """Forbid operations whose result differs from run to run. A CPU needs no such rule, a GPU may become slower. Three
    processes or more (torchrun) need it, for the last bit, where a run is stopped and resumed."""
    compile: bool = False
    """Translate the model with torch.compile: some minutes at the start, faster steps."""
    channels_last: bool = True
    """Keep the channels of a pixel side by side in memory: convolutions are faster so, on a CPU too."""
    checkpoint_every: int = 0
    """Steps between two checkpoints within an epoch; 0: one every five minutes. The end of an epoch has its own."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    images: ImagesConfig = field(default_factory=ImagesConfig)
    text: TextConfig = field(default_factory=TextConfig)
    translation: TranslationConfig = field(default_factory=TranslationConfig)

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "--epochs", self.epochs, "1 or more")
        _require(self.batch_size >= 1, "--batch-size", self.batch_size, "1 or more")
        _require(1 <= self.accumulate <= self.batch_size, "--accumulate", self.accumulate, "1 to --batch-size parts")
        _require(0 < self.validation < 1, "--validation", self.validation, "a share between 0 and 1, such as 0.1")
        _require(self.patience >= 0, "--patience", self.patience, "0 or more epochs")
        _require(self.time_limit >= 0, "--time-limit", self.time_limit, "0 or more minutes")
        _require(self.seed >= 0, "--seed", self.seed, "0 or more")
        _require(0 <= self.label_smoothing < 1, "--label-smoothing", self.label_smoothing, "from 0 to below 1")
        _require(self.clip >= 0, "--clip", self.clip, "0 or more")
        _require(0 <= self.ema < 1, "--ema", self.ema, "from 0 to below 1, such as 0.999")
        _require(self.checkpoint_every >= 0, "--checkpoint-every", self.checkpoint_every, "0 or more steps")


def _require(holds: bool, option: str, value: Any, expected: str) -> None:
    if not holds:
        raise UsageError(f"{option} is {value}; expected {expected}.")
