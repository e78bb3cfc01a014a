"""The page of the tour, made from the stored results alone."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from groundup import plots
from groundup.applications import loans
from groundup.report import Page


def build(results: dict[str, Any]) -> Page:
    """Return the page; every number and picture is one of ``results``."""
    hand, twin, torch, study = (results[key] for key in ("by_hand", "twins", "in_torch", "loans"))
    gap = max(step["gap"] for step in twin["steps"])
    page = Page(
        "Deep learning from the ground up",
        "A network written by hand learns to read; PyTorch, the tool that the world uses, is shown to compute the very "
        "same thing; and real data show why that alone is not enough.",
    )
    page.numbers(
        [
            (f"{hand['test_accuracy']:.1%}", "digits read rightly", "By a network in NumPy, on images it never saw."),
            (f"{gap:.0e}", "largest difference to PyTorch", f"Relative, any weight, {len(twin['steps'])} steps."),
            (
                f"{twin['speed']['ratio']:.2f} ×",
                "time of a step, by hand over PyTorch",
                f"{twin['speed']['by_hand_ms']:.2f} ms and {twin['speed']['in_torch_ms']:.2f} ms.",
            ),
            (
                f"{study['naive']['network_plain']['accuracy']['mean']:.1%}",
                "accuracy of a useless model",
                "The loan book of the last chapter.",
            ),
        ]
    )
    _gradients(page, results["gradients"])
    _by_hand(page, hand)
    _twins(page, twin)
    _in_torch(page, torch, hand)
    loans.add_to(page, study)
    machine = results["machine"]
    page.section("How this page was made")
    page.text(
        f"By the command below, in {results['seconds']:.0f} s on {machine['cores']} cores ({machine['system']}, "
        f"{machine['processor']}), with groundup {results['version']}. Every number and picture comes from the file "
        "`results.json` beside this page."
    )
    page.code(f"groundup tour --seed {results['seed']}")
    return page


def _gradients(page: Page, r: dict[str, Any]) -> None:
    page.section(
        "Is every gradient right?",
        "A network learns by following slopes: if this weight grew a little, would the error grow or shrink? "
        "Backpropagation computes all these slopes at once with formulas derived by hand. A formula can be wrong; so "
        "each number was nudged up and down, and the change of the output measured. The two must agree.",
    )
    rows = [[name, gradient, f"{error:.1e}"] for name, each in r["errors"].items() for gradient, error in each.items()]
    page.table(
        ["layer", "gradient of", "relative error"],
        rows,
        caption=f"Formula against measurement, float64; up to {r['tolerance']:.0e} counts as equal, because a "
        "measurement by differences has about nine right digits.",
    )


def _by_hand(page: Page, r: dict[str, Any]) -> None:
    page.section(
        "A network written by hand learns to read digits",
        f"Two convolutions, two linear layers, {r['parameters']:,} weights; NumPy alone. It saw "
        f"{r['images']['train']:,} images of 8 × 8 pixels {r['settings']['epochs']} times, which took "
        f"{r['seconds']:.1f} s, and was then tested once, on {r['images']['test']} images kept aside: "
        f"**{r['test_accuracy']:.1%}** are right.",
    )
    h = r["history"]
    page.figure(
        plots.learning_curves(
            {
                "training": {"loss (nats)": h["train_loss"]},
                "validation": {"loss (nats)": h["validation_loss"], "accuracy": h["validation_accuracy"]},
            }
        ),
        "Learning curves. The training loss keeps falling; what counts is the validation loss, on images that are not "
        "trained on.",
        f"Two line charts over {len(h['train_loss'])} epochs: the loss falls from {h['train_loss'][0]:.2f} to "
        f"{h['train_loss'][-1]:.3f}, the validation accuracy ends at {h['validation_accuracy'][-1]:.1%}.",
    )
    page.figure(
        plots.confusion_matrix(r["confusion"], range(10)),
        "What it took for what. A perfect reader would fill the diagonal only.",
        "Confusion matrix of the ten digits; nearly all of the counts lie on the diagonal.",
    )
    mistakes = sorted(r["mistakes"], key=lambda m: -m["confidence"])
    if mistakes:
        page.figure(
            plots.gallery(
                np.array([m["image"] for m in mistakes]),
                [f"is {m['truth']}, read {m['guess']}\n{m['confidence']:.0%} sure" for m in mistakes],
                limits=(0, 1),
            ),
            "All its mistakes, the most confident first. Some would puzzle a person too.",
            f"{len(mistakes)} small images of digits with the true and the guessed class under each.",
        )
    filters = r["filters"]
    page.figures(
        [
            (
                plots.filters(filters["before"], columns=4),
                "The first layer's filters before training: noise.",
                "Sixteen 3 × 3 filters of random grey values.",
            ),
            (
                plots.filters(filters["after"], columns=4),
                "And after it: shaped by the digits. Light is positive, dark negative, mid-grey zero.",
                "The same sixteen filters after training: the grey values have moved.",
            ),
        ]
    )


def _twins(page: Page, r: dict[str, Any]) -> None:
    steps, speed = r["steps"], r["speed"]
    gap = max(step["gap"] for step in steps)
    page.section(
        "Its PyTorch twin agrees, step by step",
        f"The same network in PyTorch ({r['about']}), from the same weights, on the same images in the same order, "
        f"both in double precision. After each of {len(steps)} steps every loss, gradient and weight was compared.",
    )
    if r["agreed"]:
        page.note(
            f"No weight ever differed by more than **{gap:.0e}** of its layer's largest weight. Double precision "
            "carries sixteen digits: what is left is the order in which sums are rounded."
        )
    else:
        page.note(f"They part: {r['divergence']}.")
    page.figures(
        [
            (
                two_losses(steps),
                "Both losses: the dashed line lies on the solid one.",
                f"Two coinciding curves, falling from {steps[0]['loss_by_hand']:.2f} to "
                f"{steps[-1]['loss_by_hand']:.3f}.",
            ),
            (
                parameter_gap(steps, r["tolerance"]),
                "The largest relative difference between any two weights, on a logarithmic axis.",
                f"A line that stays below {gap:.0e}, far under the tolerance of {r['tolerance']:.0e}.",
            ),
        ]
    )
    page.table(
        ["engine", "one training step", "peak memory"],
        [
            ["by hand (NumPy)", f"{speed['by_hand_ms']:.2f} ms", f"{speed['by_hand_mib']:.0f} MiB"],
            ["PyTorch", f"{speed['in_torch_ms']:.2f} ms", f"{speed['in_torch_mib']:.0f} MiB"],
        ],
        caption=f"Single precision, {speed['threads']} threads, each engine in a process of its own, in turns; median "
        f"of {speed['rounds']} rounds. In so small a network much of the time goes into starting each operation.",
    )


@plots.styled
def two_losses(steps: list[dict[str, Any]]) -> Figure:
    """Draw both twins' losses over the steps."""
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axis = figure.subplots()
    numbers = [step["step"] for step in steps]
    axis.plot(numbers, [s["loss_by_hand"] for s in steps], color=plots.SERIES[0], linewidth=3.5, label="by hand")
    axis.plot(numbers, [s["loss_in_torch"] for s in steps], color=plots.SERIES[1], linestyle="--", label="PyTorch")
    axis.set(xlabel="step", ylabel="training loss (nats)")
    axis.legend()
    return figure


@plots.styled
def parameter_gap(steps: list[dict[str, Any]], tolerance: float) -> Figure:
    """Draw the largest relative difference of any weight over the steps."""
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axis = figure.subplots()
    gaps = [max(step["gap"], 1e-18) for step in steps]
    axis.plot([step["step"] for step in steps], gaps, color=plots.SERIES[0], label="largest difference")
    axis.axhline(tolerance, color=plots.MUTED, linestyle=(0, (2, 2)), linewidth=1, label="allowed")
    axis.set(xlabel="step", ylabel="relative difference", yscale="log", ylim=(1e-17, 10 * tolerance))
    axis.legend()
    return figure


def _in_torch(page: Page, r: dict[str, Any], hand: dict[str, Any]) -> None:
    model, h = r["model"], r["history"]
    page.section(
        "A famous network, with the standard tools",
        f"{model['title']}, {model['parameters']:,} parameters ({model['paper']}, {model['year']}), in PyTorch, on the "
        f"same digits: **{r['test_accuracy']:.1%}** on the same test images, after {r['epochs']} epochs in "
        f"{r['seconds']:.1f} s; the weights are those of epoch {r['best_epoch']}, the best on validation.",
    )
    images = hand["images"]["test"]
    difference = round((r["test_accuracy"] - hand["test_accuracy"]) * images)
    page.text(
        f"That is {abs(difference)} images {'more' if difference >= 0 else 'fewer'} than the little network by hand, "
        f"of {images}: too few to call one of them better. LeNet-5 was made for images of 32 × 32 pixels; these have "
        "8 × 8, and are enlarged for it."
    )
    page.figure(
        plots.learning_curves(
            {
                "training": {"loss (nats)": h["train_loss"]},
                "validation": {"loss (nats)": h["validation_loss"], "accuracy": h["validation_accuracy"]},
            }
        ),
        f"{model['title']} learning.",
        f"Two line charts over {r['epochs']} epochs; the validation accuracy ends at "
        f"{h['validation_accuracy'][-1]:.1%}.",
    )
