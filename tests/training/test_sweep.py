"""Sweeps: several processes on one study, killed and resumed; what ends how; and the command as a user types it."""

import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import optuna
import pytest
import toys
from killing import forkserver

from groundup.errors import Diverged, GroundupError, UsageError
from groundup.training import TrainConfig
from groundup.training.experiments import search as searching
from groundup.training.experiments.files import Choice, Range, SearchConfig, SweepConfig
from groundup.training.experiments.outcome import CHANCE, importance, outcome
from groundup.training.experiments.search import ATTEMPTS, Search
from groundup.training.settings import read_config
from groundup.training.tasks.images import Images

BASE = TrainConfig(model="toy_images", data="digits", epochs=2, device="cpu")
LR = {"optimizer.lr": Range(1e-4, 0.1, log=True), "batch_size": Choice({"50": 50, "100": 100})}


def sweep_of(space=LR, base=BASE, **how):
    return SweepConfig(base, space, SearchConfig(**{"startup": 2, "prune_from": 0, **how}))


def searcher(folder, config, dataset=None, seed=0, metric="accuracy", good="highest"):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return Search(config, folder, seed, metric, good, dataset)


def tried(search):
    return [(trial["number"], trial["choices"], trial["curve"]) for trial in outcome(search)["trials"]]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The four trials of a search by one process that nothing disturbs."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert in_a_process(folder, 4) == 0
    return folder


def in_a_process(folder, goal, kill_at=0):
    """Work on the sweep of the toys in a process of its own; return its exit code."""
    process = forkserver.Process(target=_search, args=(folder, goal, kill_at))
    process.start()
    process.join(120)
    return process.exitcode


def _search(folder, goal, kill_at=0, barrier=None):
    """What such a process does: it kills itself before its n-th report, or begins together with another."""
    import torch

    torch.set_num_threads(1)
    toys.register_toys()
    if kill_at:
        _kill_at_report(kill_at)
    if barrier:
        barrier.wait(60)
    search = searcher(folder, sweep_of(), toys.small_digits())
    done = []

    def tell(trial):
        done.append(trial.number)
        if barrier and len(done) == 1:
            barrier.wait(60)  # so that both have done one before either goes on

    search.work(goal, tell)
    (Path(folder) / f"done-{os.getpid()}.json").write_text(json.dumps(done))


def _kill_at_report(number):
    report, count = optuna.Trial.report, 0

    def deadly(self, value, step):
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        report(self, value, step)

    setattr(optuna.Trial, "report", deadly)  # noqa: B010


def test_a_search_that_was_killed_goes_on_as_if_nothing_had_been(uninterrupted, toys, tmp_path):
    # There are two reports a trial. Killed before the first of trial 1, then before the last of trial 3.
    for kill_at in (3, 6):
        assert in_a_process(tmp_path, 4, kill_at) == -signal.SIGKILL
    states = [trial.state.name for trial in searcher(tmp_path, sweep_of()).study.trials]
    assert states == ["COMPLETE", "COMPLETE", "COMPLETE", "RUNNING"]
    assert in_a_process(tmp_path, 4) == 0
    search = searcher(tmp_path, sweep_of())
    assert tried(search) == tried(searcher(uninterrupted, sweep_of()))
    assert [trial["attempts"] for trial in outcome(search)["trials"]] == [1, 2, 1, 2]


def test_two_processes_that_begin_at_once_share_one_study(toys, tmp_path):
    barrier = forkserver.Barrier(2)
    processes = [forkserver.Process(target=_search, args=(tmp_path, 6, 0, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    parts = [json.loads(path.read_text()) for path in tmp_path.glob("done-*.json")]
    assert all(parts)  # both did some
    assert sorted(number for part in parts for number in part) == list(
        range(6)
    )  # each was done once, and there are no more than asked for
    found = outcome(searcher(tmp_path, sweep_of()))
    assert found["counts"]["complete"] == 6
    assert len({str(trial["choices"]) for trial in found["trials"]}) == 6


def test_the_number_of_trials_is_the_total_and_nothing_is_done_twice(toys, digits, tmp_path, monkeypatch):
    measure = Images.measure

    def seen(self, model, split):
        assert split == "validation"
        return measure(self, model, split)

    monkeypatch.setattr(Images, "measure", seen)
    search, ended = searcher(tmp_path, sweep_of(), digits), []
    search.work(2, lambda trial: ended.append(trial.number))
    again = searcher(tmp_path, sweep_of(), digits)
    again.work(2, lambda trial: ended.append(trial.number))
    again.work(3, lambda trial: ended.append(trial.number))
    assert ended == [0, 1, 2]
    for trial in outcome(again)["trials"]:
        config = read_config(TrainConfig, Path(trial["folder"]))
        assert (config.optimizer.lr, config.batch_size) == tuple(trial["choices"].values())
        assert trial["score"] == max(trial["curve"]) == trial["validation"]["accuracy"]
        assert {path.name for path in Path(trial["folder"]).iterdir()} >= {"summary.json", "model.safetensors"}
        assert not (Path(trial["folder"]) / "checkpoints").exists()


def test_the_seed_decides_what_is_tried(fake, tmp_path):
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        search = searcher(tmp_path / name, sweep_of(), seed=seed)
        search.work(6)
        found.append([trial.params for trial in search.study.trials])
    assert found[0] == found[1]
    assert all(one != other for one, other in zip(found[0], found[2]))
    assert len({str(params) for params in found[0]}) == 6


@pytest.fixture
def fake(toys, monkeypatch):
    """Trials that train nothing: by default the score is the smaller, the further the learning rate is from 0.01."""

    class Fake:
        def __init__(self):
            self.begun: list[TrainConfig] = []
            self.losses: dict[int, float] = {}

        def curve(self, config):
            return [0.9 - abs(np.log10(config.optimizer.lr) + 2) / 10] * config.epochs

        def __call__(self, config, folder, dataset, on_epoch):
            self.begun.append(config)
            curve = self.curve(config)
            folder.mkdir()
            with (folder / "metrics.jsonl").open("a") as file:
                for epoch, score in enumerate(curve, 1):
                    record = {"epoch": epoch, "validation_accuracy": score, "validation_loss": 1 - score}
                    print(json.dumps(record), file=file, flush=True)
                    on_epoch(record)

            loss = self.losses.get(len(self.begun) - 1, 1 - curve[-1])
            validation = {"accuracy": curve[-1], "loss": loss}
            return SimpleNamespace(validation=validation, best_epoch=1, parameters=1, seconds=1.0)

    stand_in = Fake()
    monkeypatch.setattr(searching, "train_or_go_on", stand_in)
    return stand_in


def claim(search, goal):
    found = search.claim(goal)
    assert found
    return found


def test_a_trial_in_other_hands_is_left_alone_and_counts(fake, tmp_path):
    search = searcher(tmp_path, sweep_of())
    first, lock = claim(search, 2)
    second, _lock = claim(search, 2)
    assert (first.number, second.number) == (0, 1)
    assert search.claim(2) is None
    lock.free()  # its process died
    third, _ = claim(search, 2)
    assert (third.number, third.params) == (0, first.params)


def test_a_trial_that_kills_its_process_again_and_again_is_given_up(fake, tmp_path):
    search = searcher(tmp_path, sweep_of())
    for _ in range(ATTEMPTS):
        trial, lock = claim(search, 1)
        assert trial.number == 0
        lock.free()
    assert search.claim(1) is None
    (trial,) = outcome(search)["trials"]
    assert (trial["state"], trial["reason"].split(";")[0]) == ("failed", "its process was killed 3 times")


def test_where_there_are_no_file_locks_nothing_is_taken_over(fake, tmp_path, monkeypatch):
    monkeypatch.setattr(searching.Lock, "take", lambda self, wait=False: None)
    search = searcher(tmp_path, sweep_of())
    assert [claim(search, 5)[0].number for _ in range(2)] == [0, 1]
    search.work(2)
    assert [trial["state"] for trial in outcome(search)["trials"]] == ["running", "running", "complete", "complete"]


def test_trials_that_lag_behind_are_pruned_but_not_in_their_last_epoch(fake, tmp_path):
    curves = {0: [0.5, 0.6, 0.9], 1: [0.5, 0.6, 0.9], 2: [0.1, 0.5, 0.9], 3: [0.1, 0.9, 0.9], 4: [0.7, 0.7, 0.8]}
    fake.curve = lambda config: curves[len(fake.begun) - 1]
    search = searcher(tmp_path, sweep_of(base=TrainConfig(model="lenet", data="digits", epochs=3), prune_from=2))
    search.work(5)
    found = outcome(search)
    assert [trial["state"] for trial in found["trials"]] == ["complete", "complete", "pruned", "complete", "complete"]
    assert found["trials"][2]["curve"] == [0.1, 0.5]  # after the second epoch, not the first
    assert found["counts"] == {"complete": 4, "pruned": 1, "diverged": 0, "failed": 0, "running": 0}


def test_none_is_pruned_if_the_file_says_so(fake, tmp_path):
    fake.curve = lambda config: [1.0 / len(fake.begun)] * 2
    search = searcher(tmp_path, sweep_of(prune_from=0))
    search.work(6)
    assert outcome(search)["counts"]["complete"] == 6


def test_trials_that_diverge_or_do_not_work_say_so_and_the_search_goes_on(fake, tmp_path):
    def curve(config):
        number = len(fake.begun) - 1
        if number == 0:
            raise Diverged("The loss became nan")
        if number == 1:
            raise UsageError("3 heads do not divide 64")
        if number == 2:
            raise MemoryError
        return [0.5, float("nan") if number == 3 else 0.6]

    fake.curve = curve
    search = searcher(tmp_path, sweep_of())
    search.work(5)
    found = outcome(search)
    assert [trial["state"] for trial in found["trials"]] == ["diverged", "failed", "failed", "diverged", "complete"]
    reasons = [trial["reason"] for trial in found["trials"]]
    assert reasons[1:3] == ["3 heads do not divide 64", "out of memory"]
    assert "loss became nan" in reasons[0]
    assert "accuracy became nan" in reasons[3]
    assert found["best"] == 4
    # To the search all of them are worse than any other: it learns to stay away, which it does not from failures.
    assert [trial.state.name for trial in search.study.trials] == ["PRUNED"] * 4 + ["COMPLETE"]


def test_what_is_no_fault_of_the_choices_ends_the_search(fake, tmp_path):
    def curve(config):
        raise GroundupError("the disk is gone")

    fake.curve = curve
    search = searcher(tmp_path, sweep_of())
    with pytest.raises(GroundupError, match="the disk is gone"):
        search.work(3)
    assert outcome(search)["counts"]["running"] == 1
    del fake.curve
    search.work(1)  # the trial is taken up again
    assert outcome(search)["counts"] == {"complete": 1, "pruned": 0, "diverged": 0, "failed": 0, "running": 0}


def test_a_real_run_that_diverges(toys, digits, tmp_path):
    config = sweep_of({"optimizer.lr": Choice({"1e30": 1e30, "0.01": 0.01})})
    search = searcher(tmp_path, config, digits, seed=1)
    search.work(4)
    states = {trial["choices"]["optimizer.lr"]: trial["state"] for trial in outcome(search)["trials"]}
    assert states == {1e30: "diverged", 0.01: "complete"}


def test_the_best_is_by_the_metric_then_by_the_loss(fake, tmp_path):
    fake.curve = lambda config: [0.5, 0.5]
    search = searcher(tmp_path, sweep_of())
    search.work(3)
    assert outcome(search)["best"] == 0  # all alike: the first
    fake.losses = {3: 0.4, 4: 0.1, 5: 0.2}
    search.work(6)
    assert outcome(search)["best"] == 4
    fake.curve = lambda config: [0.5, 0.5 + len(fake.begun) / 100]
    search.work(8)
    assert outcome(search)["best"] == 7
    lowest = searcher(tmp_path / "loss", sweep_of(), metric="loss", good="lowest")
    fake.begun.clear()
    lowest.work(3)
    assert outcome(lowest)["best"] == 2
    assert lowest.study.direction.name == "MINIMIZE"


def test_a_line_that_was_cut_off_does_not_spoil_the_study(fake, tmp_path):
    searcher(tmp_path, sweep_of()).work(2)
    journal = tmp_path / "study.journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code": 4, "wor')
    search = searcher(tmp_path, sweep_of())
    search.work(3)
    assert outcome(search)["counts"]["complete"] == 3
    assert journal.read_bytes().startswith(whole + b'{"op_code"')


def test_importance_tells_what_matters_from_chance(tmp_path):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-4, 1, log=True)
        trial.suggest_float("idle", 0, 1)
        return -((np.log10(lr) + 2) ** 2) + (trial.suggest_categorical("name", ["a", "b"]) == "a") * 0.1

    study.optimize(objective, n_trials=9)
    assert importance(study, 0) == {}  # too few
    study.optimize(objective, n_trials=21)
    shares = importance(study, 0)
    assert next(iter(shares)) == "lr"
    assert set(shares) == {"lr", "idle", "name", CHANCE}
    assert shares["lr"][0] > 0.5 > 4 * shares[CHANCE][0]
    assert sum(mean for mean, _ in shares.values()) == pytest.approx(1)
    assert importance(study, 0) == shares
    same = optuna.create_study()
    same.optimize(lambda trial: trial.suggest_float("x", 0, 1) * 0, n_trials=12)
    assert importance(same, 0) == {}
