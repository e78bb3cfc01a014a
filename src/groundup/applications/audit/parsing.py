"""Numbers and dates as people write them: ``$1,200.50``, ``3,5``, ``12 kg``, ``(40)``, ``31.12.2024``, ``Jan 2016``.

Everything here works on the distinct texts of a column, each read once however often it occurs.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

# What pandas.read_csv takes for a missing value by itself, in small letters.
MISSING = frozenset(
    ["", "#n/a", "#n/a n/a", "#na", "-1.#ind", "-1.#qnan", "-nan", "1.#ind", "1.#qnan", "<na>", "n/a", "na", "nan"]
    + ["null", "none"]
)
# What people write for "unknown", and pandas takes for a value.
DISGUISED = frozenset(
    ["?", "??", "-", "--", "---", ".", "..", "...", "*", "unknown", "unk", "missing", "not available", "no data", "nil"]
    + ["not applicable", "undefined", "not known", "unspecified", "not specified", "(blank)", "blank", "tbd"]
    + ["no answer", "not stated", "#value!", "#ref!", "#div/0!", "#name?", "none given"]
)
UNITS = frozenset(
    ["%", "‰", "$", "€", "£", "¥", "₹", "usd", "eur", "gbp", "chf", "jpy"]
    + ["k", "m", "bn", "mg", "g", "kg", "t", "lb", "lbs", "oz", "mm", "cm", "km", "mi", "mile", "miles", "ft", "in"]
    + ["ml", "cl", "l", "gal", "ms", "s", "sec", "min", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "w"]
    + ["week", "weeks", "month", "months", "mo", "y", "yr", "yrs", "year", "years", "°c", "°f", "c", "f", "kcal", "cal"]
    + ["w", "kw", "wh", "kwh", "v", "a", "hz", "mhz", "ghz", "kb", "mb", "gb", "tb", "px", "m2", "m²", "sqft", "sqm"]
    + ["cc", "hp", "bhp", "ps", "mpg", "kmpl", "kmh", "km/h", "mph", "psi", "bar", "pa", "hpa"]
)
_CURRENCY = r"(?:[$€£¥₹]|USD|EUR|GBP|CHF|JPY)"
_SPACES = "'’\u00a0\u202f "
_NUMBER = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+−])?\s*(?P<before>{_CURRENCY})?\s*(?P<inner>[-+−])?\s*"
    rf"(?P<digits>\d[\d.,{_SPACES}]*\d|\d|[.,]\d+)\s*"
    rf"(?P<after>%|‰|{_CURRENCY}|°?[A-Za-z²/]{{1,6}})?\s*(?P<close>\))?"
)
DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y", "%b-%Y", "%b %Y", "%B %Y", "%Y%m%d",
)  # fmt: skip
_DATE_LIKE = re.compile(r"\d.*[-/. :].*\d|[A-Za-z]{3,9}[- ]\d{4}|^(19|20)\d{6}$")


@dataclass(frozen=True, eq=False)
class Parsed:
    """What texts mean: ``values`` (NaN or NaT where one can't be read), how they were written, and what was noticed."""

    values: np.ndarray
    form: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def is_missing(text: str) -> bool:
    """Whether pandas would take a cell for a missing value."""
    return text.strip().lower() in MISSING


def read_numbers(texts: Sequence[str], known: np.ndarray) -> Parsed:
    """Read texts as numbers, with currencies, units, separators of thousands, decimal commas, accountants' brackets.

    Parameters
    ----------
    texts : (L,) without white space around them.
    known : (L,) False for what stands for a missing value.

    Returns
    -------
    ``form`` is empty where all are plain numbers; ``facts["units"]`` are the units that occur.
    """
    values = np.array(pd.to_numeric(_series(texts, known), errors="coerce"), dtype=float)
    if any(re.fullmatch(r"0\d+", text) for text in texts):  # 00123 is a code: as a number it would lose its zeros
        return Parsed(np.full(len(texts), np.nan), facts={"leading_zeros": True})
    todo = np.flatnonzero(known & np.isnan(values)).tolist()
    matches = {i: match for i in todo if len(texts[i]) <= 40 and (match := _NUMBER.fullmatch(texts[i]))}
    comma = _has_decimal_commas([match["digits"] for match in matches.values()])
    forms, units = set(), set()
    for i, match in matches.items():
        unit = match["before"] or match["after"] or ""
        if unit and unit.lower() not in UNITS:
            continue
        digits = re.sub(f"[{_SPACES}]", "", match["digits"])
        try:
            value = float(digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", ""))
        except ValueError:  # such as 1.2.3
            continue
        negative = match["sign"] in ("-", "−") or match["inner"] in ("-", "−") or (match["open"] and match["close"])
        values[i] = -value if negative else value
        units |= {unit.lower()} - {""}
        forms |= {unit} - {""}
        forms |= {"decimal commas"} if comma and "," in digits else set()
        forms |= (
            {"separators of thousands"} if digits != match["digits"] or ("." if comma else ",") in digits else set()
        )
        forms |= {"brackets for minus"} if match["open"] and match["close"] else set()
    return Parsed(values, _joined(forms) or ("other signs" if matches else ""), {"units": sorted(units)})


def read_dates(texts: Sequence[str], known: np.ndarray, counts: np.ndarray) -> Parsed:
    """Read texts as dates: in the format that fits most rows, then in others that fit at least 1% of them.

    Parameters
    ----------
    texts, known : as in `read_numbers`.
    counts : (L,) rows that have each text.

    Returns
    -------
    ``form`` names the formats; ``facts["ambiguous"]`` says that day and month could as well be exchanged.
    """
    values = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[us]")
    some = [text for text, ok in zip(texts, known) if ok]
    sample = pd.Series(some[:: max(1, len(some) // 200)], dtype=object)
    if not len(sample) or np.mean([bool(_DATE_LIKE.search(text)) for text in sample]) < 0.5:
        return Parsed(values)
    series = _series(texts, known)
    fits: dict[str, np.ndarray] = {}
    for form in DATE_FORMATS:
        if pd.to_datetime(sample, format=form, errors="coerce").notna().any():
            parsed = pd.to_datetime(series, format=form, errors="coerce", utc=True).dt.tz_localize(None)
            fits[form] = parsed.where(parsed.dt.year.between(1700, 2200)).to_numpy("datetime64[us]")
    rows = {form: counts[~np.isnat(parsed)].sum() for form, parsed in fits.items()}
    used = []
    for form in sorted(rows, key=lambda form: -rows[form]):  # of equals, the first in the list
        gained = np.isnat(values) & ~np.isnat(fits[form])
        if counts[gained].sum() > 0.01 * counts[known].sum():
            values[gained] = fits[form][gained]
            used.append(form)
    twin = _day_and_month_exchanged(used[0]) if used else ""
    return Parsed(
        values,
        " or ".join(used),
        {"formats": used, "ambiguous": twin != "" and rows.get(twin, 0) == rows[used[0]]},
    )


def fold(text: str) -> str:
    """A text without what readers overlook: case, accents, double spaces, punctuation at the ends."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.sub(r"\s+", " ", bare.casefold()).strip(" .,;:-_")


def _series(texts: Sequence[str], known: np.ndarray) -> pd.Series:
    return pd.Series([text if ok else None for text, ok in zip(texts, known)], dtype=object)


def _has_decimal_commas(digits: list[str]) -> bool:
    """Whether commas are decimal: some is not followed by exactly three digits, or follows a point (1.234,5)."""
    commas = [text for text in digits if "," in text]
    thousands = r"\d{1,3}([,' ]\d{3})+(\.\d+)?"
    return all(text.count(",") == 1 for text in commas) and any(not re.fullmatch(thousands, text) for text in commas)


def _day_and_month_exchanged(form: str) -> str:
    if not {"%d", "%m"} <= set(re.findall("%.", form)) or form.startswith("%Y"):
        return ""  # after the year comes the month, everywhere
    return form.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")


def _joined(words: set[str]) -> str:
    return " and ".join(sorted(words))
