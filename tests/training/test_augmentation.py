"""Augmentation: what it may change, what it must leave, and that its chances are those it promises."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from groundup.training import augmentation as a

N, C, H, W = 7, 3, 11, 13


@pytest.fixture
def x():
    """Images whose every pixel, in the whole batch, has a value of its own, from 1 up."""
    return torch.arange(1.0, N * C * H * W + 1).reshape(N, C, H, W)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


LABEL_KEEPING = {
    "crop": lambda x, g: a.random_crop(x, g, padding=2),
    "flip": a.horizontal_flip,
    "cutout": lambda x, g: a.cutout(x, g, size=5),
    "erasing": a.random_erasing,
}
MIXING = {
    "mixup": lambda x, g: a.mixup(x, torch.arange(len(x)), g, classes=len(x), alpha=1.0)[0],
    "cutmix": lambda x, g: a.cutmix(x, torch.arange(len(x)), g, classes=len(x))[0],
}


@pytest.mark.parametrize("name", LABEL_KEEPING | MIXING)
def test_the_generator_decides_everything_and_the_input_is_left_alone(x, name):
    change = (LABEL_KEEPING | MIXING)[name]
    before = x.clone()
    torch.manual_seed(1)
    first = change(x, generator(3))
    torch.manual_seed(2)  # the global generator has no say, and is not moved on
    state = torch.get_rng_state()
    again = change(x, generator(3))
    assert torch.equal(first, again)
    assert torch.equal(state, torch.get_rng_state())
    assert not torch.equal(first, change(x, generator(4)))
    assert torch.equal(x, before)
    assert first.shape == x.shape
    assert first.dtype == x.dtype


@pytest.mark.parametrize("name", LABEL_KEEPING)
def test_no_image_sees_another(x, name):
    """Every pixel comes from its own image and channel, or is the fill; and a stranger in the batch changes nothing."""
    changed = LABEL_KEEPING[name](x, generator())
    for before, after in zip(x.flatten(0, 1), changed.flatten(0, 1)):
        assert set(after.unique().tolist()) <= set(before.unique().tolist()) | {0.0}
    other = x.clone()
    other[2] *= -1
    again = LABEL_KEEPING[name](other, generator())
    rest = [i for i in range(N) if i != 2]
    assert torch.equal(changed[rest], again[rest])


@pytest.mark.parametrize("name", LABEL_KEEPING)
def test_bytes_are_changed_as_floats_are(name):
    pixels = torch.randint(256, (N, C, H, W), dtype=torch.uint8)
    changed = LABEL_KEEPING[name](pixels, generator())
    assert changed.dtype == torch.uint8
    assert torch.equal(changed.float(), LABEL_KEEPING[name](pixels.float(), generator()))


def test_crop_is_a_shift_of_the_whole_image_by_every_offset():
    P = 2
    x = torch.arange(1.0, H * W + 1).reshape(1, 1, H, W).repeat(600, 1, 1, 1)
    cropped = a.random_crop(x, generator(), padding=P)
    framed = F.pad(x[:1], (P,) * 4)[0, 0]
    offsets = {(i, j): framed[i : i + H, j : j + W] for i in range(2 * P + 1) for j in range(2 * P + 1)}
    counts = {place: int((cropped[:, 0] == window).all(dim=(1, 2)).sum()) for place, window in offsets.items()}
    assert sum(counts.values()) == 600
    assert min(counts.values()) > 0  # 24 each are expected
    assert torch.equal(a.random_crop(x, generator(), padding=0), x)
    assert torch.equal(a.random_crop(x[:1], generator(), padding=50, fill=9.0).unique()[-1:], torch.tensor([9.0]))


def test_flip_chooses_about_the_asked_share(x):
    many = x[:1].repeat(2000, 1, 1, 1)
    flipped = a.horizontal_flip(many, generator(), 0.3)
    mirrored = (flipped == many.flip(-1)).all(dim=(1, 2, 3))
    same = (flipped == many).all(dim=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert mirrored.float().mean().item() == pytest.approx(0.3, abs=0.04)
    assert torch.equal(a.horizontal_flip(x, generator(), 0), x)
    assert torch.equal(a.horizontal_flip(x, generator(), 1), x.flip(-1))


@pytest.mark.parametrize("size", [1, 4, 5])
def test_cutout_covers_a_square_about_any_pixel(size):
    x = torch.ones(3000, C, H, W)
    covered = a.cutout(x, generator(), size) == 0
    assert (covered == covered[:, :1]).all()  # all channels alike
    covered = covered[:, 0]
    for rows, columns in zip(covered.any(2), covered.any(1)):
        assert 1 <= rows.sum() <= size
        assert 1 <= columns.sum() <= size
    areas = covered.sum(dim=(1, 2))
    assert areas.max() == size**2
    if size > 1:
        assert areas.min() < size**2  # cut off by a border
    assert covered.any(0).all()  # every pixel was covered in some image


def test_erasing_covers_rectangles_of_the_asked_areas():
    x = torch.ones(2000, 1, 40, 50)
    erased = a.random_erasing(x, generator(), 0.7, area=(0.1, 0.3), aspect=(0.5, 2))[:, 0] == 0
    touched = erased.any(dim=(1, 2))
    assert touched.float().mean().item() == pytest.approx(0.7, abs=0.04)
    rows, columns = erased[touched].any(2).sum(1), erased[touched].any(1).sum(1)
    share = erased[touched].float().mean(dim=(1, 2))
    torch.testing.assert_close(share, (rows * columns).float() / 2000)  # whole rectangles, inside the image
    assert 0.09 < share.min() < 0.12  # sides are rounded to whole pixels
    assert 0.28 < share.max() < 0.33
    ratio = rows / columns
    assert 0.45 < ratio.min() < 0.6
    assert 1.7 < ratio.max() < 2.2
    assert (ratio > 1).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(a.random_erasing(x, generator(), 0), x)


@pytest.mark.parametrize("seed", range(5))
def test_mixup_blends_images_as_it_blends_labels(x, seed):
    y = torch.arange(N)
    mixed, weights = a.mixup(x, y, generator(seed), classes=N, alpha=1.0)
    torch.testing.assert_close(weights.sum(1), torch.ones(N))
    assert ((weights > 0).sum(1) <= 2).all()
    # Image n shows class n alone, so the weights of the labels say what the blend must be.
    torch.testing.assert_close(mixed, torch.einsum("nm,mchw->nchw", weights, x))
    assert (weights.diagonal() < 1).any()


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_labels_weigh_what_the_pixels_show(seed):
    images, y = torch.arange(N).reshape(N, 1, 1, 1).expand(N, C, H, W), torch.arange(N)
    mixed, weights = a.cutmix(images, y, generator(seed), classes=N)
    shown = F.one_hot(mixed[:, 0], N).float().mean(dim=(1, 2))  # share of the pixels that come from each image
    torch.testing.assert_close(weights, shown)
    assert (mixed == mixed[:, :1]).all()
    for n in range(N):  # and the foreign pixels are a rectangle
        foreign = mixed[n, 0] != n
        assert foreign.sum() == foreign.any(1).sum() * foreign.any(0).sum()


def test_mixed_labels_can_be_mixed_again_and_trained_on(x):
    y = torch.randint(4, (N,))
    once = a.mixup(x, y, generator(), classes=4)
    _, twice = a.cutmix(*once, generator(1), classes=4)
    torch.testing.assert_close(twice.sum(1), torch.ones(N))
    _, soft = a.mixup(x, y, generator(), classes=4, alpha=1e-3)  # hardly mixed: nearly the loss of the labels
    assert F.cross_entropy(torch.zeros(N, 4), soft).item() == pytest.approx(np.log(4), rel=1e-5)
    with pytest.raises(TypeError, match="uint8"):
        a.mixup(x.byte(), y, generator(), classes=4)


def test_beta_has_the_mean_and_the_variance_of_its_law():
    """Beta(α, α): mean 1/2, variance 1 / (4 (2α + 1))."""
    for alpha in (0.2, 1.0, 5.0):
        draws = a._beta(alpha, torch.empty(20000, 1, 1, 1), generator())
        assert draws.mean().item() == pytest.approx(0.5, abs=0.02)
        assert draws.var().item() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


def test_normalized_training_images_have_mean_0_and_deviation_1():
    pixels = np.random.default_rng(0).integers(0, 256, (2345, 2, 5, 3), dtype=np.uint8)
    pixels[:, 1] = 255
    mean, std = a.channel_statistics(pixels, white=255)
    assert mean.tolist() == pytest.approx([pixels[:, 0].mean() / 255, 1.0], rel=1e-6)
    assert std.tolist() == pytest.approx([pixels[:, 0].std() / 255, 1.0], rel=1e-6)
    z = a.normalize(torch.from_numpy(pixels).float() / 255, mean, std)
    torch.testing.assert_close(z.mean(dim=(0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(z[:, 0].std(), torch.tensor(1.0), atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, g: a.horizontal_flip(x[0], g), r"\(N, C, H, W\)"),
        (lambda x, g: a.horizontal_flip(x, g, 1.5), "probability 1.5"),
        (lambda x, g: a.random_crop(x, g, -1), "padding -1"),
        (lambda x, g: a.cutout(x, g, 0), "size 0"),
        (lambda x, g: a.random_erasing(x, g, area=(0.4, 0.1)), "area"),
        (lambda x, g: a.random_erasing(x, g, aspect=(0, 1)), "aspect"),
        (lambda x, g: a.mixup(x, torch.zeros(N, dtype=torch.int64), g, 2, alpha=0), "alpha 0"),
        (lambda x, g: a.normalize(x, torch.zeros(2), torch.ones(2)), "one mean and one deviation a channel"),
        (lambda x, g: a.channel_statistics(np.zeros((0, 1, 2, 2))), "no images"),
    ],
)
def test_a_wrong_setting_is_named(x, call, message):
    with pytest.raises(ValueError, match=message):
        call(x, generator())
