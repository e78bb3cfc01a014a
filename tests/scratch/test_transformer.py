"""Transformer blocks: their formulas, masks, caches and errors."""

import numpy as np
import pytest

from groundup import scratch as gu


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def encoder(rng, **options):
    return gu.TransformerEncoderLayer(6, 2, 5, options.pop("dropout", 0.0), rng=rng, dtype=np.float64, **options)


def decoder(rng, **options):
    return gu.TransformerDecoderLayer(6, 2, 5, 0.0, rng=rng, dtype=np.float64, **options)


def feed_forward(block, x):
    return block.linear2(np.maximum(block.linear1(x), 0))


def test_post_norm_is_its_formula(rng):
    block, x = encoder(rng), rng.standard_normal((3, 5, 6))
    h = block.norm1(x + block.self_attn(x))
    np.testing.assert_allclose(block(x), block.norm2(h + feed_forward(block, h)), rtol=1e-12)


def test_pre_norm_is_its_formula(rng):
    block, x = encoder(rng, norm_first=True), rng.standard_normal((3, 5, 6))
    h = x + block.self_attn(block.norm1(x))
    np.testing.assert_allclose(block(x), h + feed_forward(block, block.norm2(h)), rtol=1e-12)


@pytest.mark.parametrize("norm_first", [False, True])
def test_decoder_is_its_formula(rng, norm_first):
    block = decoder(rng, norm_first=norm_first)
    x, memory = rng.standard_normal((3, 5, 6)), rng.standard_normal((3, 7, 6))
    if norm_first:
        h = x + block.self_attn(block.norm1(x))
        h = h + block.multihead_attn(block.norm2(h), memory)
        y = h + feed_forward(block, block.norm3(h))
    else:
        h = block.norm1(x + block.self_attn(x))
        h = block.norm2(h + block.multihead_attn(h, memory))
        y = block.norm3(h + feed_forward(block, h))
    np.testing.assert_allclose(block(x, memory), y, rtol=1e-12)


def test_pre_norm_carries_a_gradient_through_many_blocks(rng):
    """Through 24 untrained blocks, pre-norm lets the gradient through as it is: its identity path has slope 1."""
    x, dy = rng.standard_normal((1, 5, 6)), rng.standard_normal((1, 5, 6))
    blocks = [encoder(rng, norm_first=True) for _ in range(24)]
    for block in blocks:
        for name, p in block.named_parameters():
            if name in ("self_attn.out_proj.weight", "linear2.weight", "linear2.bias"):
                p.data[...] = 0  # nothing is added on the way: only the identity is left
    stack = gu.Sequential(*blocks)
    np.testing.assert_array_equal(stack(x), x)
    np.testing.assert_array_equal(stack.backward(dy), dy)


@pytest.mark.parametrize("norm_first", [False, True])
def test_padding_is_as_if_it_were_not_there(rng, norm_first):
    block = encoder(rng, norm_first=norm_first)
    x = rng.standard_normal((1, 5, 6))
    longer = np.concatenate([x, 100 * rng.standard_normal((1, 2, 6))], axis=1)
    y = block(longer, key_padding_mask=np.arange(7)[None] >= 5)
    np.testing.assert_allclose(y[:, :5], block(x), rtol=1e-11)


@pytest.mark.parametrize("norm_first", [False, True])
def test_with_a_cache_token_by_token_equals_all_at_once(rng, norm_first):
    x, memory = rng.standard_normal((2, 7, 6)), rng.standard_normal((2, 3, 6))
    block, cache = encoder(rng, norm_first=norm_first, causal=True).eval(), gu.KeyValueCache(7)
    steps = [block(x[:, t : t + 1], cache=cache) for t in range(7)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), block(x), rtol=1e-11, atol=1e-14)

    block, cache = decoder(rng, norm_first=norm_first).eval(), gu.KeyValueCache(7)
    steps = [block(x[:, t : t + 1], memory, cache=cache) for t in range(7)]
    np.testing.assert_allclose(np.concatenate(steps, axis=1), block(x, memory), rtol=1e-11, atol=1e-14)


def test_decoder_does_not_see_the_future(rng):
    block, memory = decoder(rng), rng.standard_normal((2, 3, 6))
    x = rng.standard_normal((2, 7, 6))
    y = block(x, memory)
    x[:, 4:] += 1
    np.testing.assert_array_equal(block(x, memory)[:, :4], y[:, :4])


def test_dropout_only_in_training(rng):
    block, x = encoder(rng, dropout=0.4), rng.standard_normal((2, 5, 6))
    plain = encoder(rng)
    plain.load_state_dict(block.state_dict())
    assert not np.allclose(block(x), block(x))
    np.testing.assert_array_equal(block.eval()(x), plain.eval()(x))


def test_an_empty_batch(rng):
    block = encoder(rng)
    y = block(np.zeros((0, 5, 6)))
    assert block.backward(y).shape == (0, 5, 6)


def test_errors(rng):
    with pytest.raises(ValueError, match="activation must be one of relu, gelu, gelu_tanh, got 'swish'"):
        encoder(rng, activation="swish")
    with pytest.raises(ValueError, match="width 7 and 2 heads"):
        gu.TransformerEncoderLayer(7, 2, rng=rng)
    with pytest.raises(ValueError, match="do not go together"):
        decoder(rng)(np.zeros((2, 5, 6)), np.zeros((3, 5, 6)))
