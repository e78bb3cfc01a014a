"""``groundup train`` and ``groundup models`` as a user types them."""

import json
import subprocess
import sys

import pytest

RUN = [sys.executable, "-W", "error", "-m", "groundup.cli"]


def test_train_prints_one_json_document_and_progress_elsewhere():
    words = ["train", "lenet", "--data", "digits", "--epochs", "1", "--optimizer.lr", "0.002", "--seed", "3", "--json"]
    done = subprocess.run([*RUN, *words], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["config"]["optimizer"]["lr"] == 0.002
    assert result["config"]["seed"] == 3
    assert result["folder"] == "runs/lenet-digits-seed3"
    assert sum(map(sum, result["test"]["confusion"])) == 360
    assert "epoch 1/1  train loss" in done.stderr
    assert len(done.stderr.splitlines()) == 1  # no library says anything of its own


def test_train_reports_in_words(groundup):
    code, out, err = groundup("train", "lenet", "--data", "digits", "--epochs", 1, "--folder", "here")
    assert code == 0
    assert "Test split: accuracy" in out
    assert "Validation: accuracy" in out
    assert "in epoch 1 of 1" in out
    assert "60,850 parameters" in out
    assert "everything in here" in out
    assert "accuracy" in err


def test_every_kind_of_choice_arrives(groundup):
    words = """
        --epochs 1 --batch-size 200 --accumulate 2 --validation 0.2 --patience 3 --time-limit 9 --seed 4
        --label-smoothing 0.1 --clip 2 --ema 0.9 --device cpu --deterministic --no-channels-last --checkpoint-every 50
        --model-settings in_channels=1 image_size=8 --optimizer.name sgd --optimizer.lr 0.1 --optimizer.nesterov
        --optimizer.betas 0.8 0.9 --optimizer.decay matrices --schedule.name step --schedule.milestones 0.2 0.4 0.6
        --schedule.warmup 0.1 --images.crop 1 --images.flip --images.normalize --text.context 9
    """
    code, out, err = groundup("train", "lenet", "--data", "digits", "--json", *words.split())
    assert code == 0, err
    config = json.loads(out)["config"]
    assert config["model_settings"] == {"in_channels": 1, "image_size": 8}
    expected = {"name": "sgd", "lr": 0.1, "nesterov": True, "decay": "matrices"}
    assert config["optimizer"] | expected == config["optimizer"]
    assert config["optimizer"]["betas"] == [0.8, 0.9]
    assert config["schedule"]["milestones"] == [0.2, 0.4, 0.6]
    assert config["images"] | {"crop": 1, "flip": True, "normalize": True} == config["images"]
    assert (config["deterministic"], config["channels_last"], config["compile"]) == (True, False, False)
    assert (config["accumulate"], config["clip"], config["ema"], config["text"]["context"]) == (2, 2.0, 0.9, 9)


def test_a_configuration_file_gives_the_same_run_again_and_options_change_it(groundup):
    code, out, _ = groundup(
        "train", "lenet", "--data", "digits", "--epochs", 1, "--optimizer.lr", 0.003, "--images.normalize", "--json"
    )
    first = json.loads(out)
    for file in (first["folder"], f"{first['folder']}/config.json"):
        code, out, err = groundup("train", "--config", file, "--json")
        assert code == 0, err
        again = json.loads(out)
        assert again["config"] == first["config"]
        assert again["test"] == first["test"]
        assert again["folder"] != first["folder"]
    code, out, _ = groundup("train", f"--config={first['folder']}", "--seed", 5, "--optimizer.momentum", 0.5, "--json")
    changed = json.loads(out)["config"]
    assert changed["seed"] == 5
    assert changed["optimizer"] == first["config"]["optimizer"] | {"momentum": 0.5}
    assert changed["images"] == first["config"]["images"]


def test_resume_takes_no_other_choices(groundup):
    groundup("train", "lenet", "--data", "digits", "--epochs", 1, "--folder", "run")
    code, out, err = groundup("train", "--resume", "run", "--json")
    assert code == 0
    assert "goes on after step 21 of 21" in err
    assert json.loads(out)["best_epoch"] == 1
    for words, named in ((["--epochs", 3], "epochs"), (["lenet"], "model"), (["--folder", "x"], "folder")):
        code, out, err = groundup("train", "--resume", "run", *words)
        assert code == 2
        assert f"leave out {named}" in " ".join(err.split())
        assert out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenett", "--data", "digits"], "There is no model called 'lenett'. Did you mean lenet"),
        (["lenet", "--data", "digit"], "There is no data set called 'digit'. Did you mean digits"),
        (["lenet", "--data", "shakespeare_sample"], "learns to classify images"),
        (["gru", "--data", "digits"], "learns to guess the next character of a text"),
        (["lenet", "--epochs", "0"], "--epochs is 0; expected 1 or more."),
        (["lenet", "--optimizer.rate", "1"], "--optimizer.rate"),
        (["lenet", "--optimizer.name", "magic"], "magic"),
        (["lenet", "--data", "digits", "--model-settings", "widht=3"], "model_settings.widht"),
        (["lenet", "--data", "digits", "--model-settings", "classes=x"], "model_settings.classes is 'x'; expected int"),
        (["lenet", "--model-settings", "classes"], "KEY=VALUE"),
        (["--resume", "nowhere"], "nowhere holds no run to resume"),
        (["--config", "nowhere.json"], "There is no configuration nowhere.json"),
        ([], "Name a model"),
    ],
)
def test_a_mistake_is_one_clear_message(groundup, words, message):
    code, out, err = groundup("train", *words)
    assert code == (1 if "nowhere" in message else 2)
    assert message in err
    assert "Traceback" not in err
    assert out == ""


def test_models_are_listed(groundup):
    code, out, _ = groundup("models")
    assert code == 0
    assert "lenet" in out
    assert "60,850" in out
    code, out, err = groundup("models", "--json")
    assert code == 0
    assert err == ""
    listed = {model["name"]: model for model in json.loads(out)}
    assert listed["lenet"]["parameters"] == 60_850
    assert listed["lenet"]["year"] == 1998
    assert "Gradient-based learning" in listed["lenet"]["paper"]
