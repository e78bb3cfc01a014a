"""Count how often the audit is right, and write it to docs/audit.md: ``python scripts/score_audit.py`` (minutes)."""

from pathlib import Path
from typing import Any

from groundup.applications.audit import score

PAGE = Path(__file__).parents[1] / "docs" / "audit.md"
CLEAN: tuple[dict[str, Any], ...] = ({"classes": 2}, {"classes": 4}, {"classes": 0}, {"gaps": 0.1}, {"test": True})

if __name__ == "__main__":
    planted = score.score()
    clean = [score.false_alarms(rows, 40, **kind) for rows in (200, 1000) for kind in CLEAN]
    page = score.markdown(planted, clean)
    PAGE.write_text(page, encoding="utf-8")
    print(page)
