"""An ablation: a base and named changes to it, each trained with several seeds, by any number of processes at once.

What is done is what lies on the disk: a run is a folder, ``runs/NAME-seedSEED``, and the process that works on it holds
its lock. So the same command again goes on with runs that were killed, and does nothing twice.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from groundup.errors import Diverged
from groundup.runs import write_json
from groundup.training.experiments import workers
from groundup.training.experiments.files import BASELINE, AblationConfig, in_file_name
from groundup.training.experiments.one_run import forget_checkpoints, train_or_go_on
from groundup.training.experiments.statistics import Comparison, compare
from groundup.training.folder import read_json
from groundup.training.locks import Lock


@dataclass(frozen=True)
class Ablation:
    """An ablation in a folder.

    Parameters
    ----------
    config : the base and the changes.
    folder : an existing folder.
    seeds : each choice is trained with each of them.
    metric, good : the validation metric to compare with, and which end of it is good ("highest" or "lowest").
    held_out : validation examples for each training example.
    dataset : the data, if they are at hand.
    """

    config: AblationConfig
    folder: Path
    seeds: tuple[int, ...]
    metric: str
    good: str
    held_out: float
    dataset: Any = None

    @property
    def names(self) -> list[str]:
        return [BASELINE, *self.config.choices]

    def run_folder(self, name: str, seed: int) -> Path:
        return self.folder / "runs" / f"{in_file_name(name)}-seed{seed}"

    def work(
        self,
        tell: Callable[[str, int, float | None], object] = lambda name, seed, score: None,
        watch: Callable[[str], object] = lambda words: None,
    ) -> None:
        """Do every run that is neither done nor in the hands of another process, all choices of a seed before the next.

        Parameters
        ----------
        tell : called with the name, the seed and the score of each run that was done here.
        watch : called with a few words on what is done, now and then.
        """
        (self.folder / "runs").mkdir(exist_ok=True)
        for seed in self.seeds:
            for name in self.names:
                folder = self.run_folder(name, seed)
                lock = Lock(folder.with_name(f".{folder.name}.lock"))
                if workers.alone() or is_done(folder) or lock.take() is False:
                    continue
                try:
                    if not is_done(folder):  # by a process that had the lock a moment ago
                        watch(f"seed {seed}, {name}")
                        self.run(name, seed)
                        tell(name, seed, self.score(name, seed))
                finally:
                    lock.free()

    def run(self, name: str, seed: int) -> None:
        """Do one run; that its loss diverged is a result too."""
        folder = self.run_folder(name, seed)
        try:
            train_or_go_on(self.config.config(name, seed), folder, self.dataset)
        except Diverged as error:
            write_json(folder / "diverged.json", {"reason": str(error)})
        forget_checkpoints(folder)

    def score(self, name: str, seed: int) -> float | None:
        """Return the validation score of a run, in its best epoch; None if it is not done, or has diverged."""
        return read_json(self.run_folder(name, seed) / "summary.json").get("validation", {}).get(self.metric)

    def outcome(self) -> dict[str, Any]:
        """Return what came out so far: the scores of each choice, and how they compare with the baseline's."""
        scores = {name: [self.score(name, seed) for seed in self.seeds] for name in self.names}
        return {
            "folder": str(self.folder),
            "metric": self.metric,
            "good": self.good,
            "seeds": list(self.seeds),
            "held_out": self.held_out,
            "choices": [self._choice(name, scores) for name in self.names],
        }

    def _choice(self, name: str, scores: dict[str, list[float | None]]) -> dict[str, Any]:
        known = [score for score in scores[name] if score is not None]
        pairs = [(one, two) for one, two in zip(scores[name], scores[BASELINE]) if one is not None and two is not None]
        diverged = {other: self._count(other, "diverged.json") for other in (name, BASELINE)}
        comparison = None
        if name == BASELINE:
            verdict = ""
        elif any(diverged.values()):  # to compare the runs that are left would flatter the choice that lost some
            culprit = name if diverged[name] else BASELINE
            verdict = f"{culprit} diverged with {diverged[culprit]} of {len(self.seeds)} seeds"
        elif len(pairs) < 2:
            verdict = "one seed can't tell" if pairs else "not run so far"
        else:
            mine, baseline = zip(*pairs)
            comparison = compare(mine, baseline, self.held_out, len(self.config.choices))
            verdict = self._verdict(comparison)
        return {
            "name": name,
            "changes": self.config.choices.get(name, {}),
            "scores": scores[name],
            "mean": float(np.mean(known)) if known else None,
            "std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            "done": self._count(name, "summary.json"),
            "diverged": diverged[name],
            "differences": [one - two for one, two in pairs],
            "comparison": comparison and asdict(comparison),
            "verdict": verdict,
        }

    def _count(self, name: str, file: str) -> int:
        return sum((self.run_folder(name, seed) / file).exists() for seed in self.seeds)

    def _verdict(self, comparison: Comparison) -> str:
        if comparison.spread == comparison.difference == 0:
            return "the same in every run"
        if not comparison.clear:
            return "may be noise"
        return "better" if (comparison.difference > 0) == (self.good == "highest") else "worse"


def is_done(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("summary.json", "diverged.json"))
