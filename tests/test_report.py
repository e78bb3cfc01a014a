"""Report pages: complete in themselves, escaped, well formed, written whole or not at all."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from groundup import plots
from groundup.report import Page, write_text

VOID = {"meta", "link", "br", "img", "hr"}


class Checker(HTMLParser):
    """Collects ids, references and text, and checks that every element is closed in order."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("src", "href", "xlink:href", "srcset", "data"):
                (self.targets if (value or "").startswith("#") else self.loaded).append(value or "")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def full_page() -> Page:
    rng = np.random.default_rng(0)
    page = Page("A <title> & more", "The lead.\n\nSecond paragraph.")
    page.section("Results", "One **bold** and `code`.").numbers([("97.8%", "accuracy", "of <all>")])
    page.figure(plots.bars(["a", "b"], [1.0, 2.0], [0.1, 0.2]), "Caption", "Two bars")
    page.figures([(plots.confusion_matrix([[3, 1], [0, 2]], ["a", "b"]), "c", "matrix")] * 2)
    page.section("Results", level=3).table(["model", "AP"], [["x", "0.1 ± 0.02"], ["y", "–"]], "Table", best=0)
    page.figure(plots.gallery(rng.random((5, 8, 8)), list("abcde"), columns=3), "Images", "Five images")
    page.section("Limits")
    return page.points(["one", "two"]).note("Mind.").code("a < b && c\n")


def test_page_is_well_formed_and_its_ids_are_unique():
    checker = Checker(full_page().html())
    assert len(checker.ids) == len(set(checker.ids))
    assert {target[1:] for target in checker.targets} <= set(checker.ids)
    assert checker.tags.count("h1") == 1
    assert {"main", "nav", "figure", "figcaption", "table", "svg", "footer"} <= set(checker.tags)


def test_references_inside_figures_resolve():
    html = full_page().html()
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    references = set(re.findall(r"url\(#([^)]+)\)", html))
    assert references
    assert references <= ids


def test_page_loads_nothing():
    html = full_page().html()
    checker = Checker(html)
    assert all(target.startswith("data:") for target in checker.loaded)
    assert "script" not in checker.tags
    assert "http" not in html
    assert "@import" not in html


def test_everything_is_escaped():
    attack = '<script>alert("x")</script>'
    page = Page(attack, attack).section(attack, attack).numbers([(attack, attack, attack)]).points([attack])
    page.table([attack, "n"], [[attack, attack]], attack).note(attack).code(attack)
    page.figure(plots.bars([attack], [1.0], label=attack), attack, attack)
    html = page.html()
    assert "script" not in Checker(html).tags
    assert attack not in html


def test_equal_pages_are_equal_text():
    assert full_page().html() == full_page().html()


def test_figures_follow_the_colours_of_the_page():
    html = full_page().html()
    body = html[html.index("<main>") :]
    assert "var(--series-1)" in body
    assert not [colour for colour in plots.CSS_VARIABLES if colour in body]
    assert "prefers-color-scheme: dark" in html
    for variable in plots.CSS_VARIABLES.values():
        assert html.count(f"{variable}:") == 2, f"{variable} needs a light and a dark value"


def test_figure_has_its_alt_text_and_needs_one():
    assert 'role="img" aria-label="Two bars"' in full_page().html()
    with pytest.raises(ValueError, match="alt"):
        Page("t").figure(plots.bars(["a"], [1.0]), "caption", "  ")


def test_columns_of_numbers_are_set_to_the_right():
    html = Page("t").table(["m", "a", "b"], [["x", "0.1 ± 0.02", "no"], ["y", "–", "1"]]).html()
    assert html.count('<td class="number">') == 2
    assert '<th scope="row">x</th>' in html


def test_row_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"row of 1 cells, expected 2"):
        Page("t").table(["a", "b"], [["x"]])


def test_level_is_checked():
    with pytest.raises(ValueError, match="level 1"):
        Page("t").section("x", level=1)


def test_contents_nest_subsections():
    page = Page("t").section("One").section("Inner", level=3).section("Two")
    html = page.html()
    assert [entry["heading"] for entry in page._contents()] == ["One", "Two"]
    assert '<a href="#inner">Inner</a>' in html


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_text(tmp_path / "new" / "page.html", "old")

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("groundup.report.os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_write_returns_the_path(tmp_path):
    path = full_page().write(tmp_path / "page.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
