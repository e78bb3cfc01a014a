"""The plan of the house: who imports whom, and what an import costs."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "groundup"

# What each room may import of groundup; errors, console, runs and the version are for everyone but scratch.
ALLOWED = {
    "scratch": {"scratch"},
    "data": {"data"},
    "models": {"models"},
    "training": {"training", "models", "data", "scratch", "report", "plots"},
    "compare": {"compare", "scratch", "data", "training", "models"},
    "recipes": {"recipes", "scratch", "data", "plots"},
    "practice": {"practice", "scratch", "data"},
    "applications": {"applications", "data", "models", "training", "scratch", "report", "plots"},
}
COMMON = {"errors", "console", "runs", "__version__"}
PACKAGES = {"scratch": {"numpy"}, "models": {"torch"}}
# What one file may import beyond its room, inside the functions that need it: published weights are files in the folder
# of downloads, in the safetensors format.
BEYOND = {"pretrained.py": {"data", "safetensors", "pooch", "requests"}}


def imports(path: Path) -> set[str]:
    """Every module named in an import statement of a file, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= (
                {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "groundup" else {node.module}
            )
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_imports_run_one_way(room):
    common = set() if room == "scratch" else COMMON
    for path in (SOURCE / room).rglob("*.py"):
        rooms = {name.split(".")[1] for name in imports(path) if name.startswith("groundup.")}
        allowed = ALLOWED[room] | common | BEYOND.get(path.name, set())
        assert rooms <= allowed, f"{path.name} imports {sorted(rooms - allowed)}"


@pytest.mark.parametrize("room", PACKAGES)
def test_rooms_with_few_needs(room):
    for path in (SOURCE / room).rglob("*.py"):
        outside = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"groundup"}
        allowed = PACKAGES[room] | BEYOND.get(path.name, set())
        assert outside <= allowed, f"{path.name} imports {sorted(outside - allowed)}"


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_scratch_works_where_every_third_party_module_but_numpy_is_blocked():
    python("""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in sys.stdlib_module_names and top not in {"numpy", "groundup"} and not top.startswith("__"):
            raise ImportError(f"blocked: {name}")

sys.meta_path.insert(0, Blocked())
import numpy as np
from groundup import data, scratch
from groundup.scratch.models import mlp
digits = data.load("digits")
rng = np.random.default_rng(0)
model = mlp([64, 16, 10], rng=rng)
scratch.fit(model, scratch.CrossEntropy(), scratch.Adam(model.parameters()), (digits.train.x, digits.train.y),
            (digits.test.x, digits.test.y), epochs=1, batch_size=64, rng=rng, progress=None)
""")


HEAVY = "{'torch', 'pandas', 'sklearn', 'matplotlib', 'lightning_fabric', 'scipy', 'optuna'}"


@pytest.mark.parametrize(
    "module", ["groundup", "groundup.scratch", "groundup.cli", "groundup.data", "groundup.training"]
)
def test_imports_stay_light(module):
    python(f"import {module}, sys; heavy = {HEAVY} & set(sys.modules); assert not heavy, heavy")


def test_importing_the_package_imports_nothing_else():
    python("import groundup, sys; assert 'numpy' not in sys.modules and 'rich' not in sys.modules")


COMMANDS = ["apply", "audit", "bench", "compare", "data", "evaluate", "generate", "models", "runs", "tour", "train"]
COMMANDS += ["predict", "train-scratch", "translate", "sweep", "ablate"]


@pytest.mark.parametrize("command", [[], *[[name] for name in COMMANDS]])
def test_help_never_loads_torch(command):
    out = python(f"""
import sys
sys.argv = ["groundup", *{command!r}, "--help"]
from groundup.cli import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
heavy = {HEAVY} & set(sys.modules)
assert not heavy, heavy
""")
    assert "usage" in out.lower()


@pytest.mark.parametrize("command", [["trian"], ["compare", "--step", "3"], ["train"], ["tour", "--seed", "x"]])
def test_wrong_usage_exits_with_2_and_no_traceback(command):
    done = subprocess.run([sys.executable, "-m", "groundup.cli", *command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert done.stderr


@pytest.mark.parametrize(
    ("missing", "command", "extra"),
    [
        ("torch", ["compare"], "torch"),
        ("torch", ["compare", "cnn"], "torch"),
        ("torch", ["bench", "mlp"], "torch"),
        ("torch", ["models"], "torch"),
        ("torch", ["train", "lenet", "--data", "digits"], "torch"),
        ("torch", ["tour"], "torch"),
        ("jinja2", ["tour"], "torch"),
        ("torch", ["sweep", "search.toml"], "torch"),
        ("optuna", ["ablate", "choices.toml"], "torch"),
        ("pandas", ["apply", "loans"], "applications"),
        ("pooch", ["data", "fetch", "names"], "data"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_the_command_that_installs_it(missing, command, extra, tmp_path):
    code = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
sys.argv = ["groundup", *{command!r}]
from groundup.cli import main
main()
"""
    environment = os.environ | {"GROUNDUP_DATA": str(tmp_path / "data"), "GROUNDUP_MIRROR": ""}
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment)
    assert done.returncode == 1, done.stderr
    assert f"needs the package {missing}. Install it with: pip install 'groundup[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
