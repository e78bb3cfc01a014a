"""What the models of the first part are given: features made of the columns of ``lending_club``, and views of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

CATEGORIES = ("verification_status", "addr_state")
LENDER_COLUMNS = ("int_rate", "sub_grade", "payment_to_income")  # what the lender's own risk model decided
COUNTS = (
    "delinq_2yrs", "inq_last_6mths", "acc_now_delinq", "open_il_6m", "open_il_12m", "open_il_24m",
    "inq_fi", "inq_last_12m", "delinq_amnt", "num_il_tl",
)  # fmt: skip
YEARS: Any = {"emp_lt_1": 0.0, **{f"emp_{n}": float(n) for n in range(1, 10)}, "emp_ge_10": 10.0}
SUB_GRADES: Any = {f"{letter}{n}": 5.0 * place + n for place, letter in enumerate("ABCDEFG") for n in range(1, 6)}


def features(loans: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns into what a lender would reason with. Row by row: nothing is learned, so nothing can leak.

    Money and counts are skewed (a few incomes are ten times the usual), so logarithms are taken. What matters about a
    debt is its size beside the income, so there are ratios; the yearly payment is that of an annuity, amount · r /
    (1 − (1 + r)^−n) a month. The order of sub-grades and years is kept by numbering them. Unknown becomes missing.
    """
    income = loans["annual_inc"].where(loans["annual_inc"] > 0)
    months = loans["term"].str.extract(r"(\d+)", expand=False).astype(float)
    rate = loans["int_rate"] / 1200  # percent a year to a share a month
    payment = 12 * loans["funded_amnt"] * rate / (1 - (1 + rate) ** -months)
    limit = loans["total_il_high_credit_limit"]
    columns = {
        "amount": np.log(loans["funded_amnt"]),
        "months": months,
        "int_rate": loans["int_rate"],
        "sub_grade": loans["sub_grade"].map(SUB_GRADES),
        "income": np.log(income),
        "payment_to_income": np.log(payment / income),
        "debt_to_income": np.log1p(loans["total_bal_il"] / income),
        "instalment_debt": np.log1p(loans["total_bal_il"]),
        "instalment_limit": np.log1p(limit),
        "instalment_used": loans["total_bal_il"] / limit.where(limit > 0),
        "revolving_used": loans["revol_util"],
        "all_used": loans["all_util"],
        "years_employed": loans["emp_length"].map(YEARS),
    }
    columns |= {name: np.log1p(loans[name]) for name in COUNTS}
    columns |= {name: loans[name] for name in CATEGORIES}
    return pd.DataFrame(columns)


# The views of the data that the models are given.
VIEWS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "features": features,
    "raw": lambda loans: loans,
    "no lender": lambda loans: features(loans).drop(columns=list(LENDER_COLUMNS)),
    "rate": lambda loans: loans.filter(["int_rate"]),
}
