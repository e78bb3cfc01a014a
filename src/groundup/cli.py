"""The command line, ``groundup COMMAND``: thin, and lazy about imports so that ``--help`` never loads torch.

Each command is a function: its signature becomes the options, its docstring the help. A command that reports
takes ``--json`` (one JSON document on standard output, nothing else there), and ``--seed`` where chance has a part;
progress goes to standard error. Exit code 0: done; 2: wrong usage; 1: failed.
"""

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from groundup.errors import EXTRAS, GroundupError, UsageError, missing_package
from groundup.training.config import TrainConfig
from groundup.training.settings import read_config

app = tyro.extras.SubcommandApp()


@app.command
def train(
    config: Annotated[TrainConfig, tyro.conf.arg(name="")] = TrainConfig(),  # noqa: B008 (frozen)
    file: Annotated[Path | None, tyro.conf.arg(name="config")] = None,
    resume: Path | None = None,
    folder: Path | None = None,
    json: bool = False,
) -> None:
    """Train a model on a data set: `groundup train lenet --data digits`.

    Parameters
    ----------
    config
        Every choice of the run.
    file
        A configuration to start from, such as config.json of an earlier run; other options change it.
    resume
        The folder of a run that was stopped or killed: go on from its last checkpoint. Takes no other choices.
    folder
        Where the files of the run go, by default runs/MODEL-DATA-seedSEED; numbered if it exists.
    json
        Print the result as one JSON document.
    """
    from groundup.training import report

    report.train_and_report(config, resume, folder, json)


@app.command
def evaluate(
    folder: tyro.conf.Positional[Path],
    split: Literal["validation", "test"] = "validation",
    json: bool = False,
) -> None:
    """Measure a trained model and look inside: `groundup evaluate runs/lenet-mnist-seed0`.

    Writes evaluation.json and evaluation.html into the folder of the run; those of an earlier evaluation are replaced.

    Parameters
    ----------
    folder
        The folder of the run.
    split
        Which part of the data: validation, as often as you like; test, from what training stored of its one look.
    json
        Print the result as one JSON document.
    """
    from groundup.training import inspection

    inspection.evaluate_and_report(folder, split, json)


@app.command
def generate(
    folder: tyro.conf.Positional[Path],
    prompt: str | None = None,
    tokens: int = 200,
    temperature: float = 0.8,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Let a trained language model write: `groundup generate runs/gpt_small-tinyshakespeare-seed0 --prompt ROMEO:`.

    Parameters
    ----------
    folder
        The folder of the run that trained it.
    prompt
        How the text begins, in characters that the model knows; by default with a new line.
    tokens
        How many characters it shall add.
    temperature
        Below 1 it prefers the likely more, above 1 less; at 0 it always takes the likeliest.
    top_k
        Draw from the k likeliest characters alone.
    top_p
        Draw from the fewest characters that hold this share of the probability, such as 0.9.
    seed
        Of the draws: the same seed, the same text.
    json
        Print the text and its settings as one JSON document.
    """
    from groundup.training import writing

    writing.write_and_report(folder, prompt, tokens, temperature, top_k, top_p, seed, json)


@app.command
def translate(
    folder: tyro.conf.Positional[Path],
    sentences: tyro.conf.Positional[tuple[str, ...]] = (),
    beam: int | None = None,
    picture: Path | None = None,
    json: bool = False,
) -> None:
    """Translate with a trained model: `groundup translate runs/transformer_small-multi30k-seed0 "Ein Mann liest."`.

    Parameters
    ----------
    folder
        The folder of the run that trained it.
    sentences
        What to translate; without them, a sentence a line from standard input.
    beam
        How many beginnings the search keeps, instead of the run's choice; 1 always takes the likeliest token.
    picture
        Draw where the model looked as it translated the first sentence: a file that ends in .png, .svg or .pdf.
    json
        Print the translations and their settings as one JSON document.
    """
    from groundup.training import translating

    translating.translate_and_report(folder, sentences, beam, picture, json)


@app.command(name="train-scratch")
def train_scratch(
    model: tyro.conf.Positional[str | None] = None,
    data: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    workers: int | None = None,
    seed: int = 0,
    folder: Path | None = None,
    json: bool = False,
) -> None:
    """Train a model made by hand, in NumPy alone, and look at what it learnt: `groundup train-scratch lenet`.

    Parameters
    ----------
    model
        The model, such as lenet. Without it, the list of all models and their data sets.
    data
        The data set; by default the first that the model's recipe names.
    epochs
        Passes over the training examples, instead of the recipe's.
    batch_size
        Examples a step, instead of the recipe's.
    lr
        Learning rate (its peak, where the recipe lets it rise and fall), instead of the recipe's.
    workers
        Processes that share each batch, one thread each; by default 1, whose products use all threads of NumPy.
    seed
        Where weights, the order of the examples and the validation split come from.
    folder
        Where the files of the run go, by default runs/scratch-MODEL-DATA-seedSEED; numbered if it exists.
    json
        Print the result as one JSON document.
    """
    from groundup.recipes import command

    command.run(model, data, epochs, batch_size, lr, seed, folder, json, workers)


@app.command
def runs(
    folders: tyro.conf.Positional[tuple[Path, ...]] = (),
    picture: Path | None = None,
    json: bool = False,
) -> None:
    """List training runs and compare them: what they chose, what came out.

    Parameters
    ----------
    folders
        Where to look, folders inside included; by default runs.
    picture
        A file for the curves of all runs over each other: .png, .svg, or .html with the table.
    json
        Print the runs as one JSON document.
    """
    from groundup.training import comparing

    comparing.show(folders, picture, json)


@app.command
def sweep(
    config: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE")],
    trials: int = 20,
    workers: int = 1,
    test: bool = False,
    seed: int = 0,
    folder: Path | None = None,
    json: bool = False,
) -> None:
    """Search for good choices of a training run: `groundup sweep experiments/digits_sweep.toml --trials 30`.

    The same command again goes on where it was stopped or killed. Started twice at the same time, also on machines that
    share the disk (with file locks that hold between them, as NFS has), two processes work on one search.

    Parameters
    ----------
    config
        A TOML file: what all trials have in common, and what is searched; see the examples in `experiments`.
    trials
        How many trials there shall be in all, with those of earlier calls.
    workers
        Processes that work at once; they share the cores.
    test
        At the end, look at the test split with the best trial: once, when all choosing is over.
    seed
        Of what is tried; the seed of the training runs is a choice in the file.
    folder
        Where the search is, by default runs/sweep-NAME, with the name of the file.
    json
        Print the result as one JSON document.
    """
    from groundup.training.experiments import command

    command.sweep(config, trials, workers, folder, seed, test, json)


@app.command
def ablate(
    config: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="FILE")],
    seeds: int = 5,
    workers: int = 1,
    seed: int = 0,
    folder: Path | None = None,
    json: bool = False,
) -> None:
    """Find out which choices matter: `groundup ablate experiments/digits_ablation.toml`.

    Trains a baseline and named changes to it, each with several seeds, and tells differences from noise. The same
    command again goes on where it was stopped or killed; started twice at the same time, two processes share the work.

    Parameters
    ----------
    config
        A TOML file: the baseline, and the changes; see the examples in `experiments`.
    seeds
        How often each choice is trained, with those of earlier calls.
    workers
        Processes that work at once; they share the cores.
    seed
        The first of the seeds, which decide weights, order and validation split.
    folder
        Where the runs are, by default runs/ablate-NAME, with the name of the file.
    json
        Print the result as one JSON document.
    """
    from groundup.training.experiments import command

    command.ablate(config, seeds, workers, folder, seed, json)


@app.command
def models(json: bool = False) -> None:
    """List the models: name, paper, year, parameters.

    Parameters
    ----------
    json
        Print the list as one JSON document.
    """
    from groundup.training import report

    report.list_models(json)


@app.command
def data(
    action: tyro.conf.Positional[Literal["list", "fetch", "show"]] = "list",
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    unverified: bool = False,
    json: bool = False,
) -> None:
    """List the data sets, or get one: `groundup data fetch mnist`.

    Parameters
    ----------
    action
        list: all of them, and which are present; fetch: download and check; show: the whole description.
    names
        The data sets to fetch or show.
    unverified
        Take a file that is whole but not the original, such as a copy made from other pictures, from GROUNDUP_MIRROR.
        Every later load says that these are not the original bytes.
    json
        Print the result as one JSON document.
    """
    from groundup.data import command

    command.run(action, names, unverified, json)


@app.command
def compare(
    name: tyro.conf.Positional[str | None] = None,
    steps: int = 200,
    tolerance: float = 1e-9,
    rounds: int = 9,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Prove the parts made by hand equal to PyTorch: all of them, one (Conv2d), or twins in training (cnn).

    Parameters
    ----------
    name
        A component, or a twin network: mlp, cnn, batchnorm, lstm or gpt. Without it, the ledger of all components.
    steps
        Training steps of the twins.
    tolerance
        The largest relative difference between the twins that is allowed.
    rounds
        How often the engines take turns in the timing of the twins; 0 leaves it out.
    seed
        Where weights, inputs and batches come from.
    json
        Print the result as one JSON document.
    """
    from groundup.compare import command

    command.run(name, steps, tolerance, seed, rounds, json)


@app.command
def apply(
    name: tyro.conf.Positional[str | None] = None,
    seeds: int = 5,
    seed: int = 0,
    folder: Path | None = None,
    json: bool = False,
) -> None:
    """Carry out a case study on real data, with a report page: `groundup apply loans`.

    Parameters
    ----------
    name
        The study. Without it, the list of all studies.
    seeds
        How often everything is repeated, each time with new initial weights and, unless time divides the data, a new
        split.
    seed
        Where splits and weights come from.
    folder
        Where results.json, report.html and the model go, by default runs/NAME; those of an earlier run are replaced.
    json
        Print the results as one JSON document.
    """
    from groundup.applications import command

    command.run(name, seeds, seed, folder, json)


@app.command
def predict(
    model: tyro.conf.Positional[Path],
    file: tyro.conf.Positional[Path],
    output: Path | None = None,
    json: bool = False,
) -> None:
    """Score new rows with the model of a case study: `groundup predict runs/loans new.csv`.

    Parameters
    ----------
    model
        The folder of the study, or of its model.
    file
        A CSV file with the columns that the model was trained on, in any order; others are left aside.
    output
        Where the scores go, as CSV: row, probability, prediction. By default to standard output.
    json
        Print the scores as one JSON document.
    """
    from groundup.applications import predict

    predict.run(model, file, output, json)


@app.command
def audit(
    file: tyro.conf.Positional[Path],
    target: str | None = None,
    test: Path | None = None,
    time: str | None = None,
    rows: int = 100_000,
    seed: int = 0,
    folder: Path | None = None,
    fail_on: Literal["never", "problem", "warning"] = "never",
    json: bool = False,
) -> None:
    """Look at a table before a model does: `groundup audit loans.csv --target paid_back`.

    Parameters
    ----------
    file
        A CSV file of any usual delimiter and encoding, plain or gzipped.
    target
        The column that is to be predicted. Without it, nothing is asked about leakage or imbalance.
    test
        A second file, of the rows that a model will be tested or used on: have they drifted, are rows in both?
    time
        A column of dates or numbers: the latest fifth of the rows is compared with the others.
    rows
        Of a longer file, so many rows are drawn at random.
    seed
        Where samples and shuffles come from.
    folder
        Where results.json and report.html go, by default runs/audit-NAME; those of an earlier run are replaced.
    fail_on
        End with exit code 1 where there is a finding so severe, or worse.
    json
        Print the result as one JSON document.
    """
    from groundup.applications.audit import command

    command.run(file, target, test, time, rows, seed, folder, fail_on, json)


@app.command
def bench(
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    rounds: int = 11,
    threads: int = 2,
    workers: int | None = None,
    seed: int = 0,
    json: bool = False,
) -> None:
    """Time a training step of each benchmark, by hand beside PyTorch: mlp, lenet, resnet, lstm, gpt, vae.

    `groundup bench models` times the models of Part 2 beside their reference implementations (torchvision,
    transformers, torch.nn) instead, and `groundup bench models resnet18 gpt2` those two. `groundup bench loader`
    times how batches of images are made, beside a training step that waits for them.

    Parameters
    ----------
    names
        Which benchmarks, by default all; or the word models or loader, alone or before names of models.
    rounds
        How often the engines take turns; medians over rounds are reported.
    threads
        Of each engine: how many cores it may use.
    workers
        Processes by hand, by default as many as threads, each with one thread; 1: one process with all threads.
    seed
        Where weights and inputs come from.
    json
        Print the result as one JSON document.
    """
    from groundup.compare import command

    command.bench(names, rounds, threads, seed, json, workers)


@app.command
def practice(
    action: tyro.conf.Positional[Literal["start", "list", "next", "check", "hint", "solution", "reset"]] = "start",
    name: tyro.conf.Positional[str | None] = None,
    folder: Path = Path("practice"),
    watch: bool = True,
    seed: int | None = None,
    line: int | None = None,
    json: bool = False,
) -> None:
    """Write the parts yourself, and be told at once what is wrong; then find the bugs in scripts: `groundup practice`.

    Parameters
    ----------
    action
        start: begin or go on, and check on each save; list: all exercises; next: go to another; check: once, now;
        hint: a nudge, more each time; solution: show it; reset: start an exercise again (what you had is kept).
    name
        The exercise or the bug; by default the one you are at.
    folder
        Where your files and your progress are.
    watch
        Check on each save until Ctrl-C (in a terminal).
    seed
        Of the inputs of the checks; by default new ones each time.
    line
        With check, for a bug: is the fault in this line of your file?
    json
        Print the result as one JSON document.
    """
    from groundup.practice import command

    sys.exit(command.run(action, name, folder, seed, watch, json, line))


@app.command
def tour(seed: int = 0, folder: Path = Path("runs/tour"), json: bool = False) -> None:
    """Walk the whole road once, in a minute, and leave a page to look at.

    Parameters
    ----------
    seed
        Where weights, batches and splits come from.
    folder
        Where results.json and report.html go.
    json
        Print the results as one JSON document.
    """
    from groundup.tour import command

    command.run(seed, folder, json)


def start_from_file(words: list[str]) -> None:
    """For `train --config FILE`: let the choices in FILE be the defaults of the other options."""
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config", type=Path)
    file = finder.parse_known_args(words[1:])[0].config if words[:1] == ["train"] else None
    given = read_config(TrainConfig, file) if file else TrainConfig()
    app.command(name="train")(partial(train, config=given))


def main() -> None:
    """Run one command; a user's mistake ends in one clear sentence, never in a traceback."""
    try:
        start_from_file(sys.argv[1:])
        config = (tyro.conf.FlagCreatePairsOff,)  # --json, without a --no-json
        app.cli(prog="groundup", description="Deep learning from the ground up.", config=config)
    except GroundupError as error:
        sys.exit(complain(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:  # our own mistake, not the user's
            raise
        sys.exit(complain(missing_package(package, EXTRAS[package])))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        sys.stderr.close()


def complain(error: GroundupError) -> int:
    """Print the message of an error on standard error, and return the exit code."""
    from rich.markup import escape

    from groundup.console import progress

    progress.print(f"[bold red]groundup:[/] {escape(str(error))}", soft_wrap=True)
    return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    main()
