"""A run that is killed again and again ends with the weights of one that was left alone, to the last bit."""

import json
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from killing import Run

from groundup.training import OptimizerConfig, TrainConfig
from groundup.training.config import ImagesConfig, ScheduleConfig, TextConfig

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
    kills = 0
    while kills < 6:
        process = run.start()
        while not run.begun() and process.is_alive():
            time.sleep(0.001)
        time.sleep(moments.uniform(0, 0.6))
        if not process.is_alive():
            break
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += 1
    assert run.finish() == 0
    assert kills
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
