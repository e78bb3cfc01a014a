"""The study of recommending: the test chooses nothing, lists are judged by hand, the verdict follows the numbers."""

import copy
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import ndcg_score

from groundup import data
from groundup.applications import command, recommend
from groundup.applications.recommend import cold, mistakes
from groundup.applications.recommend.candidates import CANDIDATES, choose
from groundup.applications.recommend.embeddings import (
    HistoryEmbeddings,
    PairEmbeddings,
    RatingEmbeddings,
    SoftmaxEmbeddings,
)
from groundup.applications.recommend.neighbours import ItemNeighbours, LinearItems, Popularity
from groundup.applications.recommend.ranking import bias, lists, per_user, ranks, sampled
from groundup.applications.recommend.ratings import Parts, Ratings, at_random, by_time, from_frame
from groundup.report import Page


@pytest.fixture(scope="module")
def some_ratings():
    """One in twenty people, and the films that they rated."""
    frame = data.load("movielens")
    return frame[frame["userId"] % 20 == 0].reset_index(drop=True)


@pytest.fixture(scope="module")
def ratings(some_ratings) -> Ratings:
    return from_frame(some_ratings)


@pytest.fixture(scope="module", autouse=True)
def few_folds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cold, "FOLDS", 2)
        patch.setattr(cold, "KNOWN", (0, 2, 10))
        patch.setattr(mistakes, "WELL_KNOWN", 4)
        yield


@pytest.fixture(scope="module")
def result(some_ratings):
    return recommend.run(seeds=2, seed=7, frame=some_ratings, epochs=1)


def matrix(rows) -> sparse.csr_array:
    return sparse.csr_array(np.array(rows, np.float32))


class TestRatings:
    def test_every_rating_is_there_once(self, some_ratings, ratings):
        assert len(ratings.user) == len(some_ratings)
        assert ratings.users == some_ratings["userId"].nunique()
        assert ratings.films == some_ratings["movieId"].nunique() == len(ratings.titles)
        assert ratings.seen(np.arange(len(ratings.user))).max() == 1
        row = some_ratings.iloc[5]
        assert ratings.titles[ratings.film[5]] == f"{row['title']} ({row['year']:.0f})"
        assert ratings.liked(np.arange(len(ratings.user))).sum() == (some_ratings["rating"] >= 4).sum()

    @pytest.mark.parametrize("divide", [by_time, at_random])
    def test_parts_share_no_rating_and_are_everything(self, ratings, divide):
        parts = divide(ratings, 3)
        together = np.concatenate([parts.train, parts.validation, parts.test])
        assert sorted(together) == list(range(len(ratings.user)))
        for part, share in ((parts.train, 0.6), (parts.validation, 0.2), (parts.test, 0.2)):
            assert set(ratings.user[part]) == set(range(ratings.users))  # everybody is in each part
            assert len(part) / len(ratings.user) == pytest.approx(share, abs=0.01)

    def test_time_runs_from_train_to_test(self, ratings):
        def backwards(parts: Parts) -> int:
            wrong = 0
            for user in range(ratings.users):
                train, validation, test = (
                    ratings.time[part[ratings.user[part] == user]]
                    for part in (parts.train, parts.validation, parts.test)
                )
                wrong += train.max() > validation.min() or validation.max() > test.min()
            return wrong

        assert backwards(by_time(ratings, 0)) == 0
        assert backwards(at_random(ratings, 0)) > ratings.users / 2


class TestRanking:
    def test_ranks_and_measures_by_hand(self):
        scores = np.array([[5.0, 4, 3, 2, 1], [1, 2, 3, 4, 5], [1, 1, 2, 1, 1]])
        hidden = matrix([[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
        liked = matrix([[0, 1, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0]])
        place = ranks(scores, hidden)
        assert place[0].tolist() == [5, 1, 2, 3, 4]
        assert place[1].tolist() == [5, 4, 3, 2, 1]
        found = per_user(place, liked, top=2)
        np.testing.assert_allclose(found["recall"], [0.5, 0, np.nan])
        np.testing.assert_allclose(found["ndcg"], [1 / (1 + 1 / np.log2(3)), 0, np.nan])
        np.testing.assert_allclose(found["mrr"], [1, 1 / 4, np.nan])
        np.testing.assert_array_equal(lists(place, 2), [[1, 2], [4, 3], lists(place, 2)[2]])

    @given(seed=st.integers(0, 10_000), top=st.integers(1, 12))
    def test_ndcg_is_that_of_scikit_learn(self, seed, top):
        rng = np.random.default_rng(seed)
        scores = rng.permuted(np.tile(np.arange(11.0), (4, 1)), axis=1)
        liked = (rng.random((4, 11)) < 0.4).astype(float)
        liked[:, 0] = 1
        found = per_user(ranks(scores, matrix(np.zeros((4, 11)))), matrix(liked), top)["ndcg"]
        expected = [ndcg_score(liked[[u]], scores[[u]], k=top) for u in range(4)]
        np.testing.assert_allclose(found, expected)

    def test_more_likes_than_places_is_no_fault(self):
        place = ranks(np.array([[3.0, 2, 1]]), matrix([[0, 0, 0]]))
        assert per_user(place, matrix([[1, 1, 1]]), top=2)["recall"] == [1]

    def test_equal_scores_are_ordered_by_chance(self):
        place = ranks(np.zeros((2, 500)), matrix(np.zeros((2, 500))), seed=1)
        assert sorted(place[0]) == list(range(1, 501))
        assert abs(np.corrcoef(place[0], np.arange(500))[0, 1]) < 0.2

    def test_a_sample_flatters(self):
        rng = np.random.default_rng(0)
        scores = rng.normal(size=(30, 400))
        liked = matrix((rng.random((30, 400)) < 0.02).astype(float))
        hidden = matrix(np.zeros((30, 400)))
        scores[liked.nonzero()] += 1
        full = np.nanmean(per_user(ranks(scores, hidden), liked, 5)["recall"])
        few = np.nanmean(sampled(scores, hidden, liked, 20, 5, 0))
        assert few > 2 * full
        assert np.nanmean(sampled(np.zeros((30, 400)), hidden, liked, 20, 5, 0)) < 0.6  # ties are no hits

    def test_bias_by_hand(self):
        found = bias(np.array([[0, 1], [0, 2]]), np.array([9, 5, 1, 7]), head=2)
        assert found == {"shown": 3, "popularity": (9 + 5 + 9 + 1) / 4, "head": 0.5}


class TestNeighbours:
    seen = matrix((np.random.default_rng(0).random((23, 31)) < 0.3).astype(float))

    def test_neighbours_by_the_definition(self):
        model = ItemNeighbours(k=31, shrink=2.0).fit(self.seen)
        x = self.seen.toarray()
        together, count = x.T @ x, x.sum(0)
        alike = together / (np.sqrt(np.outer(count, count)) + 2)
        np.fill_diagonal(alike, 0)
        np.testing.assert_allclose(model.scores(self.seen), x @ alike, rtol=1e-5)
        few = ItemNeighbours(k=3, shrink=2.0).fit(self.seen).alike.toarray()
        assert ((few > 0).sum(0) >= 3).all()
        np.testing.assert_allclose(few.max(0), alike.max(0), rtol=1e-5)

    def test_linear_items_by_the_definition(self):
        model = LinearItems(penalty=5.0).fit(self.seen)
        x = self.seen.toarray().astype(float)
        p = np.linalg.inv(x.T @ x + 5 * np.eye(31))
        b = -p / np.diag(p)
        np.fill_diagonal(b, 0)
        np.testing.assert_allclose(model.scores(self.seen), x @ b, atol=1e-4)
        np.testing.assert_allclose(model.scores(self.seen[:3]), x[:3] @ b, atol=1e-4)  # and for other users

    def test_linear_items_are_the_best_without_a_diagonal(self):
        """Film 4 by a ridge regression on all other films."""
        model = LinearItems(penalty=5.0).fit(self.seen)
        x = self.seen.toarray().astype(float)
        others = np.delete(x, 4, axis=1)
        weights = np.linalg.solve(others.T @ others + 5 * np.eye(30), others.T @ x[:, 4])
        np.testing.assert_allclose(model.scores(self.seen)[:, 4], others @ weights, atol=1e-4)

    def test_popularity_is_the_same_for_everyone(self):
        scores = Popularity().fit(self.seen).scores(self.seen)
        assert (scores == self.seen.toarray().sum(0)).all()


class TestEmbeddings:
    # Two kinds of people and two kinds of films.
    kinds = np.kron(np.eye(2), np.ones((20, 15)))

    @pytest.mark.parametrize("model", [PairEmbeddings, SoftmaxEmbeddings, HistoryEmbeddings])
    def test_kinds_are_learned(self, model):
        seen = matrix(self.kinds * (np.random.default_rng(0).random((40, 30)) < 0.6))
        fitted = model(width=4, epochs=150, learning_rate=0.02, weight_decay=0.01, seed=1).fit(seen)
        scores = fitted.scores(seen)
        inside, outside = (np.where(self.kinds == kind, scores, np.nan) for kind in (1, 0))
        assert (np.nanmean(inside, axis=1) > np.nanmean(outside, axis=1)).mean() > 0.95
        again = model(width=4, epochs=150, learning_rate=0.02, weight_decay=0.01, seed=1).fit(seen)
        np.testing.assert_array_equal(again.scores(seen), scores)

    def test_stars_are_learned(self):
        rng = np.random.default_rng(0)
        user, film = rng.integers(0, 40, 2000), rng.integers(0, 30, 2000)
        stars = 2.0 + 2 * self.kinds[user, film]
        model = RatingEmbeddings(width=4, epochs=60, weight_decay=0.01).fit(user, film, stars, (40, 30))
        assert np.sqrt(np.mean((model.stars(user, film) - stars) ** 2)) < 0.5 * stars.std()
        assert model.stars(user, film).max() <= 5

    def test_a_newcomer_has_no_vector(self):
        seen = matrix(self.kinds)
        with pytest.raises(ValueError, match="got 3 users, expected the 40 of training"):
            SoftmaxEmbeddings(epochs=1).fit(seen).scores(seen[:3])
        assert HistoryEmbeddings(epochs=1).fit(seen).scores(seen[:3]).shape == (3, 30)


class TestStudy:
    def test_no_choice_depends_on_the_test(self, ratings):
        parts = by_time(ratings, 0)
        stars = ratings.stars.copy()
        stars[parts.test] = 5.5 - stars[parts.test]
        spoiled = Ratings(ratings.user, ratings.film, stars, ratings.time, ratings.titles)
        for key in ("linear", "history", "stars"):
            honest, other = (choose(CANDIDATES[key], r, parts, 1, 1) for r in (ratings, spoiled))
            assert honest == other
        setting = {"linear": choose(CANDIDATES["linear"], ratings, parts, 1, 1)}
        assert mistakes.dense_core(spoiled, parts, setting) == mistakes.dense_core(ratings, parts, setting)
        assert mistakes.known_future(spoiled, parts) == mistakes.known_future(ratings, parts)
        # The check has teeth: what is chosen by is noticed.
        stars[parts.validation] = 5.5 - stars[parts.validation]
        assert choose(CANDIDATES["linear"], spoiled, parts, 1, 1) != setting["linear"]

    def test_first_liked_are_the_first(self, ratings):
        rows = np.argsort(ratings.time, kind="stable")
        told = cold.first_liked(ratings, rows, 3)
        own = [row for row in rows if ratings.user[row] == 4 and ratings.stars[row] >= 4][:3]
        assert set(told[[4]].indices) == set(ratings.film[own])
        assert told.sum(axis=1).max() == 3
        assert cold.first_liked(ratings, rows, 0).sum() == 0

    def test_thirds_have_a_third_of_the_likes_each(self, ratings):
        parts = by_time(ratings, 0)
        third = cold.thirds(ratings, parts)
        count = np.asarray(ratings.liked(parts.before_test).sum(axis=0))
        shares = [count[third == number].sum() / count.sum() for number in range(4)]
        assert shares[:3] == pytest.approx([1 / 3] * 3, abs=0.02)
        assert shares[3] == 0
        assert (third == 0).sum() < (third == 1).sum() < (third == 2).sum()

    def test_equal_seeds_give_equal_results(self, some_ratings, result):
        again = recommend.run(seeds=1, seed=7, frame=some_ratings, epochs=1)
        for key, model in again["models"].items():
            assert model["metrics"]["ndcg"]["values"] == [result["models"][key]["metrics"]["ndcg"]["values"][0]], key
        assert again["mistakes"] == result["mistakes"]
        json.dumps(result, allow_nan=False)

    def test_what_must_be_so(self, result):
        models = result["models"]
        ndcg = {key: model["metrics"]["ndcg"]["mean"] for key, model in models.items()}
        assert ndcg["chance"] < 0.3 * min(ndcg["popularity"], ndcg["linear"], ndcg["neighbours"])
        assert models["pairs"]["metrics"]["ndcg"]["std"] > 0
        assert models["popularity"]["metrics"]["shown"]["mean"] < models["chance"]["metrics"]["shown"]["mean"]
        made = result["mistakes"]
        for found in made["sampled"].values():
            assert found["sampled"] > found["full"]
        assert made["future"]["everything"] > made["future"]["past"]
        assert made["measure"]["few"]["biases"] > made["measure"]["few"]["popularity"]


class TestReport:
    @pytest.mark.parametrize(
        ("second", "embeddings", "expected"),
        [
            ((0.03, 0.01, 0.05), (-0.03, -0.05, -0.01), ("is clear", "Embeddings do not come first")),
            ((0.01, -0.01, 0.05), (0.03, 0.01, 0.05), ("call it a tie", "earn their keep")),
            ((0.01, -0.01, 0.05), (0.01, -0.01, 0.05), ("call it a tie", "not needed here, nor do they harm")),
        ],
    )
    def test_verdict_follows_the_numbers(self, result, second, embeddings, expected):
        fake = copy.deepcopy(result)
        fake["verdict"] |= {"over_second": second, "embedding_gap": embeddings, "stars_gap": (-0.05, -0.06, -0.04)}
        said = " ".join(recommend.sentences(fake))
        for words in (*expected, "ranks worse than popularity"):
            assert words in said
        fake["verdict"]["stars_gap"] = (0.05, 0.04, 0.06)
        assert "ranks worse" not in " ".join(recommend.sentences(fake))

    def test_page_shows_the_stored_numbers_and_loads_nothing(self, result):
        html = recommend.add_to(Page(recommend.TITLE), json.loads(json.dumps(result)), alone=True).html()
        measured = result["models"]["softmax"]["metrics"]["ndcg"]
        assert f"{measured['mean']:.3f} ± {measured['std']:.3f}" in html
        assert "Who is hurt by an error" in html
        assert not re.search(r'(src|href)="(?!#|data:)', html)
        assert "url(http" not in html

    def test_command(self, result, monkeypatch, tmp_path, capsys):
        monkeypatch.setattr(recommend, "run", lambda seeds, seed, progress: result)
        command.run("recommend", 2, 7, tmp_path / "out", as_json=False)
        printed = " ".join(capsys.readouterr().out.split())
        assert "Best at ranking the films: " in printed
        stored = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
        assert stored["data"]["films"] == result["data"]["films"]
