"""What can be chosen for a training run. These dataclasses are the command line too: ``--optimizer.lr 0.01`` is
the field ``lr`` of ``OptimizerConfig``, and a field that does not exist is refused.
"""

import ast
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import tyro

from groundup.errors import UsageError


@dataclass(frozen=True)
class OptimizerConfig:
    """How the weights follow the gradient."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    """The rule that turns gradients into steps."""
    lr: float = 0.001
    """Learning rate: the length of the first steps."""
    schedule: Literal["constant", "cosine"] = "cosine"
    """Keep the learning rate, or let it fall along half a cosine to zero at the last step."""
    momentum: float = 0.9
    """Share of the last step that SGD keeps (Adam has its own rule and ignores this)."""
    weight_decay: float = 0.0
    """Pull of the weights towards zero."""

    def __post_init__(self) -> None:
        _require(self.lr > 0, "--optimizer.lr", self.lr, "a number above 0")
        _require(0 <= self.momentum < 1, "--optimizer.momentum", self.momentum, "from 0 to below 1")
        _require(self.weight_decay >= 0, "--optimizer.weight-decay", self.weight_decay, "0 or more")


@dataclass(frozen=True)
class TextConfig:
    """How a text is cut, for models that guess the next character."""

    context: int = 128
    """Characters a window: the most that the model sees before the one it guesses."""

    def __post_init__(self) -> None:
        _require(self.context >= 1, "--text.context", self.context, "1 or more")


def _key_and_value(word: str) -> tuple[str, Any]:
    key, equals, value = word.partition("=")
    if not (key and equals):
        raise ValueError(f"got {word!r}, expected KEY=VALUE, such as width=64")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value  # a word


KeysAndValues = Annotated[
    dict[str, Any],
    tyro.constructors.PrimitiveConstructorSpec(
        nargs="*",
        metavar="[KEY=VALUE ...]",
        instance_from_str=lambda words: dict(_key_and_value(word) for word in words),
        is_instance=lambda value: isinstance(value, dict),
        str_from_instance=lambda settings: [f"{key}={value}" for key, value in settings.items()],
    ),
]


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a run: the same configuration on the same machine gives the same weights."""

    model: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="MODEL")]
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
    validation: float = 0.1
    """Share of the training examples that is held out to choose the best epoch."""
    seed: int = 0
    """Decides the first weights, the validation split and the order of the examples."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes an accelerator if there is one."""
    label_smoothing: float = 0.0
    """Share of the target that is spread over all classes alike."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    text: TextConfig = field(default_factory=TextConfig)

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, "--epochs", self.epochs, "1 or more")
        _require(self.batch_size >= 1, "--batch-size", self.batch_size, "1 or more")
        _require(0 < self.validation < 1, "--validation", self.validation, "a share between 0 and 1, such as 0.1")
        _require(self.seed >= 0, "--seed", self.seed, "0 or more")
        _require(0 <= self.label_smoothing < 1, "--label-smoothing", self.label_smoothing, "from 0 to below 1")


def _require(holds: bool, option: str, value: float, expected: str) -> None:
    if not holds:
        raise UsageError(f"{option} is {value}; expected {expected}.")
