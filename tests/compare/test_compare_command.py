"""``groundup compare`` as a user runs it."""

import json
import subprocess
import sys

import pytest


def groundup(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "groundup.cli", "compare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def test_one_component_as_json():
    done = groundup("Conv2d", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["passed"] is True
    assert {row["name"].split(",")[0] for row in document["components"]} == {"Conv2d"}
    assert document["mutants"] > 20
    assert document["survivors"] == []


def test_twins_and_their_speed_as_json():
    done = groundup("mlp", "--steps", "7", "--rounds", "2", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["agreed"] is True
    assert len(document["steps"]) == 7
    assert document["speed"]["by_hand_ms"] > 0
    assert document["speed"]["in_torch_ms"] > 0


def test_twins_in_words():
    done = groundup("cnn", "--steps", "3", "--rounds", "0")
    assert done.returncode == 0, done.stderr
    assert "They agree" in done.stdout


def test_an_impossible_tolerance_fails_with_one_sentence():
    done = groundup("mlp", "--steps", "50", "--rounds", "0", "--tolerance", "0")
    assert done.returncode == 1
    assert "first divergence" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("wrong", "near"), [("Conv2", "Conv2d"), ("cn", "cnn"), ("linear", "Linear")])
def test_an_unknown_name_suggests_the_nearest(wrong, near):
    done = groundup(wrong)
    assert done.returncode == 2
    assert near in done.stderr
    assert "Traceback" not in done.stderr
