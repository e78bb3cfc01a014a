"""Configurations as dictionaries and files, and back: every key and every value is checked.

>>> from groundup.training import TrainConfig
>>> flat(TrainConfig(model="lenet"))["optimizer.lr"]
0.001
>>> override(TrainConfig(model="lenet"), {"optimizer.lr": 0.1}).optimizer.lr
0.1
"""

import ast
import dataclasses
import json
import types
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import tyro

from groundup.errors import GroundupError, UsageError, unknown_name

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

C = TypeVar("C", bound="DataclassInstance")


def read_config(kind: type[C], path: Path) -> C:
    """Return the configuration in a JSON file, or in ``config.json`` if ``path`` is the folder of a run.

    Raises
    ------
    GroundupError : there is no such file, or it is not JSON.
    UsageError : a key that does not exist, or a value of the wrong kind.
    """
    if path.is_dir():
        path = path / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GroundupError(f"There is no configuration {path}.") from None
    except (OSError, ValueError) as error:
        raise GroundupError(f"{path} is not a configuration in JSON: {error}") from error
    return from_dict(kind, values)


def from_dict(kind: type[C], values: Any, path: str = "") -> C:
    """Return the dataclass ``kind`` with these values; dictionaries become the dataclasses inside it.

    What is left out keeps its default. ``path`` names the place in a larger configuration, for messages.
    """
    if not isinstance(values, dict):
        raise UsageError(f"{path.rstrip('.') or 'The configuration'} is {values!r}; expected keys with values.")
    hints = get_type_hints(kind)  # without Annotated's extras: the plain types
    for key in values:
        if key not in hints:
            raise unknown_name("setting", path + key, [path + name for name in hints])
    return kind(**{key: _checked(hints[key], value, path + key) for key, value in values.items()})


def flat(config: Any, path: str = "") -> dict[str, Any]:
    """Return all choices by their names on the command line, with ``_``: ``{"epochs": 5, "optimizer.lr": 0.001}``."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), path + field.name
        if dataclasses.is_dataclass(value):
            found |= flat(value, name + ".")
        elif isinstance(value, dict):
            found |= {f"{name}.{key}": item for key, item in value.items()}
        else:
            found[name] = value
    return found


def override(config: C, changes: dict[str, Any]) -> C:
    """Return ``config`` with other values for some of its names, as :func:`flat` writes them.

    ``model_settings.width`` changes a setting of the model. ``-`` may stand for ``_``.
    """
    values = dataclasses.asdict(config)
    for name, value in changes.items():
        *groups, key = name.replace("-", "_").split(".")
        place = values
        for group in groups:
            if not isinstance(place.get(group), dict):
                raise unknown_name("setting", name, flat(config))
            place = place[group]
        place[key] = value
    return from_dict(type(config), values)


def _checked(kind: Any, value: Any, name: str) -> Any:
    """Return the value as ``kind`` wants it (lists become tuples, 1 becomes 1.0), or refuse it."""
    origin, options = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return from_dict(kind, value, name + ".")
    if origin in (Union, types.UnionType):  # X | None
        return None if value is None else _checked(options[0], value, name)
    if origin is Literal:
        if value in options:
            return value
        raise unknown_name(f"value of {name}", str(value), map(str, options))
    if origin is tuple and isinstance(value, (list, tuple)):
        kinds = options[:1] * len(value) if options[-1] is ... else options
        if len(kinds) == len(value):
            return tuple(_checked(part, item, name) for part, item in zip(kinds, value))
    elif kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    elif (origin or kind) is type(value):  # so that True is no number
        return value
    raise UsageError(f"{name} is {value!r}; expected {getattr(kind, '__name__', kind)}.")


def _key_and_value(word: str) -> tuple[str, Any]:
    key, equals, value = word.partition("=")
    if not (key and equals):
        raise ValueError(f"got {word!r}, expected KEY=VALUE, such as width=64")
    try:
        return key, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return key, value  # a word


# A dictionary on the command line: --model-settings width=64 depth=4
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
