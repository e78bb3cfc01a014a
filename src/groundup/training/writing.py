"""``groundup generate``: a trained language model goes on with a text, from the folder of its run."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from groundup.console import out, print_json
from groundup.errors import UsageError
from groundup.training.generation import TEMPERATURE, generate
from groundup.training.tasks.text import settings
from groundup.training.trained import find_device, load_model, read_vocabulary, run_config


@dataclass(frozen=True)
class Written:
    """A text with everything that decided it; what ``groundup generate --json`` prints."""

    folder: str
    model: str
    prompt: str
    written: str  # what the model added to the prompt
    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    seconds: float


def write_and_report(
    folder: Path,
    prompt: str | None,
    tokens: int,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Let the run's model write, and print the text with its prompt."""
    result = write(folder, prompt, tokens, temperature, top_k, top_p, seed)
    if as_json:
        print_json(asdict(result))
    else:
        out.print(result.prompt.lstrip("\n") + result.written, soft_wrap=True, markup=False)


def write(
    folder: Path,
    prompt: str | None = None,
    tokens: int = 200,
    temperature: float = TEMPERATURE,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 0,
) -> Written:
    """Let the best weights of a run go on with a text.

    Parameters
    ----------
    folder : of a run that trained a model of the task "text". The data are not needed: the run knows its characters.
    prompt : how the text begins; by default with the beginning of a line.
    tokens : how many characters to add.
    temperature, top_k, top_p : how boldly to draw, see :func:`groundup.training.generation.distribution`.
    seed : of the draws. The same seed gives the same text on the same machine.

    Raises
    ------
    GroundupError : ``folder`` holds no run with weights.
    UsageError : the model does not write, the prompt has characters that it does not know, or a setting out of range.
    """
    start = time.perf_counter()
    config = run_config(folder, "text", "write")
    vocabulary = read_vocabulary(folder, "the characters that the model knows")
    prompt = ("\n" if "\n" in vocabulary else vocabulary[0]) if prompt is None else prompt
    opening = _encode(prompt, vocabulary)
    device = find_device(config)
    text = generate(
        load_model(folder, config, settings(config, vocabulary), device),
        torch.tensor([opening], device=device),
        tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        generator=torch.Generator().manual_seed(seed),
    )
    written = "".join(vocabulary[number] for number in text[0, len(opening) :].tolist())
    seconds = time.perf_counter() - start
    return Written(str(folder), config.model, prompt, written, temperature, top_k, top_p, seed, seconds)


def _encode(prompt: str, vocabulary: str) -> list[int]:
    """Return the number of each character, or say which of them the model has never seen."""
    if not prompt:
        raise UsageError("The prompt is empty; give it one character at least, or leave --prompt out.")
    unknown = "".join(dict.fromkeys(letter for letter in prompt if letter not in vocabulary))
    if unknown:
        hint = " In most shells a new line is written $'\\n'." if "\\n" in prompt and "\n" in vocabulary else ""
        raise UsageError(
            f"The model has never seen {', '.join(map(repr, unknown))}. It knows {len(vocabulary)} characters: "
            f"{vocabulary!r}.{hint}"
        )
    return [vocabulary.index(letter) for letter in prompt]
