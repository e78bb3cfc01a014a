"""Things to look at when training is over: each can be drawn in the terminal, and most as a picture file too.

The terminal needs nothing but rich; a picture needs matplotlib, which is optional.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Exhibit:
    """Something to show.

    Attributes
    ----------
    name : of its picture file, without the ending.
    title : what one sees.
    """

    name: str
    title: str

    def terminal(self) -> RenderableType:
        """Return it as something rich can print."""
        raise NotImplementedError

    def figure(self) -> Any:
        """Return it as a matplotlib figure; None if it is text alone."""
        return None


@dataclass(frozen=True, eq=False)
class Passage(Exhibit):
    """Text that a model wrote."""

    text: str

    def terminal(self) -> RenderableType:
        return Text(self.text)


@dataclass(frozen=True, eq=False)
class Confusion(Exhibit):
    """How often each class (row) was taken for each class (column)."""

    matrix: Array
    classes: Sequence[str]

    def terminal(self) -> RenderableType:
        table = Table("truth", box=None, padding=(0, 1))
        for name in self.classes:
            table.add_column(name, justify="right")
        for row, (name, counts) in enumerate(zip(self.classes, self.matrix)):
            cells = [str(n) if n else "·" for n in counts.tolist()]
            cells[row] = f"[bold]{cells[row]}[/]"
            table.add_row(name, *cells)
        return table

    def figure(self) -> Any:
        from groundup import plots

        return plots.confusion_matrix(self.matrix, self.classes)


@dataclass(frozen=True, eq=False)
class Gallery(Exhibit):
    """Images in rows, (N, H, W) grey or (N, 3, H, W) in colour.

    Attributes
    ----------
    columns : images in a row.
    captions : a few letters below each image, or none.
    limits : the values shown as black and as white; None: the smallest and largest of each image.
    """

    images: Array
    columns: int = 7
    captions: Sequence[str] | None = None
    limits: tuple[float, float] | None = (0.0, 1.0)

    def terminal(self) -> RenderableType:
        return _Pixels(self)

    def figure(self) -> Any:
        from groundup import plots

        return plots.gallery(self.images, self.captions, self.columns, self.limits)


class _Pixels:
    """Draw a gallery with half blocks: each ▀ is two pixels, the upper in its own colour, the lower in that behind it.

    Images shrink by a whole factor until a row of them fits the width; what does not fit even then is left out. In a
    file or a pipe, where there are no colours, a character stands for two pixels, darker where they are brighter.
    """

    shades = " .:-=+*#%@"
    gap = 1

    def __init__(self, gallery: Gallery) -> None:
        self.gallery = gallery

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        images = np.stack([_rgb(image, self.gallery.limits) for image in self.gallery.images])  # (N, H, W, 3)
        width, columns = images.shape[2], min(self.gallery.columns, len(images))
        room = options.max_width // columns - self.gap
        if room < width:
            images = shrink(images, min(-(-width // max(room, 1)), max(width // 9, 1)))
        width = images.shape[2]
        shown = min(columns, max(options.max_width // (width + self.gap), 1))
        for start in range(0, len(images), self.gallery.columns):
            row = images[start : start + self.gallery.columns][:shown]
            yield from self._row(row, colour=console.color_system is not None)
            if self.gallery.captions:
                captions = self.gallery.captions[start : start + self.gallery.columns][:shown]
                yield Segment("".join(c[:width].center(width + self.gap) for c in captions).rstrip() + "\n")
            yield Segment("\n")

    def _row(self, images: Array, colour: bool) -> Iterator[Segment]:
        if images.shape[1] % 2:  # an odd height: a black line below
            images = np.pad(images, ((0, 0), (0, 1), (0, 0), (0, 0)))
        for y in range(0, images.shape[1], 2):
            for image in images:
                for upper, lower in zip(image[y], image[y + 1]):
                    yield _half_block(upper, lower) if colour else Segment(self._shade(upper, lower))
                yield Segment(" " * self.gap)
            yield Segment("\n")

    def _shade(self, upper: Array, lower: Array) -> str:
        return self.shades[round(float(upper.mean() + lower.mean()) / 2 * (len(self.shades) - 1))]


def shrink(images: Array, factor: int) -> Array:
    """Return images (N, H, W, 3) smaller by a whole factor: each pixel the mean of a block; edges are padded."""
    N, H, W, _ = images.shape
    images = np.pad(images, ((0, 0), (0, -H % factor), (0, -W % factor), (0, 0)))
    return images.reshape(N, -(-H // factor), factor, -(-W // factor), factor, 3).mean(axis=(2, 4))


def _rgb(image: Array, limits: tuple[float, float] | None) -> Array:
    """Bring one image to (H, W, 3), 0 to 1."""
    low, high = limits or (float(image.min()), float(image.max()))
    values = np.clip((image - low) / (high - low if high > low else 1), 0, 1)
    return values.transpose(1, 2, 0) if values.ndim == 3 else np.repeat(values[:, :, None], 3, axis=2)


def _half_block(upper: Array, lower: Array) -> Segment:
    front, back = (Color.from_rgb(*(round(255 * float(v)) for v in pixel)) for pixel in (upper, lower))
    return Segment("▀", Style(color=front, bgcolor=back))
