"""The page of the study: the flights of later months, and networks that meet something new."""

from typing import TYPE_CHECKING, Any

import numpy as np

from groundup.applications.shift.words import MONTHS, change, judged, percent, points, spread

if TYPE_CHECKING:
    from groundup.report import Page


RANDOM = ("promised", "delivered")  # by the model of a random split, another one with every seed


def months(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.shift import pictures

    found = result["months"]
    split = found["random_split"]
    page.text(
        "Will a flight come more than 30 minutes late, or not at all? The features are those of the study `flights`: "
        "what is known two hours before departure. A model learns from January to April "
        f"({found['flights']['trained']:,} flights); May chooses among two learners with three settings each (chosen: "
        f"{found['learner']}); and then the months come. The usual mistake is to shuffle: hold out a fifth of January "
        "to May at random. The flights held out have neighbours of the same hour and the same storm in training, and "
        "no month is a new one."
    )
    page.table(
        ["", "ROC-AUC", "log loss", "ECE"],
        [
            [words, *(spread(split[key][name], form) if key in RANDOM else f"{split[key][name]['mean']:{form}}"
                      for name, form in (("roc_auc", ".3f"), ("log_loss", ".3f"), ("ece", ".1%")))]
            for key, words in (
                ("promised", "held out at random from January to May"),
                ("delivered", "the same model, June to December"),
                ("promised by May", "held out by time: May, the learner and setting that did best on it"),
                ("delivered after May", "the model of January to April, June to December"),
            )
        ],
        f"Mean ± standard deviation over {result['seeds']} random splits; the rows below are split by time, and "
        "nothing "
        "in them is random. " + _what_was_promised(found),
    )  # fmt: skip
    rows = found["months"]
    names = [MONTHS[row["month"]] for row in rows]
    shown = {"old": "the model of January to April", "fresh": "trained again each month on all months"}
    aucs = {words: [row["ways"][way]["roc_auc"] for row in rows] for way, words in shown.items()}
    page.figure(
        pictures.by_month(
            names, aucs, (split["promised"]["roc_auc"]["mean"], "promised by the random split"), "ROC-AUC"
        ),
        "How well late and cancelled flights are ranked, month by month.",
        "; ".join(
            f"{words}: " + ", ".join(f"{month} {value:.3f}" for month, value in zip(names, values))
            for words, values in aucs.items()
        ),
    )
    drift = found["drift"]
    nothing, lost = drift["nothing"], {row["month"]: row for row in rows}
    page.text(
        "Does drift, measured without any outcome, tell which months will be bad? A classifier is asked to tell a "
        "month's flights from those of January to April, on days that it has not seen; the stability index compares "
        "the model's scores. Even when nothing has drifted, days differ: the training months, divided in two day by "
        f"day, give {spread(nothing['by days']['auc'], '.2f')} and {spread(nothing['by days']['stability'], '.3f')}; "
        f"divided flight by flight, {spread(nothing['by rows']['auc'], '.2f')} and "
        f"{spread(nothing['by rows']['stability'], '.4f')}."
    )
    page.table(
        ["month", "told apart", "index", "moved most", "late", "expected", "ROC-AUC"],
        [
            [
                MONTHS[row["month"]], f"{row['auc']:.2f}", f"{row['stability']:.3f}",
                f"{row['column']} ({row['column_stability']:.1f})",
                *((percent(lost[row["month"]]["event"]), percent(lost[row["month"]]["ways"]["old"]["expected"]),
                   f"{lost[row['month']]['ways']['old']['roc_auc']:.3f}") if row["month"] in lost else ("–",) * 3),
            ]
            for row in drift["months"]
        ],
        "Drift against January to April beside what the model of these months is worth. In brackets, the stability "
        "index "
        "of the feature that moved most. " + _which_months(found),
    )  # fmt: skip


def _what_was_promised(found: dict[str, Any]) -> str:
    split, aucs = found["random_split"], [row["ways"]["old"]["roc_auc"] for row in found["months"]]
    promised, delivered = (split[key]["roc_auc"]["mean"] for key in ("promised", "delivered"))
    width = max(aucs) - min(aucs)
    return (
        f"On average the random split promises {promised - delivered:+.3f} against what comes; but month by month the "
        f"old model's ROC-AUC spans {width:.3f}, which the spread of random splits "
        f"({split['promised']['roc_auc']['std'] or 0:.3f}) does not announce."
    )


def _which_months(found: dict[str, Any]) -> str:
    aucs = {row["month"]: row["ways"]["old"]["roc_auc"] for row in found["months"]}
    later = [row for row in found["drift"]["months"] if row["month"] in aucs]
    most, worst = max(later, key=lambda row: row["auc"])["month"], min(aucs, key=lambda month: aucs[month])
    place = sorted(aucs, key=lambda month: aucs[month], reverse=True).index(most) + 1
    return (
        f"The month that is told apart most easily is {MONTHS[most]}, number {place} of {len(aucs)} by the model's "
        f"ROC-AUC; the model does worst in {MONTHS[worst]}."
    )


def kept(page: "Page", result: dict[str, Any]) -> None:
    from groundup.applications.flights import pictures

    found = result["months"]
    ways, rows = found["ways"], found["months"]
    page.text(
        "Probabilities age as well: when fewer flights are late, an old model warns too often. A temperature only "
        "stretches the scores; Platt's repair also moves their level, to that of the month that it is fitted on, right "
        "or wrong for the next. Training again costs more. Everything is older than the month it predicts."
    )
    page.table(
        ["", "ROC-AUC", "log loss", "less the old model", "", "ECE"],
        [
            [
                ways[way],
                f"{found['overall'][way]['roc_auc']:.3f}",
                f"{found['overall'][way]['log_loss']:.4f}",
                "–" if way == "old" else change(found["against_old"][way], "+.4f"),
                "–" if way == "old" else judged(found["against_old"][way], "better", "worse", more_is_better=False),
                percent(found["overall"][way]["ece"]),
            ]
            for way in found["ranking"]
        ],
        f"June to December together, {found['flights']['later']:,} flights; the difference in log loss with its 95% "
        f"interval over {found['days']} whole days. First and second differ by {change(found['lead'], '+.4f')}"
        + (": a tie." if found["lead"][2] >= 0 else "."),
        best=0,
    )
    shown = {"observed": "late or cancelled", "old": "expected, old model", "repaired": "expected, repaired on May",
             "fresh": "expected, trained again"}  # fmt: skip
    shares = [
        {"month": row["month"], "observed": row["event"], **{w: row["ways"][w]["expected"] for w in ways}}
        for row in rows
    ]
    page.figure(
        pictures.months(shares, shown),
        "What share of the flights is expected to come late or not at all, and what share does.",
        "; ".join(
            f"{words}: " + ", ".join(f"{MONTHS[one['month']]} {one[key]:.1%}" for one in shares)
            for key, words in shown.items()
        ),
    )
    page.table(
        ["log loss", *(MONTHS[row["month"]] for row in rows)],
        [[ways[way], *(f"{row['ways'][way]['log_loss']:.3f}" for row in rows)] for way in found["ranking"]],
        "Month by month. Log loss follows the share of late flights as well, so compare down a column, not along a "
        "row.",
    )


def transfer(page: "Page", result: dict[str, Any]) -> None:
    from groundup import plots

    ways = result["transfer"]["ways"]
    page.text(
        "The sharpest change: other classes, or another source of images, and only a few labelled examples. Is a "
        "network that was trained on something else worth keeping? It can be fine-tuned, or its features kept as they "
        "are and a logistic regression put on top. Against these stand the same network from scratch, features of a "
        "network that was never trained, and logistic regression on the pixels. Each way trains on n images a class, "
        "and chooses one of three settings by n others: a large validation part would be a gift."
    )
    for move in result["transfer"]["moves"].values():
        shots = move["shots"]
        curves = {
            words: (
                [100 * one["mean"] for one in move["accuracy"][way]],
                [100 * (one["std"] or 0) for one in move["accuracy"][way]],
            )
            for way, words in ways.items()
        }
        page.figure(
            plots.knob(shots, curves, "labelled images of each class", "test images read rightly, %"),
            f"{_capital(move['words'])}: mean and standard deviation over {result['seeds']} seeds.",
            "; ".join(
                f"{w}: {values[0]:.0f}% with one, {values[-1]:.0f}% with most" for w, (values, _) in curves.items()
            ),
        )
        page.table(
            ["", *(f"{n} a class" for n in shots)],
            [[words, *(_in_percent(one) for one in move["accuracy"][way])] for way, words in ways.items()]
            + [
                ["fine-tuned less from scratch", *(_gap(one) for one in move["against_scratch"]["tuned"])],
                ["fine-tuned less the pixels", *(_gap(one) for one in move["against_pixels"]["tuned"])],
            ],
            f"{_capital(move['words'])}: test images read rightly, in %, and differences in points; "
            f"{move['sizes']['source']:,} images to train on before, {move['classes']} classes and "
            f"{move['sizes']['test']} test images after. {_where(ways, move)}",
        )


def _in_percent(one: dict[str, Any]) -> str:
    return f"{100 * one['mean']:.1f}" + ("" if one["std"] is None else f" ± {100 * one['std']:.1f}")


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]  # capitalize() would make the other letters small, those of names too


def _gap(one: dict[str, Any]) -> str:
    value, low, high = (100 * number for number in one["interval"])
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]" + ("" if one["clear"] else " ?")


def _where(ways: dict[str, str], move: dict[str, Any]) -> str:
    gains = move["against_scratch"]["tuned"]
    clear = [n for n, gain in zip(move["shots"], gains) if gain["clear"] and gain["seeds"]["mean"] > 0]
    largest = int(np.argmax([gain["seeds"]["mean"] for gain in gains]))
    said = (
        f"Fine-tuning gains most with {move['shots'][largest]} a class ({points(gains[largest]['interval'])}); it is "
        f"clearly better than from scratch with {', '.join(map(str, clear)) if clear else 'no number of images'}. "
    )
    best = ", ".join(f"{n}: {ways[way]}" for n, way in zip(move["shots"], move["best"]))
    return said + f"Best, by images a class: {best}. ?: less than twice its own spread over the seeds."
