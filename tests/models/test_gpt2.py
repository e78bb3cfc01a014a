"""GPT-2 is transformers' GPT-2, reads on from its cache, and sees nothing of what follows."""

import pytest
import torch
from language_twins import gpt2_logits, gpt2_twin
from reference import assert_same_model, assert_the_proof_has_teeth, differences, set_in_every, tokens
from torch import nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models import gpt2
from groundup.models.attention import attention_maps
from groundup.models.gpt2 import GPT2, PUBLISHED, TRANSFORMERS, GPT2Config

V, C = 31, 17
TOY = GPT2Config(vocabulary=V, context=C, layers=2, heads=3, width=12, dropout=0.0)


def model(**settings) -> GPT2:
    torch.manual_seed(0)
    return GPT2(GPT2Config(**{**TOY.__dict__, **settings})).double().eval()


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("length", [1, 13, C])
def test_it_is_transformers_gpt2_with_all_gradients(dropout, length):
    config = GPT2Config(**{**TOY.__dict__, "dropout": dropout})
    inputs = tokens(2, length, vocabulary=V)
    assert_same_model(GPT2(config), gpt2_twin(config), TRANSFORMERS, inputs, call_reference=gpt2_logits)


def test_the_proof_has_teeth():
    assert_the_proof_has_teeth(
        lambda: GPT2(TOY), lambda: gpt2_twin(TOY), TRANSFORMERS, tokens(2, 5, vocabulary=V),
        call_reference=gpt2_logits, mutations={"another eps": set_in_every(nn.LayerNorm, eps=1.01e-5)},
    )  # fmt: skip


def test_the_proof_tells_one_gelu_from_the_other(monkeypatch):
    exact = F.gelu
    monkeypatch.setattr(F, "gelu", lambda x, approximate: exact(x))
    inputs = tokens(2, 5, vocabulary=V)
    assert differences(GPT2(TOY), gpt2_twin(TOY), TRANSFORMERS, inputs, call_reference=gpt2_logits)


def test_the_paper_size_has_124_million_parameters_as_the_reference():
    with torch.device("meta"):
        reference = gpt2_twin(GPT2Config())
        ours = GPT2(GPT2Config())
    assert models.describe("gpt2").parameters == models.count_parameters(reference) == 124_439_808
    PUBLISHED.translate(  # the keys and shapes of the published file: no prefix, no head, and causal masks
        {
            key.removeprefix("transformer."): tensor
            for key, tensor in reference.state_dict().items()
            if not key.startswith("lm_head")
        }
        | {f"h.{i}.attn.bias": torch.empty(1, 1, 1024, 1024, device="meta") for i in range(12)},
        ours.state_dict(),
    )


def test_weights_that_transformers_saved_are_loaded_as_they_are(tmp_path):
    twin = gpt2_twin(TOY).eval()
    twin.save_pretrained(tmp_path)
    ours = models.create("gpt2", pretrained=tmp_path / "model.safetensors", **TOY.__dict__).eval()
    inputs = tokens(2, 7, vocabulary=V)
    torch.testing.assert_close(ours(inputs), gpt2_logits(twin, inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["gpt2", "gpt_small"])
def test_the_number_of_parameters_is_that_of_the_header(name):
    card = models.describe(name)
    c = card.config
    D = c.width
    assert card.parameters == c.vocabulary * D + c.context * D + c.layers * (12 * D**2 + 13 * D) + 2 * D
    assert f"{card.parameters:,}" in (gpt2.__doc__ or "")


def test_first_weights_are_small_and_smaller_where_layers_add_up():
    wide = model(width=96, layers=8)
    for name, parameter in wide.named_parameters():
        if name.endswith("bias"):
            assert not parameter.any()
        elif "norm" in name:
            assert torch.equal(parameter, torch.ones_like(parameter))
        else:
            adds = "out_proj" in name or "linear2" in name
            assert parameter.std().item() == pytest.approx(0.005 if adds else 0.02, rel=0.1), name


@pytest.mark.parametrize("pieces", [[1] * C, [5, 1, 11], [C - 1, 1], [2, 3, 5, 7]])
def test_a_text_read_in_pieces_from_the_cache_is_the_text_read_at_once(pieces):
    gpt = model()
    text = tokens(3, C, vocabulary=V)
    whole = gpt(text)
    memory, parts = None, []
    for piece in text.split(pieces, dim=1):
        logits, memory = gpt.read(piece, memory)
        parts.append(logits)
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-10, atol=1e-10)


def test_no_logit_sees_what_follows():
    gpt = model()
    text = tokens(2, C, vocabulary=V)
    changed = text.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % V
    one, other = gpt(text), gpt(changed)
    torch.testing.assert_close(one[:, :6], other[:, :6], rtol=1e-12, atol=1e-12)
    assert (one[:, 6:] - other[:, 6:]).abs().amax(-1).min() > 1e-6


def test_fused_and_written_out_attention_agree_and_its_maps_are_causal():
    gpt = model()
    text = tokens(2, C, vocabulary=V)
    with attention_maps(gpt) as maps:
        written = gpt(text)
    torch.testing.assert_close(gpt(text), written, rtol=1e-10, atol=1e-10)
    assert list(maps) == ["blocks.0.attention", "blocks.1.attention"]
    for (weights,) in maps.values():
        assert weights.shape == (2, 3, C, C)
        assert not weights.triu(1).any()
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, C, dtype=torch.float64))


def test_it_learns_a_batch_by_heart():
    torch.manual_seed(0)
    gpt = GPT2(GPT2Config(vocabulary=7, context=12, layers=2, heads=2, width=32, dropout=0.0))
    text = torch.randint(7, (4, 12))
    text[:, 0] = torch.arange(4)  # so that the first token tells which text this is: everything else follows
    optimizer = torch.optim.Adam(gpt.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = F.cross_entropy(gpt(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 < 1.5 < losses[0]


def test_what_cannot_be_read_is_refused_in_words():
    gpt = model()
    with pytest.raises(UsageError, match="18 tokens are more than the model's context of 17"):
        gpt(tokens(1, 18, vocabulary=V))
    _, memory = gpt.read(tokens(1, 15, vocabulary=V))
    with pytest.raises(UsageError, match="15 earlier and 3 tokens are more than the model's context of 17"):
        gpt.read(tokens(1, 3, vocabulary=V), memory)
    with pytest.raises(ValueError, match=f"no token {V}"):
        gpt(torch.tensor([[V]]))
    with pytest.raises(TypeError, match="whole numbers"):
        gpt(torch.rand(2, 3))
    with pytest.raises(UsageError, match="5 heads do not divide a width of 12"):
        model(heads=5)
    with pytest.raises(UsageError, match="at least 1"):
        model(layers=0)
