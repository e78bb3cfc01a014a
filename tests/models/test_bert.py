"""BERT is transformers' BERT, looks at both sides, and never at padding."""

import pytest
import torch
from language_twins import bert_twin
from reference import assert_same_model, assert_the_proof_has_teeth, differences, set_in_every, tokens
from torch import nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models import bert
from groundup.models.attention import attention_maps
from groundup.models.bert import PUBLISHED, TRANSFORMERS, Bert, BertConfig

V, C, T = 31, 17, 13
TOY = BertConfig(vocabulary=V, context=C, layers=2, heads=3, width=12, dropout=0.0)


def configured(**settings) -> BertConfig:
    return BertConfig(**{**TOY.__dict__, **settings})


def model(**settings) -> Bert:
    torch.manual_seed(0)
    return Bert(configured(**settings)).double().eval()


def batch():
    """Tokens, segments and padding (2, T); the second text is four tokens shorter."""
    padding = torch.zeros(2, T, dtype=torch.bool)
    padding[1, -4:] = True
    return tokens(2, T, vocabulary=V), tokens(2, T, vocabulary=2, seed=1), padding


def both_heads(model, text, segments, padding):
    x = model.encode(text, segments, padding)
    return model.masked_tokens(x), model.next_sentence(x)


def both_heads_of_the_twin(model, text, segments, padding):
    outputs = model(text, token_type_ids=segments, attention_mask=(~padding).long())
    return outputs.prediction_logits, outputs.seq_relationship_logits


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_with_both_heads_it_is_transformers_bert_for_pretraining(dropout):
    config = configured(dropout=dropout)
    assert_same_model(
        Bert(config), bert_twin(config), TRANSFORMERS, *batch(),
        call=both_heads, call_reference=both_heads_of_the_twin,
    )  # fmt: skip


@pytest.mark.parametrize("dropout", [0.0, 0.2])
@pytest.mark.parametrize("length", [1, T, C])
def test_without_the_second_head_it_is_transformers_bert_for_masked_language_models(dropout, length):
    config = configured(dropout=dropout, next_sentence=False)
    text = tokens(2, length, vocabulary=V)
    # With a single place its key does not matter: the softmax over one score is 1.
    found = differences(
        Bert(config), bert_twin(config), TRANSFORMERS, text, call_reference=lambda model, text: model(text).logits
    )
    assert not [line for line in found if not (length == 1 and "proves nothing" in line)]


def test_the_proof_has_teeth():
    def swap(model: nn.Module) -> None:
        assert isinstance(model, Bert)
        model.segment_embedding.weight.data.copy_(model.segment_embedding.weight.flip(0))

    def look_at_padding(model: nn.Module) -> None:
        assert isinstance(model, Bert)
        encode = model.encode
        model.encode = lambda tokens, segments=None, padding=None: encode(tokens, segments)

    assert_the_proof_has_teeth(
        lambda: Bert(TOY), lambda: bert_twin(TOY), TRANSFORMERS, *batch(),
        call=both_heads, call_reference=both_heads_of_the_twin,
        mutations={
            "another eps": set_in_every(nn.LayerNorm, eps=1e-5),
            "segments exchanged": swap,
            "padding is seen": look_at_padding,
        },
    )  # fmt: skip


def test_the_proof_tells_one_gelu_from_the_other():
    config = configured(next_sentence=False)
    twin = bert_twin(config, hidden_act="gelu_new")  # the form with tanh
    text = tokens(2, T, vocabulary=V)
    assert differences(Bert(config), twin, TRANSFORMERS, text, call_reference=lambda model, text: model(text).logits)


def test_the_paper_size_has_110_million_parameters_as_the_reference():
    with torch.device("meta"):
        reference = bert_twin(BertConfig())
        plain = bert_twin(BertConfig(next_sentence=False))
        ours = Bert(BertConfig())
    assert models.describe("bert_base").parameters == models.count_parameters(reference) == 110_106_428
    assert models.count_parameters(plain) == 110_106_428 - 592_130 == 109_514_298
    published = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for key, tensor in reference.state_dict().items()
        if "decoder" not in key  # the file holds shared weights once
    }
    PUBLISHED.translate(published, ours.state_dict())


@pytest.mark.parametrize("next_sentence", [True, False])
@pytest.mark.parametrize("file_has_both_heads", [True, False])
def test_weights_that_transformers_saved_are_loaded_as_they_are(next_sentence, file_has_both_heads, tmp_path):
    twin = bert_twin(configured(next_sentence=file_has_both_heads)).eval()
    twin.save_pretrained(tmp_path)
    settings = configured(next_sentence=next_sentence).__dict__
    if next_sentence and not file_has_both_heads:
        with pytest.raises(UsageError, match=r"there is no bert\.pooler\.dense\.weight"):
            models.create("bert_base", pretrained=tmp_path / "model.safetensors", **settings)
        return
    ours = models.create("bert_base", pretrained=tmp_path / "model.safetensors", **settings).eval()
    text = tokens(2, T, vocabulary=V)
    expected = twin(text)["prediction_logits" if file_has_both_heads else "logits"]
    torch.testing.assert_close(ours(text), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["bert_base", "bert_small"])
def test_the_number_of_parameters_is_that_of_the_header(name):
    card = models.describe(name)
    c = card.config
    D, V = c.width, c.vocabulary
    body = (V + c.context + c.segments + 2) * D + c.layers * (12 * D**2 + 13 * D)
    heads = D**2 + 3 * D + V + (D**2 + 3 * D + 2 if c.next_sentence else 0)
    assert card.parameters == body + heads
    assert f"{card.parameters:,}" in (bert.__doc__ or "")


def test_what_stands_in_padding_changes_nothing_and_neither_does_its_length():
    net = model()
    text, segments, padding = batch()
    logits = net(text, segments, padding)
    changed = torch.where(padding, (text + 1) % V, text)
    torch.testing.assert_close(net(changed, segments, padding)[~padding], logits[~padding], rtol=1e-12, atol=1e-12)
    short = net(text[1:, : T - 4], segments[1:, : T - 4])
    torch.testing.assert_close(short[0], logits[1, : T - 4], rtol=1e-10, atol=1e-10)
    assert not torch.allclose(net(text, segments)[1, : T - 4], logits[1, : T - 4])


def test_every_logit_sees_both_sides():
    net = model()
    text, _, _ = batch()
    for place in (0, T - 1):
        changed = text.clone()
        changed[:, place] = (changed[:, place] + 1) % V
        assert (net(text) - net(changed)).abs().amax(-1).min() > 1e-7


def test_no_segments_means_that_all_is_sentence_0():
    net = model()
    text, segments, _ = batch()
    assert torch.equal(net(text), net(text, torch.zeros_like(segments)))
    assert not torch.allclose(net(text), net(text, segments))


def test_places_choose_among_the_logits():
    net = model()
    text, segments, padding = batch()
    places = torch.tensor([[0, 12, 3], [5, 5, 1]])
    logits = net(text, segments, padding)
    expected = torch.stack([logits[n, row] for n, row in enumerate(places)])
    torch.testing.assert_close(net(text, segments, padding, places), expected)


def test_fused_and_written_out_attention_agree():
    net = model()
    text, segments, padding = batch()
    with attention_maps(net) as maps:
        written = net(text, segments, padding)
    torch.testing.assert_close(net(text, segments, padding), written, rtol=1e-10, atol=1e-10)
    assert list(maps) == ["layers.0.attention", "layers.1.attention"]
    assert not maps["layers.1.attention"][0][1, :, :, -4:].any()  # of the padded text: nobody looks at padding


def test_it_learns_a_batch_by_heart():
    torch.manual_seed(0)
    net = Bert(BertConfig(8, context=12, layers=2, heads=2, width=32, dropout=0.0, segments=1, next_sentence=False))
    text = torch.randint(7, (4, 12))
    text[:, 0] = torch.arange(4)
    masked = torch.rand(4, 12) < 0.4
    masked[:, 0] = False
    seen = text.masked_fill(masked, 7)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    losses = []
    for _ in range(60):
        loss = F.cross_entropy(net(seen)[masked], text[masked])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 < 1.5 < losses[0]


def test_what_cannot_be_read_is_refused_in_words():
    net = model(next_sentence=False)
    text, segments, padding = batch()
    with pytest.raises(UsageError, match="18 tokens are more than the model's context of 17"):
        net(tokens(1, 18, vocabulary=V))
    with pytest.raises(ValueError, match=r"segments: got shape \(2, 12\), expected that of tokens, \(2, 13\)"):
        net(text, segments[:, 1:])
    with pytest.raises(ValueError, match=r"places: got shape \(1, 3\), expected \(N, K\) with N = 2"):
        net(text, places=torch.tensor([[0, 12, 3]]))
    with pytest.raises(TypeError, match="padding must hold booleans"):
        net(text, segments, padding.long())
    with pytest.raises(UsageError, match="set next_sentence=True"):
        net.next_sentence(net.encode(text))
    with pytest.raises(UsageError, match="at least 1"):
        model(segments=0)
