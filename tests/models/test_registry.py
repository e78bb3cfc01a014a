"""Models are found, described and built by name; what does not exist is refused with a hint."""

from dataclasses import dataclass

import pytest
from torch import nn

from groundup import models
from groundup.errors import UsageError
from groundup.models import registry


@dataclass(frozen=True)
class ToyConfig:
    width: int = 3


def register_toy(name):
    @registry.register(name, title="Toy", paper="Nobody: Nothing", year=2000, config=ToyConfig())
    def toy(config):
        return nn.Linear(2, config.width)

    return toy


@pytest.fixture(autouse=True)
def restore_registry(monkeypatch):
    monkeypatch.setattr(registry, "_cards", dict(registry._cards))


def test_a_registered_model_is_listed_described_and_built():
    builder = register_toy("toy")
    assert "toy" in models.names()
    assert models.names() == sorted(models.names())
    assert models.describe("toy").year == 2000
    assert models.describe("toy").parameters == 2 * 3 + 3
    assert models.create("toy").out_features == 3
    assert models.create("toy", width=5).out_features == 5
    assert builder(ToyConfig(width=7)).out_features == 7  # the decorator leaves the builder as it is


def test_a_second_registration_of_a_name_is_an_error_and_changes_nothing():
    register_toy("toy")
    before = models.describe("toy")
    with pytest.raises(ValueError, match="'toy' is registered already"):
        register_toy("toy")
    assert models.describe("toy") is before


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(UsageError, match=r"no model called 'lenett'\. Did you mean lenet"):
        models.create("lenett")


def test_an_unknown_setting_is_refused_with_those_that_exist():
    with pytest.raises(UsageError, match="no setting colour; its settings are classes, in_channels, image_size"):
        models.create("lenet", colour=3)


@pytest.mark.parametrize(
    ("name", "settings", "part"),
    [
        ("lenet", {"classes": 0}, "classes .* 0"),
        ("resnet18", {"width": -4}, "width .* -4"),
        ("resnet18", {"blocks": (1, 0, 1, 1)}, "blocks .* 0"),
        ("vgg11", {"stages": ((8,), (0,), (8,), (8,), (8,))}, "stages .* 0"),
    ],
)
def test_a_size_below_one_is_refused_by_its_name(name, settings, part):
    with pytest.raises(UsageError, match=f"setting {part} in it; expected at least 1"):
        models.create(name, **settings)


def test_a_shared_parameter_counts_once():
    layer = nn.Linear(2, 2)
    assert models.count_parameters(nn.Sequential(layer, layer)) == 6
    layer.bias.requires_grad_(False)
    assert models.count_parameters(layer) == 4
