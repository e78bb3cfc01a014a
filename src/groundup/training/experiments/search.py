"""A sweep: which choices to try next, learnt from what came out so far, by any number of processes at once.

The study is a journal, a file to which every process appends what it does, and from which it reads what all others did
(Optuna's JournalStorage; an SQLite file would not stand two processes that create it at the same moment).

A trial is one training run, in ``trials/NUMBER``. Its process holds the trial's lock while it works. A trial that runs
although nobody holds its lock was killed: whoever finds it goes on with it, from its last checkpoint. So the same
command again, or a process beside this one, loses nothing and does nothing twice.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

from groundup.errors import Diverged, UsageError
from groundup.training.config import TrainConfig
from groundup.training.experiments import workers
from groundup.training.experiments.files import Range, SweepConfig, as_kind, current
from groundup.training.experiments.one_run import forget_checkpoints, train_or_go_on
from groundup.training.locks import Lock
from groundup.training.settings import override

ATTEMPTS = 3  # a trial whose process was killed so often is given up: most likely the memory does not suffice for it

optuna.logging.set_verbosity(optuna.logging.WARNING)  # which go to standard error


@dataclass
class Search:
    """A sweep in a folder.

    Parameters
    ----------
    config : what is searched.
    folder : an existing folder.
    seed : of the draws. What is tried depends on it, on the trial's number and on the results so far, on nothing else:
        a search by one process that was killed and goes on tries what it would have tried.
    metric, good : the validation metric to compare trials with, and which end of it is good.
    dataset : the data, if they are at hand.
    """

    config: SweepConfig
    folder: Path
    seed: int
    metric: str
    good: str  # "highest" or "lowest"
    dataset: Any = None
    study: optuna.Study = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "trials").mkdir(exist_ok=True)
        journal = self.folder / "study.journal"
        appending = JournalFileOpenLock(str(journal))
        mend(journal, appending)
        self.study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(journal), appending)),
            study_name="sweep",
            load_if_exists=True,
            direction="maximize" if self.good == "highest" else "minimize",
            pruner=self._pruner(),
        )

    def _pruner(self) -> optuna.pruners.BasePruner:
        search = self.config.search
        if not search.prune_from:
            return optuna.pruners.NopPruner()
        return optuna.pruners.MedianPruner(n_startup_trials=search.startup, n_warmup_steps=search.prune_from)

    def work(
        self,
        goal: int,
        tell: Callable[[FrozenTrial], object] = lambda trial: None,
        watch: Callable[[str], object] = lambda words: None,
    ) -> None:
        """Run trials until ``goal`` of them have ended or are in the hands of other processes.

        Parameters
        ----------
        goal : the number of trials, those of earlier calls and other processes included.
        tell : called with each trial that ended here.
        watch : called with a few words on how far it is, now and then.
        """
        while not workers.alone() and (claimed := self.claim(goal)):
            trial, lock = claimed
            try:
                self.run(trial, watch)
            finally:
                lock.free()
            tell(self.study.trials[trial.number])

    def claim(self, goal: int) -> tuple[Trial, Lock] | None:
        """Take over a trial that was killed, or begin a new one, and lock it; None if there are enough."""
        with Lock(self.folder / ".claim.lock"):  # one process at a time decides
            trials = self.study.get_trials(deepcopy=False)
            busy = 0
            for found in trials:
                if found.state != TrialState.RUNNING:
                    continue
                lock, trial = Lock(self._lock_path(found.number)), Trial(self.study, found._trial_id)
                taken = lock.take()
                if taken and self._is_given_up(trial):
                    lock.free()
                elif taken:
                    return self._choose(trial), lock
                elif taken is False:
                    busy += 1
            ended = sum(trial.state.is_finished() for trial in self.study.get_trials(deepcopy=False))
            if ended + busy >= goal:
                return None
            lock = Lock(self._lock_path(len(trials)))
            lock.take()
            return self._choose(self.study.ask()), lock

    def _is_given_up(self, trial: Trial) -> bool:
        """Count one more attempt at a trial that was killed, and end it if there were enough."""
        attempts = trial.user_attrs.get("attempts", 1) + 1
        if attempts > ATTEMPTS:
            reason = f"its process was killed {ATTEMPTS} times; most likely the memory does not suffice"
            self._end(trial, "failed", reason)
            return True
        trial.set_user_attr("attempts", attempts)
        return False

    def _choose(self, trial: Trial) -> Trial:
        """Let the sampler choose everything; what a trial that was killed has chosen already stays."""
        mixed = np.random.SeedSequence(self.seed, spawn_key=(trial.number,)).generate_state(1)[0]
        startup = self.config.search.startup
        self.study.sampler = optuna.samplers.TPESampler(seed=int(mixed), n_startup_trials=startup)
        for name, parameter in self.config.space.items():
            if not isinstance(parameter, Range):
                trial.suggest_categorical(name, list(parameter.options))
            elif isinstance(current(self.config.base, name), int):
                step = 1 if parameter.step is None else int(parameter.step)
                trial.suggest_int(name, int(parameter.low), int(parameter.high), step=step, log=parameter.log)
            else:
                trial.suggest_float(name, parameter.low, parameter.high, step=parameter.step, log=parameter.log)
        return trial

    def values(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the choices of a trial as a configuration takes them: Optuna knows the words of a list alone."""
        space, base = self.config.space, self.config.base
        return {
            name: as_kind(current(base, name), params[name])
            if isinstance(parameter, Range)
            else parameter.options[params[name]]
            for name, parameter in space.items()
            if name in params
        }

    def trial_config(self, params: dict[str, Any]) -> TrainConfig:
        """Return the configuration of the trial with these choices."""
        return override(self.config.base, self.values(params))

    def trial_folder(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04}"

    def _lock_path(self, number: int) -> Path:
        return self.folder / "trials" / f".{number:04}.lock"

    def run(self, trial: Trial, watch: Callable[[str], object] = lambda words: None) -> None:
        """Do a trial and write into the study how it ended.

        A trial whose loss diverges, or whose choices do not go together or do not fit into memory, is to the search one
        that was pruned before its first epoch: it learns to stay away from there. Anything else that is raised (Ctrl-C
        among it) leaves the trial to whoever comes next.
        """
        folder = self.trial_folder(trial.number)
        reported = set(self.study.trials[trial.number].intermediate_values)
        try:
            config = self.trial_config(trial.params)

            def report(_record: Any = None) -> None:
                """Report the epochs on disk that are not reported: one, or more where a process was killed."""
                records = _history(folder)
                watch(f"trial {trial.number}: {len(records)} of {config.epochs} epochs")
                for record in records:
                    if record["epoch"] not in reported:
                        trial.report(record[f"validation_{self.metric}"], record["epoch"])
                        reported.add(record["epoch"])
                if 0 < len(records) < config.epochs and trial.should_prune():
                    raise optuna.TrialPruned

            report()
            result = train_or_go_on(config, folder, self.dataset, report)
            report()
            score = result.validation[self.metric]
            if not math.isfinite(score):
                raise Diverged(f"The validation {self.metric} became {score}.")
        except optuna.TrialPruned:
            self._end(trial, "pruned")
        except Diverged as error:
            self._end(trial, "diverged", str(error))
        except (UsageError, MemoryError, torch.OutOfMemoryError) as error:
            self._end(trial, "failed", str(error) or "out of memory")
        else:
            for name in ("validation", "best_epoch", "parameters", "seconds"):
                trial.set_user_attr(name, getattr(result, name))
            self.study.tell(trial, score)
        forget_checkpoints(folder)

    def _end(self, trial: Trial, how: str, reason: str = "") -> None:
        """End a trial that did not come to the end of its epochs: pruned, diverged or failed."""
        trial.set_user_attr("ended", how)
        trial.set_user_attr("reason", reason)
        self.study.tell(trial, state=TrialState.PRUNED)


def mend(journal: Path, appending: JournalFileOpenLock) -> None:
    """Cut off a last line that is incomplete: of a machine that lost power, or a disk that was full, as it was written.

    The next line would be appended to it, and then no process could read the journal any more.
    """
    if not journal.exists():
        return
    appending.acquire()
    try:
        with journal.open("rb+") as file:
            content = file.read()
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)
    finally:
        appending.release()


def _history(folder: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    except OSError:
        return []
