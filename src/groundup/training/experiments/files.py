"""The files of experiments, in TOML: every key and every value is checked before anything runs.

The choices have the names that they have on the command line of ``groundup train``::

    [base]                                  # what all runs have in common
    model = "lenet"
    data = "digits"
    optimizer.lr = 0.01

    [space]                                 # a sweep: what the search chooses
    optimizer.lr = { low = 1e-4, high = 0.1, log = true }
    batch_size = [16, 32, 64]

    [choices]                               # an ablation: how named runs differ from the base
    "no warm-up" = { schedule.warmup = 0.0 }
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from groundup import models
from groundup.errors import GroundupError, UsageError, unknown_name
from groundup.training.config import TrainConfig
from groundup.training.settings import flat, from_dict, override
from groundup.training.tasks import DEFAULT_DATA

# Choices in which runs that are compared must agree, and why.
FIXED = {
    "data": "scores on different data can't be compared",
    "validation": "every run must be measured on as many examples",
    "seed": "the best of several seeds is the luckiest, not the best choice",
    "translation.vocabulary": "a loss per token can't be compared with one per token of another kind",
}


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    log: bool = False
    """Draw so that 0.001 to 0.01 is as likely as 0.01 to 0.1: for what acts by factors, such as a learning rate."""
    step: float | None = None
    """Only ``low``, ``low + step``, ``low + 2 step``, ..."""


@dataclass(frozen=True)
class Choice:
    """One of a few values, of any kind."""

    options: dict[str, Any]  # as it is written -> the value


Space = dict[str, Range | Choice]


@dataclass(frozen=True)
class SearchConfig:
    """How a sweep searches."""

    startup: int = 10
    """Trials that are drawn at random before the search learns from what came out; as many must be complete before one
    is ended early."""
    prune_from: int = 2
    """The first epoch after which a trial may be ended early, as its best score so far is worse than the median of the
    others at that epoch; 0: all trials have all their epochs."""

    def __post_init__(self) -> None:
        for name in ("startup", "prune_from"):
            if getattr(self, name) < 0:
                raise UsageError(f"search.{name} is {getattr(self, name)}; expected 0 or more.")


@dataclass(frozen=True)
class SweepConfig:
    """What a sweep is about."""

    base: TrainConfig
    space: Space
    search: SearchConfig


@dataclass(frozen=True)
class AblationConfig:
    """What an ablation is about."""

    base: TrainConfig
    choices: dict[str, dict[str, Any]]  # name -> what differs from the base: {"optimizer.lr": 0.1}

    def config(self, name: str, seed: int) -> TrainConfig:
        """Return the configuration of one run; the baseline is the base as it is."""
        return override(self.base, {**self.choices.get(name, {}), "seed": seed})


BASELINE = "baseline"


@dataclass(frozen=True)
class _SweepFile:
    base: dict[str, Any] = field(default_factory=dict)
    space: dict[str, Any] = field(default_factory=dict)
    search: SearchConfig = field(default_factory=SearchConfig)


@dataclass(frozen=True)
class _AblationFile:
    base: dict[str, Any] = field(default_factory=dict)
    choices: dict[str, Any] = field(default_factory=dict)


def read_sweep(path: Path) -> SweepConfig:
    """Read and check the file of a sweep.

    Raises
    ------
    GroundupError : there is no such file.
    UsageError : it is not TOML, has a key that does not exist, or a value that can't be; the message says where.
    """
    with _place(path):
        file = from_dict(_SweepFile, _read(path))
    with _place(path, "[base]"):
        base = _base(file.base)
    with _place(path, "[space]"):
        if not file.space:
            raise UsageError("there is nothing to search; expected choices, such as batch_size = [16, 32, 64].")
        space = {name: _parameter(base, name, value) for name, value in by_name(file.space).items()}
    return SweepConfig(base, space, file.search)


def read_ablation(path: Path) -> AblationConfig:
    """Read and check the file of an ablation; errors as for :func:`read_sweep`."""
    with _place(path):
        file = from_dict(_AblationFile, _read(path))
    with _place(path, "[base]"):
        base = _base(file.base)
        if "seed" in by_name(file.base):
            raise UsageError("seed has no place here: every choice runs with several seeds, see --seed and --seeds.")
    with _place(path, "[choices]"):
        if not file.choices:
            raise UsageError('there is nothing to compare; expected names, such as "no warm-up" = { ... }.')
        choices = {}
        for name, changes in file.choices.items():
            if in_file_name(name) == BASELINE:
                raise UsageError(f"{name!r} is the name of the base itself; give this one another.")
            if not isinstance(changes, dict) or not changes:
                raise UsageError(
                    f"{name!r} is {changes!r}; expected what differs, such as {{ schedule.warmup = 0.0 }}."
                )
            twin = next((other for other in choices if in_file_name(other) == in_file_name(name)), None)
            if twin:
                raise UsageError(f"{name!r} and {twin!r} would have the same folder; give one another name.")
            choices[name] = by_name(changes)
    for name, changes in choices.items():
        with _place(path, f"[choices], {name!r}"):
            for key, value in changes.items():
                check(base, key, value)
            override(base, changes)
    return AblationConfig(base, choices)


def in_file_name(name: str) -> str:
    """Return a name as part of a file's: letters and digits, with dashes between."""
    return re.sub(r"[\W_]+", "-", name.lower()).strip("-") or "choice"


def by_name(values: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Return nested tables by their names on the command line: ``{"optimizer": {"lr": 0.1}}`` has optimizer.lr."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = path + key.replace("-", "_")
        found |= by_name(value, name + ".") if isinstance(value, dict) and name in _GROUPS else {name: value}
    return found


# The choices that hold choices: model_settings, optimizer, schedule, ...
_GROUPS = {
    field.name
    for field in fields(TrainConfig)
    for default in [getattr(TrainConfig(), field.name)]
    if is_dataclass(default) or isinstance(default, dict)
}


def current(base: TrainConfig, name: str) -> Any:
    """Return what ``base`` chooses for ``name``; for a setting of the model, what the model has by default.

    Raises
    ------
    UsageError : there is no such choice.
    """
    default = models.describe(base.model).config
    known = {f"model_settings.{part.name}": getattr(default, part.name) for part in fields(default)} | flat(base)
    if name not in known:
        raise unknown_name("setting", name, known)
    return known[name]


def check(base: TrainConfig, name: str, value: Any) -> None:
    """Make sure that ``value`` is one that ``name`` can have in runs that are compared with ``base``."""
    current(base, name)
    if name in FIXED:
        raise UsageError(f"{name} must be the same in all runs: {FIXED[name]}.")
    if name == "model":
        task, other = (models.describe(model).task for model in (base.model, value))
        if task != other:
            raise UsageError(f"{value} learns another task ({other}) than {base.model} ({task}).")
    if name.startswith("model_settings."):
        default = models.describe(base.model).config
        whole = {part.name: getattr(default, part.name) for part in fields(default)}
        from_dict(type(default), whole | {name.partition(".")[2]: value}, "model_settings.")
    override(base, {name: value})


def _base(values: dict[str, Any]) -> TrainConfig:
    base = override(TrainConfig(), by_name(values))
    if not base.model:
        raise UsageError('name a model, such as model = "lenet"; `groundup models` lists them.')
    base = replace(base, data=base.data or DEFAULT_DATA[models.describe(base.model).task])
    for name, value in base.model_settings.items():
        check(base, f"model_settings.{name}", value)
    return base


def _parameter(base: TrainConfig, name: str, value: Any) -> Range | Choice:
    """Return what a line of ``[space]`` says, after each value in it was tried with the base."""
    before = current(base, name)
    if isinstance(value, list):
        options = {_written(option): option for option in value}
        if len(options) < 2 or len(options) < len(value):
            raise UsageError(f"{name} is {value!r}; expected two or more values, all different.")
        for option in options.values():
            check(base, name, option)
        return Choice(options)
    if not isinstance(value, dict):
        raise UsageError(
            f"{name} is {value!r}; expected a list of values, or {{ low = ..., high = ... }}. What all trials have in "
            "common stands in [base]."
        )
    for end in ("low", "high"):
        if end not in value:
            raise UsageError(f"{name} has no {end}; expected {{ low = ..., high = ... }}.")
    if isinstance(before, bool) or not isinstance(before, (int, float)):
        raise UsageError(f"{name} is no number ({before!r} so far); expected a list of values.")
    found = from_dict(Range, value, f"{name}.")
    if not found.low < found.high:
        raise UsageError(f"{name} goes from {found.low:g} to {found.high:g}; expected low below high.")
    if found.log and (found.low <= 0 or found.step):
        raise UsageError(f"{name} is drawn by factors (log): low must be above 0, and there is no step.")
    if found.step is not None and found.step <= 0:
        raise UsageError(f"{name} has the step {found.step:g}; expected a number above 0.")
    for end in (found.low, found.high, *([found.low + found.step] if found.step else [])):
        check(base, name, as_kind(before, end))
    return found


def as_kind(before: Any, value: float) -> float:
    """Return a whole number as an int where ``before``, what a choice was so far, is one."""
    return int(value) if isinstance(before, int) and value == int(value) else value


def _written(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GroundupError("there is no such file. `experiments` in the source has examples.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"this is not TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise GroundupError(f"it can't be read: {error}.") from None


@contextmanager
def _place(path: Path, section: str = "") -> Iterator[None]:
    """Say where in which file a mistake is."""
    try:
        yield
    except GroundupError as error:
        raise type(error)(f"{path}{', ' * bool(section)}{section}: {error}") from None
