"""The tour as a newcomer walks it: one command, its words, its results, its page."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from groundup.tour import page


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-m", "groundup.cli", "tour", "--json", "--folder", str(folder / "runs" / "tour")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder / "runs" / "tour"


def test_json_is_what_is_stored(tour):
    results, folder = tour
    assert json.loads((folder / "results.json").read_text(encoding="utf-8")) == results


def test_what_the_tour_promises(tour):
    results, _ = tour
    assert results["gradients"]["passed"]
    assert results["by_hand"]["test_accuracy"] >= 0.975
    assert results["twins"]["agreed"]
    assert max(step["gap"] for step in results["twins"]["steps"]) <= 1e-9
    assert len(results["twins"]["steps"]) == 200
    assert results["in_torch"]["test_accuracy"] >= 0.95
    naive = results["loans"]["naive"]["majority"]["accuracy"]["mean"]
    assert naive > 0.94


def test_mistakes_agree_with_the_confusion_matrix(tour):
    hand = tour[0]["by_hand"]
    counts = [[0] * 10 for _ in range(10)]
    for mistake in hand["mistakes"]:
        counts[mistake["truth"]][mistake["guess"]] += 1
    for i, row in enumerate(hand["confusion"]):
        assert [n for j, n in enumerate(row) if j != i] == [n for j, n in enumerate(counts[i]) if j != i]
    right = sum(hand["confusion"][i][i] for i in range(10))
    assert right / hand["images"]["test"] == pytest.approx(hand["test_accuracy"])


def test_page_is_complete_and_loads_nothing(tour):
    results, folder = tour
    html = (folder / "report.html").read_text(encoding="utf-8")
    for heading in ("gradient", "by hand", "twin", "famous", "loans"):
        assert re.search(f"<h2[^>]*>[^<]*{heading}", html), heading
    assert f"{results['by_hand']['test_accuracy']:.1%}" in html
    loaded = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", html) + re.findall(r"url\(([^)#]+)\)", html)
    assert [link for link in loaded if not link.startswith("data:")] == []
    assert "<script" not in html


def test_page_says_so_if_the_twins_part(tour):
    results = json.loads(json.dumps(tour[0]))
    results["twins"] |= {"agreed": False, "divergence": {"step": 3, "quantity": "the loss", "error": 1.0}}
    assert "They part" in page.build(results).html()


def test_page_in_a_browser(tour):
    """A browser shows it without asking the network for anything, on a wide and on a narrow screen."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium or Chrome on this machine")
    from playwright.sync_api import sync_playwright

    asked, complaints = [], []
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        view = browser.new_page()
        view.on("request", lambda request: asked.append(request.url))
        view.on("console", lambda message: complaints.append(message.text))
        for width in (1200, 400):
            view.set_viewport_size({"width": width, "height": 800})
            view.goto((tour[1] / "report.html").as_uri())
            assert view.evaluate("document.documentElement.scrollWidth") <= width, "the page is wider than the screen"
        figures = view.locator("svg")
        assert figures.count() >= 8
        assert all((box := figures.nth(i).bounding_box()) and box["height"] > 20 for i in range(figures.count()))
        browser.close()
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert complaints == []
