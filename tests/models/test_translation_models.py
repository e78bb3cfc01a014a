"""What must hold for every model that translates, whatever is inside: it neither looks ahead nor at filling."""

import pytest
import tiny_translators
import torch
from tiny_translators import SOURCE, TARGET, TRANSFORMER, V
from torch.nn import functional as F

from groundup.models.decoding import END, PAD, beam_search, greedy
from groundup.models.seq2seq_attention import Seq2SeqAttention, Seq2SeqAttentionConfig
from groundup.models.transformer import Transformer


@pytest.fixture(params=[tiny_translators.transformer, tiny_translators.rnnsearch], ids=lambda make: make.__name__)
def model(request):
    return request.param()


def test_no_place_sees_a_later_token_of_the_target(model):
    before = model(SOURCE, TARGET)
    for t in range(1, TARGET.shape[1]):
        changed = TARGET.clone()
        changed[:, t:] = (changed[:, t:] + 5) % V
        after = model(SOURCE, changed)
        torch.testing.assert_close(after[:, :t], before[:, :t])
        assert not torch.allclose(after[:, t], before[:, t])


def test_every_place_sees_the_whole_source(model):
    before = model(SOURCE[:1], TARGET[:1])
    for s in range(5):
        changed = SOURCE[:1].clone()
        changed[0, s] = 15
        assert not torch.isclose(model(changed, TARGET[:1]), before).all(-1).any()


def test_padding_changes_nothing(model):
    alone = model(SOURCE[1:2, :3], TARGET[1:2, :4])
    torch.testing.assert_close(model(SOURCE, TARGET)[1:2, :4], alone)
    wide = F.pad(SOURCE[1:2, :3], (0, 9), value=PAD)
    torch.testing.assert_close(model(wide, F.pad(TARGET[1:2, :4], (0, 7), value=PAD))[:, :4], alone)
    assert not torch.allclose(model(SOURCE[1:2, :2], TARGET[1:2, :4]), alone)  # END is no padding


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


def test_alignment_is_a_distribution_over_the_real_tokens_of_the_source(model):
    weights = model.alignment(SOURCE, TARGET)
    assert weights.shape == (3, 5, 6)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 5, dtype=weights.dtype))
    assert not weights.transpose(1, 2)[SOURCE == PAD].any()
    assert not weights.requires_grad


@pytest.mark.parametrize(
    ("make", "rate"),
    [
        (lambda: Transformer(TRANSFORMER), 0.005),
        (lambda: Seq2SeqAttention(Seq2SeqAttentionConfig(V, width=16, hidden=16, alignment=16, output=16)), 0.01),
    ],
    ids=["transformer", "rnnsearch"],
)
def test_it_learns_one_batch_by_heart_and_writes_it(make, rate):
    torch.manual_seed(0)
    model = make()
    labels = F.pad(TARGET[:, 1:], (0, 1), value=PAD)
    labels[0, -1] = END
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
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


def test_sentences_that_cannot_be_read_are_refused_in_words(model):
    with pytest.raises(ValueError, match=f"there is no token {V}: expected 0 to {V - 1}"):
        model(SOURCE + 1, TARGET)
    with pytest.raises(ValueError, match=f"there is no token {V}"):
        model(SOURCE, TARGET + 3)


@pytest.mark.parametrize(("sources", "targets"), [(3, 2), (3, 1), (1, 3)])
def test_as_many_targets_as_sources_are_asked_for(model, sources, targets):
    message = f"the source has {sources} rows, the target {targets}"
    source, target = SOURCE[:sources], TARGET[:targets]
    with pytest.raises(ValueError, match=message):
        model(source, target)
    with pytest.raises(ValueError, match=message):
        model.step(target[:, 0], model.start(source))
