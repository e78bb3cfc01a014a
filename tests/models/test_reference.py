"""The proof itself: it holds for the same model under other names, and notices whatever is not the same."""

from typing import Any

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, differences, images, set_in_every, tokens
from torch import Tensor, nn

from groundup.models.published import Published


class Ours(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.Conv2d(5, 5, 3, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm2d(5), nn.BatchNorm2d(5)
        self.dropout = nn.Dropout(0.3)
        self.query, self.key, self.value = (nn.Linear(5, 5) for _ in range(3))
        self.head = nn.Linear(5, 7)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.norm1(self.first(x)).relu()
        x = self.dropout(self.norm2(self.second(x)).relu()).mean((2, 3))
        mixed = torch.tanh(self.query(x)) * self.key(x) + self.value(x)
        return self.head(mixed), mixed


class Theirs(nn.Module):
    """The same with other names, one tensor for three projections, and a matrix stored the other way round."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 5, 3, padding=1, bias=False), nn.BatchNorm2d(5), nn.ReLU(),
            nn.Conv2d(5, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(), nn.Dropout(0.3),
        )  # fmt: skip
        self.packed = nn.Linear(5, 15)
        self.head_weight, self.head_bias = nn.Parameter(torch.empty(5, 7)), nn.Parameter(torch.empty(1, 7))
        self.register_buffer("mask", torch.ones(2, 2))

    def forward(self, x: Tensor) -> dict[str, Any]:
        query, key, value = self.packed(self.features(x).mean((2, 3))).chunk(3, dim=1)
        mixed = torch.tanh(query) * key + value
        return {"logits": mixed @ self.head_weight + self.head_bias, "mixed": mixed, "absent": None}


NAMES = Published(
    rename={
        "^first": "features.0", "^norm1": "features.1", "^second": "features.3", "^norm2": "features.4",
        r"^(query|key|value)\b": "packed", r"^head\.": "head_",
    },
    parts={"^query": (0, 3), "^key": (1, 3), "^value": (2, 3)},
    transposed=(r"^head\.weight",),
    reshaped=(r"^head\.bias",),
    ignored=("^mask$",),
)  # fmt: skip


def unlike(mutate=lambda model: None, published=NAMES, ours=Ours, theirs=Theirs, **options) -> list[str]:
    torch.manual_seed(0)
    return differences(
        ours(), theirs(), published, images(4, 3, 5, 7),
        call_reference=lambda model, x: model(x).values(), mutate=mutate, **options,
    )  # fmt: skip


def test_the_same_model_under_other_names_passes():
    assert unlike() == []


def test_it_has_teeth():
    assert_the_proof_has_teeth(
        Ours, Theirs, NAMES, images(4, 3, 5, 7),
        call_reference=lambda model, x: model(x).values(),
        mutations={"eps": set_in_every(nn.BatchNorm2d, eps=1.001e-5)},
    )  # fmt: skip


def swap_norms(model):
    model.norm1, model.norm2 = model.norm2, model.norm1


@pytest.mark.parametrize(
    ("mutate", "noticed"),
    [
        (set_in_every(nn.BatchNorm2d, eps=1e-6), "evaluation: output"),
        (set_in_every(nn.BatchNorm2d, momentum=0.11), "norm1.running_mean afterwards"),
        (set_in_every(nn.Dropout, p=0.31), "training: output"),
        (set_in_every(nn.Dropout, p=0.0), "training: gradient of input"),
        (lambda model: model.norm1.running_var.mul_(1.0001), "norm1.running_var afterwards"),
        (swap_norms, "evaluation: output"),
        (lambda model: nn.init.zeros_(model.head.bias), "evaluation: output 0"),
        (lambda model: model.first.weight.requires_grad_(False), "gradient of first.weight"),
        (lambda model: model.key.weight.data.copy_(model.key.weight.T.clone()), "evaluation: output 1"),
    ],
)
def test_each_change_is_noticed_where_it_shows(mutate, noticed):
    assert any(noticed in line for line in unlike(mutate))


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ({"rename": {**NAMES.rename, "^packed.bias": "bias"}}, "query.bias: there is no bias"),
        ({"parts": {**NAMES.parts, "^value": (1, 3)}}, "nothing here takes part [2] of 3 of packed.weight"),
        ({"parts": {}}, "query.weight: packed.weight has shape (15, 5), expected (5, 5)"),
        ({"transposed": ()}, "head.weight: head_weight has shape (5, 7), expected (7, 5)"),
        ({"reshaped": ()}, "head.bias: head_bias has shape (1, 7), expected (7,)"),
        ({"ignored": ()}, "nothing here takes mask (2, 2)"),
    ],
)
def test_a_mapping_that_leaves_something_out_is_refused(change, noticed):
    fields = {name: getattr(NAMES, name) for name in ("rename", "parts", "transposed", "reshaped", "ignored")}
    assert noticed in unlike(published=Published(**{**fields, **change}))


def test_a_layer_more_on_either_side_is_noticed():
    class More(Ours):
        def __init__(self) -> None:
            super().__init__()
            self.more = nn.Linear(2, 2)

    class TheirsMore(Theirs):
        def __init__(self) -> None:
            super().__init__()
            self.more = nn.Linear(2, 2)

    assert "more.weight: there is no more.weight" in unlike(ours=More)
    assert any(line.startswith("parameters: ") for line in unlike(ours=More))
    assert "nothing here takes more.weight (2, 2)" in unlike(theirs=TheirsMore)
    assert [line for line in unlike(ours=More, theirs=TheirsMore) if "zero in every mode" in line] == [
        "gradient of more.weight is zero in every mode, which proves nothing",
        "gradient of more.bias is zero in every mode, which proves nothing",
    ]


def test_an_output_more_or_less_is_noticed():
    assert "evaluation: 2 outputs, the reference gives 1" in differences(
        Ours(), Theirs(), NAMES, images(4, 3, 5, 7), call_reference=lambda model, x: model(x)["logits"]
    )


class Tied(nn.Module):
    """A language model whose embedding is its head, as files hold it: once."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(11, 5), nn.Linear(5, 11, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, rows: Tensor) -> Tensor:
        return self.head(self.embedding(rows))


class TiedOnce(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(11, 5)

    def forward(self, rows: Tensor) -> Tensor:
        return self.wte(rows) @ self.wte.weight.T


def test_tied_weights_are_read_from_one_and_counted_once():
    assert_same_model(Tied(), TiedOnce(), Published(rename={"^(embedding|head)": "wte"}), tokens(2, 3, vocabulary=11))


def test_loading_is_all_or_nothing():
    model, state = Tied(), {"wte.weight": torch.ones(11, 4)}
    before = model.embedding.weight.clone()
    with pytest.raises(ValueError, match=r"wte.weight has shape \(11, 4\), expected \(11, 5\)"):
        Published(rename={"^(embedding|head)": "wte"}).load(model, state)
    assert torch.equal(model.embedding.weight, before)
