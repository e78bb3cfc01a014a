"""Recurrent language models: the cells are torch.nn's, the loop over time is torch.nn's, and the state carries on."""

import re
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models.gru import gru_cell
from groundup.models.lstm import lstm_cell
from groundup.models.rnn import RecurrentConfig, Unrolled, rnn_cell

V, D, H, L, N, T = 11, 5, 7, 3, 2, 13
CELLS = {
    "rnn": (rnn_cell, 1, 1, nn.RNNCell, nn.RNN),
    "lstm": (lstm_cell, 4, 2, nn.LSTMCell, nn.LSTM),
    "gru": (gru_cell, 3, 1, nn.GRUCell, nn.GRU),
}
KIND = pytest.mark.parametrize("kind", CELLS)


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def nested(states):
    """One state as itself, several as a tuple: the way torch.nn takes them."""
    return states[0] if len(states) == 1 else tuple(states)


def flat(states):
    return (states,) if isinstance(states, torch.Tensor) else states


def assert_equal(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def compare(ours, theirs, inputs, parameters):
    """Outputs and all gradients, from the same random upstream gradients."""
    assert_equal(ours, theirs)
    upstream = [torch.randn_like(y) for y in ours]
    gradients = [
        torch.autograd.grad(ys, [*inputs, *weights], upstream) for ys, weights in zip((ours, theirs), parameters)
    ]
    assert_equal(*gradients)


@KIND
def test_each_cell_is_torchs_with_all_gradients(kind):
    torch.manual_seed(0)
    cell, _, states, twin, _ = CELLS[kind]
    twin = twin(D, H).double()
    x, before = normal(N, D), [normal(N, H) for _ in range(states)]
    weights = [twin.weight_ih, twin.weight_hh, twin.bias_ih, twin.bias_hh]
    compare(cell(x, tuple(before), *weights), flat(twin(x, nested(before))), [x, *before], [weights, weights])


@KIND
@pytest.mark.parametrize("start", ["zeros", "a state"])
def test_the_loop_over_time_is_torchs_compiled_one_with_all_gradients(kind, start):
    torch.manual_seed(0)
    cell, gates, states, _, compiled = CELLS[kind]
    ours = Unrolled(cell, gates, states, D, H, L).double()
    twin = compiled(D, H, L, batch_first=True).double()
    twin.load_state_dict(ours.state_dict())  # the same names, so a state dict of one fits the other
    x, before = normal(N, T, D), [normal(L, N, H) for _ in range(states)]
    given = None if start == "zeros" else nested(before)
    y, after = ours(x, given)
    z, twin_after = twin(x, given)
    inputs = [x] if given is None else [x, *before]
    parameters = [[layer.get_parameter(name) for name, _ in twin.named_parameters()] for layer in (ours, twin)]
    compare([y, *flat(after)], [z, *flat(twin_after)], inputs, parameters)


def pair(kind, **settings) -> tuple[Any, Any]:
    """The same model twice: with PyTorch's compiled loop over time, and with the one written out."""
    torch.manual_seed(0)
    settings = {"vocabulary": V, "width": D, "hidden": H, "layers": L, **settings}
    fast, written = (models.create(kind, fast=fast, **settings).double() for fast in (True, False))
    written.load_state_dict(fast.state_dict())
    return fast, written


@KIND
@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("layers", [1, L])
def test_both_ways_to_compute_a_model_agree_in_logits_and_gradients(kind, train, layers):
    fast, written = (model.train(train) for model in pair(kind, layers=layers))
    tokens = torch.randint(V, (N, T))
    logits, other = fast(tokens), written(tokens)
    assert logits.shape == (N, T, V)
    parameters = [[model.get_parameter(name) for name, _ in fast.named_parameters()] for model in (fast, written)]
    compare([logits], [other], [], parameters)


@KIND
def test_dropout_acts_in_training_alone_and_in_the_same_places(kind):
    for model in pair(kind, dropout=0.4):
        tokens = torch.randint(V, (N, T))
        assert not torch.equal(model(tokens), model(tokens))
        model.eval()
        assert torch.equal(model(tokens), model(tokens))


def test_dropout_stands_between_the_layers_and_not_behind_the_last():
    torch.manual_seed(0)
    layers = Unrolled(rnn_cell, 1, 1, H, H, 2, dropout=0.5)
    below, above = Unrolled(rnn_cell, 1, 1, H, H), Unrolled(rnn_cell, 1, 1, H, H)
    for k, layer in enumerate((below, above)):
        layer.load_state_dict(
            {key[:-1] + "0": value for key, value in layers.state_dict().items() if key[-1] == str(k)}
        )
    x = torch.randn(N, T, H)
    torch.manual_seed(1)
    y, _ = layers(x)
    middle, _ = below(x)
    torch.manual_seed(1)
    torch.testing.assert_close(y, above(F.dropout(middle, 0.5))[0])


@KIND
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("cut", [1, 5, T - 1])
def test_a_text_read_in_two_pieces_is_the_text_read_at_once(kind, fast, cut):
    model = pair(kind)[0 if fast else 1].eval()
    tokens = torch.randint(V, (N, T))
    whole, end = model.read(tokens)
    first, memory = model.read(tokens[:, :cut])
    second, same_end = model.read(tokens[:, cut:], memory)
    assert_equal([torch.cat([first, second], dim=1), *flat(same_end)], [whole, *flat(end)])
    assert torch.equal(model(tokens), whole)


@KIND
def test_no_logit_sees_what_follows(kind):
    model = pair(kind)[0].eval()
    tokens = torch.randint(V, (N, T))
    changed = tokens.clone()
    changed[:, 6:] = (changed[:, 6:] + 1) % V
    one, other = model(tokens), model(changed)
    assert torch.equal(one[:, :6], other[:, :6])
    assert (one[:, 6:] != other[:, 6:]).any(-1).all()


@KIND
@pytest.mark.parametrize(("length", "layers"), [(1, 1), (1, 2), (40, 2)])
def test_texts_may_be_of_any_length(kind, length, layers):
    for model in pair(kind, layers=layers):
        assert model(torch.randint(V, (N, length))).shape == (N, length, V)


@pytest.mark.parametrize(("kind", "gates"), [("rnn", 1), ("lstm", 4), ("gru", 3)])
def test_the_number_of_parameters_is_that_of_the_header(kind, gates):
    card = models.describe(kind)
    c = card.config
    head = c.hidden * c.vocabulary + c.vocabulary
    layer = gates * (c.width * c.hidden + c.hidden**2 + 2 * c.hidden)
    assert card.parameters == c.vocabulary * c.width + layer + head
    assert f"{card.parameters:,}" in (sys.modules[card.build.__module__].__doc__ or "")


def test_the_medium_lstm_has_the_papers_twenty_million_parameters():
    # One bias a gate, as in the paper: 2 layers of 4 (650 · 650 + 650 · 650 + 650), 10,000 words in and out.
    written = 2 * 4 * (650 * 1300 + 650) + 10_000 * 650 + (650 * 10_000 + 10_000)
    assert models.describe("lstm_medium").parameters == written + 2 * 4 * 650 == 19_780_400


@KIND
def test_it_learns_a_batch_by_heart(kind):
    torch.manual_seed(0)
    tokens = torch.randint(4, (4, 9))
    tokens[:, 0] = torch.arange(4)  # so that the first token tells which text this is: everything else follows
    model = models.create(kind, vocabulary=4, width=8, hidden=24)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    losses = []
    for _ in range(120):
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 < 1 < losses[0]


@KIND
def test_what_cannot_be_read_is_refused_in_words(kind):
    model = pair(kind)[0]
    with pytest.raises(TypeError, match=r"whole numbers.*got torch.float32"):
        model(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"got shape \(3,\), expected \(N, T\)"):
        model(torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match=rf"no token {V}: expected 0 to {V - 1}"):
        model(torch.tensor([[0, V]]))
    with pytest.raises(ValueError, match="no token -1"):
        model(torch.tensor([[0, -1]]))


@KIND
@pytest.mark.parametrize("shape", [(L, 1, H), (L, N, H + 1), (L + 1, N, H)])
def test_a_memory_of_another_shape_is_refused_in_words(kind, shape):
    """Not taken for a state of all texts, which one of a single text could pass for."""
    for model in pair(kind):
        memory = nested([torch.zeros(shape, dtype=torch.float64)] * CELLS[kind][2])
        message = rf"memory: got shape {re.escape(str(shape))}, expected \(L, N, H\) = \({L}, {N}, {H}\)"
        with pytest.raises(ValueError, match=message):
            model.read(torch.randint(V, (N, T)), memory)


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"layers": 0}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_configurations_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError, match=next(iter(wrong))):
        models.create("lstm", **wrong)


def test_defaults_are_the_same_for_all_cells():
    assert {models.describe(kind).config for kind in CELLS} == {RecurrentConfig()}
