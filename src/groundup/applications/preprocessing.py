"""What tables need before a model sees them: a split first, then steps fitted on the training part alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from groundup import data


@dataclass(frozen=True)
class Rows:
    """Row numbers of the three parts of a table: they share no row, and together they are all rows."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split_rows(labels: np.ndarray, seed: int, validation: float = 0.2, test: float = 0.2) -> Rows:
    """Divide the rows at random into three parts with equal shares of every class (a stratified split).

    Parameters
    ----------
    labels : (N,) the class of each row.
    seed : equal seeds give equal splits.
    validation, test : the share of the rows that each part gets; the rest trains.
    """
    rng = np.random.default_rng(seed)
    held_out, rest = data.split(np.arange(len(labels)), labels, test, rng)
    checked, training = data.split(rest.x, rest.y, validation / (1 - test), rng)
    return Rows(training.x, checked.x, held_out.x)


def table_preprocessor(numeric: Sequence[str], categorical: Sequence[str], rare: int = 100) -> ColumnTransformer:
    """Return the unfitted step from a data frame to a matrix of numbers.

    Numbers: a missing one becomes the median, and a column of 0 and 1 says that it was missing; then each column gets
    mean 0 and standard deviation 1. Categories: one column each; those seen fewer than ``rare`` times share one
    column, and so does a category never seen in training. Medians, means and categories are learned by ``fit``: fit on
    the training rows only, or the test rows leak into training.
    """
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    categories = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=rare, sparse_output=False)
    return ColumnTransformer([("numbers", numbers, list(numeric)), ("categories", categories, list(categorical))])
