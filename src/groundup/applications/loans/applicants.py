"""The second table, ``loans_full_schema``: what is asked of it, what was known when, and its rows in rounds.

Every column belongs to one moment. The application was there when the lender decided; the lender's judgement is its
decision; the rest is known only afterwards. What a gap means is part of the application too: `with_meaning` says it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from groundup.applications.preprocessing import Rows

Table = Any  # pandas.DataFrame: of ``table["column"]`` its types say that it is a column or a table, or neither
Column = Any  # pandas.Series

FOLDS = 5
ON_TIME = ("Current", "Fully Paid")
DEAR = ("D", "E", "F", "G")
LENDER = ("grade", "sub_grade", "interest_rate", "installment")
AFTERWARDS = ("balance", "paid_total", "paid_principal", "paid_interest", "paid_late_fees")
# Neither: the outcome, the month (loans of January had longer to fall behind), how the lender financed and paid out
# the loan, and a text with 4,741 different titles (that it is missing says what a missing emp_length says).
LEFT_OUT = ("loan_status", "issue_month", "initial_listing_status", "disbursement_method", "emp_title")
NEVER = ("months_since_last_delinq", "months_since_90d_late", "months_since_last_credit_inquiry")
JOINT = ("annual_income_joint", "verification_income_joint", "debt_to_income_joint")
# Amounts and counts are skewed: a few are ten times the usual. Their logarithms are taken, log(1 + x).
SKEWED = (
    "annual_income", "annual_income_joint", "debt_to_income", "debt_to_income_joint", "delinq_2y",
    "inquiries_last_12m", "total_credit_lines", "open_credit_lines", "total_credit_limit", "total_credit_utilized",
    "num_historical_failed_to_pay", "total_collection_amount_ever", "current_installment_accounts",
    "accounts_opened_24m", "num_satisfactory_accounts", "num_active_debit_accounts", "total_debit_limit",
    "num_total_cc_accounts", "num_open_cc_accounts", "num_cc_carrying_balance", "num_mort_accounts", "tax_liens",
    "loan_amount",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Applicants:
    """The loans, and the two questions.

    Parameters
    ----------
    table : all columns, as they come.
    behind : (N,) 1 where the borrower was not on time at the snapshot: in grace period, late, or charged off.
    dear : (N,) 1 where the lender gave a grade of D or worse. Its own judgement, not an outcome; but ten times as
        often, so that a difference between two ways of filling gaps can be seen.
    """

    table: Table
    behind: np.ndarray
    dear: np.ndarray

    def __len__(self) -> int:
        return len(self.table)

    def target(self, name: str) -> np.ndarray:
        """``"behind"`` or ``"dear"``."""
        return {"behind": self.behind, "dear": self.dear}[name]


def read(table: Table) -> Applicants:
    """Set the two questions apart."""
    behind = ~table["loan_status"].isin(ON_TIME)
    return Applicants(table, behind.to_numpy(int), table["grade"].isin(DEAR).to_numpy(int))


def rounds(applicants: Applicants, seeds: int, seed: int) -> list[Rows]:
    """Divide the rows, once for each seed, into training (three fifths), validation and test (a fifth each).

    In five rounds every loan is in a test part exactly once, judged by a model that had not seen it: of 178 events a
    single test part would have 36. After five rounds the rows are dealt anew.
    """
    both = 2 * applicants.behind + applicants.dear  # equal shares of both events in every part
    dealt: list[Rows] = []
    for start in np.random.SeedSequence(seed).generate_state(-(-seeds // FOLDS)).tolist():
        cut = StratifiedKFold(FOLDS, shuffle=True, random_state=start).split(both, both)
        parts = [part for _, part in cut]
        for number in range(FOLDS):
            others = [parts[(number + step) % FOLDS] for step in range(2, FOLDS)]
            dealt.append(Rows(np.sort(np.concatenate(others)), parts[(number + 1) % FOLDS], parts[number]))
    return dealt[:seeds]


def as_given(table: Table) -> Table:
    """The application with its gaps as they come; logarithms of amounts, and the age of the credit history in years."""
    features = table.drop(columns=[*LENDER, *AFTERWARDS, *LEFT_OUT])
    features = features.assign(**{name: np.log1p(table[name]) for name in SKEWED})
    return features.assign(earliest_credit_line=2018 - table["earliest_credit_line"])


def with_meaning(table: Table) -> Table:
    """The application with each gap said for what it is. Row by row: nothing is learned, so nothing can leak.

    - months since something happened, missing where it never did: 1 / (1 + years), which is 0 for never
    - of two applicants, the income and the debts of both; of one, those of the one
    - no length of employment: not employed, as far as the lender knows
    - accounts 120 days past due: 0 wherever it is known, so all it can tell is whether it is known
    """
    joint = table["application_type"] == "joint"
    income = table["annual_income"].where(~joint, table["annual_income_joint"])
    debt = table["debt_to_income"].where(~joint, table["debt_to_income_joint"])
    checked = table["verified_income"].where(~joint, table["verification_income_joint"])
    columns = {
        "annual_income": np.log1p(income),
        "debt_to_income": np.log1p(debt),
        "verified_income": checked.fillna(table["verified_income"]),
        "own_share": (table["annual_income"] / income.where(income > 0)).clip(0, 1).fillna(0),
        "emp_length": table["emp_length"].fillna(0),
        "employed": table["emp_length"].notna().astype(float),
        "past_due_unknown": table["num_accounts_120d_past_due"].isna().astype(float),
    }
    columns |= {name: (1 / (1 + table[name] / 12)).fillna(0) for name in NEVER}
    return as_given(table).drop(columns=[*JOINT, "num_accounts_120d_past_due"]).assign(**columns)


def own_income_only(table: Table) -> Table:
    """The same, as if every applicant stood alone: the second one's income, debts and papers are not looked at."""
    own = with_meaning(table).drop(columns="own_share")
    own = own.assign(annual_income=np.log1p(table["annual_income"]), debt_to_income=np.log1p(table["debt_to_income"]))
    return own.assign(verified_income=table["verified_income"])


def numeric(features: Table) -> list[str]:
    """The names of the columns that hold numbers."""
    return [name for name in features if pd.api.types.is_numeric_dtype(features[name])]
