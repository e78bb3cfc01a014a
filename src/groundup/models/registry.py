"""The registry: every model has a name, and whoever knows the name can build the model.

A model's file registers a builder together with the paper it implements and its default configuration:

    @register("lenet", title="LeNet-5", paper="Gradient-based learning ...", year=1998, config=LeNetConfig())
    def lenet(config: LeNetConfig) -> LeNet:
        return LeNet(config)

so that ``create("lenet", classes=3)`` builds one, and the command line and the tests find it without being told.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import torch
from torch import nn

from groundup.errors import UsageError, unknown_name
from groundup.models.published import Published

Task = Literal["images", "text", "masked_text", "translation"]
B = TypeVar("B", bound=Callable[[Any], nn.Module])


@dataclass(frozen=True)
class Card:
    """What is known of a registered model before it is built."""

    name: str
    title: str  # what the paper calls the model
    paper: str  # authors, title and venue
    year: int
    task: Task  # the kind of problem it solves, which decides what a batch and the loss are
    config: Any  # the default configuration, a frozen dataclass
    build: Callable[[Any], nn.Module]  # configuration -> model
    published: Published | None = None  # its names in the reference implementation, and where trained weights are

    @property
    def parameters(self) -> int:
        """The number of trainable parameters in the default configuration."""
        with torch.random.fork_rng(devices=[]), torch.device("meta"):  # shapes alone: no memory, no time
            return count_parameters(self.build(self.config))


_cards: dict[str, Card] = {}


def register(
    name: str,
    *,
    title: str,
    paper: str,
    year: int,
    config: Any,
    task: Task = "images",
    published: Published | None = None,
) -> Callable[[B], B]:
    """Return a decorator that files a builder under ``name``.

    Raises
    ------
    ValueError : the name is taken. Two models under one name would make every result that quotes it doubtful.
    """

    def file_under_name(build: B) -> B:
        if name in _cards:
            raise ValueError(f"The model name {name!r} is registered already, for {_cards[name].title}: choose another")
        _cards[name] = Card(name, title, paper, year, task, config, build, published)
        return build

    return file_under_name


def names() -> list[str]:
    """Return the registered names in alphabetical order."""
    return sorted(_cards)


def describe(name: str) -> Card:
    """Return the card of the model called ``name``; an unknown name is an error that suggests the nearest."""
    if name not in _cards:
        raise unknown_name("model", name, _cards)
    return _cards[name]


def create(name: str, *, pretrained: str | Path | bool = False, **overrides: Any) -> nn.Module:
    """Build the model called ``name``, with fresh random weights from torch's global generator.

    Parameters
    ----------
    name : a registered name, see :func:`names`.
    pretrained : a safetensors file to take the weights from, or True to get published ones from their public home,
        see :mod:`groundup.models.pretrained`.
    overrides : fields of the model's configuration that shall differ from the default, such as ``classes=3``.

    Raises
    ------
    UsageError : no such model, its configuration has no such field, a size is below 1, or the weights are not this
        model's.
    GroundupError : the weights could not be downloaded, or their file is damaged.
    """
    card = describe(name)
    known = [field.name for field in dataclasses.fields(card.config)]
    unknown = sorted(set(overrides) - set(known))
    if unknown:
        raise UsageError(
            f"The model {name!r} has no setting {', '.join(unknown)}; its settings are {', '.join(known)}."
        )
    for setting, value in overrides.items():
        _require_size(setting, value)
    model = card.build(dataclasses.replace(card.config, **overrides))
    if pretrained:
        from groundup.models.pretrained import load_pretrained

        load_pretrained(model, card, pretrained, overrides)
    return model


def _require_size(setting: str, value: Any) -> None:
    """Refuse a whole number below 1, also inside a tuple: in every model, whole numbers are sizes and counts."""
    if isinstance(value, (tuple, list)):
        for part in value:
            _require_size(setting, part)
    elif isinstance(value, int) and not isinstance(value, bool) and value < 1:
        raise UsageError(f"The model's setting {setting} has {value} in it; expected at least 1.")


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable numbers in ``model``; a tensor used twice counts once."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
