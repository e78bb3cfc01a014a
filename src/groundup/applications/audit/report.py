"""What an audit says: a table for the terminal, and a page to read; both made of stored results alone."""

import warnings
from typing import TYPE_CHECKING, Any

from groundup.applications.audit.checks import CHECKS
from groundup.applications.finding import MEANING, SEVERITIES, count_by_severity, many

if TYPE_CHECKING:
    from rich.table import Table

    from groundup.report import Page

HEADINGS = {"problem": "Problems", "warning": "Warnings", "note": "Notes"}
KINDS = {"number": "number", "date": "date", "category": "category", "text": "text", "identifier": "name of rows",
         "constant": "constant", "empty": "empty"}  # fmt: skip


def verdict(result: dict[str, Any]) -> str:
    """Say in a sentence or two what the findings amount to."""
    counts = count_by_severity(result["findings"])
    if not result["findings"]:
        return "Nothing was found. That is no proof: the checks know the usual faults, not the story of this table."
    said = ", ".join(many(counts[severity], severity) for severity in SEVERITIES if counts[severity])
    if counts["problem"]:
        return f"{said}. Deal with the problems before you train anything: with them, results will be wrong."
    if counts["warning"]:
        return f"{said}. Nothing is certainly wrong; go through the warnings and decide, before you train."
    return f"{said}. Nothing that has to be dealt with."


def summary(result: dict[str, Any]) -> "Table":
    """Return the findings as a table for the terminal."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 1, 0))
    table.add_column("")
    table.add_column("what was found")
    table.add_column("what to do", ratio=1)
    style = {"problem": "bold red", "warning": "yellow", "note": "dim"}
    for finding in result["findings"]:
        found = f"[bold]{escape(finding['title'].replace('`', ''))}[/]\n{escape(finding['evidence'].replace('`', ''))}"
        severity = finding["severity"]
        table.add_row(f"[{style[severity]}]{severity}[/]", found, escape(finding["remedy"].replace("`", "")))
    return table


def page_of(result: dict[str, Any]) -> "Page":
    """Return the page of a stored audit."""
    from groundup.report import Page

    file, counts = result["file"], count_by_severity(result["findings"])
    page = Page(
        f"Audit of {file['name']}",
        "What is wrong with these data, how one can tell, why it matters, and what to do about it. "
        f"Looked at: {file['looked_at']}.",
    )
    page.numbers(
        [
            (f"{result['rows']:,}", "rows looked at", f"{len(result['columns'])} columns: {_kinds(result['columns'])}"),
            *((f"{counts[severity]}", HEADINGS[severity].lower(), MEANING[severity]) for severity in SEVERITIES),
        ]
    )
    page.note(f"**In short.** {verdict(result)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks
        for severity in SEVERITIES:
            _findings(page, [f for f in result["findings"] if f["severity"] == severity], HEADINGS[severity])
    _columns(page, result)
    _method(page, result)
    return page


def _findings(page: "Page", findings: list[dict[str, Any]], heading: str) -> None:
    from groundup.applications.audit.pictures import draw

    if not findings:
        return
    page.section(heading)
    shown: list[Any] = []
    for finding in findings:
        page.section(finding["title"], finding["evidence"], level=3)
        picture = finding["picture"]
        if picture and picture["kind"] == "rows":
            rows = picture["rows"]
            page.table(rows["headers"], rows["cells"], "Rows as they stand in the file (row 1 is the first with data).")
        elif picture and picture not in shown:  # findings of one check can share a picture
            shown.append(picture)
            page.figure(*draw(picture))
        page.points([f"**Why it matters.** {finding['why']}", f"**What to do.** {finding['remedy']}"])


def _columns(page: "Page", result: dict[str, Any]) -> None:
    page.section("The columns", "What each column holds, found out from the cells as they are written in the file.")
    named = {name for finding in result["findings"] if finding["severity"] != "note" for name in finding["columns"]}
    target = result["target"]["name"] if result["target"] else None
    page.table(
        ["column", "holds", "missing", "different", "values"],
        [
            [
                f"{column['name']}{' (target)' if column['name'] == target else ''}"
                f"{' ●' if column['name'] in named else ''}",
                KINDS[column["kind"]],
                f"{column['missing']:.1%}",
                f"{column['different']:,}",
                column["summary"],
            ]
            for column in result["columns"]
        ],
        "● a problem or a warning above is about this column.",
    )


def _method(page: "Page", result: dict[str, Any]) -> None:
    page.section("What was checked, and how sure it is")
    found = {finding["check"] for finding in result["findings"]}
    page.points([f"**{name}**: {question}" for name, (question, _) in CHECKS.items()])
    left_out = []
    if result["target"] is None:
        left_out.append(
            "No target was named, so nothing was asked about leakage, imbalance, or what missing values tell: "
            "`--target COLUMN`."
        )
    if result["compared"] is None:
        left_out.append(
            "The table was not compared with another one, so nothing is known about drift: `--test FILE2.csv`, or "
            "`--time COLUMN` to compare its later rows with its earlier ones."
        )
    else:
        first, second = result["compared"]["rows"]
        what = (
            "the test table" if result["compared"]["with"] == "test" else
            f"the rows with the largest fifth of `{result['compared']['column']}`, from {result['compared']['from']} on"
        )  # fmt: skip
        page.text(f"For drift, {first:,} rows stand beside {second:,}: {what}.")
    page.points(left_out) if left_out else None
    page.text(
        "Where a check tests, chance is held against it: whether gaps tell about the target is asked of all columns "
        "together by shuffling the target 999 times, and reported where fewer than one shuffle in a hundred does as "
        "much; the power of a column is measured on rows that it was not learned from. Even so, a clean table "
        "is suspected of something now and then, and no check knows what your columns mean."
        + ("" if found else " That nothing was found says that the usual faults are not there, not that all is well.")
    )
    file = result["file"]
    page.text(
        f"The file was read as {file['encoding']}, its cells divided by a {file['delimiter']}. Samples and shuffles "
        f"come from the seed {result['seed']}: the same seed gives the same page."
    )


def _kinds(columns: list[dict[str, Any]]) -> str:
    kinds = [column["kind"] for column in columns]
    counted = {kind: kinds.count(kind) for kind in KINDS if kind in kinds}
    words = {"category": ("category", "categories"), "identifier": ("name of rows", "names of rows")}
    return ", ".join(
        f"{n} {words[kind][n > 1]}" if kind in words else many(n, kind) if kind != "empty" else f"{n} empty"
        for kind, n in counted.items()
    )
