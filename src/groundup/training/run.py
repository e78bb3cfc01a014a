"""One training run, from a configuration to a tested model: data, model, loop, and the test split once at the end."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch import nn

from groundup import data, models
from groundup.console import progress as stderr
from groundup.errors import GroundupError, UsageError
from groundup.runs import new_folder
from groundup.scratch.memory import keep_freed_memory
from groundup.training import processes, run_page
from groundup.training.averaging import Average
from groundup.training.batch_norm import share_statistics
from groundup.training.config import TrainConfig
from groundup.training.devices import make_fabric
from groundup.training.folder import RunFolder, environment, read_json, warn_of_changes
from groundup.training.loop import Loop
from groundup.training.optimizers import make_optimizer
from groundup.training.progress import TrainingProgress
from groundup.training.randomness import forbid_chance, seed_everything, seed_process
from groundup.training.settings import from_dict, read_config
from groundup.training.sharding import gathered, load_module
from groundup.training.state import TrainingState
from groundup.training.tasks import DEFAULT_DATA, Task, make_task

OnEpoch = Callable[[dict[str, Any]], object]


@dataclass(frozen=True, eq=False)
class TrainResult:
    """What a run leaves: the best model of the run, and what it scored on the test split."""

    config: TrainConfig  # resolved: the data set has a name
    folder: Path
    task: Task  # the problem, with its data
    model: nn.Module  # with the weights of the best epoch on validation, in evaluation mode, on the CPU
    parameters: int
    history: list[dict[str, Any]]  # a record an epoch, see loop.py
    best_epoch: int
    stopped: str  # why training ended: all epochs done, or something that came before
    validation: dict[str, float]  # the numbers among the task's metrics on validation, in the best epoch
    test: dict[str, Any]  # the task's metrics on the test split; empty if that was left out
    sample: str  # what the model makes, such as a text that it writes; "" where there is nothing of the kind
    seconds: float  # training, validation and test together, over all processes of a run that was resumed

    @property
    def unverified(self) -> tuple[str, ...]:
        """The files of the data set that are not the original, and were taken all the same."""
        return data.unverified(self.config.data or "")

    def summary(self) -> dict[str, Any]:
        """Return what ``summary.json`` and ``--json`` hold."""
        names = ("parameters", "best_epoch", "stopped", "validation", "test", "sample", "seconds", "history")
        return {
            "config": asdict(self.config),
            "folder": str(self.folder),
            "unverified": self.unverified,
            **{name: getattr(self, name) for name in names},
        }


def train(
    config: TrainConfig,
    dataset: Any = None,
    folder: Path | str | None = None,
    progress: bool = True,
    page: bool = True,
    on_epoch: OnEpoch | None = None,
    test: bool = True,
) -> TrainResult:
    """Train a model, choose the best epoch on validation, and test it once.

    The same configuration gives the same weights on the same machine with the same number of threads. Torch's, NumPy's
    and Python's global random generators are seeded with ``config.seed``. In a program that torchrun started, all its
    processes train this one model together, see ``processes``: all must call this, and all get the result.

    Parameters
    ----------
    config : every choice of the run.
    dataset : the data, if they are at hand; otherwise ``config.data`` is loaded by name.
    folder : where the files of the run go, by default ``runs/MODEL-DATA-seedSEED``; numbered if it exists.
    progress : show progress on standard error.
    page : draw the curves and write the page, which takes about a second: who trains many small models may not want it.
    on_epoch : called with the record of each finished epoch; what it raises ends the run.
    test : measure the test split at the end. While runs are compared to choose among them, it is to stay unseen.

    Raises
    ------
    UsageError : no such model or data set, or one that the other can't work with.
    Diverged : the loss is no longer a finite number.
    """
    processes.join()
    if not config.model:
        raise UsageError("Name a model, such as lenet; `groundup models` lists them.")
    config = replace(config, data=config.data or DEFAULT_DATA[models.describe(config.model).task])

    def start(device: torch.device) -> RunFolder:
        wanted = Path(folder or Path("runs") / f"{config.model}-{config.data}-seed{config.seed}")
        files = RunFolder(processes.from_first(lambda: new_folder(wanted)), writes=processes.first())
        files.write_json("environment.json", environment(str(device)))
        files.write_json("config.json", asdict(config))
        return files

    return _run(config, dataset, start, progress, page, on_epoch, test)


def resume(
    folder: Path | str,
    dataset: Any = None,
    progress: bool = True,
    page: bool = True,
    on_epoch: OnEpoch | None = None,
    test: bool = True,
) -> TrainResult:
    """Go on with a run that was stopped or killed, from its last good checkpoint to its end.

    The result is, to the last bit, that of a run which was never stopped, on the same machine with the same number of
    threads and processes (of more than two, ``config.deterministic`` is needed for that). A run that came to its end is
    tested again, with the same result. Parameters and errors as for :func:`train`; ``dataset`` is needed if the run was
    started with one.
    """
    processes.join()
    folder = Path(folder)

    def read() -> TrainConfig:
        if not (folder / "config.json").is_file():
            raise GroundupError(f"{folder} holds no run to resume: there is no config.json in it.")
        return read_config(TrainConfig, folder)

    def start(device: torch.device) -> RunFolder:
        if progress and processes.first():
            warn_of_changes(read_json(folder / "environment.json"), environment(str(device)))
        with processes.together():  # it may be taken
            return RunFolder(folder, writes=processes.first())

    config = processes.from_first(read)  # the others may run on a machine without the folder
    return _run(config, dataset, start, progress, page, on_epoch, test)


def _run(
    config: TrainConfig,
    dataset: Any,
    start: Callable[[torch.device], RunFolder],
    show: bool,
    page: bool,
    on_epoch: OnEpoch | None,
    look_at_test: bool,
) -> TrainResult:
    """Build everything, train from where the folder's checkpoints are, test."""
    files = state = None
    keep_freed_memory()  # a step on the CPU makes and frees the same large tensors again and again
    try:
        fabric = make_fabric(config)
        forbid_chance(config.deterministic)
        seed_everything(config.seed)
        task = processes.in_turn(lambda: make_task(config, fabric.device, dataset))
        module = build_model(config, task.settings)
        seed_process(config.seed, processes.rank())
        parameters = models.count_parameters(module)
        if processes.count() > 1:
            module = share_statistics(module, fabric.device)
        if config.channels_last:
            module = module.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # torch's stubs lack it
        model = fabric.setup_module(cast(nn.Module, torch.compile(module)) if config.compile else module)
        optimizer = make_optimizer(config.optimizer, module)
        average = Average(module, config.ema) if config.ema else None
        state = TrainingState(module, optimizer, fabric.strategy.precision, average)
        steps = config.epochs * -(-task.sizes["training"] // config.batch_size)  # rounded up: the last batch is smaller

        files = start(fabric.device)
        files.write_json("data.json", {"sizes": task.sizes, **task.facts()})
        resumed = files.restore(state)
        with TrainingProgress(task, config.epochs, steps, state.step, show) as progress:
            if resumed:
                progress.say(f"{files.path} goes on after step {state.step:,} of {steps:,}.")
            wrapped = fabric.setup_optimizers(optimizer)
            assert isinstance(wrapped, _FabricOptimizer)  # one in, one out
            Loop(fabric, model, wrapped, state, task, config, files, progress, on_epoch).fit()
        result = _conclude(config, task, model, state, files, parameters, look_at_test)
        if page and files.writes:
            run_page.write(result)
        return result
    except (KeyboardInterrupt, SystemExit):
        if show and files and state:
            stderr.print(f"Stopped after step {state.step:,}. {files.to_go_on()}", markup=False, soft_wrap=True)
        raise
    except RuntimeError as error:
        if not processes.is_gone(error):
            raise
        where = f"after step {files.saved:,}" if files and files.saved is not None else "none yet"
        kept = f"Last checkpoint: {where}. {files.to_go_on()}" if files else "Nothing was written yet."
        raise processes.last_words(error, kept) from error
    finally:
        if files:
            files.close()


def _conclude(
    config: TrainConfig,
    task: Task,
    model: _FabricModule,
    state: TrainingState,
    files: RunFolder,
    parameters: int,
    look_at_test: bool,
) -> TrainResult:
    """Measure the best weights on the test split, and write down what came out."""
    before = time.perf_counter()
    module = state.module
    load_module(module, state.best_weights)
    test: dict[str, Any] = {}
    with gathered(module):
        if look_at_test:
            test, predictions = task.measure(model.eval(), "test")
            files.write_predictions(predictions, "test")
        sample = task.sample(module.eval())
    if sample:
        files.write_text("sample.txt", sample + "\n")
    if processes.count() > 1:  # the model as it was built, without what ties it to other processes
        module = build_model(config, task.settings).eval()
        module.load_state_dict(state.best_weights)
    result = TrainResult(
        config=config,
        folder=files.path,
        task=task,
        model=module,
        parameters=parameters,
        history=state.history,
        best_epoch=state.best_epoch,
        stopped=state.stopped,
        validation={
            name.removeprefix("validation_"): value
            for name, value in state.best.items()
            if name.startswith("validation_")
        },
        test=test,
        sample=sample,
        seconds=state.seconds + time.perf_counter() - before,
    )
    files.write_json("summary.json", result.summary())
    return result


def build_model(config: TrainConfig, decided: Mapping[str, Any]) -> nn.Module:
    """Return the model with its own settings, but for what the data decided (``task.settings``), or ``config`` sets."""
    card = models.describe(config.model)
    known = [field.name for field in fields(card.config)]
    settings = {name: value for name, value in decided.items() if name in known} | config.model_settings
    whole = {name: getattr(card.config, name) for name in known} | settings
    checked = from_dict(type(card.config), whole, "model_settings.")
    return models.create(card.name, **{name: getattr(checked, name) for name in settings})
