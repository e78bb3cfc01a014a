"""The tour as a newcomer walks it: one command, its words, its results, its page."""

import json
import re
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
