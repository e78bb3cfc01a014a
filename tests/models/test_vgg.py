"""VGG is torchvision's, and timm's."""

import pytest
import torch
import torchvision
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import nn
from torchvision.models.vgg import make_layers

from groundup import models
from groundup.errors import UsageError
from groundup.models.published import Published
from groundup.models.vgg import A, D

HIDDEN = 16  # for 4096: two fully connected layers hold nine in ten of the weights, and prove nothing more by it
MODELS = {"vgg11": (torchvision.models.vgg11, 132_863_336), "vgg16_bn": (torchvision.models.vgg16_bn, 138_365_992)}
THIN = ((8,), (16,), (16, 16), (16, 16), (16,))
EACH = pytest.mark.parametrize("name", MODELS)


def published(name: str) -> Published:
    mapping = models.describe(name).published
    assert mapping is not None
    return mapping


def thin_reference(name: str, stages: tuple[tuple[int, ...], ...] | None = None) -> nn.Module:
    """torchvision's model with a thin head, and with other convolutions if asked for."""
    with torch.device("meta"):  # shapes alone: drawing 130 million weights takes seconds, and the proof draws its own
        model = MODELS[name][0]()
        if stages is not None:
            columns = [column for stage in stages for column in (*stage, "M")]
            model.features = make_layers(columns, batch_norm=name.endswith("bn"))
        inputs = 49 * (stages or D)[-1][-1]
        head = model.classifier
        head[0], head[3], head[6] = nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 5)
    model.to_empty(device="cpu")
    for buffer in model.buffers():
        buffer.zero_()
    return model


@EACH
def test_at_full_size_every_weight_has_its_place_and_shape(name):
    reference, parameters = MODELS[name]
    with torch.device("meta"):
        model, other = models.create(name), reference()
        assert published(name).translate(other.state_dict(), model.state_dict()).keys() == model.state_dict().keys()
    assert models.describe(name).parameters == parameters


@EACH
def test_it_is_torchvisions(name):
    ours = models.create(name, image_size=32, hidden=HIDDEN, classes=5)
    assert_same_model(ours, thin_reference(name), published(name), images(2, 3, 32, 32))


@EACH
def test_the_proof_has_teeth(name):
    assert_the_proof_has_teeth(
        lambda: models.create(name, image_size=32, hidden=HIDDEN, classes=5, stages=THIN),
        lambda: thin_reference(name, THIN),
        published(name),
        images(2, 3, 32, 32),
        modes=["training"],  # each of these shows there
        mutations={
            "dropout": set_in_every(nn.Dropout, p=0.4),
            "padding": lambda model: setattr(model.features[0], "padding_mode", "reflect"),
        }
        | ({"eps": set_in_every(nn.BatchNorm2d, eps=1.1e-5)} if name == "vgg16_bn" else {}),
    )


def test_timms_names_and_shapes_lead_to_the_same_weights():
    model = models.create("vgg11", image_size=32, hidden=HIDDEN, classes=5)
    torch.manual_seed(0)
    state = {key: torch.randn_like(tensor) for key, tensor in model.state_dict().items()}
    timm = {key: tensor for key, tensor in state.items() if key.startswith("features")}
    for theirs, own, shape in (
        ("pre_logits.fc1", "classifier.0", (HIDDEN, 512, 7, 7)),
        ("pre_logits.fc2", "classifier.3", (HIDDEN, HIDDEN, 1, 1)),
        ("head.fc", "classifier.6", (5, HIDDEN)),
    ):
        timm[f"{theirs}.weight"], timm[f"{theirs}.bias"] = state[f"{own}.weight"].view(shape), state[f"{own}.bias"]
    published("vgg11").also[0].load(model, timm)
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize(("stages", "layers"), [(A, 11), (D, 16)])
def test_the_columns_of_table_1_have_their_number_of_layers(stages, layers):
    assert sum(len(stage) for stage in stages) + 3 == layers


def test_weights_start_as_they_should():
    torch.manual_seed(0)
    model = models.create("vgg16_bn", hidden=64)
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            assert module.weight.std().item() == pytest.approx((2 / (9 * module.out_channels)) ** 0.5, rel=0.05), name
        if isinstance(module, nn.Linear):
            assert module.weight.std().item() == pytest.approx(0.01, rel=0.05), name
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            assert module.bias is not None
            assert not module.bias.any()


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match="leaves nothing of 28 x 28 pixels: it reads images of at least 32"):
        models.create("vgg11_small", image_size=28)
