"""The configuration refuses what cannot work, and needs no torch."""

import subprocess
import sys

import pytest

from groundup.errors import UsageError
from groundup.training import OptimizerConfig, TrainConfig


@pytest.mark.parametrize(
    ("setting", "value"),
    [("epochs", 0), ("batch_size", 0), ("validation", 0.0), ("validation", 1.0), ("seed", -1)],
)
def test_impossible_values_are_refused_by_the_name_of_their_option(setting, value):
    with pytest.raises(UsageError, match=f"--{setting.replace('_', '-')} is {value}; expected"):
        TrainConfig(model="lenet", **{setting: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lr", 0.0), ("lr", float("nan")), ("momentum", 1.0), ("momentum", -0.1), ("weight_decay", -1.0)],
)
def test_impossible_optimizer_values_are_refused(setting, value):
    with pytest.raises(UsageError, match=f"--optimizer.{setting.replace('_', '-')} is {value}; expected"):
        OptimizerConfig(**{setting: value})


@pytest.mark.parametrize("module", ["groundup.cli", "groundup.training.config", "groundup.training"])
def test_the_command_line_and_its_configuration_do_not_import_torch(module):
    code = f"import {module}, sys; assert not {{'torch', 'lightning_fabric', 'pandas'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
