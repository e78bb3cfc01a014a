"""The recipes that learn to write, and word2vec: small runs on small texts, and the command line."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

from groundup import data, scratch
from groundup.data.names import Names
from groundup.data.text import Text
from groundup.recipes import Settings, find
from groundup.recipes.text import TextExamples, TextRecipe, frequencies_loss
from groundup.recipes.word2vec import Word2Vec

WRITERS = ["char-rnn", "char-lstm", "char-gru", "gpt"]


def writer(name: str) -> TextRecipe:
    recipe = find(name)
    assert isinstance(recipe, TextRecipe)
    return recipe


def song() -> Text:
    line = "the cat sat on the mat.\n"
    return Text(line * 200, line * 20, data.card("shakespeare_sample"))


def groundup(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "groundup.cli", "train-scratch", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "80"},
        encoding="utf-8",
    )


@pytest.mark.parametrize("name", WRITERS)
def test_the_parts_follow_each_other_and_do_not_overlap(name):
    text = data.load("shakespeare_sample")
    examples = writer(name).examples(text, np.random.default_rng(0))
    (x, y), (held_out, _), (test_x, test_y) = examples.train, examples.validation, examples.test
    assert text.decode(x) + text.decode(y[-1:]) + text.decode(held_out[1:]) == text.train[:-1]
    assert text.decode(y[:50]) == text.train[1:51]
    assert text.decode(test_x) == text.test[:-1]
    assert text.decode(test_y) == text.test[1:]
    assert 0.08 < len(held_out) / len(text.train) < 0.12
    assert held_out[0] == text.encode("\n")[0] == y[-1]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("rows", [1, 4, 32])
def test_windows_cover_the_text_once(name, rows):
    recipe, tokens = writer(name), np.arange(1000)
    part = (tokens[:-1], tokens[1:])

    def seen(rng: np.random.Generator | None) -> Iterator[int]:
        for x, y in recipe.windows(part, rows, rng):
            assert x.shape == y.shape
            assert x.shape[1] <= recipe.window
            assert len(x) <= rows
            np.testing.assert_array_equal(y, x + 1)  # the target is what follows
            yield from x.ravel().tolist()

    numbers = list(seen(None))
    assert len(numbers) == len(set(numbers))
    assert len(numbers) > 999 - max(rows, recipe.window)
    numbers = list(seen(np.random.default_rng(0)))
    assert len(numbers) == len(set(numbers))
    assert len(numbers) > 999 - 2 * max(rows, recipe.window)


def test_a_recurrent_network_reads_on_where_it_stopped():
    tokens = np.arange(1000)
    windows = [x for x, _ in writer("char-gru").windows((tokens[:-1], tokens[1:]), 4, None)]
    for before, after in pairwise(windows):
        np.testing.assert_array_equal(before[:, -1] + 1, after[:, 0])


@pytest.mark.parametrize("name", WRITERS)
def test_learns_a_song(name):
    recipe, rng = writer(name), np.random.default_rng(0)
    examples = recipe.examples(song(), rng)
    model = recipe.model(examples, rng)
    settings = Settings(12, 2, 0.003) if name == "gpt" else Settings(6, 4, 0.01)
    history = recipe.train(model, examples, settings, rng, None)
    assert history[-1].train_loss < 0.5
    assert history[-1].validation_loss < 0.5 * frequencies_loss(examples)
    assert history[-1].validation_loss < history[0].validation_loss
    result = recipe.test(model, examples, rng)
    assert result.scores["loss"] == pytest.approx(recipe.measure(model, examples.test))
    assert "the mat." in result.scores["written"]
    assert len(result.scores["written"]) == 600
    assert model.training


@pytest.mark.parametrize("name", ["char-lstm", "gpt", "word2vec"])
def test_two_processes_learn_what_one_learns(name):
    histories = []
    for workers in (1, 2):
        recipe, rng = find(name), np.random.default_rng(0)
        examples = recipe.examples(song(), rng)  # char-lstm: both carry the state of their rows from window to window
        settings = Settings(2, 5, 0.003, workers)
        histories.append(recipe.train(recipe.model(examples, rng), examples, settings, rng, None))
    for one, two in zip(*histories):
        assert two.train_loss == pytest.approx(one.train_loss, rel=1e-4)
        assert two.validation_loss == pytest.approx(one.validation_loss, rel=1e-3)


def test_the_measured_loss_is_the_mean_over_all_characters():
    recipe, rng = writer("char-lstm"), np.random.default_rng(0)
    examples = recipe.examples(song(), rng)
    model = recipe.model(examples, rng)
    x, y = examples.test
    logits = model.eval()(x[None])[0][0]
    loss = float(scratch.CrossEntropy()(logits, y))
    assert recipe.measure(model, examples.test, rows=1) == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize("name", ["char-gru", "gpt"])
def test_new_names_are_counted(name):
    known = tuple(f"{a}{b}{c}" for a in "bdkl" for b in "aeo" for c in "mnr")
    names = Names(known * 8, ("zed",), data.card("names"))
    recipe, rng = writer(name), np.random.default_rng(0)
    examples = recipe.examples(names, rng)
    assert isinstance(examples, TextExamples)
    assert examples.names == set(known)
    model = recipe.model(examples, rng)
    recipe.train(model, examples, Settings(2, 2, 0.01), rng, None)
    scores = recipe.test(model, examples, rng).scores
    assert scores["names_written"] == len(scores["written"]) == 200
    assert scores["names_new"] == sum(name not in known for name in scores["written"])
    assert not any("\n" in name for name in scores["written"])


def test_the_loss_of_frequencies():
    examples = TextExamples((np.zeros(6), np.array([0, 0, 0, 1, 1, 1])), (0, 0), (0, np.array([0, 1, 1])), ("a", "b"))
    assert frequencies_loss(examples) == pytest.approx(np.log(2))


def test_word2vec_learns_who_stands_beside_whom():
    recipe = Word2Vec()
    rng = np.random.default_rng(0)
    lines = [
        f"{rng.choice(['red', 'green', 'blue'])} paint\n{rng.choice(['one', 'two', 'three'])} times" for _ in "x" * 600
    ]
    text = Text("\n".join(lines), "red paint\ntwo times\n" * 20, data.card("shakespeare_sample"))
    examples = recipe.examples(text, rng)
    assert set(examples.classes) == {"red", "green", "blue", "one", "two", "three", "paint", "times"}
    counts = recipe.counts(examples)
    assert counts.sum() == len(examples.train[0])
    assert (np.diff(counts) <= 0).all()
    recipe.reach = 1
    model = recipe.model(examples, rng)
    history = recipe.train(model, examples, Settings(8, 32, 0.01), rng, None)
    assert history[-1].train_loss < history[0].train_loss
    result = recipe.test(model, examples, rng)
    assert result.scores["loss"] < result.scores["loss_of_ignorance"] == pytest.approx(6 * np.log(2))
    assert result.scores["words"] == 8
    console = Console(file=io.StringIO(), width=80)
    console.print(result.exhibits[0].terminal())


@pytest.mark.parametrize("name", ["char-rnn", "word2vec"])
def test_a_run_from_start_to_end(name, tmp_path):
    first, second = (
        groundup(name, "--epochs", "1", "--batch-size", "128", "--json", "--folder", folder, folder=tmp_path)
        for folder in "ab"
    )
    assert first.returncode == 0, first.stderr
    result, again = json.loads(first.stdout), json.loads(second.stdout)
    assert result["data"] == "shakespeare_sample"
    assert result["test"] == again["test"]  # what is written, too
    assert result["history"]["train_loss"] == again["history"]["train_loss"]
    stored = json.loads((tmp_path / "a" / "results.json").read_text(encoding="utf-8"))
    assert stored == {key: value for key, value in result.items() if key != "pictures"}
    assert (tmp_path / "a" / "weights.npz").exists()
    assert "validation loss" in first.stderr


def test_what_the_terminal_shows(tmp_path):
    done = groundup("char-gru", "--epochs", "1", "--batch-size", "128", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "What it writes, at temperature 0.8" in done.stdout
    assert "nats a character on the test part" in done.stdout


def test_divergence_is_told(tmp_path):
    done = groundup("char-rnn", "--lr", "1e38", "--epochs", "1", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Try a smaller learning rate" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_says_which_data_it_accepts(tmp_path):
    done = groundup("char-rnn", "--data", "digits", folder=tmp_path)
    assert done.returncode == 2
    assert "shakespeare_sample, tinyshakespeare, names" in done.stderr
