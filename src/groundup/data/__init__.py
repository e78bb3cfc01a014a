"""Data sets by name, each described once, by its card.

>>> from groundup import data
>>> digits = data.load("digits")
>>> digits.train.x.shape
(1437, 1, 8, 8)

Importing this room, and loading what is bundled, needs NumPy alone. To add a data set: one module here with
``CARD``, ``is_present``, ``fetch`` and ``load``, and its name in the table below.
"""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, overload

from groundup.data import (
    chicago,
    cifar10,
    digits,
    download,
    ett,
    fashion_mnist,
    fine_foods,
    lending_club,
    loans_full_schema,
    mnist,
    movie_reviews,
    movielens,
    multi30k,
    names,
    nycflights13,
    shakespeare_sample,
    tinyshakespeare,
)
from groundup.data.dataset import Card, Dataset, File, ImageSplit, Split
from groundup.data.download import folder
from groundup.data.movie_reviews import Reviews
from groundup.data.multi30k import Pairs, Translations
from groundup.data.names import Names
from groundup.data.nycflights13 import FlightTables
from groundup.data.splitting import split
from groundup.data.text import Text
from groundup.data.unverified import NOT_ORIGINAL
from groundup.errors import UsageError, unknown_name

if TYPE_CHECKING:
    import pandas

__all__ = [
    "NOT_ORIGINAL",
    "Card",
    "Dataset",
    "File",
    "FlightTables",
    "ImageSplit",
    "Names",
    "Pairs",
    "Reviews",
    "Split",
    "Text",
    "Translations",
    "card",
    "cards",
    "fetch",
    "folder",
    "is_present",
    "load",
    "split",
    "unverified",
]

_MODULES: dict[str, ModuleType] = {
    module.CARD.name: module
    for module in (
        digits,
        shakespeare_sample,
        mnist,
        fashion_mnist,
        cifar10,
        tinyshakespeare,
        names,
        multi30k,
        lending_club,
        loans_full_schema,
        chicago,
        movielens,
        ett,
        nycflights13,
        fine_foods,
        movie_reviews,
    )
}


@overload
def load(name: Literal["digits", "mnist", "fashion_mnist", "cifar10"]) -> Dataset: ...
@overload
def load(name: Literal["shakespeare_sample", "tinyshakespeare"]) -> Text: ...
@overload
def load(name: Literal["names"]) -> Names: ...
@overload
def load(name: Literal["multi30k"]) -> Translations: ...
@overload
def load(name: Literal["movie-reviews"]) -> Reviews: ...
@overload
def load(
    name: Literal["lending_club", "loans_full_schema", "chicago", "movielens", "ett", "fine_foods"],
) -> "pandas.DataFrame": ...
@overload
def load(name: Literal["nycflights13"]) -> FlightTables: ...
@overload
def load(name: str) -> Any: ...
def load(name: str) -> Any:
    """Return a data set by name; the first time, download it if it is one that is downloaded.

    Images come as a :class:`Dataset`: ``train`` and ``test`` with ``x`` float32 in [0, 1] of shape (N, C, H, W)
    and ``y`` int64 of shape (N,). Texts come as a :class:`Text`, names as :class:`Names`: ``train`` and ``test`` as
    strings. Reviews come as :class:`Reviews`, texts with labels. Translations come as :class:`Translations`, pairs of
    sentences. A table comes as a pandas frame, tables that belong together as several (:class:`FlightTables`). Every
    load checks the checksum of every file, and says (on standard error) if one was taken that is not the original.

    Raises
    ------
    GroundupError
        The data cannot be had, or a file is broken; the message says what to do.
    UsageError
        There is no data set of that name.
    """
    module = _module(name)
    loaded = module.load()
    if others := unverified(name):
        download.say(f"{name}: {NOT_ORIGINAL} ({', '.join(others)}). Results may differ from the original's.")
    return loaded


def fetch(name: str, unverified: bool = False) -> Path:
    """Get what is missing of a data set, check all of it, and return the folder where it lies.

    ``unverified`` takes files that are whole but not the original; every later load says so.
    """
    if not unverified:
        return _module(name).fetch()
    if card(name).obtained != "download":
        raise UsageError(f"{name} is not downloaded, so there is nothing to take unverified.")
    return download.fetch(card(name), unverified=True)


def unverified(name: str) -> tuple[str, ...]:
    """Return the names of the files of a data set that were taken although they are not the original.

    Nothing is known of data that are not of this room: then, as for all others, there are none.
    """
    return download.unverified(card(name)) if name in _MODULES else ()


def is_present(name: str) -> bool:
    """Whether a data set can be loaded without a download. Cheap: looks for the files, not into them."""
    return _module(name).is_present()


def card(name: str) -> Card:
    """Return the description of a data set."""
    return _module(name).CARD


def cards() -> dict[str, Card]:
    """Return the descriptions of all data sets by name, from the easiest to get."""
    return {name: module.CARD for name, module in _MODULES.items()}


def _module(name: str) -> ModuleType:
    if name not in _MODULES:
        raise unknown_name("data set", name, _MODULES)
    return _MODULES[name]
