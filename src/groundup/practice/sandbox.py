"""The process that runs the learner's code: it may loop, crash, exit, print or eat memory, and harms nobody else.

It is started as ``python -m groundup.practice.sandbox``, reads one job (a line of JSON) from standard input, and writes
one answer to standard output. What the learner's code prints goes to a file, so that it can't be mistaken for it. A
process may be started before there is a job: then NumPy is imported already, and the answer comes at once.
"""

import faulthandler
import io
import json
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from groundup.practice.exercise import AnswerError, Case, Exercise, Part, load

DRAWS = (np.float64, np.float64, np.float64, np.float32)  # each part is tried on a fresh case of each


def cases(exercise: Exercise, seed: int) -> Iterator[tuple[int, int, Part, Case]]:
    """Yield (number of the part, number of the draw, part, case): the same in every process, for the same seed."""
    for p, part in enumerate(exercise.parts):
        for d, dtype in enumerate(DRAWS):
            if dtype is np.float64 or part.float32:
                yield p, d, part, part.cases(np.random.default_rng([seed, p, d]), dtype)


def run(
    exercise: Exercise, module: Any, seed: int, where: str, so_far: Path | None = None
) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Try a module on every case; return a record for each, and the arrays that the records name.

    ``where`` is the learner's file: errors are reported with the line in it. In ``so_far``, if given, stands what is
    known when a part begins, should the process not live to its end.
    """
    records: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {}
    failed: set[int] = set()
    for p, d, part, case in cases(exercise, seed):
        if p in failed:
            continue
        if d == 0 and so_far is not None:
            so_far.write_bytes(pack(records, arrays))
        record: dict[str, Any] = {"part": p, "draw": d}
        inputs = {name: _copy(value) for name, value in case.inputs.items()}
        try:
            np.random.seed(0)  # noqa: NPY002  a learner may draw from the old global generator: always the same
            with np.errstate(all="ignore"), warnings.catch_warnings():  # what it warns of shows in the numbers
                warnings.simplefilter("ignore", RuntimeWarning)
                outputs = part.outcome(module, inputs)
            for name in part.outputs:
                arrays[f"{p}/{d}/{name}"] = _array(outputs[name], name, part.name)
        except AnswerError as error:
            record["failure"] = {"cause": error.cause, "message": error.message}
        except BaseException as error:  # also SystemExit and KeyboardInterrupt: nothing ends this process
            record["failure"] = failure(error, where)
        record["changed"] = [
            name
            for name, value in case.inputs.items()
            if isinstance(value, np.ndarray)
            and name not in part.changes
            and not np.array_equal(value, inputs[name], equal_nan=value.dtype.kind == "f")
        ]
        if "failure" in record:
            failed.add(p)
        records.append(record)
    return records, arrays


def no_answer(failure: dict[str, Any], part: int = 0) -> dict[str, Any]:
    """Return the record of a file that did not get through a part, or not as far as its first."""
    return {"part": part, "draw": 0, "changed": [], "failure": failure}


def failure(error: BaseException, where: str) -> dict[str, Any]:
    """Describe an exception for someone who has never read a traceback: what, and in which line of their file."""
    record: dict[str, Any] = {"cause": f"raises {type(error).__name__}", "message": str(error) or type(error).__name__}
    if isinstance(error, SyntaxError):
        record |= {"cause": "syntax", "message": error.msg, "line": error.lineno, "text": (error.text or "").rstrip()}
        return record
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == where]
    if frames:
        record |= {"line": frames[-1].lineno, "text": (frames[-1].line or "").strip()}
    if isinstance(error, NotImplementedError) and "not written yet" in str(error):
        record["cause"] = "not written yet"
    return record


def module_from(path: str) -> ModuleType:
    """Run a file as a module of its own; its errors come as they are."""
    source = Path(path).read_text(encoding="utf-8")
    module = ModuleType("answer")
    module.__file__ = path
    sys.modules["answer"] = module  # dataclasses and pickling look a class's module up by its name
    exec(compile(source, path, "exec"), module.__dict__)
    return module


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _array(value: Any, name: str, function: str) -> np.ndarray:
    """Return a learner's value as an array of plain numbers, or say what it is instead."""
    if value is None:
        raise AnswerError("returns nothing", f"{name} of {function} is None. Did you forget a return?")
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biufc":
        what = "a list of unequal rows" if isinstance(value, list) else f"a {type(value).__name__}"
        raise AnswerError("not numbers", f"{name} of {function} is {what}; expected an array of numbers.")
    return array.copy()


def pack(header: Any, arrays: dict[str, np.ndarray]) -> bytes:
    """Return a header and arrays as bytes, without pickle: what comes back is data, never code."""
    buffer = io.BytesIO()
    named = {f"a{key}": value for key, value in arrays.items()}
    np.savez(buffer, allow_pickle=False, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **named)
    return buffer.getvalue()


def unpack(content: bytes) -> tuple[Any, dict[str, np.ndarray]]:
    """Undo :func:`pack`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
        return header, {key[1:]: file[key] for key in file.files if key != "header"}


def limit_memory(megabytes: int) -> None:
    """Let the process have this much more memory than now; where the system has no such limit, do nothing."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * os.sysconf("SC_PAGE_SIZE") + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (ImportError, OSError, ValueError):
        pass


def import_torch() -> None:
    """Import PyTorch, which takes a second or two, before somebody waits for it."""
    import torch
    import torch._dynamo  # the first optimizer would import it

    torch.set_num_threads(1)  # for a few numbers more threads take longer, and memory that is limited


def main(answer: BinaryIO) -> None:
    """Read the job, run it, write the answer."""
    if "--torch" in sys.argv:
        import_torch()  # before the clock starts
    job = json.loads(sys.stdin.readline() or "null")
    if job is None:  # the one who started us is gone
        return
    exercise = load(job["exercise"])
    limit_memory(job["megabytes"])
    trace = Path(job["trace"]).open("w")  # noqa: SIM115  open until the process ends
    faulthandler.enable(trace)  # which line has crashed
    faulthandler.dump_traceback_later(job["seconds"], file=trace, exit=True)  # which line an endless loop is in
    try:
        module = module_from(job["path"])
    except BaseException as error:
        answer.write(pack([no_answer(failure(error, job["path"]))], {}))
    else:
        answer.write(pack(*run(exercise, module, job["seed"], job["path"], Path(job["so_far"]))))
    answer.flush()
    os._exit(0)  # whatever threads or exit handlers the learner's code has left


if __name__ == "__main__":
    private = os.fdopen(os.dup(1), "wb")
    sink = os.open(os.devnull if len(sys.argv) < 2 else sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    main(private)
