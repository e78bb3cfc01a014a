"""The Transformer is PyTorch's, weight for weight; it sees what it may see and nothing else."""

import math

import pytest
import torch
from reference import assert_same_model, assert_the_proof_has_teeth, set_in_every
from tiny_translators import SOURCE, TARGET, transformer
from tiny_translators import TRANSFORMER as TINY
from torch import nn

from groundup import models
from groundup.errors import UsageError
from groundup.models.attention import KeyValueCache
from groundup.models.decoding import PAD, greedy
from groundup.models.published import Published
from groundup.models.transformer import Transformer, TransformerConfig, sinusoids


class Reference(nn.Module):
    """torch.nn.Transformer between a table of vectors and the same table; as in the paper, no norm after the stacks."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config = config
        width, heads, layers, inner = config.width, config.heads, config.layers, config.inner
        self.embedding = nn.Embedding(config.vocabulary, width)
        encoder = nn.TransformerEncoderLayer(width, heads, inner, config.dropout, batch_first=True)
        decoder = nn.TransformerDecoderLayer(width, heads, inner, config.dropout, batch_first=True)
        self.transformer = nn.Transformer(
            width,
            heads,
            custom_encoder=nn.TransformerEncoder(encoder, layers, enable_nested_tensor=False),
            custom_decoder=nn.TransformerDecoder(decoder, layers),
            batch_first=True,
        )

    def embed(self, tokens):
        x = self.embedding(tokens) * math.sqrt(self.config.width)
        for t in range(tokens.shape[1]):  # the formula, number by number
            for i in range(self.config.width):
                angle = t / 10_000 ** (2 * (i // 2) / self.config.width)
                x[:, t, i] += math.sin(angle) if i % 2 == 0 else math.cos(angle)
        return x

    def forward(self, source, target):
        padding = source == PAD
        y = self.transformer(
            self.embed(source),
            self.embed(target),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(target.shape[1]).isinf(),
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
            tgt_key_padding_mask=target == PAD,
            tgt_is_causal=True,
        )
        return y @ self.embedding.weight.T


TORCH = Published(
    rename={
        r"^(encoder|decoder)\.(\d+)": r"transformer.\1.layers.\2",
        r"source_attention": "multihead_attn",
        r"\battention": "self_attn",
        r"[qkv]_proj\.(weight|bias)": r"in_proj_\1",
        r"feed_forward\.expand": "linear1",
        r"feed_forward\.contract": "linear2",
    },
    parts={"q_proj": (0, 3), "k_proj": (1, 3), "v_proj": (2, 3)},
)


def real_logits(model, source, target):
    """The logits at the places that are text: the others mean nothing."""
    return model(source, target)[target != PAD]


@pytest.fixture
def double():
    """Models made in float64, so that the marks of the places, which are no parameters, are exact too."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
def test_it_is_torch_nn_transformer_in_outputs_and_gradients_masks_included():
    torch.manual_seed(0)
    options = dict(call=real_logits, call_reference=real_logits)
    assert_same_model(Transformer(TINY), Reference(TINY), TORCH, SOURCE, TARGET, **options)


def test_in_float32_the_outputs_agree_within_1e_5():
    torch.manual_seed(0)
    ours, reference = Transformer(TINY), Reference(TINY)
    TORCH.load(ours, reference.state_dict())
    torch.testing.assert_close(
        real_logits(ours, SOURCE, TARGET), real_logits(reference, SOURCE, TARGET), rtol=0, atol=1e-5
    )


@pytest.mark.usefixtures("double")
def test_the_proof_has_teeth():
    options = dict(call=real_logits, call_reference=real_logits)
    mutations = {"another eps": set_in_every(nn.LayerNorm, eps=1.01e-5)}
    assert_the_proof_has_teeth(
        lambda: Transformer(TINY), lambda: Reference(TINY), TORCH, SOURCE, TARGET, mutations=mutations, **options
    )


def test_the_base_model_has_the_parameters_of_the_formula_and_of_table_3():
    def count(V, D, F, L):
        attention = 4 * D * D + 4 * D
        return V * D + L * (3 * attention + 2 * (2 * D * F + F + D) + 5 * 2 * D)

    assert models.describe("transformer").parameters == count(37_000, 512, 2048, 6) == 63_082_496
    assert round(count(40_000, 512, 2048, 6) / 1e6) == 65
    assert models.count_parameters(Transformer(TINY)) == count(17, 12, 20, 2)


def test_sinusoids_are_the_formula_of_section_3_5():
    places = sinusoids(50, 8)
    for t in (0, 1, 7, 49):
        for i in range(4):
            angle = t / 10_000 ** (2 * i / 8)
            assert places[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert places[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)
    assert sinusoids(5, 7).shape == (5, 7)  # an odd width: the last sine has no cosine
    # A step of k places is the same rotation of each pair everywhere: dot products depend on the distance alone.
    products = sinusoids(30, 64) @ sinusoids(30, 64).T
    torch.testing.assert_close(products.diagonal(5), products[0, 5].expand(25), rtol=1e-4, atol=1e-4)


@pytest.fixture
def model():
    return transformer()


def test_places_matter(model):
    swapped = SOURCE[:1, [1, 0, 2, 3, 4, 5]]
    assert not torch.allclose(model(swapped, TARGET[:1]), model(SOURCE[:1], TARGET[:1]))


def test_the_source_is_projected_once_for_all_steps(model):
    calls = []
    layer = model.decoder[0].source_attention
    hook = layer.k_proj.register_forward_hook(lambda *_: calls.append(1))
    greedy(model, SOURCE, extra=3)
    hook.remove()
    assert len(calls) == 1
    cache = KeyValueCache()
    memory, x = torch.randn(2, 5, 12), torch.randn(2, 3, 12)
    first = layer(x, memory, cache=cache)
    torch.testing.assert_close(layer(x, memory, cache=cache), first)
    torch.testing.assert_close(layer(x, memory), first)
    assert len(cache) == 5


def test_dropout_falls_on_embeddings_and_on_what_each_sub_layer_adds():
    torch.manual_seed(0)
    model = Transformer(TransformerConfig(vocabulary=17, width=12, heads=3, layers=1, inner=20, dropout=0.5))
    calls = []
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            assert module.p == 0.5
            module.register_forward_hook(lambda m, x, y: calls.append(m))
    model(SOURCE, TARGET)
    assert len(calls) == 2 + 2 + 3  # source and target vectors; two sub-layers of the encoder, three of the decoder
    model.eval()
    torch.testing.assert_close(model(SOURCE, TARGET), model(SOURCE, TARGET))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heads": 5}, "5 heads do not divide a width of 12"),
        ({"layers": 0}, "must each be at least 1"),
        ({"dropout": 1.0}, "dropout is 1.0; expected from 0 to below 1"),
    ],
)
def test_sizes_that_cannot_be_are_refused(change, message):
    with pytest.raises(UsageError, match=message):
        Transformer(TransformerConfig(**{**vars(TINY), **change}))


def test_sentences_longer_than_the_context_are_refused(model):
    with pytest.raises(UsageError, match="25 tokens are more than the model's context of 24"):
        model(torch.full((1, 25), 3), TARGET[:1])
