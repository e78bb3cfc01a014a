"""What is timed must be the same network twice: as many weights, and a step that runs and learns."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from groundup.compare import command, speed, turns
from groundup.compare.benchmarks import BENCHMARKS
from groundup.errors import UsageError


@pytest.mark.parametrize("name", BENCHMARKS)
def test_both_engines_train_the_same_number_of_weights(name):
    workload = BENCHMARKS[name]
    model, _, _ = workload.by_hand(np.random.default_rng(0), np.float32)
    twin, _, _ = workload.in_torch()
    by_hand = sorted(p.shape for p in model.parameters())
    assert by_hand == sorted(tuple(p.shape) for p in twin.parameters())


@pytest.mark.parametrize(("name", "workers"), [("mlp", 1), ("lenet", 2), ("vae", 1)])
def test_a_measurement_has_all_its_numbers(name, workers):
    timing = speed.measure(f"bench/{name}", threads=workers, rounds=2, seconds_a_round=0.01, workers=workers)
    assert (timing.workload, timing.workers, timing.threads) == (name, workers, workers)
    assert len(timing.ratios) == 2
    assert (timing.one_process_ms is None) == (workers == 1)
    assert min(timing.by_hand_ms, timing.in_torch_ms, timing.by_hand_mib, timing.in_torch_mib) > 0


def test_the_process_by_hand_never_loads_torch():
    # Memory tells: importing torch alone takes more than the whole process by hand.
    timing = speed.measure("bench/mlp", threads=1, rounds=1, seconds_a_round=0.01)
    assert timing.by_hand_mib < 0.5 * timing.in_torch_mib


@pytest.mark.parametrize(
    ("names", "workers", "message"),
    [
        (("mlp",), 3, "--workers is 3, --threads 2; expected as many workers as threads"),
        (("models", "rnn"), 2, "--workers is 2, but only the networks by hand"),
        (("loader",), 1, "--workers is 1, but only the networks by hand"),
    ],
)
def test_workers_that_would_not_be_used_are_refused(names, workers, message):
    with pytest.raises(UsageError, match=message):
        command.bench(names, rounds=1, threads=2, seed=0, json=False, workers=workers)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the memory of other processes")
def test_peak_memory_counts_the_processes_that_a_process_has_started():
    alone = turns.peak_memory()
    with subprocess.Popen(
        [sys.executable, "-c", "x = bytearray(100_000_000); print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert turns.peak_memory() - alone > 90_000_000
        child.kill()


def test_peak_memory_is_this_process_own():
    before = turns.peak_memory()
    ballast = np.ones(30_000_000)
    assert turns.peak_memory() - before > 0.9 * ballast.nbytes or before > ballast.nbytes
