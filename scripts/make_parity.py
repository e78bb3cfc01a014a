"""Write docs/parity.md: ``python scripts/make_parity.py``."""

from pathlib import Path

from groundup.compare import ledger

PAGE = Path(__file__).parents[1] / "docs" / "parity.md"

if __name__ == "__main__":
    PAGE.write_text(ledger.markdown(ledger.build(progress=print)), encoding="utf-8")
    print(PAGE)
