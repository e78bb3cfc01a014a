"""What came out of a sweep so far, as plain values: ``results.json``, ``--json``, and all that the page shows."""

from typing import Any

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState, create_trial

from groundup.training.experiments.search import Search

CHANCE = "chance"  # the control among the importances: a number that no run knows of
ENOUGH = 10  # complete trials, below which importances would say nothing
RESAMPLES = 10


def outcome(search: Search) -> dict[str, Any]:
    """Return everything about a sweep; ``best`` is the number of the best trial, or None while there is none."""
    trials = [_trial(search, trial) for trial in search.study.trials]
    best = max(
        (trial for trial in trials if trial["state"] == "complete"), key=lambda t: _merit(search, t), default=None
    )
    return {
        "folder": str(search.folder),
        "seed": search.seed,
        "metric": search.metric,
        "good": search.good,
        "best": best and best["number"],
        "counts": {state: sum(trial["state"] == state for trial in trials) for state in STATES},
        "trials": trials,
        "importance": importance(search.study, search.seed),
    }


STATES = ("complete", "pruned", "diverged", "failed", "running")


def _trial(search: Search, trial: FrozenTrial) -> dict[str, Any]:
    curve = [value for _, value in sorted(trial.intermediate_values.items())]
    best = max if search.good == "highest" else min
    return {
        "number": trial.number,
        "state": trial.user_attrs.get("ended", "complete") if trial.state.is_finished() else "running",
        "choices": search.values(trial.params),
        "score": best(curve, default=None),  # of the best epoch, so far
        "curve": curve,
        "validation": trial.user_attrs.get("validation", {}),
        "reason": trial.user_attrs.get("reason", ""),
        "attempts": trial.user_attrs.get("attempts", 1),
        "seconds": trial.user_attrs.get("seconds"),
        "folder": str(search.trial_folder(trial.number)),
    }


def _merit(search: Search, trial: dict[str, Any]) -> tuple[float, float]:
    """As for epochs: the metric first, then the loss, lower is better."""
    score = trial["validation"][search.metric]
    return (score if search.good == "highest" else -score, -trial["validation"]["loss"])


def importance(study: optuna.Study, seed: int) -> dict[str, tuple[float, float]]:
    """Return how much of the differences between complete trials each choice explains by itself, mean and deviation.

    A forest of regression trees learns to predict the score from the choices; fANOVA then asks how much the prediction
    varies with one choice alone, averaged over all others, as a share of what all choices explain so (Hutter, Hoos and
    Leyton-Brown, "An efficient approach for assessing hyperparameter importance", 2014). That is done ten times, each
    time with the trials drawn anew, with replacement.

    A forest finds patterns in noise too. Therefore it is also given numbers drawn at random, ``chance``: a choice whose
    share is not clearly above theirs can't be told from one that does not matter.

    Empty if there are fewer than ten complete trials, or if they all have the same score.
    """
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(trials) < ENOUGH or len({trial.value for trial in trials}) < 2:
        return {}
    rng = np.random.default_rng(seed)
    controls = rng.random(len(trials))
    found: dict[str, list[float]] = {}
    for number in range(RESAMPLES):
        resampled = optuna.create_study(direction=study.direction)
        for row in rng.integers(len(trials), size=len(trials)):
            trial = trials[row]
            resampled.add_trial(
                create_trial(
                    value=trial.value,
                    params={**trial.params, CHANCE: controls[row]},
                    distributions={**trial.distributions, CHANCE: FloatDistribution(0, 1)},
                )
            )
        try:
            shares = get_param_importances(resampled, evaluator=FanovaImportanceEvaluator(n_trees=16, seed=number))
        except RuntimeError:  # all drawn trials have the same score
            continue
        for name, share in shares.items():
            found.setdefault(name, []).append(float(share))
    summary = {name: (float(np.mean(shares)), float(np.std(shares, ddof=1))) for name, shares in found.items()}
    return dict(sorted(summary.items(), key=lambda item: -item[1][0]))
