"""The configuration refuses what cannot work, and needs no torch."""

import subprocess
import sys

import pytest

from groundup.errors import UsageError
from groundup.training import ImagesConfig, OptimizerConfig, ScheduleConfig, TextConfig, TrainConfig


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("epochs", 0), ("batch_size", 0), ("accumulate", 0), ("accumulate", 65), ("validation", 0.0),
        ("validation", 1.0), ("patience", -1), ("time_limit", -1.0), ("seed", -1), ("label_smoothing", 1.0),
        ("clip", -1.0), ("ema", 1.0), ("checkpoint_every", -1),
    ],
)  # fmt: skip
def test_impossible_values_are_refused_by_the_name_of_their_option(setting, value):
    with pytest.raises(UsageError, match=f"--{setting.replace('_', '-')} is {value}; expected"):
        TrainConfig(model="lenet", **{setting: value})


@pytest.mark.parametrize(
    ("group", "setting", "value"),
    [
        ("optimizer", "lr", 0.0), ("optimizer", "lr", float("nan")), ("optimizer", "momentum", 1.0),
        ("optimizer", "momentum", -0.1), ("optimizer", "weight_decay", -1.0), ("optimizer", "betas", (0.9, 1.0)),
        ("optimizer", "eps", 0.0), ("schedule", "warmup", 1.0), ("schedule", "final", 1.5),
        ("schedule", "factor", 0.0), ("schedule", "milestones", (0.75, 0.5)), ("images", "crop", -1),
        ("images", "cutout", -1), ("images", "erasing", 1.5), ("images", "mixup", -0.1), ("images", "cutmix", -0.1),
        ("text", "context", 0),
    ],
)  # fmt: skip
def test_impossible_values_in_groups_are_refused(group, setting, value):
    kinds = {"optimizer": OptimizerConfig, "schedule": ScheduleConfig, "images": ImagesConfig, "text": TextConfig}
    with pytest.raises(UsageError) as info:
        kinds[group](**{setting: value})
    assert str(info.value).startswith(f"--{group}.{setting.replace('_', '-')} is {value}; expected")


def test_choices_that_contradict_each_other_are_refused():
    for optimizer in ({"name": "adam"}, {"name": "sgd", "momentum": 0.0}):
        with pytest.raises(UsageError, match=r"nesterov is for --optimizer\.name sgd"):
            OptimizerConfig(nesterov=True, **optimizer)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match=r"needs --schedule\.warmup"):
        ScheduleConfig(name="inverse-sqrt")


@pytest.mark.parametrize(
    "module",
    ["groundup.cli", "groundup.training.config", "groundup.training.settings", "groundup.training"],
)
def test_the_command_line_and_its_configuration_do_not_import_torch(module):
    code = f"import {module}, sys; assert not {{'torch', 'lightning_fabric', 'pandas'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
