"""RNNsearch is the paper's formulas, composed once more sentence by sentence and word by word."""

import pytest
import torch
from tiny_translators import RNNSEARCH as TINY
from tiny_translators import SOURCE, TARGET, rnnsearch
from torch import nn

from groundup import models
from groundup.errors import UsageError
from groundup.models.decoding import PAD
from groundup.models.gru import gru_cell
from groundup.models.seq2seq_attention import Seq2SeqAttention, Seq2SeqAttentionConfig, reverse

V, M, H, A, O = TINY.vocabulary, TINY.width, TINY.hidden, TINY.alignment, TINY.output


@pytest.fixture
def model():
    return rnnsearch()


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
