"""What is shown in the terminal and as a picture."""

import io

import numpy as np
import pytest
from rich.console import Console

from groundup.recipes.exhibits import Confusion, Gallery, Passage, shrink


def shown(exhibit, width=80, colour=False):
    console = Console(
        file=io.StringIO(), width=width, color_system="truecolor" if colour else None, force_terminal=colour
    )
    console.print(exhibit.terminal())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_gallery_without_colours():
    images = np.zeros((2, 4, 3))
    images[0, :2] = 1
    images[1, 2:] = 0.5
    lines = shown(Gallery("x", "x", images)).splitlines()
    assert lines[0] == "@@@     "
    assert lines[1] == "    === " or lines[1] == "    +++ "


def test_a_gallery_in_colours():
    images = np.zeros((1, 2, 1))
    images[0, 0] = 1
    text = shown(Gallery("x", "x", images), colour=True)
    assert "38;2;255;255;255" in text  # the upper pixel, white, is the letter's colour
    assert "48;2;0;0;0" in text  # the lower, black, is behind it
    assert "▀" in text


def test_images_keep_their_colours():
    red = np.zeros((1, 3, 2, 2))
    red[:, 0] = 1
    assert "38;2;255;0;0" in shown(Gallery("x", "x", red), colour=True)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("size", [3, 8, 28, 32])
def test_no_line_is_wider_than_the_terminal(width, size):
    gallery = Gallery("x", "x", np.ones((15, size, size)), captions=["1→2"] * 15)
    assert max(map(len, shown(gallery, width).splitlines())) <= width


def test_limits_of_each_image():
    images = np.stack([np.full((2, 2), 5.0), np.array([[-1.0, -1], [3, 3]])])
    lines = shown(Gallery("x", "x", images, limits=None)).splitlines()
    assert lines[0].startswith("   ")  # a constant image is black, not a division by zero


def test_shrink_averages_blocks():
    images = np.arange(16.0).reshape(1, 4, 4, 1).repeat(3, axis=3)
    np.testing.assert_array_equal(shrink(images, 2)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])
    assert shrink(images, 3).shape == (1, 2, 2, 3)


def test_confusion_and_passage():
    text = shown(Confusion("x", "x", np.array([[3, 0], [1, 2]]), ["cat", "dog"]))
    assert [line.split() for line in text.splitlines()] == [
        ["truth", "cat", "dog"],
        ["cat", "3", "·"],
        ["dog", "1", "2"],
    ]
    assert shown(Passage("x", "x", "To be, [or] not\n")).startswith("To be, [or] not")


def test_pictures():
    for exhibit in (Gallery("x", "x", np.ones((3, 4, 4))), Confusion("x", "x", np.eye(2, dtype=int), ["a", "b"])):
        assert exhibit.figure() is not None
    assert Passage("x", "x", "text").figure() is None
