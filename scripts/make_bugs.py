"""Print the proof of the scripts with a fault and write it to docs/bugs.md: ``python scripts/make_bugs.py``."""

from pathlib import Path

from groundup.practice import bug_proof

PAGE = Path(__file__).parents[1] / "docs" / "bugs.md"

if __name__ == "__main__":
    page = bug_proof.markdown(bug_proof.measured(), bug_proof.judged())
    PAGE.write_text(page, encoding="utf-8")
    print(page)
