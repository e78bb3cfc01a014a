"""GoogLeNet is torchvision's, auxiliary classifiers included."""

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import nn
from torch.nn import functional as F
from torchvision.models import GoogLeNet

from groundup import models
from groundup.models.auxiliary import Classifiers, total_loss
from groundup.models.googlenet import TORCHVISION


def ours(**settings) -> nn.Module:
    return models.create("googlenet", image_size=64, classes=5, **settings)


def reference() -> nn.Module:
    return GoogLeNet(num_classes=5, init_weights=False)


def call(model, x):
    """Our outputs in the order of torchvision's: the end, the second classifier on the way, the first."""
    output = model(x)
    return (output.logits, *reversed(output.auxiliary)) if isinstance(output, Classifiers) else output


def test_it_has_torchvisions_parameters():
    with torch.device("meta"):
        other = GoogLeNet(init_weights=False)
        state = models.create("googlenet").state_dict()
        assert TORCHVISION.translate(other.state_dict(), state).keys() == state.keys()
        own = {name: models.count_parameters(child) for name, child in models.create("googlenet").named_children()}
    assert sum(own.values()) == models.describe("googlenet").parameters == 13_004_888
    assert sum(own.values()) - own["aux1"] - own["aux2"] == 6_624_904


def test_it_is_torchvisions():
    assert_same_model(ours(), reference(), TORCHVISION, images(2, 3, 64, 64), call=call)


def test_the_proof_has_teeth():
    assert_the_proof_has_teeth(
        ours,
        reference,
        TORCHVISION,
        images(2, 3, 64, 64),
        call=call,
        modes=["training"],  # each of these shows there
        mutations={
            "eps": set_in_every(nn.BatchNorm2d, eps=1.01e-3),
            "first classifier's dropout": lambda model: setattr(model.aux1, "dropout", 0.6),
        },
    )


def test_small_images_keep_the_stems_pixels():
    model = models.create("googlenet_small").eval()
    sizes: dict[str, int] = {}

    def note(name: str) -> None:
        model.get_submodule(name).register_forward_hook(lambda layer, x, y: sizes.update({name: len(y[0, 0])}))

    for name in ("conv1", "inception3a", "inception4a", "inception5a"):
        note(name)
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 10)
    assert sizes == {"conv1": 32, "inception3a": 16, "inception4a": 8, "inception5a": 4}


def test_the_loss_is_the_ends_plus_three_tenths_of_each_on_the_way():
    torch.manual_seed(0)
    model, x, y = models.create("googlenet_small", dropout=0.0), torch.rand(4, 3, 32, 32), torch.arange(4)

    def loss(logits):
        return F.cross_entropy(logits, y)

    output = model(x)
    expected = loss(output.logits) + 0.3 * loss(output.auxiliary[0]) + 0.3 * loss(output.auxiliary[1])
    torch.testing.assert_close(total_loss(output, loss), expected)
    assert total_loss(output, loss) > loss(output.logits)
    model.eval()
    torch.testing.assert_close(total_loss(model(x), loss), loss(model(x)))


def test_weights_start_with_standard_deviation_one_hundredth():
    torch.manual_seed(0)
    for name, module in models.create("googlenet").named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            assert module.weight.std().item() == pytest.approx(0.01, rel=0.05), name
