"""The packages that hold reference implementations; groundup itself needs none of them."""

from contextlib import suppress
from typing import Any

from groundup.errors import GroundupError

INSTALL = {"torchvision": "torchvision==0.28.0", "transformers": "'transformers>=5.23'"}


def require(package: str) -> None:
    """Import a package of reference implementations, or say how to install it.

    Raises
    ------
    GroundupError : it is not installed; the message has the command.
    """
    try:
        if package == "torchvision":
            import_torchvision()
        elif package == "transformers":
            with suppress(ModuleNotFoundError):
                import_torchvision()
            import transformers

            transformers.logging.set_verbosity_error()
    except ModuleNotFoundError as error:
        if error.name not in INSTALL:
            raise
        raise GroundupError(
            f"The reference implementation is in the package {error.name}. "
            f"Install it with: pip install {INSTALL[error.name]}"
        ) from None


def import_torchvision() -> None:
    """Import torchvision, also beside a torch that cannot run all of it.

    torchvision's wheel describes two operators for object detection to torch, and fails where torch doesn't know them,
    as some builds for the CPU don't. Their names are enough: nothing here calls them. Transformers imports torchvision
    where it is installed, and fails with it; so this comes first.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        import torch

        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)
        import torchvision  # noqa: F401


_kept: list[Any] = []  # a library's definitions end with the object
