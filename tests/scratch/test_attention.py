"""Attention: the fast kernels against the definition, what masks must do, cached keys and values, clear errors."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from groundup import scratch as gu
from groundup.scratch import naive
from groundup.scratch.layers.attention import attention_backward, attention_forward


def draw(rng, N=2, H=6, G=3, T=5, S=7, d=4, e=4, dtype: Any = np.float64) -> Any:
    return [rng.standard_normal(shape).astype(dtype) for shape in ((N, H, T, d), (N, G, S, d), (N, G, S, e))]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# -- the kernel ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("H", "G"), [(3, 3), (6, 3), (5, 1)])
@pytest.mark.parametrize(("T", "S"), [(5, 7), (7, 7), (1, 7), (7, 5)])
def test_equals_the_definition(rng, causal, masked, H, G, T, S):
    q, k, v = draw(rng, H=H, G=G, T=T, S=S, e=3)
    hidden = rng.random((2, H, T, S)) < 0.4 if masked else None
    y, _ = attention_forward(q, k, v, hidden, causal)
    np.testing.assert_allclose(y, naive.attention(q, k, v, hidden, causal), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("masked", [False, True])
def test_equals_pytorch_also_where_all_keys_are_hidden(rng, masked):
    q, k, v = draw(rng)
    hidden = rng.random((2, 1, 5, 7)) < 0.3
    hidden[:, :, 2] = True
    hidden = hidden if masked else None
    y, cache = attention_forward(q, k, v, hidden)
    dy = rng.standard_normal(y.shape)
    gradients = attention_backward(dy, cache)

    tensors = [torch.from_numpy(x).requires_grad_() for x in (q, k, v)]
    seen = None if hidden is None else torch.from_numpy(~hidden)
    twin = F.scaled_dot_product_attention(*tensors, attn_mask=seen, enable_gqa=True)
    twin.backward(torch.from_numpy(dy))
    np.testing.assert_allclose(y, twin.detach().numpy(), rtol=1e-10, atol=1e-14)
    for mine, t in zip(gradients, tensors):
        assert t.grad is not None
        np.testing.assert_allclose(mine, t.grad.numpy(), rtol=1e-10, atol=1e-13)
    if masked:
        assert not y[:, :, 2].any(), "a query that sees nothing takes nothing"
        assert not gradients[0][:, :, 2].any()


@settings(max_examples=60, deadline=None)
@given(
    N=st.integers(0, 3), G=st.integers(1, 3), r=st.integers(1, 3), T=st.integers(0, 5), S=st.integers(0, 5),
    d=st.integers(1, 4), e=st.integers(1, 4), causal=st.booleans(), masked=st.booleans(), strided=st.booleans(),
    dtype=st.sampled_from([np.float32, np.float64]), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_any_shape_dtype_and_layout(N, G, r, T, S, d, e, causal, masked, strided, dtype, seed):
    rng = np.random.default_rng(seed)
    inputs = draw(rng, N, G * r, G, T, S, d, e, dtype)
    hidden = rng.random((N, 1, T, S)) < 0.5 if masked else None
    if strided:  # as the layer has them: (N, T, H, d) in memory
        inputs = [np.ascontiguousarray(x.swapaxes(1, 2)).swapaxes(1, 2) for x in inputs]
    kept = [x.copy() for x in inputs]
    y, cache = attention_forward(*inputs, hidden, causal)
    dy = rng.standard_normal(y.shape).astype(dtype)
    gradients = attention_backward(dy, cache)

    assert y.dtype == dtype
    assert y.shape == (N, G * r, T, e)
    full = None if hidden is None else np.broadcast_to(hidden, (N, G * r, T, S))
    tolerance = 1e-4 if dtype == np.float32 else 1e-10
    np.testing.assert_allclose(
        y, naive.attention(kept[0], kept[1], kept[2], full, causal), rtol=tolerance, atol=tolerance
    )
    for x, before, dx in zip(inputs, kept, gradients):
        np.testing.assert_array_equal(x, before)
        assert dx.shape == x.shape
        assert dx.dtype == dtype
        assert np.isfinite(dx).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([1e-3, 1.0, 1e2, 1e4]))
def test_takes_a_weighted_mean_of_the_values(seed, scale):
    rng = np.random.default_rng(seed)
    q, k, v = draw(rng, H=3, G=3, dtype=np.float32)
    y, cache = attention_forward(q * np.float32(scale), k, v)
    assert np.isfinite(y).all()
    assert (y <= v.max(axis=2, keepdims=True) + 1e-5).all()
    assert (y >= v.min(axis=2, keepdims=True) - 1e-5).all()
    assert all(np.isfinite(g).all() for g in attention_backward(np.ones_like(y), cache))


def test_scores_of_a_million(rng):
    q, k, v = draw(rng, H=3, G=3, dtype=np.float32)
    y, cache = attention_forward(q * 1e3, k * 1e3, v)
    winner = (q @ k.swapaxes(-1, -2)).argmax(axis=-1)  # with such scores the best key takes all
    np.testing.assert_allclose(y, np.take_along_axis(v, winner[..., None], axis=2), atol=1e-6)
    assert all(np.isfinite(g).all() for g in attention_backward(np.ones_like(y), cache))


def test_order_of_the_keys_does_not_matter(rng):
    q, k, v = draw(rng, H=3, G=3)
    order = rng.permutation(7)
    y, _ = attention_forward(q, k, v)
    z, _ = attention_forward(q, k[:, :, order], v[:, :, order])
    np.testing.assert_allclose(y, z, rtol=1e-12)


def test_causal_sees_no_future(rng):
    q, k, v = draw(rng, H=3, G=3, T=7, S=7)
    y, _ = attention_forward(q, k, v, causal=True)
    k[:, :, 4:], v[:, :, 4:] = 9, 9
    z, _ = attention_forward(q, k, v, causal=True)
    np.testing.assert_array_equal(y[:, :, :4], z[:, :, :4])
    assert not np.allclose(y[:, :, 4:], z[:, :, 4:])


def test_dropped_weights_keep_the_expected_value(rng):
    q, k, v = draw(rng, N=1, H=1, G=1)
    y, _ = attention_forward(q, k, v)
    many = [attention_forward(q, k, v, dropout=0.5, rng=rng)[0] for _ in range(4000)]
    deviation = np.std(many, axis=0) / np.sqrt(len(many))  # of the mean
    assert (np.abs(np.mean(many, axis=0) - y) < 5 * deviation).all()
    assert (np.std(many, axis=0) > 0.01).all()


# -- the layers ----------------------------------------------------------------------------------------------


def test_dropout_only_in_training(rng):
    layer, x = gu.MultiHeadAttention(6, 2, dropout=0.5, rng=rng), rng.standard_normal((2, 5, 6), np.float32)
    plain = gu.MultiHeadAttention(6, 2, rng=rng)
    plain.load_state_dict(layer.state_dict())
    assert not np.allclose(layer(x), layer(x))
    np.testing.assert_array_equal(layer.eval()(x), plain.eval()(x))


def test_as_many_key_heads_as_query_heads_is_multi_head_attention(rng):
    grouped = gu.GroupedQueryAttention(12, 3, 3, bias=True, rng=rng, dtype=np.float64)
    multi = gu.MultiHeadAttention(12, 3, rng=rng, dtype=np.float64)
    state = grouped.state_dict()
    joined = {
        f"in_proj_{kind}": np.concatenate([state[f"{p}_proj.{kind}"] for p in "qkv"]) for kind in ("weight", "bias")
    }
    multi.load_state_dict(joined | {name: state[name] for name in ("out_proj.weight", "out_proj.bias")})
    x = rng.standard_normal((2, 5, 12))
    np.testing.assert_allclose(grouped(x), multi(x), rtol=1e-12, atol=1e-14)


def test_one_two_or_three_sources_agree(rng):
    layer, x = gu.MultiHeadAttention(6, 2, rng=rng, dtype=np.float64), rng.standard_normal((2, 5, 6))
    dy = rng.standard_normal((2, 5, 6))
    results = []
    for sources in ((x,), (x, x), (x, x, x)):
        layer.zero_grad()
        y = layer(*sources)
        dx = layer.backward(dy)
        total = dx if isinstance(dx, np.ndarray) else sum(dx)
        results.append((y, total, layer.in_proj_weight.grad.copy()))
    for other in results[1:]:
        for a, b in zip(results[0], other):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_padding_is_as_if_it_were_not_there(rng):
    layer = gu.MultiHeadAttention(6, 2, rng=rng, dtype=np.float64)
    x = rng.standard_normal((1, 5, 6))
    longer = np.concatenate([x, rng.standard_normal((1, 2, 6)) * 1e3], axis=1)
    padding = np.arange(7)[None] >= 5
    np.testing.assert_allclose(layer(longer, key_padding_mask=padding)[:, :5], layer(x), rtol=1e-12, atol=1e-14)


def test_an_empty_batch(rng):
    layer = gu.MultiHeadAttention(6, 2, causal=True, rng=rng)
    y = layer(np.zeros((0, 5, 6), np.float32))
    assert y.shape == (0, 5, 6)
    assert layer.backward(y).shape == (0, 5, 6)


CAUSAL = {
    "multi-head": lambda rng: gu.MultiHeadAttention(12, 3, causal=True, rng=rng, dtype=np.float64),
    "grouped": lambda rng: gu.GroupedQueryAttention(12, 6, 2, causal=True, rng=rng, dtype=np.float64),
    "rotary": lambda rng: gu.GroupedQueryAttention(12, 3, 1, causal=True, rotary=True, rng=rng, dtype=np.float64),
}


@pytest.mark.parametrize("make", CAUSAL.values(), ids=CAUSAL)
@pytest.mark.parametrize("pieces", [[1] * 7, [3, 1, 3], [7], [2, 5]])
def test_with_a_cache_piece_by_piece_equals_all_at_once(rng, make, pieces):
    layer = make(rng).eval()
    x = rng.standard_normal((2, 7, 12))
    cache, outputs = gu.KeyValueCache(7), []
    for piece in np.split(x, np.cumsum(pieces)[:-1], axis=1):
        outputs.append(layer(piece, cache=cache))
    np.testing.assert_allclose(np.concatenate(outputs, axis=1), layer(x), rtol=1e-11, atol=1e-14)
    assert cache.length == 7


def test_a_cache_is_refused_where_it_would_be_wrong(rng):
    x = np.zeros((2, 5, 6), np.float32)
    with pytest.raises(RuntimeError, match=r"call eval\(\) first"):
        gu.MultiHeadAttention(6, 2, causal=True, rng=rng)(x, cache=gu.KeyValueCache(9))
    with pytest.raises(ValueError, match="causal=True"):
        gu.MultiHeadAttention(6, 2, rng=rng).eval()(x, cache=gu.KeyValueCache(9))
    layer, cache = gu.MultiHeadAttention(6, 2, causal=True, rng=rng).eval(), gu.KeyValueCache(9)
    layer(x, cache=cache)
    with pytest.raises(ValueError, match=r"holds 9 tokens, got 5 \+ 5"):
        layer(x, cache=cache)
    with pytest.raises(ValueError, match="batch of 2, got 1"):
        layer(x[:1, :1], cache=cache)


def test_errors_name_both_values(rng):
    with pytest.raises(ValueError, match="width 7 and 2 heads"):
        gu.MultiHeadAttention(7, 2, rng=rng)
    with pytest.raises(ValueError, match="width 6 and 0 heads"):
        gu.MultiHeadAttention(6, 0, rng=rng)
    with pytest.raises(ValueError, match=r"multiple of key heads.*got 6 and 4"):
        gu.GroupedQueryAttention(12, 6, 4, rng=rng)
    layer, x = gu.MultiHeadAttention(6, 2, rng=rng), np.zeros((3, 5, 6), np.float32)
    with pytest.raises(TypeError, match="must hold floats, got int"):
        layer(np.zeros((3, 5, 6), int))
    with pytest.raises(ValueError, match=r"got shape \(3, 5, 7\), expected \(N, T, 6\)"):
        layer(np.zeros((3, 5, 7), np.float32))
    with pytest.raises(ValueError, match=r"attn_mask: got shape \(4, 5\), expected \(T, S\) = \(5, 5\)"):
        layer(x, attn_mask=np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match=r"key_padding_mask: got shape \(5, 3\), expected \(3, 5\)"):
        layer(x, key_padding_mask=np.zeros((5, 3), bool))
    with pytest.raises(TypeError, match=r"True hides.*float64"):
        layer(x, attn_mask=np.zeros((5, 5)))
    with pytest.raises(ValueError, match="value without a key"):
        layer(x, None, x)
    with pytest.raises(ValueError, match=r"do not go together"):
        layer(x, x[:2])
