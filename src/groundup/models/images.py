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
        cause = (
            "for a single image write x[None]"
            if x.shape == expected
            else "resize them, or create the model with their in_channels and image_size"
        )
        raise ValueError(
            f"got images of shape {tuple(x.shape)}, expected (N, {', '.join(map(str, expected))}): {cause}"
        )


SMALL = 64  # pixels


def has_small_images(config: ImageConfig) -> bool:
    """Whether images are so small (CIFAR-10, MNIST) that a stem made for ImageNet would leave nothing of them.

    The networks for 224 x 224 pixels shrink images 32 times over, most of them 4 times before the first block: of
    32 x 32 pixels a single one would arrive at the end. With small images they leave out these first strides.
    """
    return config.image_size < SMALL
