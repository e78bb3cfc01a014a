"""Multi-head attention: the written-out formula, the fused kernel and torch.nn's module are one and the same."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from groundup.errors import UsageError
from groundup.models.attention import KeyValueCache, MultiHeadAttention, attention, attention_maps, fused_attention

N, H, T, S, d = 2, 3, 5, 7, 11
D = H * d


def normal(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def masks(T, S):
    """Nothing hidden; padding at the end of the second example; anything, where one query may look at no key."""
    padding = torch.zeros(N, 1, 1, S, dtype=torch.bool)
    padding[1, :, :, -2:] = True
    anything = torch.rand(N, H, T, S) < 0.3
    anything[0, 1, 2] = True
    return {"nothing": None, "padding": padding, "anything": anything}


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", masks(T, S))
@pytest.mark.parametrize("S", [T, S])
def test_the_fused_kernel_equals_the_formula_with_its_gradients(causal, mask, S):
    torch.manual_seed(0)
    hidden = masks(T, S)[mask]
    inputs = (normal(N, H, T, d), normal(N, H, S, d), normal(N, H, S, d))
    written, weights = attention(*inputs, hidden=hidden, causal=causal)
    fused = fused_attention(*inputs, hidden=hidden, causal=causal)
    dy = torch.randn_like(written)
    torch.testing.assert_close(fused, written, rtol=1e-12, atol=1e-12)
    for one, other in zip(torch.autograd.grad(fused, inputs, dy), torch.autograd.grad(written, inputs, dy)):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
    assert written.shape == (N, H, T, d)
    assert weights.shape == (N, H, T, S)


def test_the_formula_is_equation_1_query_by_query():
    torch.manual_seed(0)
    q, k, v = normal(N, H, T, d), normal(N, H, S, d), normal(N, H, S, d)
    y, weights = attention(q, k, v)
    for n, h, t in itertools.product(range(N), range(H), range(T)):
        e = [math.exp(sum(a * b for a, b in zip(q[n, h, t].tolist(), key.tolist())) / math.sqrt(d)) for key in k[n, h]]
        p = torch.tensor(e, dtype=torch.float64) / sum(e)
        torch.testing.assert_close(weights[n, h, t], p)
        torch.testing.assert_close(y[n, h, t], p @ v[n, h])


def test_hidden_keys_have_no_weight_and_a_query_without_keys_takes_nothing():
    torch.manual_seed(0)
    hidden = masks(T, S)["anything"]
    assert hidden is not None
    q, k, v = normal(N, H, T, d), normal(N, H, S, d), normal(N, H, S, d)
    y, weights = attention(q, k, v, hidden)
    assert not weights[hidden].any()
    sums = weights.sum(-1)
    torch.testing.assert_close(sums, (~hidden.all(-1)).double())
    assert not y[0, 1, 2].any()
    y.sum().backward()
    assert q.grad is not None
    assert q.grad.isfinite().all()
    assert not q.grad[0, 1, 2].any()


def test_causal_queries_see_the_past_alone_and_the_last_query_stands_at_the_last_key():
    q, k, v = normal(1, 1, 3, d), normal(1, 1, 5, d), normal(1, 1, 5, d)
    _, weights = attention(q, k, v, causal=True)
    assert torch.equal(weights[0, 0] > 0, torch.ones(3, 5, dtype=torch.bool).tril(2))


def test_dropout_drops_weights_and_keeps_their_mean():
    torch.manual_seed(0)
    q = k = torch.zeros(1, 1, 400, 1)
    v = torch.ones(1, 1, 400, 1)
    for y in (attention(q, k, v, dropout=0.25)[0], fused_attention(q, k, v, dropout=0.25)):
        assert y.std() > 0
        assert abs(y.mean() - 1) < 0.01  # 160,000 weights, each 0 or 4/3: a standard error of 0.0014


def twins(dtype=torch.float64):
    torch.manual_seed(0)
    twin = nn.MultiheadAttention(D, H, batch_first=True, dtype=dtype)
    for parameter in twin.parameters():
        nn.init.normal_(parameter, std=0.3)
    ours = MultiHeadAttention(D, H).to(dtype)
    state = {f"out_proj.{kind}": getattr(twin.out_proj, kind) for kind in ("weight", "bias")}
    for kind in ("weight", "bias"):
        for name, part in zip("qkv", getattr(twin, f"in_proj_{kind}").chunk(3)):
            state[f"{name}_proj.{kind}"] = part
    ours.load_state_dict(state)
    return ours, twin


def gradients(module):
    """Every gradient; ours joined as torch joins them."""
    found = {name: p.grad for name, p in module.named_parameters()}
    for kind in ("weight", "bias"):
        if f"q_proj.{kind}" in found:
            found[f"in_proj_{kind}"] = torch.cat([found.pop(f"{name}_proj.{kind}") for name in "qkv"])
    return found


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("recording", [False, True])
@pytest.mark.parametrize("kind", ["self", "causal", "padding", "cross", "cross with padding"])
def test_the_module_equals_torchs_with_all_gradients(kind, recording, train):
    ours, twin = (module.train(train) for module in twins())
    x, memory = normal(N, T, D), normal(N, S, D)
    source = memory if "cross" in kind else x
    padding = torch.zeros(source.shape[:2], dtype=torch.bool)
    padding[1, -2:] = True
    padding = padding if "padding" in kind else None
    causal = kind == "causal"
    future = torch.ones(T, T, dtype=torch.bool).triu(1) if causal else None
    expected, expected_weights = twin(
        x, source, source, padding, attn_mask=future, need_weights=recording, average_attn_weights=False
    )
    given = {"memory": memory} if "cross" in kind else {}
    if recording:
        with attention_maps(ours) as maps:
            y = ours(x, padding=padding, causal=causal, **given)
        torch.testing.assert_close(maps[""][0], expected_weights, rtol=1e-12, atol=1e-12)
    else:
        y = ours(x, padding=padding, causal=causal, **given)
    torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)

    dy = torch.randn_like(y)
    found = []
    for outcome, module in ((y, ours), (expected, twin)):
        x.grad = memory.grad = None
        outcome.backward(dy)
        found.append({"x": x.grad, "memory": memory.grad, **gradients(module)})
    torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_in_float32_it_is_torchs_within_rounding():
    ours, twin = twins(torch.float32)
    x = normal(N, T, D, dtype=torch.float32)
    torch.testing.assert_close(ours(x), twin(x, x, x)[0], rtol=1e-5, atol=1e-5)


def test_without_biases_it_is_torchs_without_biases():
    ours = MultiHeadAttention(D, H, bias=False)
    assert [tuple(p.shape) for p in ours.parameters()] == [(D, D)] * 4
    x, memory = torch.randn(N, T, D), torch.randn(N, S, D)
    torch.testing.assert_close(ours(x, x), ours(x))
    assert ours(x, memory).shape == (N, T, D)


def test_with_a_cache_token_by_token_gives_what_the_whole_gives_at_once():
    ours, _ = twins()
    x = torch.randn(N, 9, D, dtype=torch.float64)
    whole = ours(x, causal=True)
    cache = KeyValueCache()
    parts = []
    for piece in x.split([4, 3, 1, 1], dim=1):
        parts.append(ours(piece, causal=True, cache=cache))
    assert len(cache) == 9
    torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="the cache holds 2 sequences, got 1"):
        ours(x[:1, :1], causal=True, cache=cache)


def test_maps_are_recorded_for_every_layer_and_every_call_and_only_inside():
    torch.manual_seed(0)
    model = nn.Sequential(MultiHeadAttention(D, H), nn.Identity(), MultiHeadAttention(D, 1))
    x = torch.randn(N, T, D)
    plain = model(x)
    with attention_maps(model) as maps:
        torch.testing.assert_close(model(x), plain)
        model(x)
    model(x)
    assert {name: [tuple(m.shape) for m in calls] for name, calls in maps.items()} == {
        "0": [(N, H, T, T)] * 2,
        "2": [(N, 1, T, T)] * 2,
    }
    assert not maps["0"][0].requires_grad
    with pytest.raises(ZeroDivisionError), attention_maps(model):
        _ = 1 // 0
    assert model[0].recorded is None


def test_dropout_works_in_training_alone():
    torch.manual_seed(0)
    ours = MultiHeadAttention(D, H, dropout=0.5)
    x = torch.randn(N, T, D)
    assert not torch.equal(ours(x), ours(x))
    ours.eval()
    assert torch.equal(ours(x), ours(x))


def test_the_first_weights_are_xavier_uniform_and_biases_zero():
    torch.manual_seed(0)
    ours = MultiHeadAttention(128, 4)
    bound = math.sqrt(6 / (128 + 128))
    for layer in (ours.q_proj, ours.k_proj, ours.v_proj, ours.out_proj):
        assert layer.weight.abs().max().item() == pytest.approx(bound, rel=0.01)
        assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
        assert not layer.bias.any()


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(UsageError, match="3 heads do not divide a width of 32"):
        MultiHeadAttention(32, 3)
    with pytest.raises(UsageError, match="expected from 0 to below 1"):
        MultiHeadAttention(32, 4, dropout=1.0)
    ours = MultiHeadAttention(D, H)
    x = torch.randn(N, T, D)
    with pytest.raises(ValueError, match=r"x: got shape \(5, 33\), expected \(N, T, 33\)"):
        ours(x[0])
    with pytest.raises(ValueError, match=r"memory: got shape \(2, 5, 32\), expected \(N, S, 33\)"):
        ours(x, x[..., 1:])
    with pytest.raises(TypeError, match=r"padding must hold booleans \(True hides\), got torch.float32"):
        ours(x, padding=torch.zeros(N, T))
    with pytest.raises(ValueError, match=r"padding: got shape \(2, 4\), expected \(N, S\) = \(2, 5\)"):
        ours(x, padding=torch.zeros(N, T - 1, dtype=torch.bool))


def test_the_formula_is_the_kernel_under_autocast_dtypes_too():
    q = torch.randn(1, 2, 4, 8, dtype=torch.bfloat16)
    hidden = torch.ones(4, 4, dtype=torch.bool).triu(1)
    written, _ = attention(q, q, q, hidden)
    assert written.dtype == torch.bfloat16
    expected = F.scaled_dot_product_attention(q.float(), q.float(), q.float(), ~hidden)
    torch.testing.assert_close(written.float(), expected, rtol=0.05, atol=0.05)
