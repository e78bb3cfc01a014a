"""How values are written: text among numbers, numbers and dates as text, spellings, broken letters."""

import re
from collections import defaultdict

from groundup.applications.audit.columns import MOST, Column
from groundup.applications.audit.parsing import DISGUISED, fold
from groundup.applications.audit.table import Table
from groundup.applications.finding import Finding, listed, many

# UTF-8 that was read as Windows-1252: two letters for one, the first of them one of these.
_BROKEN = re.compile(
    "[ÃÂ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|â€|\ufffd"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def check(table: Table) -> list[Finding]:
    """Look at every column as it was written."""
    found: list[Finding] = []
    for column in table.all_columns:
        for one in (_strays, _half_numbers, _numbers, _dates, _codes, _spelling, _words, _null_words, _letters):
            found += one(column)
    return found


def _strays(column: Column) -> list[Finding]:
    if not column.strays:
        return []
    rows = sum(column.strays.values())
    some = _counted(column.strays)
    unknown = all(text.lower() in DISGUISED for text in column.strays)
    return [
        Finding(
            "mixed types", "warning", f"`{column.name}` has text among its {column.holds}",
            f"{rows:,} of {len(column):,} rows: {some}.",
            "pandas reads the whole column as text because of them: comparing, sorting and computing with it then "
            "fails, or is wrong (\"10\" comes before \"9\").",
            ("They stand for" if unknown else "Find out what they mean. If they stand for") + " unknown values, name"
            f" them when reading (`na_values={list(column.strays)[:3]}`); otherwise repair them.",
            (column.name,), {"rows": rows, "texts": dict(list(column.strays.items())[:20])},
        )
    ]  # fmt: skip


def _half_numbers(column: Column) -> list[Finding]:
    share = column.facts.get("number_share", 0)
    if column.kind != "category" or not 0.1 <= share < MOST or column.facts.get("number_levels", 0) < 10:
        return []
    words = [str(level) for level in column.levels if not re.match(r"[-+]?[\d.]", str(level))]
    return [
        Finding(
            "mixed types", "warning", f"`{column.name}` is neither numbers nor words",
            f"{share:.0%} of its values are numbers ({column.facts['number_levels']:,} different ones), the others "
            "are not"
            + (f": {listed(words)}." if words else "."),
            "One column holds two things, or two sources have written it in two ways. As text, all numbers become "
            "categories without an order.",
            "Make two columns of it, a number and a word; each may be missing where the other is known.",
            (column.name,), {"number_share": share},
        )
    ]  # fmt: skip


def _numbers(column: Column) -> list[Finding]:
    if column.holds != "numbers" or not column.form:
        return []
    units = column.facts.get("units", [])
    mixed = len(units) > 1
    return [
        Finding(
            "numbers as text", "warning", f"`{column.name}` holds numbers that are written as text",
            f"With {column.form}; read here as numbers from {column.shown(0)} to "
            f"{column.shown(len(column.levels) - 1)}."
            + (f" There are several units: {', '.join(units)}." if mixed else ""),
            "pandas reads the column as text, so each number becomes a category of its own."
            + (" And numbers in different units can't be compared." if mixed else ""),
            "Take the signs off and convert to numbers (`str.replace`, then `pandas.to_numeric`); for decimal commas, "
            "`read_csv(decimal=\",\")`." + (" Convert to one unit first." if mixed else ""),
            (column.name,), {"form": column.form, "units": units},
        )
    ]  # fmt: skip


def _dates(column: Column) -> list[Finding]:
    if column.holds != "dates" or not column.form:
        return []
    formats, ambiguous = column.facts.get("formats", []), column.facts.get("ambiguous", False)
    first, last = column.shown(0), column.shown(len(column.levels) - 1)
    read = f"Read as {column.form}, from {first} to {last}."
    if ambiguous:
        read += " Day and month could as well be exchanged: no day is above 12."
    elif len(formats) > 1:
        read += " Several formats in one column: some dates may be read wrongly."
    return [
        Finding(
            "dates as text", "warning" if ambiguous or len(formats) > 1 else "note",
            f"`{column.name}` holds dates that are written as text", read,
            "Read as text, each date is a category of its own. And time matters twice: the future must not be in the "
            "training rows when the past is to be predicted.",
            f"Parse them (`pandas.to_datetime(..., format={formats[0]!r})`), make numbers of what may matter (age, "
            f"weekday, month), and see how things change over time: `--time {column.name}`.",
            (column.name,), {"formats": formats, "ambiguous": ambiguous},
        )
    ]  # fmt: skip


def _codes(column: Column) -> list[Finding]:
    if not column.facts.get("leading_zeros"):
        return []
    return [
        Finding(
            "codes", "note", f"`{column.name}` holds codes with leading zeros",
            f"Such as {listed(column.levels[:3])}.",
            "Read as numbers they lose their zeros, and an order and distances that mean nothing come in.",
            f"Keep them as text: `read_csv(dtype={{{column.name!r}: str}})`.",
            (column.name,),
        )
    ]  # fmt: skip


def _spelling(column: Column) -> list[Finding]:
    if column.kind != "category":
        return []
    alike = defaultdict(list)
    for code, level in enumerate(column.levels):
        alike[fold(str(level))].append(code)
    groups = [codes for folded, codes in alike.items() if len(codes) > 1 and folded]
    padded, twins = column.facts.get("padded", 0), column.facts.get("padded_twins", 0)
    rows = twins + sum(int(column.counts[codes].sum() - column.counts[codes].max()) for codes in groups)
    if not rows:
        return _padded(column, padded)
    parts = [
        "; ".join(" and ".join(f"`{column.levels[c]}` ({column.counts[c]:,})" for c in codes) for codes in groups[:3])
    ]
    parts += [f"{twins:,} values have white space around them that others of their kind have not"] if twins else []
    return [
        Finding(
            "spelling", "warning" if rows >= max(5, 0.002 * len(column)) else "note",
            f"`{column.name}` spells the same category in several ways",
            ". ".join(part for part in parts if part) + ".",
            "Each spelling counts as a category of its own: the counts are split, and what was learned for one does "
            "not help the others.",
            "Bring them to one spelling (`str.strip().str.lower()`), or map them by hand where that is not enough.",
            (column.name,), {"groups": len(groups), "rows": rows, "padded": twins},
        )
    ]  # fmt: skip


def _padded(column: Column, padded: int) -> list[Finding]:
    if not padded:
        return []
    return [
        Finding(
            "spelling", "note", f"`{column.name}` has white space around its values",
            f"In {padded:,} of {len(column):,} rows.",
            "It can't be seen, and \"yes \" is not equal to \"yes\": looking for the value finds nothing.",
            "Take it off (`str.strip()`).", (column.name,), {"padded": padded},
        )
    ]  # fmt: skip


def _words(column: Column) -> list[Finding]:
    """Words for "unknown" among categories."""
    if column.kind not in ("category", "text", "identifier") or column.holds != "texts":
        return []
    words = {str(v): int(n) for v, n in zip(column.levels, column.counts) if str(v).lower() in DISGUISED}
    if not words or sum(words.values()) < 2:
        return []
    signs = any(not re.search("[a-z]", text.lower()) for text in words)
    return [
        Finding(
            "disguised missing", "warning" if signs else "note", f"`{column.name}` says \"unknown\" in words",
            f"{_counted(words)}. A count of missing values does not see them.",
            "They look like a category. Sometimes that is right (\"not applicable\" can mean something); often it "
            "hides how much is missing.",
            f"Decide for this column: a category of its own, or missing (`na_values={list(words)[:3]}`).",
            (column.name,), {"texts": words},
        )
    ]  # fmt: skip


def _null_words(column: Column) -> list[Finding]:
    """Words that pandas makes missing, though they could be answers: "None" (of these), "NA" (Namibia)."""
    words = {
        text: n for text, n in column.facts.get("null_words", {}).items() if text.lower() in ("none", "na", "null")
    }
    if not words or column.holds != "texts" or column.kind == "empty":
        return []
    short = "NA" in words and all(len(str(level)) == 2 for level in column.levels[:200])
    if not short and "none" not in {text.lower() for text in words}:
        return []
    return [
        Finding(
            "disguised missing", "note", f"`{column.name}`: is {listed(words)} an answer?",
            f"{_counted(words)}. pandas reads {'them' if len(words) > 1 else 'it'} as missing, without saying so.",
            "\"None\" can mean \"none of these\", and \"NA\" is the code of Namibia: then an answer gets lost.",
            "If it is an answer, read with `keep_default_na=False` and name what is missing yourself.",
            (column.name,), {"texts": words},
        )
    ]  # fmt: skip


def _letters(column: Column) -> list[Finding]:
    if column.holds != "texts":
        return []
    broken = [code for code, level in enumerate(column.levels) if _BROKEN.search(str(level))]
    control = [code for code, level in enumerate(column.levels) if _CONTROL.search(str(level))]
    if not broken and not control:
        return []
    rows = many(int(column.counts[broken or control].sum()), "row")
    example = str(column.levels[(broken or control)[0]])[:40]
    if not broken:
        return [
            Finding(
                "encoding", "warning", f"`{column.name}` has letters that can't be seen",
                f"{rows}, such as {example!r}.",
                "Control characters make names differ that look equal.", "Remove them.", (column.name,),
            )
        ]  # fmt: skip
    repaired = _repaired(example)
    return [
        Finding(
            "encoding", "warning", f"`{column.name}` has broken letters",
            f"{rows}, such as {example!r}" + (f", which should probably read {repaired!r}." if repaired else "."),
            "The file was once read in another encoding than it was written in. The same name now has several "
            "spellings, and what became \ufffd is lost.",
            "Go back to the source and read it in its encoding (`read_csv(encoding=\"utf-8\")`, or `\"cp1252\"`). Of "
            "text alone, `text.encode(\"cp1252\").decode(\"utf-8\")` undoes the usual accident.",
            (column.name,),
        )
    ]  # fmt: skip


def _repaired(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return ""


def _counted(texts: dict[str, int]) -> str:
    some = sorted(texts.items(), key=lambda item: -item[1])
    said = ", ".join(f"`{text[:30]}` {n:,} times" for text, n in some[:4])
    return said + (f" and {len(some) - 4} other texts" if len(some) > 4 else "")
