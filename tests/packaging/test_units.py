"""The units of `deploy/systemd`, as systemd itself reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.kit.documents import ROOT
from tests.kit.environment import require

UNITS = ROOT / "deploy" / "systemd"
EXPECTED = {"ivr-serve.socket", "ivr-pages.socket"} | {
    f"ivr-{name}.service" for name in ("serve", "pages", "worker")
}


def test_systemd_has_nothing_to_say_about_them(tmp_path: Path) -> None:
    require("systemd-analyze", shutil.which("systemd-analyze") is not None)
    ours = shutil.which("true")
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/srv/ivr/.venv/bin/ivr", str(ours))
        (tmp_path / unit.name).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())],
        env={"SYSTEMD_LOG_LEVEL": "warning", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in said.stderr.splitlines() if "ivr-" in line]
    assert about_ours == []
    assert {each.name for each in UNITS.iterdir()} == EXPECTED
