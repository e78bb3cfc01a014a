"""``groundup generate`` and the sample at the end of a run: what a trained model writes."""

import json
from functools import partial

import pytest
import torch
from toys import small_digits, small_text

from groundup import data
from groundup.data import Text
from groundup.errors import GroundupError, UsageError
from groundup.training import OptimizerConfig, TrainConfig, train
from groundup.training.config import TextConfig
from groundup.training.writing import write

SMALL = {
    "gpt_small": {"layers": 1, "heads": 2, "width": 16},
    "lstm": {"width": 8, "hidden": 16},
    "gru": {"width": 8, "hidden": 16},
    "rnn": {"width": 8, "hidden": 16},
}


def trained(model, text, folder, **choices):
    config = TrainConfig(
        model=model,
        data="shakespeare_sample",
        model_settings=SMALL.get(model, {}),
        text=TextConfig(context=16),
        **{"epochs": 1, "batch_size": 16, "device": "cpu", **choices},
    )
    return train(config, text, folder, progress=False, page=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained("gpt_small", small_text(), tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("model", SMALL)
def test_a_run_ends_with_a_sample_of_what_the_model_writes(model, tmp_path):
    result = trained(model, small_text(), tmp_path / "run")
    assert len(result.sample) == 500
    assert set(result.sample) <= set(small_text().vocabulary)
    assert (result.folder / "sample.txt").read_text() == result.sample + "\n"
    assert json.loads((result.folder / "summary.json").read_text())["sample"] == result.sample
    assert write(result.folder, tokens=500).written == result.sample  # generate's defaults are the sample's


def test_a_classifier_of_images_ends_without_a_sample(tmp_path):
    config = TrainConfig(model="lenet", data="digits", epochs=1, device="cpu")
    result = train(config, small_digits(40), tmp_path / "run", progress=False, page=False)
    assert result.sample == ""
    assert not (result.folder / "sample.txt").exists()
    with pytest.raises(UsageError, match=r"lenet, the model in .*, does not write\. Models that do: .*gpt2"):
        write(result.folder)


def test_it_writes_what_it_learnt(tmp_path):
    line = "first come, "
    text = Text(line * 200, line * 4, data.card("shakespeare_sample"))
    result = trained("gru", text, tmp_path / "run", epochs=6, batch_size=4, optimizer=OptimizerConfig(lr=0.03))
    assert write(result.folder, "first co", 40, temperature=0).written == (line * 4)[8:48]


def test_a_prompt_is_continued_and_the_seed_decides_how(run):
    one, same, other = (write(run.folder, "First", 60, seed=seed) for seed in (3, 3, 4))
    assert one.prompt == "First"
    assert one.written == same.written != other.written
    assert len(one.written) == 60
    assert write(run.folder, "First", 60, top_k=1).written == write(run.folder, "First", 60, temperature=0).written


def test_neither_the_data_nor_the_checkpoints_are_needed(run, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name: pytest.fail("loaded the data"))
    assert write(run.folder, tokens=5).written


def test_characters_that_training_never_saw_are_named(run):
    with pytest.raises(UsageError, match=r"never seen '€', 'ß'\. It knows \d+ characters: "):
        write(run.folder, "a€bß€")
    with pytest.raises(UsageError, match=r"never seen '\\\\'.*In most shells a new line is written \$'\\n'"):
        write(run.folder, "a\\n")
    with pytest.raises(UsageError, match="prompt is empty"):
        write(run.folder, "")


def test_folders_without_a_trained_model_are_refused(run, tmp_path):
    with pytest.raises(GroundupError, match="holds no run"):
        write(tmp_path)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((run.folder / name).read_bytes())
    with pytest.raises(GroundupError, match=r"data\.json should hold the characters"):
        write(tmp_path)


@pytest.fixture
def generate(groundup):
    return partial(groundup, "generate")


def test_the_command_prints_the_text_and_nothing_else(run, generate):
    words = [run.folder, "--prompt", "First", "--tokens", 30, "--seed", 2, "--top-p", 0.9]
    expected = write(run.folder, "First", 30, seed=2, top_p=0.9).written
    assert generate(*words) == (0, f"First{expected}\n", "")
    code, out, err = generate(*words, "--json")
    document = json.loads(out)
    assert (code, err, document["prompt"], document["written"]) == (0, "", "First", expected)
    assert (document["seed"], document["top_p"], document["top_k"]) == (2, 0.9, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prompt", "ü"], "never seen 'ü'"),
        (["--tokens", "-1"], "--tokens is -1; expected 0 or more"),
        (["--temperature", "-1"], "--temperature is -1.0"),
        (["--top-k", "0"], "--top-k is 0"),
        (["--top-p", "2"], "--top-p is 2.0"),
    ],
)
def test_a_mistake_is_one_clear_message_and_exit_code_2(run, generate, words, message):
    code, out, err = generate(run.folder, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_run_in_another_precision_writes_too(tmp_path):
    result = trained("gpt_small", small_text(), tmp_path / "run", precision="bf16")
    assert len(result.sample) == 500
    assert write(result.folder, tokens=500).written == result.sample


def test_the_sample_is_the_same_whatever_was_drawn_before(run):
    torch.rand(3)
    assert run.task.sample(run.model) == run.sample
