"""Ablations: each run is done once, whoever does it; what came out is compared seed by seed."""

import json
import os
import signal
from pathlib import Path

import pytest
import toys
from killing import forkserver

from groundup.errors import Diverged
from groundup.training import TrainConfig
from groundup.training.experiments import ablation as ablating
from groundup.training.experiments import ablation_page
from groundup.training.experiments.ablation import Ablation
from groundup.training.experiments.files import AblationConfig
from groundup.training.locks import Lock
from groundup.training.settings import read_config

BASE = TrainConfig(model="toy_images", data="digits", epochs=1, batch_size=50, device="cpu")
CHOICES = {"small steps": {"optimizer.lr": 1e-4}, "SGD": {"optimizer.name": "sgd", "optimizer.lr": 0.1}}


def ablation_in(folder, seeds=(0, 1), dataset=None, choices=CHOICES, good="highest", metric="accuracy"):
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Ablation(AblationConfig(BASE, choices), Path(folder), seeds, metric, good, 0.1, dataset)


def _ablate(folder, kill_at=0):
    import torch

    from groundup.training.run import TrainResult

    torch.set_num_threads(1)
    toys.register_toys()
    summary, count = TrainResult.summary, 0

    def deadly(self):
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)  # all is learnt, and nothing of it is told
        return summary(self)

    setattr(TrainResult, "summary", deadly)  # noqa: B010
    done = []
    ablation_in(folder, dataset=toys.small_digits()).work(lambda *run: done.append(run))
    (Path(folder) / "done.json").write_text(json.dumps(done))


def test_what_was_killed_goes_on_and_what_is_done_stays(toys, tmp_path):
    for kill_at, code in ((4, -signal.SIGKILL), (0, 0)):
        process = forkserver.Process(target=_ablate, args=(tmp_path, kill_at))
        process.start()
        process.join(120)
        assert process.exitcode == code
        if kill_at:
            checkpoints = {path.parent.parent.name for path in tmp_path.glob("runs/*/checkpoints/*")}
            assert checkpoints == {"baseline-seed1"}
    done = json.loads((tmp_path / "done.json").read_text())
    assert [run[:2] for run in done] == [["baseline", 1], ["small steps", 1], ["SGD", 1]]
    found = ablation_in(tmp_path).outcome()
    assert found["choices"][0]["scores"][1] == done[0][2]
    assert [choice["done"] for choice in found["choices"]] == [2, 2, 2]
    config = read_config(TrainConfig, tmp_path / "runs" / "sgd-seed1")
    assert (config.optimizer.name, config.optimizer.lr, config.seed) == ("sgd", 0.1, 1)


@pytest.fixture
def fake(toys, monkeypatch):
    """Runs that train nothing; their scores stand in a table of (learning rate, seed)."""
    scores = {}

    def train_or_go_on(config, folder, dataset):
        score = scores[config.optimizer.lr, config.seed]
        folder.mkdir()
        if score is None:
            raise Diverged("The loss became nan")
        (folder / "summary.json").write_text(json.dumps({"validation": {"accuracy": score, "loss": score}}))

    monkeypatch.setattr(ablating, "train_or_go_on", train_or_go_on)
    return scores


def test_verdicts(fake, tmp_path):
    choices = {name: {"optimizer.lr": lr} for name, lr in (("up", 1.0), ("down", 2.0), ("noise", 3.0), ("same", 4.0))}
    for seed in range(4):
        base = 0.5 + 0.1 * seed
        fake |= {(0.001, seed): base, (1.0, seed): base + 0.1, (2.0, seed): base - 0.1, (4.0, seed): base}
        fake[3.0, seed] = base + (0.1 if seed % 2 else -0.1)
    for good in ("highest", "lowest"):
        ablation = ablation_in(tmp_path, range(4), choices=choices, good=good)
        ablation.work()
        found = ablation.outcome()
        by_name = {choice["name"]: choice for choice in found["choices"]}
        up, down = ("better", "worse") if good == "highest" else ("worse", "better")
        verdicts = {name: choice["verdict"] for name, choice in by_name.items()}
        assert verdicts == {
            "baseline": "", "up": up, "down": down, "noise": "may be noise", "same": "the same in every run",
        }  # fmt: skip
    assert by_name["up"]["differences"] == pytest.approx([0.1] * 4)
    assert by_name["baseline"]["mean"] == pytest.approx(0.65)
    assert by_name["baseline"]["std"] == pytest.approx(0.12909944)
    assert by_name["up"]["comparison"]["seeds"] == 4
    headers, rows = ablation_page.table(found)
    assert dict(zip(headers, rows[1])) == {
        "choice": "up", "accuracy": "75.00% ± 12.91", "runs": "4", "difference": "+10.00",
        "lies between": "+10.00 to +10.00", "p": "< 0.001", "verdict": "worse",
    }  # fmt: skip


def test_a_choice_that_diverged_is_not_compared_by_the_runs_that_are_left(fake, tmp_path):
    fake |= {(0.001, seed): 0.5 for seed in (0, 1, 2)} | {(1e-4, seed): 0.6 for seed in (0, 1)} | {(1e-4, 2): None}
    fake |= {(0.1, seed): 0.7 for seed in (0, 1, 2)}
    ablation, told = ablation_in(tmp_path, (0, 1, 2)), []
    ablation.work(lambda *run: told.append(run))
    assert ("small steps", 2, None) in told
    ablation.work(lambda *run: told.append(run))
    assert len(told) == 9  # a run that diverged is not done again: it would diverge again
    _, small, sgd = ablation.outcome()["choices"]
    assert (small["verdict"], small["comparison"]) == ("small steps diverged with 1 of 3 seeds", None)
    assert (small["done"], small["diverged"]) == (2, 1)
    assert sgd["verdict"] == "better"
    fake[0.001, 3], fake[1e-4, 3], fake[0.1, 3] = None, 0.5, 0.5
    more = ablation_in(tmp_path, (0, 1, 2, 3))
    more.work()
    assert more.outcome()["choices"][2]["verdict"] == "baseline diverged with 1 of 4 seeds"


def test_a_run_in_other_hands_is_left_alone(fake, tmp_path):
    fake |= {(lr, 0): 0.5 for lr in (0.001, 1e-4, 0.1)}
    ablation = ablation_in(tmp_path, (0,))
    (tmp_path / "runs").mkdir()
    with Lock(tmp_path / "runs" / ".baseline-seed0.lock"):
        ablation.work()
        found = ablation.outcome()
        assert [choice["done"] for choice in found["choices"]] == [0, 1, 1]
        assert [choice["verdict"] for choice in found["choices"][1:]] == ["not run so far"] * 2
    ablation.work()
    assert [choice["verdict"] for choice in ablation.outcome()["choices"][1:]] == ["one seed can't tell"] * 2


def test_the_page_explains_itself(fake, tmp_path):
    fake |= {(0.001, s): 0.5 + s / 10 for s in (0, 1, 2)} | {(1e-4, s): 0.6 + s / 10 + s / 1000 for s in (0, 1, 2)}
    fake |= {(0.1, s): None for s in (0, 1, 2)}
    ablation = ablation_in(tmp_path, (0, 1, 2))
    ablation.work()
    found = ablation.outcome() | {"unverified": []}
    page = ablation_page.build(found, ablation.config, "my.toml").html()
    for text in (
        "What matters for toy_images on digits", "60.00% ± 10.00", "of 2 make a clear difference", "small steps",
        "SGD diverged with 3 of 3 seeds", "How a difference is told from noise", "Nadeau and Bengio",
        "tested at 5% / 2", "optimizer.lr 0.0001", "groundup ablate my.toml --seeds 6", "test split",
    ):  # fmt: skip
        assert text in page, text
    assert page.count("<svg") == 1
    assert "not the original" not in page
    found["unverified"] = ["images.gz"]
    assert "not the original" in ablation_page.build(found, ablation.config, "my.toml").html()
