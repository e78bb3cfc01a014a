"""What is timed must be the same model twice: as many weights, the same shapes out, and a step that learns."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from groundup import models
from groundup.compare import command, model_speed
from groundup.compare.model_benchmarks import MODEL_BENCHMARKS, NOT_MEASURED
from groundup.compare.reference_packages import require
from groundup.errors import UsageError

pytest.importorskip("torchvision")
pytest.importorskip("transformers")
EVERY = pytest.mark.parametrize("name", MODEL_BENCHMARKS)


def test_every_registered_model_is_measured_or_it_is_said_why_not():
    assert MODEL_BENCHMARKS.keys() | NOT_MEASURED.keys() == set(models.names())
    assert not MODEL_BENCHMARKS.keys() & NOT_MEASURED.keys()


@EVERY
def test_both_have_the_same_weights_and_return_the_same_shapes(name):
    benchmark = MODEL_BENCHMARKS[name]
    require(benchmark.package)
    with torch.device("meta"):
        ours, reference = benchmark.make("ours"), benchmark.make("reference")
        inputs, labels = benchmark.batch()
        assert benchmark.loss(ours.train()(*inputs), labels).shape == ()
        if benchmark.package != "transformers":  # whose models look at numbers that a meta tensor doesn't have
            assert benchmark.loss(reference.train()(*inputs), labels).shape == ()
    assert benchmark.config == ours.config
    assert models.count_parameters(ours) == models.count_parameters(reference)
    size = f"{inputs[0].shape[0]} x {inputs[0].shape[-1]} "
    assert benchmark.about.startswith(size)


@pytest.mark.parametrize("engine", ["ours", "reference"])
@pytest.mark.parametrize("name", ["transformer_small", "gpt_small", "bert_small"])
def test_steps_of_each_engine_lower_the_loss(name, engine, monkeypatch):
    losses = []
    cross_entropy = F.cross_entropy

    def kept(logits, labels):
        losses.append(cross_entropy(logits, labels).item())
        return cross_entropy(logits, labels)

    monkeypatch.setattr(F, "cross_entropy", kept)
    step = replace(MODEL_BENCHMARKS[name], batch_size=4).step(engine, seed=0)
    for _ in range(6):
        step()
    assert losses[0] > losses[-1] > 0


@pytest.fixture(scope="module")
def timing():
    return model_speed.measure("rnn", threads=1, rounds=3, seconds_a_round=0.01)


def test_a_measurement_has_all_its_numbers(timing):
    assert len(timing.ratios) == timing.rounds == 3
    assert min(timing.ours_ms, timing.reference_ms, timing.ours_mib, timing.reference_mib) > 0
    assert timing.ratio == sorted(timing.ratios)[1]
    assert timing.to_dict()["ratio"] == timing.ratio


def test_the_command_prints_a_table_or_one_json_document(timing, monkeypatch, capsys):
    monkeypatch.setattr(model_speed, "measure", lambda name, *options, **more: timing)
    command.bench(("models", "rnn", "rnn"), rounds=3, threads=1, seed=0, json=False)
    assert capsys.readouterr().out.count(" rnn ") == 2
    command.bench(("models", "rnn"), rounds=3, threads=1, seed=0, json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["models"][0]["ratios"] == timing.ratios
    assert {"torch", "torchvision", "transformers"} <= document["machine"].keys()
    with pytest.raises(UsageError, match="--rounds must be at least 1, got 0"):
        command.bench(("models", "rnn"), rounds=0, threads=1, seed=0, json=False)


def test_what_cannot_be_measured_is_refused_in_words():
    with pytest.raises(UsageError, match=r"no model with a benchmark called 'resnet19'\. Did you mean resnet18"):
        model_speed.run(("resnet19",), 1, 1, 0, False)
    with pytest.raises(UsageError, match="nothing to measure lenet against: torchvision has no LeNet-5"):
        model_speed.run(("lenet",), 1, 1, 0, False)


@pytest.mark.parametrize(("missing", "model"), [("torchvision", "resnet18"), ("transformers", "gpt2")])
def test_a_missing_reference_package_is_named_with_the_command_that_installs_it(missing, model):
    code = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
sys.argv = ["groundup", "bench", "models", {model!r}]
from groundup.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert f"is in the package {missing}. Install it with: pip install" in done.stderr
    assert "Traceback" not in done.stderr
