"""What a user may set is written down."""

from dataclasses import fields
from pathlib import Path

from vastgui.config import Settings

DOCS = Path(__file__).parent.parent / "docs"


def test_every_setting_is_documented_with_its_default() -> None:
    rows = {}
    first_table = (DOCS / "settings.md").read_text(encoding="utf-8").partition("\n## ")[0]
    for line in first_table.splitlines():
        if line.startswith("| `"):
            name, default, _ = (cell.strip() for cell in line.strip("|").split("|"))
            rows[name.strip("`")] = default
    wanted = {
        f.name: "empty" if f.default in (None, "") else str(f.default) for f in fields(Settings)
    }
    assert rows == wanted
