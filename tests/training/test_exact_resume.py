"""A run that is killed again and again ends with the weights of one that was left alone, to the last bit."""

import json
import os
import random
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from killing import Run

from groundup.errors import GroundupError
from groundup.training import ImagesConfig, OptimizerConfig, ScheduleConfig, TextConfig, TrainConfig, resume

# Everything with a memory of its own at once: momentum, averaged weights, batch normalisation, dropout, augmentation,
# batches in parts, a scaled loss; and an epoch is not a whole number of checkpoints.
IMAGES = TrainConfig(
    model="toy_images",
    data="digits",
    epochs=3,
    batch_size=16,
    accumulate=2,
    clip=1.0,
    ema=0.9,
    device="cpu",
    checkpoint_every=5,
    label_smoothing=0.1,
    optimizer=OptimizerConfig(name="sgd", lr=0.1, nesterov=True, weight_decay=0.01, decay="matrices"),
    schedule=ScheduleConfig(name="one-cycle"),
    images=ImagesConfig(crop=1, flip=True, mixup=0.2, cutmix=1.0, normalize=True),
)
TEXT = TrainConfig(
    model="toy_text",
    data="shakespeare_sample",
    epochs=2,
    batch_size=8,
    device="cpu",
    precision="fp16",
    checkpoint_every=4,
    optimizer=OptimizerConfig(name="adamw", lr=0.01),
    schedule=ScheduleConfig(warmup=0.2),
    text=TextConfig(context=8),
)
CONFIGS = {"images": IMAGES, "text": TEXT}
CLOCK = ("seconds", "items_per_second")


@pytest.fixture(scope="session", params=list(CONFIGS))
def config(request):
    return CONFIGS[request.param]


@pytest.fixture(scope="session")
def undisturbed(config, tmp_path_factory):
    """The folder of the same run, left alone."""
    run = Run(config, tmp_path_factory.mktemp("undisturbed") / config.model)
    assert run.finish() == 0
    return run.folder


def untimed(records):
    return [{name: value for name, value in record.items() if name not in CLOCK} for record in records]


def last_checkpoint(folder: Path):
    return torch.load(sorted((folder / "checkpoints").glob("step-*.pt"))[-1], weights_only=True)


def equal(one, two) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one if key not in CLOCK)
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(equal(*pair) for pair in zip(one, two))
    return one == two


def assert_same_end(folder: Path, expected: Path):
    for name in ("model.safetensors", "last.safetensors", "data.json", "config.json"):
        assert (folder / name).read_bytes() == (expected / name).read_bytes(), name
    lines, expected_lines = ((place / "metrics.jsonl").read_text().splitlines() for place in (folder, expected))
    assert untimed(map(json.loads, lines)) == untimed(map(json.loads, expected_lines))
    summary, expected_summary = (json.loads((place / "summary.json").read_text()) for place in (folder, expected))
    assert summary["test"] == expected_summary["test"]
    assert summary["best_epoch"] == expected_summary["best_epoch"]
    assert equal(last_checkpoint(folder), last_checkpoint(expected))  # weights, momentum, averages, random states, ...
    assert len(list((folder / "checkpoints").iterdir())) == 2
    assert not list(folder.rglob("*.tmp"))


def test_killed_at_random_moments(config, undisturbed, tmp_path):
    seed = int(os.environ.get("GROUNDUP_TEST_SEED", time.time_ns() % 2**32))
    print(f"GROUNDUP_TEST_SEED={seed}")  # pytest shows it if the test fails
    moments = random.Random(seed)
    run = Run(config, tmp_path / "run")
    kills, longest = 0, 0.6  # seconds
    while kills < 6:
        process = run.start()
        while not run.begun() and process.is_alive():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, longest))
        if process.is_alive():
            process.kill()  # SIGKILL
            process.join()
            kills += 1
        elif kills:
            break
        else:  # a fast machine: the run ended before anything happened to it
            shutil.rmtree(run.folder)
            longest /= 2
    assert run.finish() == 0
    assert_same_end(run.folder, undisturbed)


def test_killed_at_every_kind_of_moment_between_two_files(config, undisturbed, tmp_path):
    run = Run(replace(config, checkpoint_every=2), tmp_path / "run")
    codes = []
    for moment in range(9, 33):  # the first life writes what describes the run, before there is any checkpoint
        codes.append(run.finish(kill_at=moment if moment % 2 else -moment))
        if codes[-1] == 0:
            break
        assert codes[-1] == -signal.SIGKILL
    assert len(codes) > 3
    assert run.finish() == 0
    (run.folder / "config.json").write_bytes((undisturbed / "config.json").read_bytes())
    assert_same_end(run.folder, undisturbed)


def stopped_half_way(config: TrainConfig, folder: Path) -> Run:
    """A run that was killed in its second epoch, with two checkpoints."""
    run = Run(config, folder)
    while not (folder / "metrics.jsonl").exists() or not (folder / "metrics.jsonl").read_text():
        assert run.finish(kill_at=18) == -signal.SIGKILL
    assert len(list(folder.glob("checkpoints/step-*.pt"))) == 2
    assert not (folder / "summary.json").exists()
    return run


def newest_checkpoint(folder: Path) -> Path:
    return sorted((folder / "checkpoints").glob("step-*.pt"))[-1]


@pytest.mark.parametrize("what", ["truncated", "a bit flipped", "half-written", "all lost"])
def test_a_damaged_checkpoint_costs_steps_but_not_a_bit_of_the_result(config, undisturbed, tmp_path, what):
    run = stopped_half_way(config, tmp_path / "run")
    newest = newest_checkpoint(run.folder)
    content = newest.read_bytes()
    if what == "truncated":
        newest.write_bytes(content[: len(content) // 2])
    elif what == "a bit flipped":
        newest.write_bytes(content[:-1000] + bytes([content[-1000] ^ 1]) + content[-999:])
    elif what == "half-written":  # what a process that is killed while it writes leaves
        newest.with_name(".unnamed.pt.4711.tmp").write_bytes(content[:1000])
    else:
        for path in (run.folder / "checkpoints").glob("step-*.pt"):
            path.write_bytes(b"")
    assert run.finish() == 0
    if what != "half-written":
        assert f"{newest} is damaged" in run.said()
        assert "set aside" in run.said()
    for path in (run.folder / "checkpoints").glob("*.broken"):
        path.unlink()
    assert_same_end(run.folder, undisturbed)


def test_the_weights_of_the_best_epoch_come_from_the_checkpoint(config, undisturbed, tmp_path):
    run = stopped_half_way(config, tmp_path / "run")
    (run.folder / "model.safetensors").write_bytes(b"another epoch's, written just before the process was killed")
    (run.folder / "metrics.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n{"epo')
    assert run.finish() == 0
    assert_same_end(run.folder, undisturbed)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["TERM", "INT"])
def test_a_signal_to_stop_is_answered_with_a_checkpoint(config, undisturbed, tmp_path, number, code):
    run = Run(replace(config, checkpoint_every=10_000), tmp_path / "run")
    process = run.start(signal_at=(number, 3))
    process.join(60)
    assert process.exitcode == code
    assert newest_checkpoint(run.folder).name.startswith("step-00000003.")
    assert f"Stopped after step 3. To go on: groundup train --resume {run.folder}" in run.said()
    assert run.finish() == 0
    (run.folder / "config.json").write_bytes((undisturbed / "config.json").read_bytes())
    assert_same_end(run.folder, undisturbed)


def test_one_process_at_a_time(tmp_path, toys, digits):
    run = stopped_half_way(IMAGES, tmp_path / "run")
    import fcntl

    with (run.folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(GroundupError, match="Another process is training"):
            resume(run.folder, digits, progress=False, page=False)
    resume(run.folder, digits, progress=False, page=False)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(GroundupError, match="holds no run to resume"):
        resume(tmp_path)


def test_another_environment_is_named(tmp_path, toys, digits, capsys):
    run = stopped_half_way(IMAGES, tmp_path / "run")
    path = run.folder / "environment.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"torch": "1.0", "threads": 99}))
    resume(run.folder, digits, page=False)
    said = capsys.readouterr().err
    assert "torch 1.0 is now" in said
    assert "threads 99 is now 1" in said
    assert "goes on after step" in said
