"""Where output goes: results to standard output, progress to standard error.

So ``groundup compare --json > ledger.json`` holds one JSON document and nothing else, while the progress line
still moves on the screen.
"""

import json
from typing import Any

from rich.console import Console

out = Console(highlight=False)
progress = Console(stderr=True, highlight=False)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output; NaN and infinity, which JSON lacks, become null."""
    if not out.quiet:  # of several processes one speaks, see groundup.training.processes
        print(json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Turn NumPy scalars and arrays, paths and tuples into what JSON knows."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy arrays and scalars
        return plain(value.tolist())
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)
