"""``groundup sweep`` and ``groundup ablate`` as a user types them."""

import json
from pathlib import Path

import pytest

from groundup.training.experiments import one_run
from groundup.training.tasks.images import Images

BASE = """
[base]
model = "lenet"
data = "digits"
epochs = 1
batch_size = 128
validation = 0.3
device = "cpu"
"""
SWEEP = BASE + "[space]\noptimizer.lr = { low = 1e-3, high = 1e-2, log = true }\nlabel_smoothing = [0.0, 0.1]\n"
ABLATION = BASE + '[choices]\n"fast" = { optimizer.lr = 0.01 }\n"slow" = { optimizer.lr = 0.0001 }\n'


@pytest.fixture
def files(tmp_path):
    """A sweep and an ablation, in the current folder."""
    for name, text in (("sweep", SWEEP), ("ablation", ABLATION)):
        (tmp_path / f"{name}.toml").write_text(text)


def never(*_arguments, **_named):
    raise AssertionError("a run was done again")


def test_a_sweep_from_beginning_to_end(files, groundup, monkeypatch):
    code, out, err = groundup("sweep", "sweep.toml", "--trials", 2)
    assert code == 0, err
    for words in ("2 trials: 2 complete", "The best, trial", "validation accuracy", "optimizer.lr 0.00", "left unseen"):
        assert words in out
    assert "The page: runs/sweep-sweep/report.html" in out
    assert [line.split()[:3] for line in err.splitlines()] == [["trial", "0", "complete"], ["trial", "1", "complete"]]
    page = Path("runs/sweep-sweep/report.html").read_text()
    for text in (
        "A search with lenet on digits", "The best of many is partly the luckiest", "431 validation examples",
        "Choice by choice", "Too early to say", "groundup sweep sweep.toml --trials 4", "How the search went",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("<svg") == 3

    with monkeypatch.context() as patch:  # nothing is left to do
        patch.setattr(one_run, "train", never)
        patch.setattr(one_run, "resume", never)
        code, out, err = groundup("sweep", "sweep.toml", "--trials", 2, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found == json.loads(Path("runs/sweep-sweep/results.json").read_text())
    assert found["counts"]["complete"] == 2
    assert found["test"] is None
    best = found["trials"][found["best"]]
    assert best["score"] == max(trial["score"] for trial in found["trials"])

    code, out, _ = groundup("sweep", "sweep.toml", "--trials", 2, "--test")
    assert code == 0
    assert f"Test split, with trial {best['number']}: loss" in out
    monkeypatch.setattr(Images, "measure", never)  # one look is enough
    tested = json.loads(groundup("sweep", "sweep.toml", "--trials", 2, "--test", "--json")[1])["test"]
    assert tested["metrics"].keys() == {"loss", "accuracy"}
    assert "On the test split" in Path("runs/sweep-sweep/report.html").read_text()
    test_file = Path("runs/sweep-sweep/test.json")
    test_file.write_text(json.dumps(tested | {"number": 1 - best["number"]}))
    code, out, err = groundup("sweep", "sweep.toml", "--trials", 2, "--test")
    assert (code, out) == (2, "")
    assert f"looked at with trial {1 - best['number']}" in err

    code, out, _ = groundup("runs")
    assert "No runs here" in out
    assert "groundup runs runs/sweep-sweep" in out
    code, out, _ = groundup("runs", "runs/sweep-sweep")
    assert "runs/sweep-sweep/trials/0001" in out


def test_workers_share_a_sweep_and_nothing_but_json_is_on_standard_output(files, groundup):
    code, out, err = groundup("sweep", "sweep.toml", "--trials", 2, "--workers", 2, "--json")
    assert code == 0, err
    assert json.loads(out)["counts"]["complete"] == 2


def test_an_ablation_from_beginning_to_end(files, groundup, monkeypatch):
    code, out, err = groundup("ablate", "ablation.toml", "--seeds", 2)
    assert code == 0, err
    for words in ("lenet on digits", "baseline", "fast", "slow", "verdict", "The test split was left unseen."):
        assert words in out
    assert [line.split()[:2] for line in err.splitlines()] == [["seed", "0"]] * 3 + [["seed", "1"]] * 3
    assert "How a difference is told from noise" in Path("runs/ablate-ablation/report.html").read_text()
    with monkeypatch.context() as patch:
        patch.setattr(one_run, "train", never)
        patch.setattr(one_run, "resume", never)
        code, out, err = groundup("ablate", "ablation.toml", "--seeds", 2, "--json")
        assert (code, err) == (0, "")
        found = json.loads(out)
        assert found == json.loads(Path("runs/ablate-ablation/results.json").read_text())
        assert [choice["name"] for choice in found["choices"]] == ["baseline", "fast", "slow"]
        assert found["held_out"] == pytest.approx(431 / 1006, abs=0.01)
        assert found["choices"][2]["mean"] < found["choices"][0]["mean"] < found["choices"][1]["mean"]
        code, out, _ = groundup("ablate", "ablation.toml", "--seeds", 1)
        assert "one seed can't tell" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sweep", "none.toml"], "none.toml: there is no such file"),
        (["sweep", "ablation.toml"], "There is no setting called 'choices'"),
        (["ablate", "sweep.toml"], "There is no setting called 'space'"),
        (["sweep", "sweep.toml", "--trials", "0"], "--trials is 0; expected 1 or more."),
        (["sweep", "sweep.toml", "--workers", "0"], "--workers is 0"),
        (["ablate", "ablation.toml", "--seeds", "0"], "--seeds is 0"),
        (["ablate", "ablation.toml", "--seed", "-1"], "--seed is -1"),
        (["sweep", "sweep.toml", "--folder", "sweep.toml"], "--folder is sweep.toml, which is a file"),
        (["sweep"], "Required options"),
    ],
)
def test_a_mistake_is_one_clear_message(files, groundup, words, message):
    code, out, err = groundup(*words)
    assert code == (1 if "none" in message else 2)
    assert message in err
    assert "Traceback" not in err
    assert out == ""


def test_an_experiment_goes_on_with_its_own_choices_alone(files, groundup, tmp_path, monkeypatch):
    groundup("sweep", "sweep.toml", "--trials", 1)
    for changed, message in (
        (SWEEP.replace("1e-2", "1e-1"), "space.optimizer.lr.high was 0.01, is 0.1"),
        (SWEEP.replace("epochs = 1", "epochs = 2"), "base.epochs was 1, is 2"),
    ):
        (tmp_path / "sweep.toml").write_text(changed)
        code, out, err = groundup("sweep", "sweep.toml", "--trials", 2)
        assert (code, out) == (2, "")
        assert f"runs/sweep-sweep holds an experiment with other choices ({message})" in err
    (tmp_path / "sweep.toml").write_text(SWEEP)
    code, out, err = groundup("sweep", "sweep.toml", "--seed", 1)
    assert code == 2
    assert "seed was 0, is 1" in err
    monkeypatch.setenv("WORLD_SIZE", "2")
    code, out, err = groundup("sweep", "sweep.toml")
    assert code == 2
    assert "do not run under torchrun" in err


def test_data_that_the_model_can_not_learn_are_refused_before_anything_runs(tmp_path, groundup):
    (tmp_path / "sweep.toml").write_text(SWEEP.replace("digits", "shakespeare_sample"))
    code, _, err = groundup("sweep", "sweep.toml")
    assert code == 2
    assert "learns to classify images" in err
    assert not Path("runs").exists()


def test_a_search_in_which_nothing_works_says_why(tmp_path, groundup):
    (tmp_path / "sweep.toml").write_text(BASE + "[space]\noptimizer.lr = [3e36, 3.1e36]\n")
    code, out, err = groundup("sweep", "sweep.toml", "--trials", 2)
    assert (code, out) == (1, "")
    assert "No trial came to its end with a score. The first says: The loss became" in err
    assert Path("runs/sweep-sweep/report.html").exists()
