"""The character model: gradients, its PyTorch twin, the state that is carried on, learning and writing."""

import numpy as np
import pytest
import torch

from groundup import scratch as gu
from groundup.compare.char_rnn_twin import TorchCharRNN
from groundup.scratch.generation import generate, sample
from groundup.scratch.gradcheck import relative_error
from groundup.scratch.models import GPT, CharRNN

CELLS = ["rnn", "gru", "lstm"]


def small(cell: str, layers: int = 1, seed: int = 0) -> CharRNN:
    rng = np.random.default_rng(seed)
    return CharRNN(vocabulary=7, cell=cell, hidden=5, layers=layers, width=3, rng=rng, dtype=np.float64)


def tokens(*shape: int, classes: int = 7, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, shape)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients(cell, layers):
    report = gu.check_gradients(small(cell, layers), tokens(2, 3))
    assert report.passed, str(report)
    rng = np.random.default_rng(2)
    state = [rng.standard_normal((layers, 2, 5)) for _ in range(2 if cell == "lstm" else 1)]
    report = gu.check_gradients(small(cell, layers), tokens(2, 3), *state)
    assert len([name for name in report.errors if name.startswith("dx")]) == len(state)
    assert report.passed, str(report)


@pytest.mark.parametrize("cell", CELLS)
def test_equals_its_twin_over_two_windows(cell):
    """The state of the first window goes into the second, its gradient does not come back."""
    model, twin = small(cell, layers=2), TorchCharRNN(7, cell, hidden=5, layers=2, width=3).double()
    twin.load_state_dict({name: torch.from_numpy(w) for name, w in model.state_dict().items()})
    state, twin_state = (), ()
    for seed in (1, 2):
        x = tokens(3, 11, seed=seed)
        logits, *state = model(x, *state)
        twin_logits, *twin_state = twin(torch.from_numpy(x), *(s.detach() for s in twin_state))
        assert relative_error(logits, twin_logits.detach().numpy()) < 1e-10
        for mine, right in zip(state, twin_state, strict=True):
            assert relative_error(mine, right.detach().numpy()) < 1e-10
        dlogits = np.random.default_rng(seed).standard_normal(logits.shape)
        model.backward(dlogits)
        twin_logits.backward(torch.from_numpy(dlogits))
    right = dict(twin.named_parameters())
    for name, p in model.named_parameters():
        grad = right[name].grad
        assert grad is not None
        assert relative_error(p.grad, grad.numpy()) < 1e-10, name


@pytest.mark.parametrize("cell", CELLS)
def test_a_text_read_in_pieces_is_the_text_read_whole(cell):
    model, x = small(cell).eval(), tokens(2, 13)
    whole, *end = model(x)
    pieces, state = [], ()
    for start, stop in ((0, 4), (4, 5), (5, 13)):
        logits, *state = model(x[:, start:stop], *state)
        pieces.append(logits)
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, rtol=1e-12)
    np.testing.assert_allclose(state, end, rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_learns_a_repetitive_text(cell):
    text = np.tile([0, 1, 2, 1, 3], 40)  # after 1 comes 2 or 3: only a memory can tell which
    rng = np.random.default_rng(0)
    model = CharRNN(vocabulary=4, cell=cell, hidden=16, width=8, rng=rng)
    loss, optimizer = gu.CrossEntropy(), gu.Adam(model.parameters(), lr=0.02)
    state, value = (), np.inf
    for step in range(150):
        start = 10 * step % (len(text) - 10)
        x, y = text[start : start + 10], text[start + 1 : start + 11]
        logits, *state = model(x[None], *state)
        value = float(loss(logits[0], y))
        optimizer.zero_grad()
        model.backward(loss.backward()[None])
        optimizer.step()
    assert value < 0.05
    written = generate(model, text[:5], 20, temperature=0, rng=rng)
    assert written.tolist() == text[:25].tolist()


def test_writing_is_decided_by_the_seed():
    model = small("lstm")
    start = tokens(2, 4)

    def write(seed: int, **how) -> list:
        return generate(model, start, 30, rng=np.random.default_rng(seed), **how).tolist()

    assert write(3) == write(3)
    assert write(3) != write(4)
    assert np.shape(write(3)) == (2, 34)
    assert write(3, temperature=0) == write(4, temperature=0) == write(3, top_k=1)
    assert generate(model, start[0], 5, rng=np.random.default_rng(0)).shape == (9,)
    assert model.training


@pytest.mark.parametrize("cell", CELLS)
def test_written_characters_follow_the_prediction_for_the_whole_text(cell):
    """Whatever the model keeps while it writes: each character is drawn from what it predicts when it reads anew."""
    model = small(cell)
    written = generate(model, tokens(2, 3), 9, temperature=0, rng=np.random.default_rng(0))
    for length in range(3, 12):
        logits = model.eval()(written[:, :length])[0][:, -1]
        assert written[:, length].tolist() == logits.argmax(axis=1).tolist()


def test_a_gpt_forgets_what_its_context_cannot_hold():
    rng = np.random.default_rng(0)
    model = GPT(vocabulary=7, context=6, layers=1, heads=1, width=4, rng=rng, dtype=np.float64)
    start = tokens(1, 9)
    written = generate(model, start, 12, temperature=0, rng=rng)
    assert written[:, :9].tolist() == start.tolist()
    model.eval()
    # The context holds the last 6; it is full after the first, and then the last 3 are read anew, and so on.
    first, anew = written[:, 3:9], written[:, 7:10]
    assert written[0, 9] == model(first)[0, -1].argmax()
    assert written[0, 10] == model(anew)[0, -1].argmax()
    assert written[0, 11] == model(written[:, 7:11])[0, -1].argmax()


def test_temperature():
    logits = np.tile(np.log([0.1, 0.2, 0.7]), (20_000, 1))
    for temperature in (0.5, 1.0, 2.0):
        drawn = np.bincount(sample(logits, temperature=temperature, rng=np.random.default_rng(0)), minlength=3)
        right = np.array([0.1, 0.2, 0.7]) ** (1 / temperature)
        np.testing.assert_allclose(drawn / drawn.sum(), right / right.sum(), atol=0.015)


def test_errors():
    with pytest.raises(ValueError, match="cell must be one of 'rnn', 'gru', 'lstm', got 'transformer'"):
        CharRNN(vocabulary=7, cell="transformer", rng=np.random.default_rng(0))
    model = small("gru")
    with pytest.raises(ValueError, match=r"tokens: got shape \(5,\), expected \(N, T\): .*tokens\[None\]"):
        model(tokens(5))
    with pytest.raises(ValueError, match="found 9, but the table has 7 rows"):
        model(tokens(2, 5) + 9 - tokens(2, 5))
    with pytest.raises(TypeError, match="whole numbers"):
        model(np.zeros((2, 3)))
    with pytest.raises(RuntimeError, match="forward"):
        model.eval().backward(np.zeros((2, 3, 7)))


def test_float32_stays():
    model = small("lstm").astype(np.float32)
    logits, *state = model(tokens(2, 3))
    model.backward(np.ones_like(logits))
    assert {a.dtype for a in (logits, *state, *(p.grad for p in model.parameters()))} == {np.dtype(np.float32)}
