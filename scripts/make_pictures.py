"""Make the pictures of the README from the stored results of the tour: ``python scripts/make_pictures.py``.

Run ``groundup tour`` first; nothing is computed here.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from groundup import plots
from groundup.tour import page

ROOT = Path(__file__).parents[1]


@plots.styled
def loan_picture(study: dict[str, Any]) -> Figure:
    """Accuracy beside the share of bad loans found: the naive way and the careful ways."""
    naive, models = study["naive"]["network_plain"], study["models"]
    careful = [key for key in ("logistic", "boosting", "network") if key in models]
    names = ["naive network", *(models[key]["name"] for key in careful)]
    bad = study["data"]["parts"]["test"]["bad"]
    found = [naive["found"]["mean"] / bad, *(models[key]["metrics"]["recall"]["mean"] for key in careful)]
    accuracy = [naive["accuracy"]["mean"], *(models[key]["metrics"]["accuracy"]["mean"] for key in careful)]
    figure = Figure(figsize=(7.6, 3.0), layout="constrained")
    places = np.arange(len(names))
    for axis, values, title in zip(
        figure.subplots(1, 2, sharey=True), (accuracy, found), ("accuracy", "bad loans found")
    ):
        axis.barh(places, values, color=plots.SERIES[0], height=0.6)
        for place, value in zip(places, values):
            axis.text(value + 0.02, place, f"{value:.1%}", va="center", color=plots.INK)
        axis.set(title=title, xlim=(0, 1.2), xticks=[0, 0.5, 1])
        axis.set_yticks(places, names)
        axis.grid(visible=False)
    figure.axes[0].invert_yaxis()
    return figure


def main() -> None:
    results = json.loads((ROOT / "runs" / "tour" / "results.json").read_text(encoding="utf-8"))
    twin, hand = results["twins"], results["by_hand"]
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    mistakes = sorted(hand["mistakes"], key=lambda m: -m["confidence"])[:8]
    pictures = {
        "twins": page.two_losses(twin["steps"]),
        "gap": page.parameter_gap(twin["steps"], twin["tolerance"]),
        "mistakes": plots.gallery(
            np.array([m["image"] for m in mistakes]),
            [f"is {m['truth']}, read {m['guess']}" for m in mistakes],
            limits=(0, 1),
        ),
        "loans": loan_picture(results["loans"]),
    }
    for name, figure in pictures.items():
        figure.savefig(folder / f"{name}.png", dpi=110, facecolor="white")
        print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
