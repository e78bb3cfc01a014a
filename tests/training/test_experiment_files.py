"""The files of sweeps and ablations: what they may say, and what is said about mistakes."""

from pathlib import Path

import pytest

from groundup.errors import GroundupError, UsageError
from groundup.training.experiments.files import Choice, Range, SearchConfig, read_ablation, read_sweep

EXAMPLES = Path(__file__).parents[2] / "experiments"

BASE = """
[base]
model = "lenet"
data = "digits"
"""


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def to(text):
        path = tmp_path / "experiment.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return to


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_examples_are_right(path):
    config = read_sweep(path) if "sweep" in path.stem else read_ablation(path)
    assert config.base.data


def test_there_are_examples_of_both():
    assert {path.stem.rpartition("_")[2] for path in EXAMPLES.glob("*.toml")} == {"sweep", "ablation"}


def test_everything_a_sweep_can_say(write):
    config = read_sweep(
        write("""
[base]
model = "gpt_small"
epochs = 3
model_settings.layers = 2
optimizer = { name = "adamw", lr = 0.01 }
schedule.warmup = 0.1

[space]
optimizer.lr = { low = 1e-4, high = 1e-1, log = true }
"optimizer.weight_decay" = { low = 0, high = 1 }
batch-size = [16, 32]
epochs = { low = 2, high = 8, step = 2 }
model_settings.width = { low = 32, high = 64, step = 32 }
optimizer.betas = [[0.9, 0.99], [0.9, 0.999]]

[search]
startup = 3
""")
    )
    assert (config.base.model, config.base.data, config.base.epochs) == ("gpt_small", "tinyshakespeare", 3)
    assert config.base.model_settings == {"layers": 2}
    assert (config.base.optimizer.name, config.base.optimizer.lr, config.base.schedule.warmup) == ("adamw", 0.01, 0.1)
    assert config.space == {
        "optimizer.lr": Range(1e-4, 0.1, log=True),
        "optimizer.weight_decay": Range(0.0, 1.0),
        "batch_size": Choice({"16": 16, "32": 32}),
        "epochs": Range(2.0, 8.0, step=2.0),
        "model_settings.width": Range(32.0, 64.0, step=32.0),
        "optimizer.betas": Choice({"[0.9, 0.99]": [0.9, 0.99], "[0.9, 0.999]": [0.9, 0.999]}),
    }
    assert config.search == SearchConfig(startup=3)


def test_everything_an_ablation_can_say(write):
    config = read_ablation(
        write("""
[base]
model = "lenet"
optimizer.lr = 0.01
[choices]
"no warm-up" = { schedule.warmup = 0.0, batch-size = 32 }
[choices.SGD.optimizer]
name = "sgd"
lr = 0.1
""")
    )
    assert config.base.data == "mnist"
    assert config.choices == {
        "no warm-up": {"schedule.warmup": 0.0, "batch_size": 32},
        "SGD": {"optimizer.name": "sgd", "optimizer.lr": 0.1},
    }
    assert config.config("SGD", 4).optimizer.lr == 0.1
    assert config.config("baseline", 4).optimizer.lr == 0.01
    assert config.config("no warm-up", 4).seed == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[base", "this is not TOML"),
        ("[bas]", "There is no setting called 'bas'. Did you mean base"),
        ('[base]\ndata = "digits"', "[base]: name a model"),
        ('[base]\nmodel = "lenett"', "[base]: There is no model called 'lenett'. Did you mean lenet"),
        (BASE + "optimizer.ler = 1", "[base]: There is no setting called 'optimizer.ler'. Did you mean optimizer.lr"),
        (BASE + "optimiser.lr = 1", "[base]: There is no setting called 'optimiser'. Did you mean optimizer"),
        (BASE + "epochs = 1.5", "[base]: epochs is 1.5; expected int."),
        (BASE + "epochs = 0", "[base]: --epochs is 0; expected 1 or more."),
        (BASE + "model_settings.widht = 2", "model_settings.widht"),
        (BASE, "[space]: there is nothing to search"),
        (BASE + "[space]\nbatch = [1, 2]", "[space]: There is no setting called 'batch'. Did you mean batch_size"),
        (BASE + "[space]\nbatch_size = 3", "[space]: batch_size is 3; expected a list of values, or { low"),
        (BASE + "[space]\nbatch_size = [3]", "expected two or more values"),
        (BASE + "[space]\nbatch_size = [3, 3]", "all different"),
        (BASE + "[space]\nbatch_size = [3, 0]", "[space]: --batch-size is 0; expected 1 or more."),
        (BASE + "[space]\nbatch_size = {low = 1.5, high = 3}", "[space]: batch_size is 1.5; expected int."),
        (BASE + "[space]\nbatch_size = {low = 1}", "[space]: batch_size has no high"),
        (BASE + "[space]\nbatch_size = {low = 3, high = 3}", "expected low below high"),
        (BASE + "[space]\nbatch_size = {low = 1, high = 3, stop = 1}", "There is no setting called 'batch_size.stop'"),
        (BASE + "[space]\nbatch_size = {low = 1, high = 3, step = -1}", "the step -1"),
        (BASE + "[space]\noptimizer.lr = {low = 0, high = 3, log = true}", "low must be above 0"),
        (BASE + "[space]\noptimizer.lr = {low = -1, high = 3}", "--optimizer.lr is -1"),
        (BASE + "[space]\nschedule.name = {low = 1, high = 3}", "schedule.name is no number"),
        (BASE + '[space]\nschedule.name = ["cosine", "cosin"]', "There is no value of schedule.name called 'cosin'"),
        (BASE + "[space]\noptimizer.nesterov = {low = 0, high = 1}", "optimizer.nesterov is no number"),
        (BASE + "[space]\nseed = [0, 1]", "seed must be the same in all runs: the best of several seeds"),
        (BASE + '[space]\ndata = ["digits", "mnist"]', "data must be the same in all runs"),
        (BASE + '[space]\nmodel = ["lenet", "gpt_small"]', "gpt_small learns another task"),
        (BASE + "[space]\nmodel_settings.depth = [1, 2]", "model_settings.depth"),
        (BASE + '[space]\nmodel_settings.classes = ["x", "y"]', "model_settings.classes is 'x'; expected int"),
        (BASE + "[space]\nbatch_size = [1, 2]\n[search]\npruning = 1", "There is no setting called 'search.pruning'"),
        (BASE + "[space]\nbatch_size = [1, 2]\n[search]\nstartup = -1", "search.startup is -1"),
    ],
)
def test_a_mistake_in_a_sweep_is_named_with_its_place(write, text, message):
    path = write(text)
    with pytest.raises(UsageError) as caught:
        read_sweep(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASE, "[choices]: there is nothing to compare"),
        (BASE + "seed = 1", "[base]: seed has no place here"),
        (BASE + "[choices]\nA = 1", "[choices]: 'A' is 1; expected what differs"),
        (BASE + "[choices]\nA = {}", "expected what differs"),
        (BASE + "[choices]\nBaseline = {epochs = 2}", "'Baseline' is the name of the base itself"),
        (BASE + '[choices]\n"a b" = {epochs = 2}\n"A-b" = {epochs = 3}', "'A-b' and 'a b' would have the same folder"),
        (BASE + "[choices]\nA = {seed = 2}", "[choices], 'A': seed must be the same"),
        (BASE + "[choices]\nA = {validation = 0.2}", "[choices], 'A': validation must be the same"),
        (BASE + "[choices]\nA = {epoch = 2}", "[choices], 'A': There is no setting called 'epoch'"),
        (BASE + "[choices]\nA = {optimizer.lr = -2}", "[choices], 'A': --optimizer.lr is -2"),
        (BASE + "[space]\nbatch_size = [1, 2]", "There is no setting called 'space'"),
    ],
)
def test_a_mistake_in_an_ablation_is_named_with_its_place(write, text, message):
    path = write(text)
    with pytest.raises(UsageError) as caught:
        read_ablation(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_files_that_can_not_be_read(tmp_path):
    with pytest.raises(GroundupError, match="there is no such file"):
        read_sweep(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(GroundupError, match="can't be read"):
        read_sweep(tmp_path / "bytes.toml")
    with pytest.raises(GroundupError, match="can't be read"):
        read_sweep(tmp_path)
