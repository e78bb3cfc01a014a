"""The three learners of the study with one manner: ``fit(table, event, day)``, ``decision_function(table)``."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args

import numpy as np
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from groundup.applications.flights.encoding import Codes, How, TargetEncoding
from groundup.applications.flights.knowledge import CATEGORIES, FLIGHT, NUMBERS
from groundup.applications.flights.network import StreamedNetwork
from groundup.applications.flights.tables import Table
from groundup.applications.preprocessing import table_preprocessor

Kind = Literal["logistic", "boosting", "network"]
Encoding = Literal["none", "one-hot", "embedding"] | How


class Fitted(Protocol):
    """What all learners become: a logit for each row of a table."""

    def decision_function(self, table: Table) -> np.ndarray: ...


@dataclass(frozen=True)
class Learner:
    """A way to learn, before it has learned.

    Parameters
    ----------
    kind : what learns.
    encoding : what becomes of the flight number. ``"none"``: it is left out; ``"one-hot"``: a column for each (logistic
        regression); ``"embedding"``: a vector for each (network); otherwise the `TargetEncoding` of that name.
    setting : the learner's own settings.
    numbers : the columns of numbers to use.
    """

    kind: Kind
    encoding: Encoding = "none"
    setting: dict[str, Any] = field(default_factory=dict)
    numbers: tuple[str, ...] = NUMBERS

    @property
    def random(self) -> bool:
        """Whether another seed gives another model."""
        return self.kind == "network" or self.encoding == "out-of-fold"

    def fit(self, table: Table, event: np.ndarray, day: np.ndarray, seed: int) -> "Encoded":
        """Learn from the rows of one table; nothing is learned from any other rows, by any step."""
        if self.encoding in get_args(How):
            target = TargetEncoding(self.encoding, seed)  # type: ignore[arg-type]
            encoded = table.assign(**{ENCODED: target.fit_transform(table[FLIGHT], event, day)})
            inner = replace(self, encoding="none", numbers=(*self.numbers, ENCODED))
            return Encoded(inner._fit(encoded, event, seed), target)
        return Encoded(self._fit(table, event, seed), None)

    def _fit(self, table: Table, event: np.ndarray, seed: int) -> Fitted:
        categories = CATEGORIES if self.encoding == "none" else (*CATEGORIES, FLIGHT)
        if self.kind == "network":
            return StreamedNetwork(self.numbers, categories, seed=seed, **self.setting).fit(table, event)
        if self.kind == "boosting":
            return Boosting(self.numbers, categories, self.setting).fit(table, event)
        return Logistic(self.numbers, categories, self.setting).fit(table, event)


ENCODED = "flight_mean"  # the column with the flight's target encoding


@dataclass(frozen=True)
class Encoded:
    """A fitted learner with the encoding that its rows need."""

    model: Fitted
    target: TargetEncoding | None

    def decision_function(self, table: Table) -> np.ndarray:
        if self.target is not None:
            table = table.assign(**{ENCODED: self.target.transform(table[FLIGHT])})
        return self.model.decision_function(table)


@dataclass
class Logistic:
    """Logistic regression on scaled numbers and a column for each category. Nothing in it is random."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    setting: dict[str, Any]

    def fit(self, table: Table, event: np.ndarray) -> "Logistic":
        self.scaler = table_preprocessor(self.numbers, []).fit(table)
        self.codes = {name: Codes().fit(table[name]) for name in self.categories}
        self.model = LogisticRegression(max_iter=300, **self.setting).fit(self._matrix(table), event)
        return self

    def decision_function(self, table: Table) -> np.ndarray:
        return self.model.decision_function(self._matrix(table))

    def _matrix(self, table: Table) -> Any:
        """Numbers beside ones: a sparse matrix stores the ones alone, so thousands of columns cost little."""
        rows, ones = np.arange(len(table)), np.ones(len(table))
        parts = [sparse.csr_array(np.asarray(self.scaler.transform(table)))]
        for name, codes in self.codes.items():
            places = (rows, codes.transform(table[name]))
            parts.append(sparse.csr_array((ones, places), shape=(len(table), codes.size)))
        return sparse.hstack(parts, format="csr")


@dataclass
class Boosting:
    """Histogram gradient boosting; it takes missing values and categories as they are.

    Its trees are not random. Of more than 200,000 rows it draws some to lay the bins; with a fixed state, always the
    same ones.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    setting: dict[str, Any]

    def fit(self, table: Table, event: np.ndarray) -> "Boosting":
        self.codes = {name: Codes().fit(table[name]) for name in self.categories}
        places = [False] * len(self.numbers) + [True] * len(self.categories)
        fixed: dict[str, Any] = {"min_samples_leaf": 100, "early_stopping": False, "categorical_features": places}
        self.model = HistGradientBoostingClassifier(random_state=0, **fixed, **self.setting)
        self.model.fit(self._matrix(table), event)
        return self

    def decision_function(self, table: Table) -> np.ndarray:
        return self.model.decision_function(self._matrix(table))

    def _matrix(self, table: Table) -> np.ndarray:
        codes = [codes.transform(table[name]) for name, codes in self.codes.items()]
        return np.column_stack([table[list(self.numbers)].to_numpy(float), *codes])
