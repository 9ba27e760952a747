"""Rankings hold ids: until now calls held how everybody who might be rung is called and reached."""

from __future__ import annotations

revision = "0026"
down_revision = "0025"
phase = "contract"


def upgrade() -> None:
    """What is stored stays: both versions read it. Only what is written from here on is less, which
    the version before can't ring anybody by."""


def downgrade() -> None:
    """What was left out isn't known here."""
