"""What the image models share: they say in words which images they take."""

from typing import Protocol

from torch import Tensor


class ImageConfig(Protocol):
    """The fields that the configuration of every image model has."""

    @property
    def classes(self) -> int: ...
    @property
    def in_channels(self) -> int: ...
    @property
    def image_size(self) -> int: ...  # pixels along each side


def require_images(x: Tensor, config: ImageConfig) -> None:
    """Raise a ValueError unless ``x`` is (N, C, H, W) as ``config`` says.

    Most of these networks would run on other sizes too, on feature maps that their paper never saw: a mistake
    in preparing the images should not end as a slightly worse model.
    """
    expected = (config.in_channels, config.image_size, config.image_size)
    if x.ndim != 4 or x.shape[1:] != expected:
        raise ValueError(f"got images of shape {tuple(x.shape)}, expected (N, {', '.join(map(str, expected))})")
