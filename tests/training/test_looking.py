"""Looking into networks: what is shown is what was computed, and looking changes nothing."""

import pytest
import torch
from torch import nn

from groundup import models
from groundup.errors import UsageError
from groundup.training import exhibits, looking

CLASSES = ("cat", "dog", "frog")


@pytest.fixture(scope="module")
def lenet():
    torch.manual_seed(0)
    return models.create("lenet").train()


@pytest.fixture(scope="module")
def vit():
    torch.manual_seed(0)
    small = dict(image_size=8, patch_size=2, width=12, layers=3, heads=2, mlp=16, classes=3, dropout=0.5)
    return models.create("vit_cifar", **small)  # pyright: ignore[reportArgumentType]


def test_feature_maps_are_the_outputs_of_the_last_layer_of_each_size(lenet):
    x = torch.rand(2, 1, 28, 28)
    maps = looking.feature_maps(lenet, x)
    assert {name: tuple(output.shape[1:]) for name, output in maps.items()} == {
        "c1": (6, 28, 28), "s2": (6, 14, 14), "c3": (16, 10, 10), "s4": (16, 5, 5),
    }  # fmt: skip
    assert torch.equal(maps["c1"], lenet.c1(lenet.fit(x)))
    assert lenet.training
    assert not any(module._forward_hooks for module in lenet.modules())


def test_chosen_layers_and_layers_that_do_not_exist(lenet):
    x = torch.rand(2, 1, 28, 28)
    maps = looking.feature_maps(lenet, x, ["output", "s2"])
    assert list(maps) == ["s2", "output"]  # in the order in which they run
    assert torch.equal(maps["output"], lenet(x))
    with pytest.raises(UsageError, match=r"no layer called 'c2'\. Did you mean"):
        looking.feature_maps(lenet, x, ["c2"])


def test_the_hooks_go_even_if_the_model_fails(lenet):
    with pytest.raises(ValueError, match="expected"):
        looking.feature_maps(lenet, torch.rand(1, 3, 5, 5))
    assert lenet.training
    assert not any(module._forward_hooks for module in lenet.modules())


def test_attention_is_a_distribution_over_the_keys_and_computed_as_in_evaluation(vit):
    x = torch.rand(2, 3, 8, 8)
    first, again = looking.attention(vit, x), looking.attention(vit, x)
    assert len(first) == 3
    for name, weights in first.items():
        assert weights.shape == (2, 2, 17, 17)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 17))
        assert torch.equal(weights, again[name])  # no dropout
    assert vit.training
    assert looking.attention(models.create("lenet"), torch.rand(1, 1, 28, 28)) == {}


def test_rollout_follows_attention_from_the_output_to_the_input():
    """Layer 1 moves 1 to 0; layer 2 moves 2 to 1: half stays at each step, and rows stay distributions."""
    first, second = torch.eye(3).repeat(1, 2, 1, 1), torch.eye(3).repeat(1, 2, 1, 1)
    first[..., 0, :] = torch.tensor([0.0, 1.0, 0.0])  # place 0 looks at place 1
    second[..., 1, :] = torch.tensor([0.0, 0.0, 1.0])  # then place 1 looks at place 2
    flow = looking.rollout([first, second])
    torch.testing.assert_close(flow[0], torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]))
    third = torch.eye(3).repeat(1, 2, 1, 1)
    third[..., 0, :] = torch.tensor([0.0, 1.0, 0.0])  # now 0 learns by way of 1 what 2 had
    flow = looking.rollout([second, third])
    torch.testing.assert_close(flow[0, 0], torch.tensor([0.5, 0.25, 0.25]))
    torch.testing.assert_close(flow.sum(-1), torch.ones(1, 3))


def test_worst_mistakes_are_those_that_held_the_truth_for_the_least_likely():
    logits = torch.tensor([[0.0, 9, 0], [0.0, 1, 0], [9.0, 0, 0], [0.0, 0, 5]])
    found = exhibits.worst_mistakes(logits, torch.tensor([0, 0, 0, 1]), CLASSES)
    assert [m.row for m in found] == [0, 3, 1]
    assert (found[0].truth, found[0].guess) == ("cat", "dog")
    probabilities = logits.double().softmax(1)
    assert found[1].confidence == pytest.approx(probabilities[3, 2].item())
    assert found[1].loss == pytest.approx(-probabilities[3, 1].log().item())
    assert len(exhibits.worst_mistakes(logits, torch.tensor([0, 0, 0, 1]), CLASSES, count=1)) == 1
    assert exhibits.worst_mistakes(logits, logits.argmax(1), CLASSES) == []


def test_frequent_confusions():
    assert exhibits.frequent_confusions([[5, 3, 0], [1, 0, 0], [0, 7, 1]], CLASSES, 2) == [
        ["frog", "dog", 7, 7 / 8],
        ["cat", "dog", 3, 3 / 8],
    ]


def test_figures_of_layers_attention_and_mistakes_are_drawn(lenet, vit):
    figures = exhibits.feature_map_figures(lenet, torch.rand(1, 1, 28, 28))
    assert [name for name, _, _ in figures] == ["c1", "s2", "c3", "s4"]
    assert "12 of 16 maps of 10 × 10 pixels." in [caption for _, _, caption in figures]
    drawn = exhibits.attention_figure(vit, torch.rand(2, 3, 8, 8))
    assert drawn is not None
    assert drawn[1] == ["image", "layer 1", "layer 2", "layer 3", "all layers"]
    assert len([axis for axis in drawn[0].axes if axis.images]) == 10
    assert exhibits.attention_figure(lenet, torch.rand(1, 1, 28, 28)) is None
    found = exhibits.worst_mistakes(torch.eye(3), torch.tensor([1, 1, 1]), CLASSES)
    figure = exhibits.mistakes_figure(torch.rand(2, 3, 8, 8), found)
    for each in (drawn[0], figure, *(figure for _, figure, _ in figures)):
        each.canvas.draw()
    assert any("dog\n→ cat, 58%" in text.get_text() for axis in figure.axes for text in axis.texts)


def test_attention_of_the_class_token_brightens_the_patches_it_looks_at():
    weights = torch.full((5, 5), 0.1)
    weights[0] = torch.tensor([0.2, 0.0, 0.0, 0.8, 0.0])  # the third patch: lower left
    heat = exhibits._heat(weights, (4, 4))[0]
    torch.testing.assert_close(heat[2:, :2], torch.ones(2, 2))
    torch.testing.assert_close(heat[:2], torch.full((2, 4), 0.1))
    no_token = exhibits._heat(torch.eye(4)[[2, 2, 2, 2]], (4, 4))[0]
    torch.testing.assert_close(no_token, heat)


def test_networks_of_text_have_no_patches(vit):
    class Text(nn.Module):
        def forward(self, x):
            return x

    assert exhibits.attention_figure(Text(), torch.zeros(1, 3, 8, 8)) is None
