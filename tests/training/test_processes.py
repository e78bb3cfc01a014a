"""Two processes train the model that one trains; one of them writes; if one dies, that is said, and nothing is lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import toys
from crew import crew, train_all
from killing import signal_self_at
from safetensors.torch import load_file
from test_exact_resume import IMAGES, TEXT, assert_same_end, newest_checkpoint
from torch import nn

from groundup.errors import GroundupError, UsageError
from groundup.models import registry
from groundup.training import (
    ImagesConfig,
    OptimizerConfig,
    TextConfig,
    TrainConfig,
    interrupt,
    processes,
    resume,
    train,
)
from groundup.training.batch_norm import WholeBatchNorm, share_statistics
from groundup.training.devices import make_fabric
from groundup.training.interrupt import Interrupt
from groundup.training.tasks import cut

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "--no-python"]
GROUNDUP = [sys.executable, "-W", "error", "-m", "groundup.cli"]
DYING = [sys.executable, "-W", "error", str(Path(__file__).with_name("dying.py"))]
SGD = OptimizerConfig(name="sgd", lr=0.1, nesterov=True, weight_decay=0.01, decay="matrices")

# No dropout, of which each process draws its own. 180 training examples: the last batch is smaller, and shares differ.
EQUAL = {
    "everything": TrainConfig(
        model="toy_images", data="digits", epochs=2, batch_size=33, clip=0.5, ema=0.9, label_smoothing=0.1,
        images=ImagesConfig(crop=1, flip=True, mixup=0.2, cutmix=1.0, normalize=True), optimizer=SGD, device="cpu",
        model_settings={"dropout": 0.0},
    ),
    "parts": TrainConfig(
        model="lenet", data="digits", epochs=1, batch_size=47, accumulate=3, optimizer=SGD, device="cpu",
    ),
    "text": TrainConfig(
        model="toy_text", data="shakespeare_sample", epochs=2, batch_size=7, device="cpu",
        optimizer=OptimizerConfig(lr=0.01), text=TextConfig(context=8), model_settings={"dropout": 0.0},
    ),
    "a last batch of one": TrainConfig(
        model="lenet", data="digits", epochs=1, batch_size=179, optimizer=SGD, device="cpu",
    ),
}  # fmt: skip


def files(folder: Path) -> set[str]:
    """Return the names of all files in a run's folder, but for what the time and the machine put into a name."""
    return {
        str(path.relative_to(folder)).partition(".tfevents")[0].partition("/step-")[0] for path in folder.rglob("*")
    }


def assert_close(folder: Path, expected: Path, tolerance: float) -> None:
    """Compare weights, each tensor's largest difference with its largest number, and the losses."""
    for name in ("model.safetensors", "last.safetensors"):
        one, two = load_file(folder / name), load_file(expected / name)
        assert one.keys() == two.keys()
        for key in one:
            gap = (one[key].double() - two[key].double()).abs().max() / two[key].double().abs().max().clamp(min=1e-9)
            assert gap <= tolerance, (name, key, gap)
    records, others = (
        [json.loads(line) for line in (place / "metrics.jsonl").read_text().splitlines()]
        for place in (folder, expected)
    )
    for name in ("train_loss", "validation_loss", "best_epoch"):
        assert [record[name] for record in records] == pytest.approx([record[name] for record in others], rel=1e-5)


def test_the_same_command_under_torchrun_gives_the_same_model_and_one_process_writes(groundup, tmp_path):
    words = ["lenet", "--data", "digits", "--epochs", "2", "--batch-size", "50", "--device", "cpu", "--json"]
    done = subprocess.run([*TORCHRUN, *GROUNDUP, "train", *words, "--folder", "two"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # one document, though two processes have the result
    assert done.stderr.count("epoch 2/2  train loss") == 1
    assert len(done.stderr.splitlines()) == 2

    code, out, _ = groundup("train", *words, "--folder", "one")
    assert code == 0
    expected = json.loads(out)
    assert result["test"]["loss"] == pytest.approx(expected["test"]["loss"], rel=1e-5)
    assert sum(map(sum, result["test"]["confusion"])) == sum(map(sum, expected["test"]["confusion"])) == 360
    assert_close(Path("two"), Path("one"), 1e-5)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}
    assert files(Path("two")) == files(Path("one"))
    assert len(list(Path("two/tensorboard").iterdir())) == 1
    environment = json.loads(Path("two/environment.json").read_text())
    assert environment["processes"] == 2


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of the runs that are to be equal, each trained by one process."""
    folder = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_cards", dict(registry._cards))
        toys.register_toys()
        train_all(EQUAL, folder)
    return folder


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_every_choice_keeps_its_meaning(strategy, alone, tmp_path):
    configs = {name: replace(config, strategy=strategy) for name, config in EQUAL.items()}
    first, second = crew(tmp_path / "said", train_all, configs, tmp_path)
    for name in EQUAL:
        assert_close(tmp_path / name, alone / name, 1e-5)
        assert first[name]["test"] == second[name]["test"]
        expected = json.loads((alone / name / "summary.json").read_text())
        assert first[name]["test"]["loss"] == pytest.approx(expected["test"]["loss"], rel=1e-5)
        assert files(tmp_path / name) == files(alone / name)


def shares_seen(folder: Path) -> list[list[bytes]]:
    """Train for an epoch, and return the rows of each batch that this process computed."""
    from groundup import models

    batches: list[list[bytes]] = []

    class Recorder(nn.Module):
        def __init__(self, classes: int) -> None:
            super().__init__()
            self.inner = nn.Linear(64, classes)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.training:
                batches.append([row.numpy().tobytes() for row in x])
            return self.inner(x.flatten(1))

    setattr(models, "create", lambda name, classes, **images: Recorder(classes))  # noqa: B010
    config = TrainConfig(model="lenet", data="digits", epochs=1, batch_size=33, device="cpu")
    train(config, toys.small_digits(), folder, page=False)
    return batches


def test_each_example_is_computed_once_an_epoch_by_one_process(tmp_path):
    first, second = crew(tmp_path / "said", shares_seen, tmp_path / "run")
    assert [len(batch) for batch in first] == [17] * 5 + [8]
    assert [len(batch) for batch in second] == [16] * 5 + [7]
    rows = [row for batch in (*first, *second) for row in batch]
    assert len(rows) == 180
    known = [row.tobytes() for row in toys.small_digits().train.x]
    assert all(rows.count(row) == known.count(row) for row in set(rows))


# Everything with a memory of its own at once, and dropout.
DROPOUT = {"images": IMAGES, "text": TEXT, "sharded": replace(IMAGES, strategy="fsdp")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The folder of runs of two processes that were left alone."""
    folder = tmp_path_factory.mktemp("undisturbed")
    crew(folder / "said", train_all, DROPOUT, folder)
    return folder


def test_a_run_that_was_stopped_goes_on_to_the_last_bit(undisturbed, tmp_path, toys, digits, capsys):
    crew(tmp_path / "said", train_all, DROPOUT, tmp_path, 1)
    assert not list(tmp_path.glob("*/summary.json"))
    shutil.copytree(tmp_path / "sharded", tmp_path / "later alone")
    newest = newest_checkpoint(tmp_path / "images")
    newest.write_bytes(newest.read_bytes()[:1000])  # damaged: one process sets it aside, and both go on from the other
    crew(tmp_path / "said", train_all, DROPOUT, tmp_path)
    assert (tmp_path / "said").read_text().count("is set aside as") == 1
    newest.with_name(newest.name + ".broken").unlink()
    for name in DROPOUT:
        assert_same_end(tmp_path / name, undisturbed / name)

    result = resume(tmp_path / "later alone", digits, page=False)  # by one process: the checkpoint is whole
    assert "processes 2 is now 1" in capsys.readouterr().err
    assert result.stopped == "all epochs done"
    assert files(tmp_path / "later alone") == files(undisturbed / "sharded")


def test_if_a_process_dies_the_other_says_so_and_the_run_goes_on_to_the_same_end(undisturbed, tmp_path):
    Path("config.json").write_text(json.dumps(asdict(IMAGES)))
    words = ["train", "--config", "config.json", "--folder", "run"]
    done = subprocess.run([*TORCHRUN, *DYING, "0", "23", *words], capture_output=True, text=True)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if line.startswith("groundup")]
    assert len(said) == 1, done.stderr
    assert said[0].startswith(
        "groundup, process 1 of 2: Another process of this run is gone, or does not answer (Connection"
    )
    assert said[0].endswith(
        "Last checkpoint: after step 20. To go on: groundup train --resume run, under torchrun as before"
    )
    assert "(SIGKILL)" in done.stderr  # in torchrun's own report
    assert newest_checkpoint(Path("run")).name.startswith("step-00000020.")
    assert not Path("run/summary.json").exists()
    crew(tmp_path / "said", train_all, {"run": IMAGES}, Path())
    assert_same_end(Path("run"), undisturbed / "images")


def lose_the_second(folder: Path) -> None:
    """Train until the second process kills itself; what the first is told is written to a file."""
    if os.environ["RANK"] == "1":
        signal_self_at(signal.SIGKILL, 2)
    try:
        train(IMAGES, toys.small_digits(), folder, page=False)
    except GroundupError as error:
        (folder / "told").write_text(str(error))
        raise


def test_the_first_process_raises_what_happened_to_another(tmp_path):
    with pytest.raises(AssertionError):
        crew(tmp_path / "said", lose_the_second, tmp_path / "run")
    told = (tmp_path / "run" / "told").read_text()
    assert "Another process of this run is gone" in told
    assert "Last checkpoint: none yet. To go on: groundup train --resume" in told


def statistics(said: Path) -> tuple[bool, float]:
    """Compare batch normalisation of shares of different sizes with torch's own of the whole batch."""
    processes.join()
    torch.manual_seed(0)
    x, upstream = torch.randn(2, 7, 3, 5, 2, dtype=torch.float64)
    whole, shared = nn.BatchNorm2d(3).double(), nn.Sequential(nn.BatchNorm2d(3).double())
    whole.weight.data.uniform_()
    shared.load_state_dict({f"0.{name}": value for name, value in whole.state_dict().items()})
    shared = share_statistics(shared, torch.device("cpu"))
    own, own_upstream = (cut((tensor,), 2)[processes.rank()][0] for tensor in (x, upstream))
    gaps = []
    for _ in range(2):
        x.grad = own.grad = None
        y, own_y = whole(x.requires_grad_()), shared(own.requires_grad_())
        y.backward(upstream)
        own_y.backward(own_upstream)
        gaps += [own_y - cut((y,), 2)[processes.rank()][0], own.grad - cut((x.grad,), 2)[processes.rank()][0]]
    for name in ("weight", "bias"):
        one, own_one = whole.get_parameter(name).grad, shared.get_parameter(f"0.{name}").grad
        assert one is not None
        assert own_one is not None
        gaps.append(processes.mean(own_one) * 2 - one)
    for name in ("running_mean", "running_var"):
        gaps.append(shared.get_buffer(f"0.{name}") - whole.get_buffer(name))
    gaps.append(shared.eval()(x) - whole.eval()(x))
    return isinstance(shared.get_submodule("0"), WholeBatchNorm), max(float(gap.abs().max()) for gap in gaps)


def test_batch_normalisation_is_over_all_shares(tmp_path):
    for shared, gap in crew(tmp_path / "said", statistics, tmp_path):
        assert shared
        assert gap < 1e-13


def talk() -> dict[str, Any]:
    """Let the processes tell each other things."""
    processes.join()
    rank = processes.rank()
    made: list[int] = []

    def make() -> int:
        made.append(rank)
        return 10 + rank

    def refuse() -> None:
        raise UsageError(f"not by process {rank}")

    answers: dict[str, Any] = {
        "count": processes.count(),
        "gather": processes.gather(rank),
        "agree": processes.agree(rank),
        "largest": processes.largest(rank, 5, -rank),
        "mean": processes.mean(torch.tensor([2.0 * rank])).tolist(),
        "from_first": processes.from_first(make),
        "made": list(made),
        "in_turn": processes.in_turn(make),
    }
    try:
        processes.from_first(refuse)
    except GroundupError as error:
        answers["error"] = (type(error).__name__, str(error))
    return answers


def test_what_processes_tell_each_other(tmp_path):
    same = {
        "count": 3, "gather": [0, 1, 2], "agree": 0, "largest": [2, 5, 0], "mean": [2.0], "from_first": 10,
        "error": ("UsageError", "not by process 0"),
    }  # fmt: skip
    answers = crew(tmp_path / "said", talk, count=3)
    for rank, answer in enumerate(answers):
        assert answer == same | {"in_turn": 10 + rank, "made": [0] if rank == 0 else []}


def test_one_process_has_nobody_to_talk_to():
    assert processes.gather("x") == ["x"]
    assert processes.largest(3, -1) == [3, -1]
    assert processes.from_first(lambda: 7) == processes.in_turn(lambda: 7) == processes.agree(7) == 7
    with pytest.raises(UsageError, match="no"), processes.together():
        raise UsageError("no")


def test_other_commands_are_not_for_torchrun(groundup, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="Only groundup train shares its work"):
        make_fabric(TrainConfig())
    for command in ("sweep", "ablate"):
        code, _, err = groundup(command, "search.json")
        assert code == 2
        assert "Only groundup train shares its work" in err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused(groundup):
    code, _, err = groundup("train", "lenet", "--data", "digits", "--device", "cuda")
    assert code == 2
    assert "--device cuda does not work here" in err


def test_torchrun_is_obeyed_before_it_kills(monkeypatch):
    monkeypatch.setattr(processes, "count", lambda: 2)
    monkeypatch.setattr(interrupt, "GRACE", 1)
    before = signal.getsignal(signal.SIGALRM)

    def validate() -> None:
        with Interrupt():
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)

    with pytest.raises(SystemExit):
        validate()
    assert signal.getsignal(signal.SIGALRM) == before


def test_a_batch_is_cut_into_parts_of_nearly_the_same_size():
    x, y = torch.arange(10).reshape(5, 2), torch.arange(5)
    parts = cut((x, y), 3)
    assert [len(part[0]) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat([part[0] for part in parts]), x)
    assert torch.equal(torch.cat([part[1] for part in parts]), y)
