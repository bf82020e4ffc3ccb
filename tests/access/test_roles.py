"""What docs/security.md says of roles is what the software does."""

from __future__ import annotations

from alpr_assets.access.roles import MAY, PRIVILEGED, TRAINED, Action, Role
from alpr_assets.settings import ROOT

PAGE = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- roles -->\n", "<!-- /roles -->"


def table() -> str:
    """Actions down, roles across."""
    heads = [f"{role.value.replace('_', ' ')}{' ‡' if role in PRIVILEGED else ''}" for role in Role]
    lines = [f"| action | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for action in Action:
        marks = ["●" if action in MAY[role] else "" for role in Role]
        name = f"{action.value.replace('_', ' ')}{' †' if action in TRAINED else ''}"
        lines.append(f"| {name} | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_roles_is_the_one_in_force():
    """When it fails: put what `table()` returns between the two marks."""
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table()
