"""The solutions about sequences are equal to PyTorch and to groundup.scratch, values and gradients, in float64."""

from typing import Any

import numpy as np
import torch
from test_truth import same, tensors
from torch.nn import functional as F

from groundup import scratch
from groundup.practice.exercise import solution_module
from groundup.scratch import tape
from groundup.scratch.layers.attention import attention_backward, attention_forward

RNG = np.random.default_rng(0)


def test_embedding():
    it = solution_module("embedding")
    table, dy = RNG.normal(size=(11, 3)), RNG.normal(size=(5, 7, 3))
    indices = RNG.integers(11, size=(5, 7))
    weight, places = tensors(table, indices)
    y = F.embedding(places, weight, padding_idx=4)
    y.backward(torch.tensor(dy))
    layer = scratch.Embedding(11, 3, padding_idx=4, rng=RNG, dtype=np.float64)
    layer.weight.data[...] = table
    for value in (y, layer(indices)):
        same(it.embedding_forward(indices, table), value)
    layer.backward(dy)
    mine = it.Embedding(table, padding=4)
    mine.forward(indices)
    mine.backward(dy)
    for gradient in (weight.grad, layer.weight.grad):
        same(it.embedding_backward(dy, indices, 11, 4), gradient)
        same(mine.dweight, gradient)


def recurrent(kind, gates, states):
    """Run PyTorch's layer and ours with one set of weights; return the inputs, and from each hs and all gradients."""
    T, N, I, H = 7, 5, 3, 2
    shapes = [(gates * H, I), (gates * H, H), (gates * H,), (gates * H,)]
    weights = [RNG.normal(size=shape) for shape in shapes]
    x, dhs = RNG.normal(size=(T, N, I)), RNG.normal(size=(T, N, H))
    starts = [RNG.normal(size=(1, N, H)) for _ in range(states)]

    twin = getattr(torch.nn, kind)(I, H).double()
    layer = getattr(scratch, kind)(I, H, rng=RNG, dtype=np.float64)
    for name, value in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"), weights):
        getattr(twin, name).data = torch.tensor(value)
        getattr(layer, name).data[...] = value
    t_x, *t_starts = inputs = tensors(x, *starts)
    theirs, _ = twin(t_x, t_starts[0] if states == 1 else tuple(t_starts))
    theirs.backward(torch.tensor(dhs))
    ours, *_ = layer(x, *starts)
    back: Any = layer.backward(dhs)
    parameters = [[getattr(made, name).grad for name, _ in twin.named_parameters()] for made in (twin, layer)]
    return (
        (x, [s[0] for s in starts], weights, dhs),
        (theirs, [*(tensor.grad for tensor in inputs), *parameters[0]]),
        (ours, [*back, *parameters[1]]),
    )


def test_rnn():
    it = solution_module("rnn")
    (x, (h0,), (w_ih, w_hh, b_ih, b_hh), dhs), *proofs = recurrent("RNN", gates=1, states=1)
    hs = it.rnn_forward(x, h0, w_ih, w_hh, b_ih + b_hh)
    gradients = it.rnn_backward(dhs, hs, x, h0, w_ih, w_hh)
    assert len(gradients) == 5
    for right, rights in proofs:
        same(hs, right)
        for mine, gradient in zip(gradients, rights):  # both biases have the gradient of their sum
            same(mine, gradient.reshape(mine.shape))


def test_lstm():
    it = solution_module("lstm")
    (x, (h0, c0), (w_ih, w_hh, b_ih, b_hh), dhs), *proofs = recurrent("LSTM", gates=4, states=2)
    b = b_ih + b_hh
    hs, cs = it.lstm_forward(x, h0, c0, w_ih, w_hh, b)
    gradients = it.lstm_backward(dhs, hs, cs, x, h0, c0, w_ih, w_hh, b)
    assert len(gradients) == 6
    for right, rights in proofs:
        same(hs, right)
        for mine, gradient in zip(gradients, rights):
            same(mine, gradient.reshape(mine.shape))


def test_gru():
    it = solution_module("gru")
    (x, (h0,), weights, dhs), *proofs = recurrent("GRU", gates=3, states=1)
    hs = it.gru_forward(x, h0, *weights)
    gradients = it.gru_backward(dhs, hs, x, h0, *weights)
    for right, rights in proofs:
        same(hs, right)
        for mine, gradient in zip(gradients, rights, strict=True):
            same(mine, gradient.reshape(mine.shape))


def test_attention():
    it = solution_module("attention")
    query, key, value = (RNG.normal(size=shape) for shape in [(5, 7, 2), (5, 3, 2), (5, 3, 11)])
    mask, dy = np.arange(3) > np.arange(7)[:, None], RNG.normal(size=(5, 7, 11))
    inputs = tensors(query, key, value)
    y = F.scaled_dot_product_attention(*inputs, attn_mask=torch.tensor(~mask))
    y.backward(torch.tensor(dy))
    ours, cache = attention_forward(query[:, None], key[:, None], value[:, None], mask)  # one head
    same(it.attention_forward(query, key, value, mask), y)
    same(it.attention_forward(query, key, value, mask), ours[:, 0])
    gradients = it.attention_backward(dy, query, key, value, mask)
    for mine, tensor, our in zip(gradients, inputs, attention_backward(dy[:, None], cache), strict=True):
        same(mine, tensor.grad)
        same(mine, our[:, 0])


def test_transformer_block():
    it = solution_module("transformer_block")
    N, T, H, K, inner = 5, 7, 3, 2, 11
    D = H * K
    x, dy = RNG.normal(size=(2, N, T, D))
    theirs = {  # PyTorch's names, which are also ours
        "gain1": "norm1.weight", "shift1": "norm1.bias", "w_qkv": "self_attn.in_proj_weight",
        "w_out": "self_attn.out_proj.weight", "gain2": "norm2.weight", "shift2": "norm2.bias",
        "w1": "linear1.weight", "b1": "linear1.bias", "w2": "linear2.weight", "b2": "linear2.bias",
    }  # fmt: skip
    options = {"dropout": 0.0, "norm_first": True}
    twin = torch.nn.TransformerEncoderLayer(
        D, H, inner, activation=lambda u: F.gelu(u, approximate="tanh"), batch_first=True, **options
    ).double()
    layer = scratch.TransformerEncoderLayer(
        D, H, inner, activation="gelu_tanh", causal=True, rng=RNG, dtype=np.float64, **options
    )
    state = {name: RNG.normal(size=value.shape) for name, value in twin.state_dict().items()}
    state |= {name: np.zeros_like(value) for name, value in state.items() if "attn" in name and "bias" in name}
    twin.load_state_dict({name: torch.tensor(value) for name, value in state.items()})
    layer.load_state_dict(state)

    (t_x,) = tensors(x)
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    y = twin(t_x, src_mask=hidden)
    y.backward(torch.tensor(dy))
    mine, cache = it.block_forward(x, {name: state[name_there] for name, name_there in theirs.items()}, H)
    dx, gradients = it.block_backward(dy, cache)
    same(mine, y)
    same(mine, layer(x))
    same(dx, t_x.grad)
    same(dx, layer.backward(dy))
    there, here = dict(twin.named_parameters()), dict(layer.named_parameters())
    assert gradients.keys() == theirs.keys()
    for name, gradient in gradients.items():
        same(gradient, there[theirs[name]].grad)
        same(gradient, here[theirs[name]].grad)


def test_tape():
    it = solution_module("tape")
    arrays = [RNG.normal(size=shape) for shape in [(5, 7), (7, 3), (3,), (5, 1)]]

    def loss(leaves, sums):
        x, w, b, column = leaves
        u = x @ w + b
        h = u.tanh()
        y = (u + h * h) * h * column  # used several times, and broadcast
        return (y.relu() * sums(y, 1) * b + y).sum()

    leaves = tensors(*arrays)
    right = loss(leaves, lambda y, axis: y.sum(axis, keepdim=True))
    right.backward()
    values = [it.Value(array) for array in arrays]
    mine = loss(values, lambda y, axis: y.sum(axis))
    mine.backward()
    same(mine.data[0, 0], right)

    def relu(value):
        return tape.where(value.data > 0, value, np.zeros_like(value.data))

    x, w, b, column = ours = [tape.Value(array) for array in arrays]
    u = x @ w + b
    h = tape.tanh(u)
    y = (u + h * h) * h * column
    (relu(y) * y.sum(1, keepdims=True) * b + y).sum().backward()
    for value, leaf, our in zip(values, leaves, ours, strict=True):
        same(value.grad, leaf.grad)
        same(value.grad, our.grad)
