"""ViT is torchvision's Vision Transformer, and equations 1 to 4 of the paper."""

from dataclasses import replace

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, images, set_in_every
from torch import nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models import count_parameters
from groundup.models.attention import attention_maps
from groundup.models.vit import TIMM, TORCHVISION, Block, ViT, ViTConfig

torchvision = pytest.importorskip("torchvision")

TINY = ViTConfig(
    classes=7, in_channels=3, image_size=12, patch_size=4, width=24, layers=3, heads=3, mlp=36, dropout=0.1
)


def theirs(config=TINY):
    """Torchvision's, with a head that isn't zero."""
    model = torchvision.models.VisionTransformer(
        config.image_size, config.patch_size, config.layers, config.heads, config.width, config.mlp, config.dropout,
        num_classes=config.classes,
    )  # fmt: skip
    nn.init.normal_(model.heads.head.weight)
    return model


@pytest.fixture
def dropout_by_place(monkeypatch):
    """Masks that depend on the place in a tensor alone; torch's depend on where in memory that place lies."""

    def dropout(x, p=0.5, training=True, inplace=False):
        return x * (torch.rand(x.shape) >= p) / (1 - p) if training and p else x

    monkeypatch.setattr(F, "dropout", dropout)


@pytest.mark.usefixtures("dropout_by_place")
def test_it_is_torchvisions_in_outputs_and_gradients_with_dropout_in_the_same_places():
    assert_same_model(ViT(TINY), theirs(), TORCHVISION, images(5, 3, 12, 12))


def test_two_layers_of_vit_b16_are_torchvisions_in_outputs_and_gradients():
    config = ViTConfig(classes=11, image_size=32, layers=2, dropout=0.0)  # without dropout, training is evaluation
    assert_same_model(ViT(config), theirs(config), TORCHVISION, images(2, 3, 32, 32), modes=["training"])


def test_the_whole_vit_b16_gives_torchvisions_outputs_within_1e_5_in_float32():
    reference = theirs(ViTConfig(classes=11)).eval()
    with torch.device("meta"):
        ours = ViT(ViTConfig(classes=11)).eval()
    state = TORCHVISION.translate(reference.state_dict(), ours.state_dict())
    ours.load_state_dict(state, assign=True)  # the same tensors, without a copy
    x = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        expected = reference(x)
        torch.testing.assert_close(ours(x), expected, rtol=0, atol=1e-5 * expected.abs().max().item())


def test_vit_b16_has_the_parameters_of_torchvisions():
    with torch.device("meta"):
        ours, reference = ViT(ViTConfig()), torchvision.models.vit_b_16()
        assert ours(torch.empty(2, 3, 224, 224)).shape == (2, 1000)
    assert count_parameters(ours) == 86_567_656 == count_parameters(reference)
    state = ours.state_dict()
    found = TORCHVISION.translate(reference.state_dict(), state)  # every name and shape, or it raises
    assert found.keys() == state.keys()


def test_the_small_one_has_the_parameters_of_the_header():
    assert models.describe("vit_cifar").parameters == 811_146


def test_the_published_file_fits():
    block = {
        "norm1.weight": (768,), "norm1.bias": (768,), "attn.qkv.weight": (2304, 768), "attn.qkv.bias": (2304,),
        "attn.proj.weight": (768, 768), "attn.proj.bias": (768,), "norm2.weight": (768,), "norm2.bias": (768,),
        "mlp.fc1.weight": (3072, 768), "mlp.fc1.bias": (3072,), "mlp.fc2.weight": (768, 3072), "mlp.fc2.bias": (768,),
    }  # fmt: skip
    names = {
        "cls_token": (1, 1, 768), "pos_embed": (1, 197, 768),
        "patch_embed.proj.weight": (768, 3, 16, 16), "patch_embed.proj.bias": (768,),
        "norm.weight": (768,), "norm.bias": (768,), "head.weight": (1000, 768), "head.bias": (1000,),
    }  # fmt: skip
    names |= {f"blocks.{i}.{name}": shape for i in range(12) for name, shape in block.items()}
    with torch.device("meta"):
        published = {name: torch.empty(shape) for name, shape in names.items()}
        state = ViT(ViTConfig()).state_dict()
    assert TIMM.translate(published, state).keys() == state.keys()


@pytest.mark.usefixtures("dropout_by_place")
def test_the_proof_has_teeth():
    def norm_after_attention(model):
        for block in model.blocks:
            block.attention.forward = lambda z, block=block, attend=block.attention.forward: block.norm1(attend(z))
            block.norm1.forward = lambda z: z

    def relu(model):
        for block in model.blocks:
            block.mlp = lambda z, block=block: block.linear2(F.relu(block.linear1(z)))

    assert_the_proof_has_teeth(
        lambda: ViT(TINY), theirs, TORCHVISION, images(5, 3, 12, 12),
        mutations={
            "eps": set_in_every(nn.LayerNorm, eps=1e-5),
            "dropout": set_in_every(nn.Dropout, p=0.11),
            "norm after attention": norm_after_attention,
            "ReLU": relu,
        },
    )  # fmt: skip


def test_a_patch_is_a_row_of_the_sequence():
    torch.manual_seed(0)
    model = ViT(TINY)
    x = torch.randn(2, 3, 12, 12)
    rows = model.patch_embedding(x).flatten(2).transpose(1, 2)
    weight, bias = model.patch_embedding.weight.flatten(1), model.patch_embedding.bias
    for row in range(3):
        for column in range(3):
            patch = x[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4].flatten(1)  # (2, 48)
            torch.testing.assert_close(rows[:, 3 * row + column], F.linear(patch, weight, bias))


def test_without_positions_the_order_of_the_patches_plays_no_part():
    torch.manual_seed(0)
    model = ViT(TINY).eval()
    x = torch.randn(2, 3, 12, 12)
    turned = x.roll(4, dims=-1)  # the same patches, in another order
    assert not torch.allclose(model(turned), model(x), atol=1e-4)
    nn.init.zeros_(model.positions)
    torch.testing.assert_close(model(turned), model(x))


def test_the_class_token_looks_at_every_patch():
    torch.manual_seed(0)
    model = ViT(TINY).eval()
    with attention_maps(model) as maps:
        model(torch.randn(2, 3, 12, 12))
    assert list(maps) == [f"blocks.{i}.attention" for i in range(3)]
    assert maps["blocks.2.attention"][0].shape == (2, 3, 10, 10)
    assert (maps["blocks.2.attention"][0] > 0).all()


def test_it_learns_one_batch_by_heart():
    torch.manual_seed(0)
    model = ViT(replace(TINY, dropout=0.0))
    x, y = torch.randn(8, 3, 12, 12), torch.arange(8) % 7
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    first = F.cross_entropy(model(x), y).item()
    for _ in range(100):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert F.cross_entropy(model(x), y).item() < 0.05 < first


def test_the_first_weights():
    torch.manual_seed(0)
    model = ViT(ViTConfig(classes=10, image_size=32, patch_size=4, width=96, layers=1, heads=4, mlp=192))
    block = model.blocks[0]
    assert isinstance(block, Block)
    wanted = {
        model.patch_embedding.weight: 48**-0.5,
        model.positions: 0.02,
        model.head.weight: 0.02,
        block.linear1.weight: (2 / (96 + 192)) ** 0.5,
        block.linear2.weight: (2 / (96 + 192)) ** 0.5,
        block.attention.q_proj.weight: 96**-0.5,
        block.attention.out_proj.weight: 96**-0.5,
    }
    for weight, std in wanted.items():
        assert weight.std().item() == pytest.approx(std, rel=0.1)
        assert abs(weight.mean().item()) < 0.1 * std
    assert not model.class_token.any()
    assert not model.head.bias.any()


def test_images_and_settings_that_do_not_fit_are_refused_in_words():
    with pytest.raises(UsageError, match="patches of 16 x 16 pixels do not tile an image of 28 x 28"):
        ViT(ViTConfig(image_size=28))
    with pytest.raises(UsageError, match="5 heads do not divide a width of 24"):
        ViT(replace(TINY, heads=5))
    with pytest.raises(UsageError, match=r"dropout is 1\.5; expected from 0 to below 1"):
        ViT(replace(TINY, dropout=1.5))
    with pytest.raises(ValueError, match=r"got images of shape \(3, 12, 12\), expected \(N, 3, 12, 12\)"):
        ViT(TINY)(torch.randn(3, 12, 12))
