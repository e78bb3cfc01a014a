"""Make src/groundup/data/shakespeare_sample.txt, the beginning of tinyshakespeare; the same bytes every time.

    python scripts/make_text_sample.py [FILE]

Afterwards, size and SHA-256 (printed) belong into the card in src/groundup/data/shakespeare_sample.py.
"""

import hashlib
import sys
from pathlib import Path

from groundup import data

LONGEST = 100_000  # characters


def main() -> None:
    default = Path(__file__).parents[1] / "src/groundup/data/shakespeare_sample.txt"
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    text = data.load("tinyshakespeare").train
    end_of_speech = text.rindex("\n\n", 0, LONGEST) + 1  # the last speech is whole
    file.write_bytes(text[:end_of_speech].encode("ascii"))
    content = file.read_bytes()
    print(f"{file}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
