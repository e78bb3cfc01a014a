"""What a model said of each row of a split, kept beside the run as ``predictions-SPLIT.safetensors``.

The test split is measured once, when training is over. Whoever wants to know more of that measurement, which classes
were confused, which mistakes were the worst, finds it here and need not ask the model again.
"""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from groundup.errors import GroundupError
from groundup.runs import write_atomically


def save_predictions(predictions: dict[str, Tensor], folder: Path, split: str) -> None:
    """Store what :meth:`groundup.training.tasks.Task.measure` returned; nothing if it kept nothing."""
    if predictions:
        plain = {name: tensor.contiguous() for name, tensor in predictions.items()}
        write_atomically(_path(folder, split), lambda temporary: save_file(plain, temporary))


def load_predictions(folder: Path, split: str) -> dict[str, Tensor]:
    """Return what was stored, an empty dictionary if nothing was."""
    path = _path(folder, split)
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise GroundupError(f"{path} does not hold predictions: {error}. Delete it to have them made again.") from None


def _path(folder: Path, split: str) -> Path:
    return folder / f"predictions-{split}.safetensors"
