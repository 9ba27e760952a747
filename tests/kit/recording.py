"""The line, with its conversations recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flows.escalation import FOLDER, line
from ivr.line.definition import Line

OFF = 'conversations = "off"'
BASIS = 'legal_basis = "legitimate_interest"'


def configured(folder: Path, conversations: Any, basis: str) -> Line:
    """The line, told to record."""
    said = json.dumps(conversations)
    text = (FOLDER / "line.toml").read_text(encoding="utf-8")
    text = text.replace(OFF, f"conversations = {said}").replace(BASIS, f'legal_basis = "{basis}"')
    (folder / "line.toml").write_text(text, encoding="utf-8")
    return line(folder / "line.toml")
