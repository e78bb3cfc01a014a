"""``groundup compare``: the ledger, one component's evidence, or twins in training; and ``groundup bench``."""

import sys

from rich.table import Table

from groundup.compare import ledger, loader_speed, model_speed, speed, trajectory
from groundup.compare.benchmarks import BENCHMARKS
from groundup.compare.cases import CASES
from groundup.compare.machine import machine
from groundup.compare.workloads import WORKLOADS
from groundup.console import out, print_json, progress
from groundup.errors import GroundupError, UsageError, unknown_name


def run(name: str | None, steps: int, tolerance: float, seed: int, rounds: int, json: bool) -> None:
    """Print what was asked for; raise GroundupError (exit code 1) if anything disagrees."""
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, got {seed}")
    if name is None or name not in WORKLOADS:
        components = {case.component.__name__ for case in CASES}
        if name is not None and name not in components:
            raise unknown_name("component or twin network", name, components | WORKLOADS.keys())
        compare_components(name, seed, json)
    else:
        if steps < 1:
            raise UsageError(f"--steps must be at least 1, got {steps}")
        compare_twins(name, steps, tolerance, seed, rounds, json)


def compare_components(only: str | None, seed: int, json: bool) -> None:
    with progress.status("examining") as status:
        result = ledger.build(seed, only, progress=status.update)
    if json:
        print_json(result.to_dict())
    else:
        out.print(ledger.table(result))
        out.print(
            f"{len(result.rows)} lines, {sum(row.passed for row in result.rows)} proved; {result.mutants} mistakes "
            f"planted in backwards and updates, {len(result.survivors)} not noticed."
        )
    complaints = [f"{row.name}: {failure}" for row in result.rows for failure in row.failures]
    complaints += [f"a planted mistake went unnoticed: {survivor}" for survivor in result.survivors]
    if complaints:
        raise GroundupError("\n".join(complaints))


def compare_twins(name: str, steps: int, tolerance: float, seed: int, rounds: int, json: bool) -> None:
    workload = trajectory.find(name)
    if not json:
        out.print(f"[bold]{name}[/]: {workload.about}")
        out.print("The same weights, the same batches, float64. By hand in NumPy | the twin in PyTorch:\n")
    every = max(1, steps // 10)

    def report(step: trajectory.Step) -> None:
        if json:
            _overwrite(f"step {step.step}/{steps}")
        elif step.step in (1, 2, 5, steps) or step.step % every == 0:
            out.print(
                f"step {step.step:>4}   loss {step.loss_by_hand:.15f} | {step.loss_in_torch:.15f}   "
                f"largest relative difference of any weight {step.gap:.1e} ({step.widest})"
            )

    result = trajectory.train_twins(workload, steps, seed, tolerance, report)
    timing = (
        speed.measure(f"twin/{name}", rounds=rounds, seed=seed, report=_overwrite) if rounds and result.agreed else None
    )
    if json:
        print_json(result.to_dict() | {"speed": timing.to_dict() if timing else None})
    elif result.agreed:
        gap = max(step.gap for step in result.steps)
        out.print(f"\n[green]They agree[/]: in {steps} steps no weight differed by more than {gap:.1e} (relative).")
        if timing:
            out.print(speed_table([timing]))
    if not result.agreed:
        raise GroundupError(f"the twins part. {result.divergence} (tolerance {tolerance:g})")


def bench(names: tuple[str, ...], rounds: int, threads: int, seed: int, json: bool, workers: int | None = None) -> None:
    """Measure the benchmarks that were named, or all; after the word "models" or "loader", those instead."""
    for option, value, least in (("--rounds", rounds, 1), ("--threads", threads, 1), ("--seed", seed, 0)):
        if value < least:
            raise UsageError(f"{option} must be at least {least}, got {value}")
    if workers is not None and names[:1] in (("models",), ("loader",)):
        raise UsageError(f"--workers is {workers}, but only the networks by hand are trained in several processes")
    if names[:1] == ("models",):
        model_speed.run(names[1:], rounds, threads, seed, json)
        return
    if names[:1] == ("loader",):
        loader_speed.run(names[1:], rounds, threads, seed, json)
        return
    for name in names:
        if name not in BENCHMARKS:
            raise unknown_name("benchmark", name, [*BENCHMARKS, "models", "loader"])
    if workers not in (None, 1, threads):
        raise UsageError(
            f"--workers is {workers}, --threads {threads}; expected as many workers as threads, each of one thread, "
            "or 1, with all threads"
        )
    workers = threads if workers is None else workers
    timings = [
        speed.measure(f"bench/{name}", threads, rounds, 0.4, seed, workers, _overwrite) for name in names or BENCHMARKS
    ]
    if json:
        document = {"machine": machine(), "threads": threads, "workers": workers, "rounds": rounds}
        benchmarks = [timing.to_dict() | {"about": BENCHMARKS[timing.workload].about} for timing in timings]
        print_json(document | {"benchmarks": benchmarks})
    else:
        out.print(speed_table(timings))


def speed_table(timings: list[speed.Timing]) -> Table:
    """Return timings as a table for the terminal."""
    threads, workers = timings[0].threads, timings[0].workers
    ours = f"1 process, {threads} threads" if workers == 1 else f"{workers} processes that share each batch"
    view = Table(
        title="One training step, float32, median of rounds in turns",
        caption=f"By hand: {ours}; PyTorch: 1 process, {threads} threads. Memory: all processes together.",
        title_justify="left",
        caption_justify="left",
    )
    alone = ["1 process"] if workers > 1 else []
    for heading in ("network", "by hand", *alone, "PyTorch", "ratio", "examples/s", "memory", "PyTorch's"):
        view.add_column(heading, justify="left" if heading == "network" else "right")
    for t in timings:
        view.add_row(
            t.workload,
            f"{t.by_hand_ms:.2f} ms",
            *([] if t.one_process_ms is None else [f"{t.one_process_ms:.2f} ms"]),
            f"{t.in_torch_ms:.2f} ms",
            f"{t.ratio:.2f}",
            f"{1e3 * t.batch_size / t.by_hand_ms:,.0f}",
            f"{t.by_hand_mib:.0f} MiB",
            f"{t.in_torch_mib:.0f} MiB",
        )
    return view


def _overwrite(line: str) -> None:
    if sys.stderr.isatty():
        progress.print(line + "   ", end="\r")
