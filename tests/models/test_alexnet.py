"""AlexNet is torchvision's."""

import pytest
import torch
import torchvision
from reference import assert_same_model, assert_the_proof_has_teeth, images
from torch import nn

from groundup import models
from groundup.errors import UsageError
from groundup.models.alexnet import TORCHVISION

HIDDEN = 32  # for 4096: two fully connected layers hold nine in ten of the weights, and prove nothing more by it


def ours() -> nn.Module:
    return models.create("alexnet", image_size=127, hidden=HIDDEN)


def reference() -> nn.Module:
    model = torchvision.models.alexnet()
    model.classifier[1], model.classifier[4] = nn.Linear(9216, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
    model.classifier[6] = nn.Linear(HIDDEN, 1000)
    return model


def test_at_full_size_every_weight_has_its_place_and_shape():
    with torch.device("meta"):
        model, other = models.create("alexnet"), torchvision.models.alexnet()
        assert TORCHVISION.translate(other.state_dict(), model.state_dict()).keys() == model.state_dict().keys()
    assert models.describe("alexnet").parameters == 61_100_840


def test_it_is_torchvisions():
    assert_same_model(ours(), reference(), TORCHVISION, images(2, 3, 127, 127))


def no_dropout_before_fc6(model):
    model.drop = lambda x: x if x.shape[1] == 9216 else nn.functional.dropout(x, 0.5, model.training)


def test_the_proof_has_teeth():
    assert_the_proof_has_teeth(
        ours,
        reference,
        TORCHVISION,
        images(2, 3, 127, 127),
        modes=["training"],  # each of these shows there
        mutations={
            "a dropout less": no_dropout_before_fc6,
            "another pooling": lambda model: setattr(model, "pool", lambda x: nn.functional.max_pool2d(x, 2)),
            "another padding": lambda model: setattr(model.conv5, "padding", (0, 0)),
        },
    )


def test_the_maps_have_the_papers_sizes():
    model, sizes = models.create("alexnet", hidden=HIDDEN), []
    for layer in model.children():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, x, y: sizes.append(tuple(y.shape[1:])))
    model(torch.rand(1, 3, 224, 224))
    assert sizes == [(64, 55, 55), (192, 27, 27), (384, 13, 13), (256, 13, 13), (256, 13, 13)]


def test_weights_start_with_variance_one_third_over_fan_in():
    torch.manual_seed(0)
    model = models.create("alexnet", hidden=128)
    for name, weight in model.named_parameters():
        if name.endswith("weight"):
            fan_in = weight[0].numel()
            assert weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.05), name
            assert weight.abs().max() <= fan_in**-0.5


@pytest.mark.parametrize("size", [15, 28, 32, 63, 64])
def test_it_takes_small_images(size):
    assert models.create("alexnet_small", image_size=size)(torch.rand(2, 3, size, size)).shape == (2, 10)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match="nothing of 14 x 14 pixels: it reads images of at least 15 x 15"):
        models.create("alexnet_small", image_size=14)
