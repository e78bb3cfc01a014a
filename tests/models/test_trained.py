"""The page of what training gave, and the headers of the models that quote it, say what the stored runs hold."""

import importlib
import importlib.util
import json
import re
from itertools import groupby
from pathlib import Path

import pytest

from groundup import models

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "trained.md"
RUNS = json.loads((ROOT / "docs" / "trained.json").read_text(encoding="utf-8"))
TRAINED = {name: list(runs) for name, runs in groupby(RUNS, key=lambda run: run["model"])}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_trained", ROOT / "scripts" / "make_trained.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_made_from_the_stored_runs(script):
    assert PAGE.read_text(encoding="utf-8") == script.page(RUNS), "run python scripts/make_trained.py"


def test_runs_that_differ_in_more_than_their_seed_are_not_averaged(script):
    changed = [dict(run, command=run["command"] + " --clip 2") if run["seed"] == 1 else run for run in RUNS]
    with pytest.raises(SystemExit, match="differ in more than their seed"):
        script.page(changed)


@pytest.mark.parametrize("name", TRAINED)
def test_three_seeds_or_more_and_the_header_quotes_each_result_and_the_command(script, name):
    runs = TRAINED[name]
    assert len({run["seed"] for run in runs}) >= 3
    header = " ".join((importlib.import_module(models.describe(name).build.__module__).__doc__ or "").split())
    measure = script.MEASURES[models.describe(name).task]
    for run in runs:
        assert script.write(measure, [run["test"][measure]]) in header
    command = re.search(rf"groundup train {name} .*?--seed 0", header)
    assert command, "the header has no command"
    assert options(command[0]) == options(runs[0]["command"] + " --seed 0")


def options(command):
    """The options of a command, each with its values, in any order; 1 and 1.0 are one value."""
    words = [word.strip("'\"").replace("(", "[").replace(")", "]") for word in command.split()]
    words = [str(float(word)) if re.fullmatch(r"[\d.]+", word) else word for word in words]
    return set(" ".join(words).split(" --"))
