"""What must hold for every registered model, whatever paper it comes from."""

import ast
import copy
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from groundup import models
from groundup.training.checkpoints import load_weights, save_weights

EVERY = pytest.mark.parametrize("name", [n for n in models.names() if models.describe(n).task == "images"])


def batch(name, size=6, seed=0):
    """Random images and labels of the kind that the model's default configuration expects."""
    config = models.describe(name).config
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(size, config.in_channels, config.image_size, config.image_size, generator=generator)
    return x, torch.arange(size) % config.classes


@EVERY
def test_logits_have_one_column_a_class_and_each_row_depends_on_its_own_image_alone(name):
    torch.manual_seed(0)
    model = models.create(name, classes=7).eval()
    x, _ = batch(name)
    logits = model(x)
    assert logits.shape == (6, 7)
    assert logits.dtype == torch.float32
    torch.testing.assert_close(model(x[2:3]), logits[2:3])
    assert not torch.allclose(logits[0], logits[1])


@EVERY
def test_the_gradient_reaches_every_parameter_and_the_images(name):
    torch.manual_seed(0)
    model = models.create(name)
    x, _ = batch(name)
    x.requires_grad_()
    logits = model(x)
    logits.backward(torch.randn_like(logits))
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert torch.all(parameter.grad.flatten(1).any(1) if parameter.ndim > 1 else parameter.grad.any()), key
    assert x.grad is not None
    assert x.grad.any()


@EVERY
def test_it_can_learn_one_batch_by_heart(name):
    torch.manual_seed(0)
    model = models.create(name)
    x, y = batch(name)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    before = F.cross_entropy(model(x), y).item()
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model.eval()
    assert F.cross_entropy(model(x), y).item() < 0.05 < before


@EVERY
def test_weights_survive_the_disk_bit_for_bit(name, tmp_path):
    torch.manual_seed(0)
    model = models.create(name).eval()
    save_weights(model, tmp_path / "model.safetensors")
    other = models.create(name).eval()
    x, _ = batch(name)
    assert not torch.equal(other(x), model(x))
    load_weights(other, tmp_path / "model.safetensors")
    assert torch.equal(other(x), model(x))


@EVERY
def test_the_forward_pass_changes_neither_input_nor_weights(name):
    torch.manual_seed(0)
    model = models.create(name).eval()
    x, _ = batch(name)
    before, state = x.clone(), copy.deepcopy(model.state_dict())
    model(x)
    assert torch.equal(x, before)
    assert all(torch.equal(tensor, state[key]) for key, tensor in model.state_dict().items())


@EVERY
def test_the_same_seed_gives_the_same_weights_and_counting_leaves_the_generator_alone(name):
    torch.manual_seed(3)
    one = models.create(name).state_dict()
    torch.manual_seed(3)
    assert models.describe(name).parameters == sum(tensor.numel() for tensor in one.values())
    two = models.create(name).state_dict()
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_the_room_imports_only_torch_and_the_standard_library():
    allowed = {"torch", *sys.stdlib_module_names}
    for path in Path(models.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            for module in modules:
                inside = module == "groundup.errors" or module.startswith("groundup.models")
                assert inside or module.split(".")[0] in allowed, f"{path.name} imports {module}"
