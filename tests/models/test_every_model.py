"""What must hold for every registered model, whatever paper it comes from.

A model of a few million numbers is tested as it is. For a larger one, TOY says how to make a small one that still has
every kind of part.
"""

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models.auxiliary import Classifiers, total_loss
from groundup.training.checkpoints import load_weights, save_weights

NAMES = models.names()
EVERY = pytest.mark.parametrize("name", NAMES)
IMAGES = pytest.mark.parametrize("name", [name for name in NAMES if models.describe(name).task == "images"])

TOY: dict[str, dict[str, Any]] = {
    "alexnet": dict(image_size=64, channels=(8, 16, 16, 16, 16), map_size=2, hidden=32),
    "bert_base": dict(vocabulary=67, context=16, layers=2, heads=2, width=32, next_sentence=False),
    "densenet121": dict(image_size=64, growth=8, layers=(2, 2, 2, 2)),
    "googlenet": dict(image_size=64, width=0.125),
    "gpt2": dict(vocabulary=67, context=16, layers=2, heads=2, width=32),
    "lstm_medium": dict(vocabulary=67, width=32, hidden=32),
    "mobilenetv2": dict(image_size=64, width=0.25),
    "resnet18": dict(image_size=64, width=8),
    "resnet32": dict(blocks=1),
    "resnet34": dict(image_size=64, width=8),
    "resnet44": dict(blocks=1),
    "resnet50": dict(image_size=64, width=8),
    "resnet56": dict(blocks=1),
    "seq2seq_attention": dict(vocabulary=67, width=16, hidden=32, alignment=16, output=16),
    "seq2seq_attention_small": dict(vocabulary=67, width=16, hidden=32, alignment=16, output=16),
    "transformer": dict(vocabulary=67, width=32, heads=2, layers=2, inner=64),
    "transformer_small": dict(vocabulary=67, width=32, heads=2, layers=2, inner=64),
    "vgg11": dict(image_size=32, stages=((8,), (8,), (8,), (16,), (16,)), map_size=1, hidden=128),
    "vgg16_bn": dict(image_size=32, stages=((8,), (8,), (8,), (16,), (16,)), map_size=1, hidden=32),
    "vit_b16": dict(image_size=64, width=32, layers=2, heads=2, mlp=64),
    "vit_cifar": dict(width=48, layers=2),
}
LARGEST = 2_000_000  # parameters of a model that needs no line in TOY
TOO_SMALL = {("vgg16_bn", 28), ("vgg11", 28), ("vgg11_small", 28), ("vit_b16", 28)}
SLOWLY = {"alexnet_small": 0.001}  # learning rates of those that 0.003 throws off their course


@dataclass
class Example:
    """What a model is called with, the shape of the logits that it returns, and the loss of them."""

    inputs: tuple[Tensor, ...]
    shape: tuple[int, ...]
    loss: Callable[[Any], Tensor]


def toy(name: str, seed: int = 0, **settings: Any) -> nn.Module:
    torch.manual_seed(seed)
    card = models.describe(name)
    known = {field.name for field in dataclasses.fields(card.config)}
    few: dict[str, Any] = {key: value for key, value in {"classes": 7, "context": 16}.items() if key in known}
    return models.create(name, **(few | TOY.get(name, {}) | settings))


def stir(model: nn.Module) -> nn.Module:
    """Add a little noise to all weights: some models start from zeros, through which nothing passes."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return model


def example(name: str, config: Any, size: int = 6) -> Example:
    """Random inputs of the kind that a model's task has, and targets to learn by heart."""
    task, generator = models.describe(name).task, torch.Generator().manual_seed(0)
    if task == "images":
        y = torch.arange(size) % config.classes
        x = torch.rand(size, config.in_channels, config.image_size, config.image_size, generator=generator)
        return Example((x,), (size, config.classes), lambda out: total_loss(out, lambda z: F.cross_entropy(z, y)))
    V, T = config.vocabulary, 7
    tokens, targets = (torch.randint(4, V, (size, T), generator=generator) for _ in range(2))  # below 4: PAD, ...
    inputs = (tokens.flip(1), tokens) if task == "translation" else (tokens,)
    return Example(inputs, (size, T, V), lambda out: F.cross_entropy(out.flatten(0, 1), targets.flatten()))


def made(name: str) -> tuple[nn.Module, Example]:
    model = toy(name)
    return model, example(name, model.config)


@EVERY
def test_the_card_is_complete_and_the_model_is_built_without_memory(name):
    card = models.describe(name)
    assert card.title
    assert ": " in card.paper  # authors: title
    assert 1980 < card.year < 2030
    with torch.device("meta"):
        model = card.build(card.config)
    assert all(parameter.is_meta for parameter in model.parameters())
    assert models.count_parameters(model) == card.parameters > 0
    assert name in TOY or card.parameters <= LARGEST, "too large for tests: add a line to TOY"


@EVERY
def test_logits_have_the_right_shape_and_each_row_depends_on_its_own_input_alone(name):
    model, e = made(name)
    logits = stir(model).eval()(*e.inputs)
    assert logits.shape == e.shape
    assert logits.dtype == torch.float32
    torch.testing.assert_close(model(*(x[2:3] for x in e.inputs)), logits[2:3], rtol=1e-4, atol=1e-5)
    assert not torch.equal(logits[0], logits[1])


@EVERY
def test_the_gradient_reaches_every_parameter(name):
    model, e = made(name)
    e.loss(stir(model)(*e.inputs)).backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert parameter.grad.any(), key


@EVERY
def test_it_can_learn_one_batch_by_heart(name):
    # Without dropout, which is there to make this hard.
    dropouts = {
        field: 0.0 for field in ("dropout", "dropout_auxiliary") if hasattr(models.describe(name).config, field)
    }
    model = toy(name, 0, **dropouts)
    e = example(name, model.config)
    optimizer = torch.optim.Adam(model.parameters(), lr=SLOWLY.get(name, 0.003))
    with torch.no_grad():
        before = e.loss(model.eval()(*e.inputs)).item()
    model.train()
    loss = torch.tensor(before)
    for _ in range(300):
        optimizer.zero_grad()
        loss = e.loss(model(*e.inputs))
        loss.backward()
        optimizer.step()
        if loss < 0.05:
            break
    assert loss < 0.05 < before


@EVERY
def test_weights_survive_the_disk_bit_for_bit(name, tmp_path):
    model, e = made(name)
    model(*e.inputs)  # the running statistics too
    save_weights(model.eval(), tmp_path / "model.safetensors")
    other = toy(name, seed=1).eval()
    assert not torch.equal(other(*e.inputs), model(*e.inputs))
    load_weights(other, tmp_path / "model.safetensors")
    assert torch.equal(other(*e.inputs), model(*e.inputs))


@EVERY
def test_the_forward_pass_changes_neither_input_nor_weights(name):
    model, e = made(name)
    before, state = [x.clone() for x in e.inputs], copy.deepcopy(model.eval().state_dict())
    model(*e.inputs)
    assert all(torch.equal(x, kept) for x, kept in zip(e.inputs, before))
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())


@EVERY
def test_the_same_seed_gives_the_same_weights_and_counting_leaves_the_generator_alone(name):
    one, other = toy(name, seed=3).state_dict(), toy(name, seed=4).state_dict()
    torch.manual_seed(3)
    state = torch.get_rng_state()
    assert models.describe(name).parameters > 0
    assert torch.equal(torch.get_rng_state(), state)
    two = toy(name, seed=3).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@EVERY
def test_a_dropout_that_is_no_probability_is_refused_in_words(name):
    for field in {"dropout", "dropout_auxiliary"} & {f.name for f in dataclasses.fields(models.describe(name).config)}:
        for value in (-0.1, 1.0):
            wrong: dict[str, Any] = {field: value}
            with pytest.raises(UsageError, match=f"^{field} is {value}; expected from 0 to below 1"):
                toy(name, **wrong)


@IMAGES
def test_images_of_another_shape_are_refused_in_words(name):
    model = toy(name)
    config = models.describe(name).config
    size, channels = TOY.get(name, {}).get("image_size", config.image_size), config.in_channels
    expected = rf"expected \(N, {channels}, {size}, {size}\): "
    for shape, cause in (
        ((2, channels + 1, size, size), "create the model with their in_channels"),
        ((2, channels, size + 1, size + 1), "resize them"),
        ((channels, size, size), r"for a single image write x\[None\]"),
    ):
        with pytest.raises(ValueError, match=expected + ".*" + cause):
            model(torch.rand(*shape))


@IMAGES
def test_it_takes_the_images_of_the_data_sets(name):
    """MNIST's 28 x 28 grey and CIFAR-10's 32 x 32 coloured pixels, or the model says in words that it can't."""
    for channels, size in ((1, 28), (3, 32)):
        settings = {key: value for key, value in TOY.get(name, {}).items() if key != "image_size"}
        settings |= dict(classes=7, in_channels=channels, image_size=size)
        if (name, size) in TOO_SMALL:
            with pytest.raises(UsageError, match=f"{size} x {size}"):
                models.create(name, **settings)
        else:
            assert models.create(name, **settings).eval()(torch.rand(2, channels, size, size)).shape == (2, 7)


@IMAGES
def test_the_gradient_reaches_the_images(name):
    model, e = made(name)
    x = e.inputs[0].requires_grad_()
    e.loss(model(x)).backward()
    assert x.grad is not None
    assert x.grad.flatten(1).any(1).all()


@IMAGES
def test_auxiliary_classifiers_have_the_logits_shape(name):
    model, e = made(name)
    output = model(*e.inputs)
    for logits in (output.logits, *output.auxiliary) if isinstance(output, Classifiers) else [output]:
        assert logits.shape == e.shape
