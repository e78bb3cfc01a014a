"""Weights that others have trained: from a file of yours, or from where they were published.

>>> from groundup.models import create
>>> create("resnet18", pretrained="weights.safetensors")  # doctest: +SKIP
>>> create("resnet18", pretrained=True)                   # doctest: +SKIP

Only safetensors files are read: a header that says what lies where, and numbers. The older files of PyTorch (``.pth``,
``.bin``, ``.ckpt``) are pickles, little programs that rebuild objects; who opens one runs what its author, or whoever
came between, wrote into it.

The names in a file may be those of the reference implementation or our own (as ``groundup train`` saves them): the
mapping is the one through which the tests prove both models equal. Names and shapes must fit, all of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from torch import Tensor, nn

from groundup.errors import GroundupError, UsageError
from groundup.models.published import Mismatch, Published
from groundup.models.registry import Card

SHOWN = 5  # problems in an error message; the others are counted


def load_pretrained(model: nn.Module, card: Card, source: str | Path | bool, settings: Mapping[str, Any]) -> None:
    """Fill ``model`` with published weights.

    Parameters
    ----------
    model : of ``card``; all its tensors are replaced, or none.
    card : knows the published names, and where they are.
    source : a safetensors file, or True for the public home on the card. That is downloaded once, into the folder of
        :func:`groundup.data.folder`, and its SHA-256 compared if the card has one.
    settings : what of the model's configuration is not the default; named in the error if the weights do not fit.

    Raises
    ------
    UsageError : the card knows no public home, the file is a pickle or not there, or the weights are another model's.
    GroundupError : the download failed, or the file is damaged.
    """
    path = fetch_weights(card) if source is True else Path(str(source)).expanduser()
    theirs = read_weights(path)
    published = card.published or Published()
    attempts: list[Mismatch] = []
    for names in (published, *published.also, Published()):
        try:
            names.load(model, theirs)
            return
        except Mismatch as error:
            attempts.append(error)
    nearest = min(attempts, key=lambda error: len(error.problems))
    raise _does_not_fit(model, card, path, nearest.problems, settings)


def fetch_weights(card: Card) -> Path:
    """Download the weights that the card names, unless they are there already; return the file."""
    published = card.published or Published()
    home = next((names for names in (published, *published.also) if names.url), None)
    if home is None or home.url is None:
        raise UsageError(
            f"No public home of trained weights for {card.name} in the safetensors format is known here: "
            "give the path of a file, pretrained='weights.safetensors'."
        )
    import pooch  # both are needed for downloads alone
    import requests

    from groundup.data import folder

    known = f"sha256:{home.sha256}" if home.sha256 else None
    where = folder() / "weights" / card.name
    advice = f"or download {home.url} yourself and give its path, pretrained='...'."
    try:
        return Path(pooch.retrieve(home.url, known, "model.safetensors", where, progressbar=True))
    except (requests.RequestException, OSError) as error:  # the network's are OSErrors too: the narrower one first
        fault = type(error).__name__ if isinstance(error, requests.RequestException) else error.strerror or error
        raise GroundupError(
            f"Could not get the weights of {card.name} from {urlsplit(home.url).netloc} into {where} ({fault}): "
            f"check your network connection, {advice}"
        ) from None
    except ValueError as error:  # pooch compares the checksum before the file gets its name
        raise GroundupError(
            f"The weights of {card.name} are not the published ones: {error} Try again, {advice}"
        ) from None


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors in a safetensors file by name; a pickle is refused, whatever it is called."""
    from safetensors import SafetensorError  # needed for pretrained weights alone
    from safetensors.torch import load_file

    try:
        with path.open("rb") as file:
            start = file.read(2)
    except FileNotFoundError:
        raise UsageError(f"There is no weights file {path}.") from None
    except OSError as error:
        raise UsageError(f"Cannot read the weights file {path} ({error.strerror}).") from None
    if start == b"PK" or start[:1] == b"\x80":  # a zip archive, as torch.save writes now; a bare pickle, as it did
        raise UsageError(
            f"{path} is a pickle, and opening one runs whatever its author wrote into it: only safetensors files are "
            "read. If you trust it, convert it: state = torch.load(path, weights_only=True), then "
            "safetensors.torch.save_file(state, 'weights.safetensors')."
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise GroundupError(
            f"{path} is not a whole safetensors file: {error}. Was it cut short? Get it again."
        ) from None


def _does_not_fit(
    model: nn.Module, card: Card, path: Path, problems: list[str], settings: Mapping[str, Any]
) -> UsageError:
    """Return the error that says what is missing, left over or of another shape, and the likely cause."""
    lines = [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    default = getattr(card.config, "classes", None)
    if default is not None and settings.get("classes", default) != default:
        rest = ", ".join(f"{key}={value!r}" for key, value in settings.items() if key != "classes")
        heads = _heads(model, settings["classes"])
        cause = (
            f"Published weights tell {default} classes apart, not {settings['classes']}. Load them as they are, then "
            "give the model a new last layer:\n"
            f'  model = create("{card.name}", pretrained=...{", " + rest if rest else ""})\n'
        ) + "\n".join(f'  model.set_submodule("{name}", {layer})' for name, layer in heads.items())
    elif settings:
        named = ", ".join(f"{key}={value!r}" for key, value in settings.items())
        cause = f"Published weights are those of the default configuration; you asked for {named}."
    else:
        cause = "Are they another model's?"
    return UsageError("\n".join([f"The weights in {path} do not fit {card.name}:", *lines, cause]))


def _heads(model: nn.Module, classes: int) -> dict[str, str]:
    """Return the linear layers with an output for each class, as the code that makes them."""
    return {
        name: f"torch.nn.Linear({layer.in_features}, {classes})"
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and layer.out_features == classes
    }
