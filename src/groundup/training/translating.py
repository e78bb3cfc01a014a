"""``groundup translate``: a trained model translates sentences, from the folder of its run."""

import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from groundup.console import out, print_json
from groundup.errors import GroundupError, UsageError
from groundup.runs import write_atomically
from groundup.training.trained import find_device, load_model, read_vocabulary, run_config
from groundup.training.translator import Translator, attention_figure
from groundup.training.vocabulary import Vocabulary


@dataclass(frozen=True)
class Translated:
    """Sentences with their translations and what decided them; what ``groundup translate --json`` prints."""

    folder: str
    model: str
    sentences: list[str]
    translations: list[str]
    search: str
    picture: str | None
    seconds: float


def translate_and_report(
    folder: Path, sentences: tuple[str, ...], beam: int | None, picture: Path | None, as_json: bool
) -> None:
    """Translate, and print a translation a line."""
    result = translate(folder, sentences or _from_input(), beam, picture)
    if as_json:
        print_json(asdict(result))
    else:
        for translation in result.translations:
            out.print(translation, soft_wrap=True, markup=False, highlight=False)


def translate(
    folder: Path, sentences: tuple[str, ...], beam: int | None = None, picture: Path | None = None
) -> Translated:
    """Translate sentences with the best weights of a run.

    Parameters
    ----------
    folder : of a run that trained a model of the task "translation". The data are not needed: the run knows its
        vocabulary.
    sentences : in the language that the model reads. Words that it has never seen are spelt to it.
    beam : of the search, instead of the one that the run was tested with; 1 is greedy search.
    picture : where a picture goes of what the model looked at as it translated the first sentence.

    Raises
    ------
    GroundupError : ``folder`` holds no run with weights, or the picture cannot be written.
    UsageError : the model does not translate, a sentence is empty, or a setting is out of range.
    """
    start = time.perf_counter()
    for number, sentence in enumerate(sentences, 1):
        if not sentence.strip():
            raise UsageError(f"Sentence {number} of {len(sentences)} is empty; there is nothing to translate.")
    translator, model = load_translator(folder, beam)
    translations = translator(sentences)
    if picture:
        _draw(translator, sentences[0], picture)
    return Translated(
        str(folder),
        model,
        list(sentences),
        translations,
        translator.search,
        str(picture) if picture else None,
        time.perf_counter() - start,
    )


def load_translator(folder: Path, beam: int | None = None) -> tuple[Translator, str]:
    """Return the best weights of a run, ready to translate, and the name of the model."""
    config = run_config(folder, "translation", "translate")
    beam = config.translation.beam if beam is None else beam
    if beam < 1:
        raise UsageError(f"--beam is {beam}; expected 1 or more: the number of beginnings to keep.")
    vocabulary = Vocabulary.from_json(read_vocabulary(folder, "the model's vocabulary"))
    device = find_device(config)
    model = load_model(folder, config, {"vocabulary": len(vocabulary)}, device)
    return Translator(model, vocabulary, device, beam, config.translation.alpha), config.model


def _from_input() -> tuple[str, ...]:
    """Return the lines of the standard input, empty ones left out; a keyboard is not waited for."""
    lines = () if sys.stdin.isatty() else tuple(line.strip() for line in sys.stdin if line.strip())
    if not lines:
        raise UsageError(
            'Which sentence? For example: groundup translate RUN "Ein Mann liest." Or a sentence a line on the input.'
        )
    return lines


def _draw(translator: Translator, sentence: str, path: Path) -> None:
    from groundup.training.run_page import save_picture

    figure, _, _ = attention_figure(translator, sentence)
    kind = path.suffix.removeprefix(".").lower() or "png"
    if kind not in ("png", "svg", "pdf"):
        raise UsageError(f"--picture is {path}; expected a name that ends in .png, .svg or .pdf.")
    try:
        write_atomically(path, lambda temporary: save_picture(figure, temporary, kind))
    except OSError as error:
        raise GroundupError(f"Cannot write {path} ({error.strerror or error}).") from None
