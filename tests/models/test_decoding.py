"""Greedy and beam search find what they promise; proved against all sentences, tried one by one."""

import itertools
from dataclasses import dataclass

import pytest
import torch

from groundup.errors import UsageError
from groundup.models.decoding import BEGIN, END, PAD, beam_search, greedy


@dataclass
class History:
    tokens: torch.Tensor  # (N, T), all that was written
    source: torch.Tensor  # (N, S)

    def select(self, rows):
        return History(self.tokens[rows], self.source[rows])


class Table:
    """A model whose next logits are drawn once for each source and beginning: any chain of chances is possible."""

    def __init__(self, vocabulary=6, seed=0, spread=2.0):
        self.vocabulary, self.seed, self.spread = vocabulary, seed, spread
        self.steps = 0

    def logits(self, source, beginning):
        source = [token for token in source if token != PAD]
        key = hash((self.seed, *source, -1, *beginning)) % 2**31
        return self.spread * torch.randn(self.vocabulary, generator=torch.Generator().manual_seed(key))

    def start(self, source):
        return History(torch.zeros(len(source), 0, dtype=torch.int64), source)

    def step(self, tokens, state):
        self.steps += 1
        written = torch.cat([state.tokens, tokens[:, None]], dim=1)
        rows = zip(state.source.tolist(), written.tolist())
        return torch.stack([self.logits(*row) for row in rows]), History(written, state.source)

    def log_p(self, source, sentence):
        total, beginning = 0.0, [BEGIN]
        for token in sentence:
            chances = self.logits(source, beginning)
            chances[[PAD, BEGIN]] = -torch.inf
            total += chances.log_softmax(0)[token].item()
            beginning.append(token)
        return total


def sources(*lengths, vocabulary=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    rows = [[*torch.randint(3, vocabulary, (n,), generator=generator).tolist(), END] for n in lengths]
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def best_of_all(model, source, longest, alpha):
    """Try every sentence of at most ``longest`` tokens, END included."""
    words = range(3, model.vocabulary)
    ended = [[*s, END] for n in range(longest) for s in itertools.product(words, repeat=n)]
    cut = [list(s) for s in itertools.product(words, repeat=longest)]
    real = [token for token in source.tolist() if token != PAD]
    best = max(ended + cut, key=lambda s: model.log_p(real, s) / ((5 + len(s)) / 6) ** alpha)
    return [token for token in best if token != END]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_beam_that_holds_every_beginning_finds_the_best_of_all_sentences(seed, alpha):
    model, source = Table(seed=seed), sources(1, 3)
    # The sentences may be 2 + 1 and 4 + 1 tokens long; their sources are counted with END, but without PAD.
    found = beam_search(model, source, beam=6**3, alpha=alpha, extra=1)
    assert found == [best_of_all(model, source[0], 3, alpha), best_of_all(model, source[1], 5, alpha)]


def test_a_beam_of_one_is_greedy():
    for seed in range(20):
        model, source = Table(vocabulary=9, seed=seed), sources(2, 5, 1, 3, vocabulary=9, seed=seed)
        assert beam_search(model, source, beam=1, extra=4) == greedy(model, source, extra=4)


def test_a_wider_beam_finds_better_sentences_than_greedy_search():
    gains = []
    for seed in range(30):
        model, source = Table(vocabulary=8, seed=seed), sources(2, vocabulary=8)
        written = [search[0] for search in (greedy(model, source, 6), beam_search(model, source, 8, 0.0, 6))]
        by_greedy, by_beam = (model.log_p(source[0].tolist(), [*w, END]) for w in written)
        gains.append(by_beam - by_greedy)
    assert sum(gains) > 1
    assert min(gains) > -1e-5


def test_greedy_takes_the_most_probable_token_at_every_step():
    model, source = Table(vocabulary=9, seed=3), sources(3, vocabulary=9)
    beginning, expected = [BEGIN], []
    while True:
        chances = model.logits(source[0].tolist(), beginning)
        chances[[PAD, BEGIN]] = -torch.inf
        token = int(chances.argmax())
        if token == END or len(expected) == 7:
            break
        beginning.append(token)
        expected.append(token)
    assert greedy(model, source, extra=3) == [expected[:7]]


@pytest.mark.parametrize("search", [greedy, beam_search])
def test_a_sentence_does_not_depend_on_the_others_of_its_batch(search):
    model, source = Table(vocabulary=7, seed=5), sources(1, 6, 3, vocabulary=7)
    together = search(model, source, extra=2)
    assert together == [search(model, row[row != PAD][None], extra=2)[0] for row in source]


class Endless(Table):
    def logits(self, source, beginning):
        chances = torch.zeros(self.vocabulary)
        chances[END] = -100.0
        chances[PAD], chances[BEGIN] = 50.0, 60.0  # never written, however probable
        return chances


@pytest.mark.parametrize("search", [greedy, beam_search])
def test_a_sentence_without_end_is_cut_and_padding_is_never_written(search):
    written = search(Endless(), sources(1, 4), extra=2)
    assert [len(sentence) for sentence in written] == [4, 7]
    assert not {PAD, BEGIN, END} & {token for sentence in written for token in sentence}


def test_the_search_stops_when_everything_is_finished():
    class Curt(Table):
        def logits(self, source, beginning):
            return torch.tensor([0.0, 0.0, 50.0, 1.0, 2.0, 3.0])

    model = Curt()
    assert greedy(model, sources(3, 2)) == [[], []]
    assert model.steps == 1
    assert beam_search(model, sources(3, 2)) == [[], []]


def test_a_beam_of_nothing_is_refused():
    with pytest.raises(UsageError, match="the beam is 0; expected 1 or more"):
        beam_search(Table(), sources(2), beam=0)
