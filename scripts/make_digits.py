"""Make src/groundup/data/digits.npz from the digits that scikit-learn carries; the same bytes every time.

    python scripts/make_digits.py [FILE]

Afterwards, size and SHA-256 (printed) belong into the card in src/groundup/data/digits.py.
"""

import hashlib
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from groundup.data.splitting import split

TEST_ROWS = 360
SEED = 0


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "src/groundup/data/digits.npz"
    bunch: Any = load_digits()
    rows = np.arange(len(bunch.target))
    second = split(rows, bunch.target, 1 - TEST_ROWS / len(rows), np.random.default_rng(SEED))[1]
    test = np.zeros(len(rows), dtype=bool)
    test[second.x] = True
    # The split is stored, not recomputed, so it stays the same whatever becomes of NumPy's generators.
    write_npz(file, images=bunch.images.astype(np.uint8), labels=bunch.target.astype(np.uint8), test=test)
    content = file.read_bytes()
    print(f"{file}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


def write_npz(file: Path, **arrays: np.ndarray) -> None:
    """Write what ``numpy.savez`` writes, without what depends on clock, system or compressor."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            content = BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            archive.writestr(entry, content.getvalue())


if __name__ == "__main__":
    main()
