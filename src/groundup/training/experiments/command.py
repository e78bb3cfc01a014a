"""The commands ``groundup sweep`` and ``groundup ablate``."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from optuna.trial import FrozenTrial

from groundup import data
from groundup.console import out, plain, print_json, progress
from groundup.errors import GroundupError, UsageError
from groundup.runs import write_json
from groundup.training.comparing import print_table
from groundup.training.experiments import ablation_page, sweep_page, workers
from groundup.training.experiments.ablation import Ablation
from groundup.training.experiments.files import AblationConfig, SweepConfig, read_ablation, read_sweep
from groundup.training.experiments.outcome import CHANCE, outcome
from groundup.training.experiments.search import Search
from groundup.training.folder import read_json
from groundup.training.locks import Lock
from groundup.training.processes import refuse_torchrun
from groundup.training.run_page import in_words, write_number
from groundup.training.tasks import make_task

STOPPED = "Stopped. The same command goes on from here."


def sweep(file: Path, trials: int, processes: int, folder: Path | None, seed: int, test: bool, as_json: bool) -> None:
    """Search, or go on with a search, then print what came out; see ``groundup sweep --help``."""
    _check(trials=(trials, 1), workers=(processes, 1), seed=(seed, 0))
    config = read_sweep(file)
    folder = folder or Path("runs", f"sweep-{file.stem}")
    facts, dataset = begin(folder, "sweep.json", config, seed)
    how = (config, folder, seed, facts["metric"], facts["good"])
    problems = _work(processes, work_on_sweep, (*how, trials), dataset)

    found = outcome(Search(*how)) | _origin(config)
    running = found["counts"]["running"]
    ended = len(found["trials"]) - running
    if found["best"] is not None:  # another process, which ends later, looks at the test split if this one may not
        found["test"] = _test(found, folder, wanted=test and not running)
    write_json(folder / "results.json", found)
    page = sweep_page.build(found, config, facts["sizes"], str(file)).write(folder / "report.html")
    _say_problems(problems, ended < trials and f"{ended} of {trials} trials have ended")
    if found["best"] is None and not running:
        reasons = [trial["reason"] for trial in found["trials"] if trial["reason"]]
        raise GroundupError(f"No trial came to its end with a score. The first says: {reasons[0]}")
    print_json(found) if as_json else _print_sweep(found, config, page)


def ablate(file: Path, seeds: int, processes: int, folder: Path | None, seed: int, as_json: bool) -> None:
    """Run what is not done of an ablation, then print what came out; see ``groundup ablate --help``."""
    _check(seeds=(seeds, 1), workers=(processes, 1), seed=(seed, 0))
    config = read_ablation(file)
    folder = folder or Path("runs", f"ablate-{file.stem}")
    facts, dataset = begin(folder, "ablation.json", config)
    held_out = facts["sizes"]["validation"] / facts["sizes"]["training"]
    how = (config, folder, tuple(range(seed, seed + seeds)), facts["metric"], facts["good"], held_out)
    problems = _work(processes, work_on_ablation, how, dataset)

    found = Ablation(*how).outcome() | _origin(config)
    write_json(folder / "results.json", found)
    page = ablation_page.build(found, config, str(file)).write(folder / "report.html")
    missing = sum(seeds - choice["done"] - choice["diverged"] for choice in found["choices"])
    _say_problems(problems, missing and f"{missing} runs are missing")
    if as_json:
        print_json(found)
        return
    headers, rows = ablation_page.table(found)
    print_table(f"{config.base.model} on {config.base.data}", [dict(zip(headers, row)) for row in rows])
    lines = ["The test split was left unseen.", *_warning(found, config)]
    if missing:
        lines += [f"{missing} runs are still in the hands of another process; the same command shows them later."]
    out.print(*lines, f"The page: {page}", sep="\n", markup=False, soft_wrap=True)


def begin(folder: Path, name: str, config: SweepConfig | AblationConfig, seed: int = 0) -> tuple[dict[str, Any], Any]:
    """Make the folder of an experiment, or recognise it; return what the data decide, and the data.

    Raises
    ------
    UsageError : the folder holds an experiment with other choices; the data are not of the kind that the model learns.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("Experiments do not run under torchrun: start the command several times, or give --workers.")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--folder is {folder}, which is a file; expected a folder.")
    assert config.base.data
    dataset = data.load(config.base.data)
    task = make_task(config.base, torch.device("cpu"), dataset)
    metric, good = task.best
    facts = plain({"config": asdict(config), "seed": seed, "metric": metric, "good": good, "sizes": task.sizes})
    folder.mkdir(parents=True, exist_ok=True)
    with Lock(folder / ".claim.lock"):
        before = read_json(folder / name)
        if not before:
            write_json(folder / name, facts)
        for part in ("config", "seed"):
            changed = _differences(before.get(part, facts[part]), facts[part], part)
            if changed:
                raise UsageError(
                    f"{folder} holds an experiment with other choices ({'; '.join(changed[:3])}). Give this one a "
                    "--folder of its own, or put the choices back to go on with the other."
                )
    return facts, dataset


def work_on_sweep(
    config: SweepConfig, folder: Path, seed: int, metric: str, good: str, goal: int, dataset: Any = None
) -> None:
    """Do trials until ``goal`` are done: what one process, of possibly many, does."""
    dataset = data.load(str(config.base.data)) if dataset is None else dataset
    search = Search(config, folder, seed, metric, good, dataset)

    def tell(trial: FrozenTrial) -> None:
        reason = trial.user_attrs.get("reason", "")
        score = f"  {in_words(metric)} {write_number(metric, trial.value)}" if trial.value is not None else ""
        choices = "  ".join(f"{name} {sweep_page.write_choice(value)}" for name, value in trial.params.items())
        state = trial.user_attrs.get("ended", "complete")
        star = "  *" * (state == "complete" and trial.value == search.study.best_value)
        words = f"trial {trial.number:>3}  {state:<8}{score}  {choices}{'  ' * bool(reason)}{reason}{star}"
        progress.print(words, markup=False, soft_wrap=True)

    with _watching() as watch:
        search.work(goal, tell, watch)


def work_on_ablation(
    config: AblationConfig, folder: Path, seeds: tuple[int, ...], metric: str, good: str, held_out: float,
    dataset: Any = None,
) -> None:  # fmt: skip
    """Do the runs that are not done: what one process, of possibly many, does."""
    dataset = data.load(str(config.base.data)) if dataset is None else dataset
    ablation = Ablation(config, folder, seeds, metric, good, held_out, dataset)

    def tell(name: str, seed: int, score: float | None) -> None:
        words = "diverged" if score is None else f"{in_words(metric)} {write_number(metric, score)}"
        progress.print(f"seed {seed}  {words}  {name}", markup=False, soft_wrap=True)

    with _watching() as watch:
        ablation.work(tell, watch)


def _work(processes: int, work: Any, arguments: tuple[Any, ...], dataset: Any) -> list[str]:
    if processes > 1:
        try:
            return workers.run(processes, work, arguments)
        except (KeyboardInterrupt, SystemExit):
            progress.print(STOPPED)
            raise
    work(*arguments, dataset)
    return []


def _test(found: dict[str, Any], folder: Path, wanted: bool) -> dict[str, Any] | None:
    """Return what the winner scored on the test split; look at it if that is ``wanted``, but for one winner alone."""
    stored, best = read_json(folder / "test.json"), found["best"]
    if stored and wanted and stored["number"] != best:
        raise UsageError(
            f"The test split was looked at with trial {stored['number']}, the best at that time; now trial {best} is. "
            "A second look would be a choice made on the test split. To measure it all the same: "
            f"groundup evaluate {found['trials'][best]['folder']} --split test"
        )
    if stored or not wanted:
        return stored or None
    from groundup.training.inspection import inspect

    trial = found["trials"][best]
    metrics = inspect(Path(trial["folder"]), "test").document["metrics"]
    result = {"number": best, "metrics": {name: metrics[name] for name in trial["validation"] if name in metrics}}
    write_json(folder / "test.json", result)
    return result


def _print_sweep(found: dict[str, Any], config: SweepConfig, page: Path) -> None:
    metric, counts, test = found["metric"], found["counts"], found.get("test")
    words = {"running": "in the hands of another process"}
    states = ", ".join(f"{count} {words.get(state, state)}" for state, count in counts.items() if count)
    lines = [f"{len(found['trials'])} trials: {states}"]
    if found["best"] is not None:
        best = found["trials"][found["best"]]
        lines += [
            f"The best, trial {best['number']}: validation {in_words(metric)} {write_number(metric, best['score'])}"
        ]
        lines += [f"  {name} {sweep_page.write_choice(value)}" for name, value in best["choices"].items()]
    if found["importance"]:
        shares = (f"{name} {share:.0%}" for name, (share, _) in found["importance"].items())
        lines += [f"What explains the differences: {', '.join(shares)} ({CHANCE}: a control that can't)"]
    if test:
        scores = (f"{in_words(name)} {write_number(name, value)}" for name, value in test["metrics"].items())
        lines += [f"Test split, with trial {test['number']}: {', '.join(scores)}"]
    else:
        lines += ["The test split was left unseen."]
    lines += _warning(found, config)
    out.print(*lines, f"The page: {page}", sep="\n", markup=False, soft_wrap=True)


def _origin(config: SweepConfig | AblationConfig) -> dict[str, Any]:
    return {"unverified": list(data.unverified(str(config.base.data)))}


def _warning(found: dict[str, Any], config: SweepConfig | AblationConfig) -> list[str]:
    names = ", ".join(found["unverified"])
    return [f"{config.base.data}: {data.NOT_ORIGINAL} ({names})"] if names else []


def _say_problems(problems: list[str], unfinished: str | bool | int) -> None:
    if problems and unfinished:
        raise GroundupError(f"{'; '.join(problems)}. {unfinished}; the same command goes on.")
    for problem in problems:
        progress.print(f"{problem}; the others did its work.", markup=False, soft_wrap=True)


@contextmanager
def _watching() -> Iterator[Callable[[str], object]]:
    """Give what shows a few words in a terminal, of one process alone; say how to go on when it is stopped."""
    alone = multiprocessing.parent_process() is None
    try:
        with progress.status("") if alone else nullcontext() as status:
            yield status.update if status else lambda words: None
    except (KeyboardInterrupt, SystemExit):
        if alone:
            progress.print(STOPPED)
        raise


def _differences(before: Any, now: Any, name: str) -> list[str]:
    """Say in words where two documents differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = dict.fromkeys([*before, *now])
        return [words for key in names for words in _differences(before.get(key), now.get(key), f"{name}.{key}")]
    return [] if before == now else [f"{name.removeprefix('config.')} was {before}, is {now}"]


def _check(**numbers: tuple[int, int]) -> None:
    refuse_torchrun()
    for name, (value, least) in numbers.items():
        if value < least:
            raise UsageError(f"--{name} is {value}; expected {least} or more.")
