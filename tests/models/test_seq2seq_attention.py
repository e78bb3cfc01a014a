"""RNNsearch is the paper's formulas, composed once more sentence by sentence and word by word."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from groundup import models
from groundup.errors import UsageError
from groundup.models.decoding import BEGIN, END, PAD, beam_search, greedy
from groundup.models.gru import gru_cell
from groundup.models.seq2seq_attention import Seq2SeqAttention, Seq2SeqAttentionConfig, reverse

V, M, H, A, O = 17, 5, 7, 11, 3
TINY = Seq2SeqAttentionConfig(vocabulary=V, width=M, hidden=H, alignment=A, output=O)

SOURCE = torch.tensor([[3, 9, 4, 12, 5, END], [7, 16, END, PAD, PAD, PAD], [5, 8, 11, 6, END, PAD]])
TARGET = torch.tensor([[BEGIN, 4, 6, 13, 3], [BEGIN, 10, 8, END, PAD], [BEGIN, 14, END, PAD, PAD]])


@pytest.fixture
def model():
    """In float64, with random numbers in place of the paper's first weights, of which many are zero or tiny."""
    torch.manual_seed(1)
    model = Seq2SeqAttention(TINY).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def compose(weights, source, target):
    """Return logits (T, V) and weights α (T, S) of one sentence without filling, written as the paper writes it."""

    def linear(name, x):
        return weights[f"{name}.weight"] @ x + weights.get(f"{name}.bias", 0)

    def unit(name, suffix, x, h):
        """A gated unit, appendix A: r resets, z updates (see gru.py for the order of the gates)."""
        w, u, b, c = (weights[f"{name}.{kind}{suffix}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
        r = torch.sigmoid(w[:H] @ x + b[:H] + u[:H] @ h + c[:H])
        z = torch.sigmoid(w[H : 2 * H] @ x + b[H : 2 * H] + u[H : 2 * H] @ h + c[H : 2 * H])
        new = torch.tanh(w[2 * H :] @ x + b[2 * H :] + r * (u[2 * H :] @ h + c[2 * H :]))
        return (1 - z) * new + z * h

    words = [weights["source_embedding.weight"][i] for i in source]
    onward, h = [], words[0].new_zeros(H)
    for word in words:
        h = unit("encoder.onward", "_l0", word, h)
        onward.append(h)
    backward, h = [], words[0].new_zeros(H)
    for word in reversed(words):
        h = unit("encoder.backward_", "_l0", word, h)
        backward.insert(0, h)
    annotations = [torch.cat(both) for both in zip(onward, backward)]

    s = torch.tanh(linear("first_state", backward[0]))
    logits, alphas = [], []
    for i in target:
        y = weights["target_embedding.weight"][i]
        e = [linear("attention.score", torch.tanh(linear("attention.query", s) + linear("attention.key", a)))
             for a in annotations]  # fmt: skip
        exponentials = torch.cat(e).exp()
        alpha = exponentials / exponentials.sum()
        c = sum((weight * a for weight, a in zip(alpha, annotations)), torch.zeros(2 * H, dtype=s.dtype))
        s = unit("cell", "", torch.cat([y, c]), s)
        u, v, w = weights["mix.weight"].split([H, M, 2 * H], dim=1)
        mixed = u @ s + v @ y + w @ c + weights["mix.bias"]
        t = torch.stack([torch.maximum(mixed[2 * j], mixed[2 * j + 1]) for j in range(O)])
        logits.append(linear("head", t))
        alphas.append(alpha)
    return torch.stack(logits), torch.stack(alphas)


def test_outputs_and_all_gradients_are_those_of_the_formulas(model):
    real = TARGET != PAD
    logits = model(SOURCE, TARGET)[real]
    upstream = torch.randn_like(logits)
    names = [name for name, _ in model.named_parameters()]
    gradients = torch.autograd.grad(logits, list(model.parameters()), upstream)

    weights = {name: parameter.detach().clone().requires_grad_() for name, parameter in model.named_parameters()}
    parts = [compose(weights, s[s != PAD], t[t != PAD])[0] for s, t in zip(SOURCE, TARGET)]
    expected = torch.cat(parts)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    for name, ours, theirs in zip(names, gradients, torch.autograd.grad(expected, list(weights.values()), upstream)):
        assert theirs.any(), name
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-9, msg=lambda text, name=name: f"{name}: {text}")


def test_alignment_is_the_alpha_of_the_formulas_and_zero_on_filling(model):
    alphas = model.alignment(SOURCE, TARGET)
    assert alphas.shape == (3, 5, 6)
    weights = dict(model.named_parameters())
    for n in range(3):
        source, target = SOURCE[n][SOURCE[n] != PAD], TARGET[n][TARGET[n] != PAD]
        expected = compose(weights, source, target)[1]
        torch.testing.assert_close(alphas[n, : len(target), : len(source)], expected.detach())
        assert not alphas[n, :, len(source) :].any()
    torch.testing.assert_close(alphas.sum(-1), torch.ones(3, 5, dtype=torch.float64))


def test_the_encoder_is_torchs_bidirectional_gru_on_packed_sentences(model):
    torch.manual_seed(0)
    twin = nn.GRU(M, H, batch_first=True, bidirectional=True).double()
    own = {f"{k}{suffix}": v for layer, suffix in ((model.encoder.onward, ""), (model.encoder.backward_, "_reverse"))
           for k, v in layer.state_dict().items()}  # fmt: skip
    twin.load_state_dict(own)
    x, lengths = torch.randn(3, 6, M, dtype=torch.float64), torch.tensor([6, 3, 5])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected, _ = nn.utils.rnn.pad_packed_sequence(twin(packed)[0], batch_first=True)
    annotations = model.encoder(x, lengths)
    real = torch.arange(6) < lengths[:, None]
    torch.testing.assert_close(annotations[real], expected[real])


def test_the_decoders_unit_is_torchs_gru_cell(model):
    x, s = torch.randn(4, M + 2 * H, dtype=torch.float64), torch.randn(4, H, dtype=torch.float64)
    cell = model.cell
    (ours,) = gru_cell(x, (s,), cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    torch.testing.assert_close(ours, cell(x, s))


def test_reverse_turns_each_sentence_round_and_leaves_its_filling():
    x = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0], [7, 0, 0, 0]])
    assert reverse(x, torch.tensor([4, 2, 1])).tolist() == [[4, 3, 2, 1], [6, 5, 0, 0], [7, 0, 0, 0]]


def test_the_parameters_of_rnnsearch_are_those_of_the_formula():
    def count(V, M, H, A, O):
        def unit(inputs):
            return 3 * (H * inputs + H * H + 2 * H)

        encoder = 2 * unit(M) + H * H + H
        return 2 * V * M + encoder + unit(M + 2 * H) + A * 3 * H + 2 * A + 2 * O * (3 * H + M + 1) + (O + 1) * V

    assert models.describe("seq2seq_attention").parameters == count(30_000, 620, 1000, 1000, 500) == 80_452_000
    assert models.count_parameters(Seq2SeqAttention(TINY)) == count(V, M, H, A, O)


def test_the_first_weights_are_those_of_appendix_b_1():
    torch.manual_seed(0)
    model = models.create("seq2seq_attention_small")
    assert isinstance(model, Seq2SeqAttention)
    weights = dict(model.named_parameters())
    for name, weight in weights.items():
        if "bias" in name or name == "attention.score.weight":
            assert not weight.any(), name
        elif "weight_hh" in name:
            for gate in weight.chunk(3):
                torch.testing.assert_close(gate @ gate.T, torch.eye(len(gate)), rtol=0, atol=1e-5)
        else:
            assert weight.std().item() == pytest.approx(0.001 if name.startswith("attention") else 0.01, rel=0.02)
    source, target = SOURCE[:1], TARGET[:1]
    torch.testing.assert_close(model.eval().alignment(source, target), torch.full((1, 5, 6), 1 / 6))


def test_no_place_sees_a_later_token_of_the_target(model):
    before = model(SOURCE, TARGET)
    for t in range(1, TARGET.shape[1]):
        changed = TARGET.clone()
        changed[:, t:] = (changed[:, t:] + 5) % V
        after = model(SOURCE, changed)
        torch.testing.assert_close(after[:, :t], before[:, :t])
        assert not torch.allclose(after[:, t], before[:, t])


def test_padding_changes_nothing(model):
    alone = model(SOURCE[1:2, :3], TARGET[1:2, :4])
    torch.testing.assert_close(model(SOURCE, TARGET)[1:2, :4], alone)
    wide = F.pad(SOURCE[1:2, :3], (0, 9), value=PAD)
    torch.testing.assert_close(model(wide, F.pad(TARGET[1:2, :4], (0, 7), value=PAD))[:, :4], alone)


def test_step_by_step_gives_what_the_whole_gives_at_once(model):
    whole = model(SOURCE, TARGET)
    state = model.start(SOURCE)
    for t in range(TARGET.shape[1]):
        logits, state = model.step(TARGET[:, t], state)
        torch.testing.assert_close(logits, whole[:, t])


def test_a_state_of_other_rows_goes_on_as_those_rows_would(model):
    rows = torch.tensor([2, 0, 2, 1])
    state = model.start(SOURCE)
    for t in range(2):
        _, state = model.step(TARGET[:, t], state)
    logits, _ = model.step(TARGET[rows, 2], state.select(rows))
    torch.testing.assert_close(logits, model(SOURCE[rows], TARGET[rows])[:, 2])


def test_a_beam_of_one_is_greedy(model):
    assert beam_search(model, SOURCE, beam=1, extra=6) == greedy(model, SOURCE, extra=6)


def test_it_learns_one_batch_by_heart_and_writes_it():
    torch.manual_seed(0)
    model = Seq2SeqAttention(Seq2SeqAttentionConfig(V, width=16, hidden=16, alignment=16, output=16))
    labels = F.pad(TARGET[:, 1:], (0, 1), value=PAD)
    labels[0, -1] = END
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = torch.tensor(torch.inf)
    for _ in range(150):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(SOURCE, TARGET).flatten(0, 1), labels.flatten(), ignore_index=PAD)
        loss.backward()
        optimizer.step()
    model.eval()
    assert loss.item() < 0.05
    expected = [[4, 6, 13, 3], [10, 8], [14]]
    assert greedy(model, SOURCE) == expected
    assert beam_search(model, SOURCE) == expected


def test_dropout_falls_on_word_vectors_and_before_the_last_layer():
    torch.manual_seed(0)
    model = Seq2SeqAttention(Seq2SeqAttentionConfig(V, M, H, A, O, dropout=0.5))
    calls = []
    model.dropout.register_forward_hook(lambda module, x, y: calls.append(y.shape[-1]))
    model(SOURCE, TARGET)
    assert sorted(calls) == [O, M, M]


@pytest.mark.parametrize(
    ("change", "message"), [({"hidden": 0}, "must each be at least 1"), ({"dropout": 1.0}, "dropout is 1.0; expected")]
)
def test_sizes_that_cannot_be_are_refused(change, message):
    with pytest.raises(UsageError, match=message):
        Seq2SeqAttention(Seq2SeqAttentionConfig(**{**vars(TINY), **change}))


def test_sentences_that_cannot_be_read_are_refused_in_words(model):
    with pytest.raises(ValueError, match="there is no token 17: expected 0 to 16"):
        model(SOURCE + 1, TARGET)
    with pytest.raises(ValueError, match="there is no token 17"):
        model(SOURCE, TARGET + 3)
