"""A model with everything that new rows need: which columns, in which units of thought, steps, weights, threshold.

The folder of a saved model:

    model.json             what it answers, its columns, threshold and calibration, the study whose features it uses
    preprocessing.skops    the fitted scikit-learn steps, from features to a matrix of numbers
    estimator.skops        a scikit-learn model; or
    network.safetensors    the weights of a network

Neither format can carry code: skops refuses what is not on its list of known types. (A pickle, scikit-learn's usual
way, runs whatever its author wrote as soon as it is opened.)
"""

import json
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from safetensors.torch import load_file, save_file
from skops import io as skops

from groundup.applications import study
from groundup.applications.audit.parsing import MISSING
from groundup.applications.finding import listed, many
from groundup.applications.networks import TabularNetwork
from groundup.errors import GroundupError, UsageError
from groundup.runs import write_atomically, write_json

SHOWN = 3  # cells that a message quotes


@dataclass(frozen=True)
class ColumnSeen:
    """A column as the training rows had it."""

    name: str
    number: bool  # numbers, or words
    categories: tuple[str, ...]  # the words that were seen, in order
    missing: bool  # whether a cell was missing
    text: bool = False  # sentences, of which hardly any comes twice: new ones are no surprise

    @staticmethod
    def of(column: pd.Series) -> "ColumnSeen":
        number = pd.api.types.is_numeric_dtype(column)
        words = () if number else tuple(sorted(column.dropna().astype(str).unique()))
        return ColumnSeen(str(column.name), bool(number), words, bool(column.isna().any()))


@dataclass(frozen=True)
class SavedModel:
    """A model of one rare event, ready to score tables like the one it was trained on.

    Parameters
    ----------
    study, view : which features it wants: ``VIEWS[view]`` of that case study turns raw columns into them, row by row.
    target, event, other : the column that it predicts, and how that column names the event, and everything else.
    columns : the raw columns of the training rows.
    preprocessor : from features to numbers, fitted on the training rows; has ``transform``.
    model : has ``decision_function``, higher for a higher risk.
    slope, intercept : the calibration, ``p = sigmoid(slope · score + intercept)`` (Platt 1999).
    threshold : a row is flagged where its score is at least this.
    card : the model card of the study.
    """

    study: str
    view: str
    target: str
    event: str
    other: str
    columns: tuple[ColumnSeen, ...]
    preprocessor: Any
    model: Any
    slope: float
    intercept: float
    threshold: float
    card: dict[str, Any]

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Score rows whose columns :meth:`read` has checked.

        Returns
        -------
        A frame with the index of ``frame``: ``probability`` of the event, and the ``prediction``, in the words of the
        target column.
        """
        features = study(self.study).VIEWS[self.view](frame)
        scores = self.model.decision_function(self.preprocessor.transform(features))
        probability = 1 / (1 + np.exp(-(self.slope * scores + self.intercept)))
        prediction = np.where(scores >= self.threshold, self.event, self.other)
        return pd.DataFrame({"probability": probability, "prediction": prediction}, index=frame.index)

    def read(self, cells: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
        """Turn a table of texts into the types that the model knows, and say what is unusual about it.

        Returns
        -------
        frame : the model's columns, in its order.
        remarks : what the reader should know: words never seen, cells missing where none was, columns left aside.

        Raises
        ------
        UsageError : no rows, a column that is missing, or words where numbers are expected.
        """
        if len(cells) == 0:
            raise UsageError("The table has no rows: there are names, and nothing below them.")
        known = [column.name for column in self.columns]
        self._require(known, [str(name) for name in cells.columns])
        frame, remarks = {}, []
        for column in self.columns:
            texts = cells[column.name].astype(str).str.strip()
            missing = texts.str.lower().isin(MISSING)
            frame[column.name] = _numbers(column.name, texts, missing) if column.number else texts.mask(missing)
            if missing.any() and not column.missing:
                remarks.append(
                    f"`{column.name}` is missing in {many(int(missing.sum()), 'row')}. It never was in training, so "
                    "nothing was learnt about what that means; "
                    + (
                        "the training rows' middle value stands in."
                        if column.number
                        else "it counts as a text without words."
                        if column.text
                        else "it counts as a rare word."
                    )
                )
            words = not (column.number or column.text)
            new = sorted(set(texts[~missing]) - set(column.categories)) if words else []
            if new:
                rows = int(texts.isin(new).sum())
                remarks.append(
                    f"`{column.name}` has {many(len(new), 'word')} never seen in training ({listed(new)}, in "
                    f"{many(rows, 'row')}). They count as rare ones."
                )
        aside = [str(name) for name in cells.columns if name not in known and name != self.target]
        if aside:
            remarks.append(f"Not used: {listed(aside)}.")
        return pd.DataFrame(frame, index=cells.index), remarks

    def _require(self, known: list[str], given: list[str]) -> None:
        lacking = [name for name in known if name not in given]
        if not lacking:
            return
        spare = [name for name in given if name not in known]
        near = {name: get_close_matches(name, spare, n=1, cutoff=0.6) for name in lacking}
        hints = [f"`{name}` (is it `{found[0]}`?)" if found else f"`{name}`" for name, found in near.items()]
        more = f" and {len(hints) - 6} more" if len(hints) > 6 else ""
        raise UsageError(
            f"The table lacks {many(len(lacking), 'column')} that the model needs: {', '.join(hints[:6])}{more}. "
            f"It was trained on the {len(known)} columns {listed(known, len(known))}."
        )

    def save(self, folder: Path) -> Path:
        """Write the model's files into ``folder``; those of an earlier one are replaced."""
        folder.mkdir(parents=True, exist_ok=True)
        about: dict[str, Any] = {"format": 1, "sklearn": sklearn.__version__}
        about |= {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("preprocessor", "model")}
        about["columns"] = [asdict(column) for column in self.columns]
        _dump(self.preprocessor, folder / "preprocessing.skops")
        for old in ("estimator.skops", "network.safetensors"):
            (folder / old).unlink(missing_ok=True)
        if isinstance(self.model, TabularNetwork):
            names = ("hidden", "dropout", "weight_decay", "learning_rate", "batch_size", "epochs", "balance", "seed")
            about["network"] = {name: getattr(self.model, name) for name in names}
            weights = self.model.model.state_dict()
            write_atomically(folder / "network.safetensors", lambda path: save_file(weights, path))
        else:
            _dump(self.model, folder / "estimator.skops")
        write_json(folder / "model.json", about)
        return folder

    @staticmethod
    def load(folder: Path) -> "SavedModel":
        """Read a saved model; ``folder`` may also be the folder of the study's results that holds it.

        Raises
        ------
        UsageError : there is no model.
        GroundupError : its files are damaged, or hold something that is not known to be safe.
        """
        found = next((place for place in (folder, folder / "model") if (place / "model.json").is_file()), None)
        if found is None:
            raise UsageError(
                f"There is no model in {folder}: expected the folder that a case study wrote, such as runs/loans after "
                "`groundup apply loans`."
            )
        try:
            about = json.loads((found / "model.json").read_text(encoding="utf-8"))
            network = about.pop("network", None)
            model = _network(network, found) if network else _load(found / "estimator.skops")
            columns = tuple(ColumnSeen(**{**c, "categories": tuple(c["categories"])}) for c in about.pop("columns"))
            del about["format"], about["sklearn"]
            if about["threshold"] is None:  # JSON has no infinity, the threshold that flags nobody
                about["threshold"] = np.inf
            steps = _load(found / "preprocessing.skops")
            return SavedModel(columns=columns, preprocessor=steps, model=model, **about)
        except GroundupError:
            raise
        except (
            Exception
        ) as error:  # each library has its own kinds for a file that is missing, cut short or not its own
            raise GroundupError(f"The model in {found} can't be read: {error}. Make it again.") from error


def _numbers(name: str, texts: pd.Series, missing: pd.Series) -> pd.Series:
    numbers = pd.Series(pd.to_numeric(texts.mask(missing), errors="coerce"), texts.index)
    wrong = np.flatnonzero(numbers.isna() & ~missing)
    if len(wrong):
        cells = [f"{texts.iloc[place]!r} in row {texts.index[place]}" for place in wrong[:SHOWN].tolist()]
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        raise UsageError(
            f"`{name}` holds {', '.join(cells)}{more}; expected numbers such as 1234.5, without units, percent signs "
            "or commas."
        )
    return numbers.astype(float)


def _network(about: dict[str, Any], folder: Path) -> TabularNetwork:
    network = TabularNetwork(**{**about, "hidden": tuple(about["hidden"])})
    return network.restore(load_file(folder / "network.safetensors"))


def _dump(estimator: Any, path: Path) -> None:
    write_atomically(path, lambda temporary: skops.dump(estimator, temporary))


# Types that scikit-learn's own models hold and that skops leaves to its user to judge.
TRUSTED = ("numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")


def _load(path: Path) -> Any:
    """Return an estimator, if all of it is of known types."""
    unknown = [name for name in skops.get_untrusted_types(file=path) if name not in TRUSTED]
    if unknown:
        raise GroundupError(f"{path} holds {listed(unknown)}, which could run code: it is not opened.")
    return skops.load(path, trusted=list(TRUSTED))
