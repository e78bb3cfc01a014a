"""Every recipe, as a user runs it: one short epoch on the bundled digits."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from groundup import data, scratch
from groundup.errors import UsageError
from groundup.recipes import Settings, command, find, recipes
from groundup.recipes.autoencoder import above_and_below
from groundup.recipes.classifier import count_pairs, worst_mistakes
from groundup.recipes.lenet import LeNet, shifted
from groundup.recipes.recipe import one_cycle

ON_DIGITS = [name for name, recipe in recipes().items() if "digits" in recipe.settings]
CLASSIFIERS = ["logistic", "mlp", "lenet", "resnet"]


def groundup(*arguments, folder, **environment):
    """Run the command line in a folder, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "groundup.cli", "train-scratch", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "80", **environment},
        encoding="utf-8",
    )


@pytest.mark.parametrize("name", ["lenet", "vae"])
def test_a_run_from_start_to_end(name, tmp_path):
    done = groundup(name, "--data", "digits", "--epochs", "1", "--batch-size", "128", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    home = tmp_path / "runs" / f"scratch-{name}-digits-seed0"
    stored = json.loads((home / "results.json").read_text(encoding="utf-8"))
    assert stored == {key: value for key, value in result.items() if key != "pictures"}
    assert result["epochs"] == 1
    assert result["examples"]["test"] == 360
    assert result["examples"]["train"] + result["examples"]["validation"] == 1437
    assert all(np.isfinite(result["history"]["train_loss"]))
    assert result["pictures"]
    assert all((tmp_path / picture).read_bytes().startswith(b"\x89PNG") for picture in result["pictures"])
    assert "epoch 1/1" in done.stderr
    with np.load(home / "weights.npz") as weights:
        assert (
            sum(w.size for k, w in weights.items() if "running" not in k and "batches" not in k)
            == (result["parameters"])
        )


@pytest.mark.parametrize("name", ON_DIGITS)
def test_every_exhibit_can_be_shown(name, tmp_path):
    _, exhibits, summary = command.train(find(name), "digits", Settings(1, 128, 0.01), 0, tmp_path / "run")
    assert exhibits
    assert summary
    console = Console(file=io.StringIO(), width=80)
    for exhibit in exhibits:
        console.print(exhibit.terminal())
    names = [exhibit.name for exhibit in exhibits]
    assert len(names) == len(set(names))  # each is a file


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_learn_digits(name):
    recipe, rng = find(name), np.random.default_rng(1)
    settings = recipe.settings["digits"]
    examples = recipe.examples(data.load("digits"), rng)
    model = recipe.model(examples, rng)
    few = Settings(3, settings.batch_size, settings.lr)
    history = recipe.train(model, examples, few, rng, None)
    assert history[-1].validation_accuracy is not None
    assert history[-1].validation_accuracy > 0.85
    result = recipe.test(model, examples, rng)
    assert result.scores["accuracy"] == scratch.accuracy(model, *examples.test)
    assert result.scores["confusion"].sum() == 360
    assert np.trace(result.scores["confusion"]) == round(360 * result.scores["accuracy"])


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_autoencoders_learn_digits(name):
    recipe, rng = find(name), np.random.default_rng(1)
    examples = recipe.examples(data.load("digits"), rng)
    model = recipe.model(examples, rng)
    history = recipe.train(model, examples, Settings(10, 32, 0.005), rng, None)
    assert history[-1].validation_loss < history[0].validation_loss
    assert history[-1].validation_accuracy is None
    scores = recipe.test(model, examples, rng).scores
    if name == "autoencoder":
        assert scores["squared_error"] < 0.5 * scores["squared_error_of_the_mean_image"]
    else:
        assert scores["loss"] == pytest.approx(scores["reconstruction"] + scores["divergence"], rel=1e-5)
        assert scores["divergence"] > 0


def test_the_same_seed_gives_the_same_result_in_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe, settings = find("logistic"), Settings(2, 64, 0.02)
    first, second = (command.train(recipe, "digits", settings, 3, None)[0] for _ in range(2))
    assert Path(first["folder"]) == Path("runs/scratch-logistic-digits-seed3")
    assert second["folder"] == first["folder"] + "-2"
    assert first["test"]["loss"] == second["test"]["loss"]
    assert first["history"]["train_loss"] == second["history"]["train_loss"]
    other, _, _ = command.train(recipe, "digits", settings, 4, None)
    assert other["history"]["train_loss"] != first["history"]["train_loss"]


def test_what_the_terminal_shows(tmp_path):
    done = groundup("logistic", "--epochs", "1", "--folder", "here", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accuracy on the test split" in done.stdout
    assert "The weights of each class" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (tmp_path / "here" / "weights.npz").exists()


def test_the_list(tmp_path):
    listed = groundup(folder=tmp_path).stdout
    assert all(name in listed for name in recipes())
    document = json.loads(groundup("--json", folder=tmp_path).stdout)
    assert [entry["name"] for entry in document] == list(recipes())
    assert document[0]["data"]["digits"]["epochs"] == recipes()[document[0]["name"]].settings["digits"].epochs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "lnet"}, "Did you mean lenet"),
        ({"model": "lenet", "data_name": "mnits"}, "Did you mean mnist"),
        (
            {"model": "lenet", "data_name": "lending_club"},
            "does not learn from lending_club. It accepts: digits, mnist",
        ),
        ({"model": "lenet", "batch_size": 0}, "--batch-size is 0; expected 1 or more"),
        ({"model": "lenet", "lr": -1.0}, "--lr is -1.0; expected a number above 0"),
        ({"model": "lenet", "lr": float("nan")}, "--lr is nan; expected a number above 0"),
        ({"model": "lenet", "workers": 0}, "--workers is 0; expected 1 or more"),
        ({"model": "lenet", "seed": -1}, "--seed is -1; expected 0 or more"),
    ],
)
def test_wrong_usage(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"data_name": None, "epochs": None, "batch_size": None, "lr": None, "seed": 0, "folder": None}
    with pytest.raises(UsageError) as error:
        command.run(**(options | arguments), as_json=False)
    assert message in str(error.value)
    assert not list(tmp_path.iterdir())  # nothing was begun


@pytest.mark.parametrize("name", ["mlp", "resnet"])
def test_two_processes_learn_what_one_learns(name):
    histories = []
    for workers in (1, 2):
        recipe, rng = find(name), np.random.default_rng(0)
        examples = recipe.examples(data.load("digits"), rng)
        settings = Settings(1, 100, 0.003, workers)  # the last batch has 94
        histories.append(recipe.train(recipe.model(examples, rng), examples, settings, rng, None)[0])
    one, two = histories
    assert two.train_loss == pytest.approx(one.train_loss, rel=1e-4)
    assert two.validation_loss == pytest.approx(one.validation_loss, rel=1e-3)


def test_two_processes_on_the_command_line(tmp_path):
    done = groundup("vae", "--epochs", "1", "--batch-size", "128", "--workers", "2", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["workers"] == 2
    assert np.isfinite(result["test"]["loss"])
    assert done.stderr.splitlines()[0].startswith("epoch 1/1")  # and nothing of the second process


def test_wrong_usage_exits_with_2(tmp_path):
    done = groundup("lenet", "--epochs", "0", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "groundup: --epochs is 0; expected 1 or more.\n"
    assert done.stdout == ""


def test_divergence_keeps_the_last_good_weights(tmp_path):
    done = groundup("mlp", "--lr", "1e20", "--epochs", "2", "--json", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Try a smaller learning rate" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    with np.load(tmp_path / "runs" / "scratch-mlp-digits-seed0" / "weights.npz") as weights:
        assert all(np.isfinite(w).all() for w in weights.values())


def test_it_works_with_the_base_packages_alone(tmp_path):
    """Block everything but NumPy, rich and tyro, and what these need."""
    (tmp_path / "sitecustomize.py").write_text(
        """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"matplotlib", "torch", "pandas", "sklearn", "scipy", "pooch", "platformdirs", "tqdm"}:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)
sys.meta_path.insert(0, Blocked())
""",
        encoding="utf-8",
    )
    done = groundup("vae", "--epochs", "1", "--json", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pictures"] == []
    assert "matplotlib" in done.stderr


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UsageError, match="Did you mean resnet"):
        find("resnt")


def test_lenet_is_lenet_only_where_the_images_are_large_enough(rng):
    recipe = LeNet()
    digits = recipe.examples(data.load("digits"), rng)
    assert sum(p.size for p in recipe.model(digits, rng).parameters()) == 13_706
    large = (np.zeros((2, 1, 28, 28), np.float32), np.zeros(2, int))
    big = type(digits)(large, large, large, digits.classes)
    assert sum(p.size for p in recipe.model(big, rng).parameters()) == 61_706
    assert recipe.augment(digits.train[0], rng) is digits.train[0]


def test_shifted_moves_images_and_loses_the_edge():
    x = np.arange(1, 13, dtype=np.float32).reshape(1, 1, 3, 4)
    np.testing.assert_array_equal(shifted(x, 0, 0), x)
    np.testing.assert_array_equal(shifted(x, 1, 0)[0, 0], [[0, 0, 0, 0], [1, 2, 3, 4], [5, 6, 7, 8]])
    np.testing.assert_array_equal(shifted(x, -1, 0)[0, 0], [[5, 6, 7, 8], [9, 10, 11, 12], [0, 0, 0, 0]])
    np.testing.assert_array_equal(shifted(x, 0, 1)[0, 0], [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11]])
    np.testing.assert_array_equal(shifted(x, 0, -2)[0, 0], [[3, 4, 0, 0], [7, 8, 0, 0], [11, 12, 0, 0]])
    np.testing.assert_array_equal(shifted(x, -1, 1)[0, 0], [[0, 5, 6, 7], [0, 9, 10, 11], [0, 0, 0, 0]])


def test_count_pairs_and_worst_mistakes(rng):
    labels = np.array([0, 1, 2, 2])
    log_p = np.log(np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8]]))
    np.testing.assert_array_equal(count_pairs(labels, log_p.argmax(axis=1), 3), [[1, 0, 0], [1, 0, 0], [0, 1, 1]])
    x = rng.random((4, 1, 2, 2))
    (gallery,) = worst_mistakes(x, labels, log_p, "abc")
    assert gallery.captions == ["c→b", "b→a"]  # 0.9 sure, then 0.6
    np.testing.assert_array_equal(gallery.images, x[[2, 1], 0])
    assert worst_mistakes(x[:1], labels[:1], log_p[:1], "abc") == []


def test_pairs_stand_above_each_other():
    first, second = np.arange(5.0)[:, None, None], np.arange(5.0)[:, None, None] + 10
    order = above_and_below("x", "x", first, second, columns=3).images.ravel()
    np.testing.assert_array_equal(order, [0, 1, 2, 10, 11, 12, 3, 4, 13, 14])


def test_a_cycle_needs_steps(rng):
    optimizer = scratch.Adam(find("mlp").model(find("mlp").examples(data.load("digits"), rng), rng).parameters())
    assert one_cycle(optimizer, 100, Settings(1, 50, 0.1)) is None
    schedule = one_cycle(optimizer, 101, Settings(10, 10, 0.1))
    assert schedule is not None
    assert schedule.total_steps == 110


@pytest.fixture
def rng():
    return np.random.default_rng(0)
