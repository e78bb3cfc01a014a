"""Report pages: one HTML file that carries all it shows, so it can be mailed, archived, opened without a network.

>>> page = Page("Digits", "A network written by hand learns to read.")
>>> _ = page.section("Results", "Measured on images it **never saw**.").numbers([("97.8%", "test accuracy", "")])
>>> _ = page.write("report.html")

Text is plain text, always escaped; a blank line starts a paragraph, and ``**bold**`` and `` `code` `` are understood.
"""

import io
import os
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

import groundup
from groundup import plots
from groundup.runs import write_atomically


class Page:
    """A page that is filled from top to bottom; each method adds one block and returns the page.

    Parameters
    ----------
    title : the heading of the page.
    lead : a sentence or two under it: what is this, why read on.
    footer : the last line; by default it names the version that made the page.
    """

    def __init__(self, title: str, lead: str = "", footer: str = ""):
        self.title = title
        self.lead = lead
        self.footer = footer or f"Made with groundup {groundup.__version__}. This file is complete: it loads nothing."
        self.blocks: list[dict[str, Any]] = []

    def section(self, heading: str, text: str = "", level: int = 2) -> "Page":
        """Start a section (level 2) or a subsection (level 3); both appear in the table of contents."""
        if level not in (2, 3):
            raise ValueError(f"got level {level}, expected 2 (section) or 3 (subsection): level 1 is the page's title")
        self._add("heading", heading=heading, level=level, id=self._new_id(heading))
        return self.text(text) if text else self

    def text(self, text: str) -> "Page":
        """Add paragraphs."""
        return self._add("text", text=text)

    def points(self, items: Sequence[str]) -> "Page":
        """Add a bulleted list."""
        return self._add("points", entries=list(items))

    def note(self, text: str) -> "Page":
        """Add paragraphs set apart: the one thing to remember."""
        return self._add("note", text=text)

    def numbers(self, numbers: Sequence[tuple[str, str, str]]) -> "Page":
        """Add headline figures, each (value, label, detail); the detail may be empty."""
        return self._add("numbers", entries=[tuple(entry) for entry in numbers])

    def figure(self, figure: Any, caption: str, alt: str) -> "Page":
        """Add a matplotlib Figure as inline SVG.

        The house colours (`groundup.plots`) become the page's own, so the figure follows light and dark mode.
        ``alt`` says in words what the picture shows, for those who do not see it.
        """
        return self.figures([(figure, caption, alt)])

    def figures(self, figures: Sequence[tuple[Any, str, str]]) -> "Page":
        """Add figures side by side, each (figure, caption, alt); on a narrow screen they stand one below the other."""
        drawn = []
        before = sum(len(block["entries"]) for block in self.blocks if block["kind"] == "figures")
        for number, (figure, caption, alt) in enumerate(figures, start=before + 1):
            if not alt.strip():
                raise ValueError("got an empty alt text, expected a sentence that says what the figure shows")
            svg = _inline_svg(figure, prefix=f"figure{number}-", alt=alt)
            drawn.append({"svg": svg, "caption": caption, "wide": figure.get_figwidth() > 6})
        return self._add("figures", entries=drawn)

    def table(
        self, headers: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "", best: int | None = None
    ) -> "Page":
        """Add a table; columns of numbers are set to the right, and row ``best`` (from 0) is set in bold."""
        cells = [[str(cell) for cell in row] for row in rows]
        for row in cells:
            if len(row) != len(headers):
                raise ValueError(f"got a row of {len(row)} cells, expected {len(headers)}, one for each header: {row}")
        numeric = [bool(cells) and all(_is_number(row[i]) for row in cells) for i in range(len(headers))]
        return self._add("table", headers=list(headers), rows=cells, caption=caption, best=best, numeric=numeric)

    def code(self, text: str) -> "Page":
        """Add text in a fixed-width font: commands, code, output."""
        return self._add("code", text=text)

    def html(self) -> str:
        """Return the page as one HTML document."""
        return _template().render(page=self, css=Markup(_resource("report.css")), contents=self._contents())

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page whole or not at all, and return its path."""
        return write_text(path, self.html())

    def _add(self, kind: str, **content: Any) -> "Page":
        self.blocks.append({"kind": kind, **content})
        return self

    def _new_id(self, heading: str) -> str:
        """An id from the heading's words, unlike every other on the page."""
        taken = {block.get("id") for block in self.blocks}
        base = re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-") or "section"
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        return name

    def _contents(self) -> list[dict[str, Any]]:
        """The headings as a tree of two levels."""
        contents: list[dict[str, Any]] = []
        for block in self.blocks:
            if block["kind"] == "heading":
                entry = {"heading": block["heading"], "id": block["id"], "children": []}
                if block["level"] == 3 and contents:
                    contents[-1]["children"].append(entry)
                else:
                    contents.append(entry)
        return contents


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text file so that a reader finds the old content or the new, never a half; folders are made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))
    return path


def _inline_svg(figure: Any, prefix: str, alt: str) -> Markup:
    """Draw a figure as an SVG element for use inside HTML."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context(plots.STYLE):
        # No date and a fixed salt: equal figures give equal text.
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    # The element's own head: no XML namespaces (HTML knows them), a role and a description, a natural width.
    view = re.search(r'viewBox="([^"]+)"', svg)
    width = round(figure.get_figwidth() * 96)
    head = Markup('<svg viewBox="{}" style="max-width: {}px" role="img" aria-label="{}">').format(
        view.group(1) if view else "", width, alt
    )
    svg = head + Markup(svg[svg.index(">") + 1 :])
    # Several drawings share one page: ids, and the references to them, get the figure's own prefix.
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}", svg)
    for colour, variable in plots.CSS_VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    return Markup(svg)


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def _inline(text: object) -> Markup:
    """Escape a text, then turn `code` and **bold** into their elements."""
    html = str(escape(str(text)))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
    return Markup(html)


def _is_number(cell: str) -> bool:
    """Whether a cell reads as a number: 12, -0.5, 97.8%, 0.16 ± 0.02, 1,024; a dash stands for a missing one."""
    return bool(
        re.fullmatch(r"[-+−±]?\d[\d,.]*([eE][-+]?\d+)?\s?(%|x|×|ms|s)?(\s?±\s?[\d.,]+%?)?|[-–—]|", cell.strip())
    )


def _resource(name: str) -> str:
    return resources.files("groundup").joinpath(name).read_text(encoding="utf-8")


@cache
def _template():
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"paragraphs": _paragraphs, "inline": _inline}
    return environment.from_string(_resource("report.html"))
