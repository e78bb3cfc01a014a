"""Configurations go to dictionaries and files and back unchanged; what is wrong in them is named."""

import json
from dataclasses import asdict, replace

import pytest

from groundup.errors import GroundupError, UsageError
from groundup.training import OptimizerConfig, ScheduleConfig, TrainConfig
from groundup.training.settings import flat, from_dict, override, read_config

CONFIG = TrainConfig(
    model="lenet",
    model_settings={"classes": 3, "shape": "wide"},
    epochs=7,
    optimizer=OptimizerConfig(name="sgd", lr=0.5, nesterov=True, betas=(0.8, 0.9)),
    schedule=ScheduleConfig(name="step", milestones=(0.1, 0.2, 0.3)),
)


def test_there_and_back_through_json(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(asdict(CONFIG)))
    assert read_config(TrainConfig, tmp_path / "config.json") == CONFIG
    assert read_config(TrainConfig, tmp_path) == CONFIG  # the folder of a run


def test_what_is_left_out_keeps_its_default():
    assert from_dict(TrainConfig, {"model": "lenet", "optimizer": {"lr": 1}}) == TrainConfig(
        model="lenet", optimizer=OptimizerConfig(lr=1.0)
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epoch": 3}, "no setting called 'epoch'. Did you mean epochs"),
        ({"optimizer": {"lrr": 0.1}}, "no setting called 'optimizer.lrr'. Did you mean optimizer.lr"),
        ({"epochs": "3"}, "epochs is '3'; expected int"),
        ({"epochs": 3.0}, "epochs is 3.0; expected int"),
        ({"epochs": True}, "epochs is True; expected int"),
        ({"compile": 1}, "compile is 1; expected bool"),
        ({"optimizer": {"lr": "fast"}}, "optimizer.lr is 'fast'; expected float"),
        ({"optimizer": {"name": "sgdd"}}, "no value of optimizer.name called 'sgdd'. Did you mean sgd"),
        ({"optimizer": {"betas": [0.9]}}, r"optimizer.betas is \[0.9\]; expected"),
        ({"optimizer": 3}, "optimizer is 3; expected keys with values"),
        ({"data": 3}, "data is 3; expected str"),
        ({"epochs": 0}, "--epochs is 0; expected 1 or more"),
        ([1], r"configuration is \[1\]; expected keys"),
    ],
)
def test_what_is_wrong_is_named(values, message):
    with pytest.raises(UsageError, match=message):
        from_dict(TrainConfig, values)


def test_a_file_that_is_missing_or_no_json_is_refused(tmp_path):
    with pytest.raises(GroundupError, match="There is no configuration"):
        read_config(TrainConfig, tmp_path / "nothing.json")
    (tmp_path / "config.json").write_text("epochs: 3")
    with pytest.raises(GroundupError, match="is not a configuration in JSON"):
        read_config(TrainConfig, tmp_path)


def test_flat_names_are_those_of_the_command_line():
    names = flat(CONFIG)
    assert names["optimizer.lr"] == 0.5
    assert names["model_settings.classes"] == 3
    assert names["epochs"] == 7
    assert "optimizer" not in names


def test_override_changes_what_it_names_and_nothing_else():
    changed = override(CONFIG, {"optimizer.lr": 0.1, "epochs": 9, "batch-size": 3, "model_settings.width": 8})
    assert changed == replace(
        CONFIG,
        epochs=9,
        batch_size=3,
        optimizer=replace(CONFIG.optimizer, lr=0.1),
        model_settings={"classes": 3, "shape": "wide", "width": 8},
    )
    assert CONFIG.model_settings == {"classes": 3, "shape": "wide"}


@pytest.mark.parametrize("name", ["optimizer.rate", "optimiser.lr", "epochs.lr", "speed"])
def test_override_refuses_names_that_do_not_exist(name):
    with pytest.raises(UsageError, match="no setting called"):
        override(CONFIG, {name: 1})
