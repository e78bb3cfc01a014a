"""Print the proof of the exercises and write it to docs/practice.md: ``python scripts/make_practice.py``."""

from pathlib import Path

from groundup.practice import proof

PAGE = Path(__file__).parents[1] / "docs" / "practice.md"

if __name__ == "__main__":
    page = proof.markdown(proof.proof())
    PAGE.write_text(page, encoding="utf-8")
    print(page)
