"""Known vulnerabilities of what a release installs (requirements.lock), by pip-audit.

Ends with 1 if there is one, and names it. Where its data can't be had, or not for every package,
says so in a line that begins with NOT AUDITED, and ends with 0: nobody is kept from working
offline, and nothing claims to have been looked at that wasn't.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parent.parent / "requirements.lock"
PATIENCE = 90  # seconds, for all packages together
AUDIT = (
    *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"),
    *("--progress-spinner", "off", "--timeout", "10", "--format", "json"),
)


def main(command: Sequence[str] = AUDIT, patience: float = PATIENCE) -> int:
    """Run it, and say what it says."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=patience)
        report = json.loads(ran.stdout)
    except subprocess.TimeoutExpired:
        print(f"NOT AUDITED: the advisories didn't come within {patience:g} seconds")
        return 0
    except ValueError:
        why = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"NOT AUDITED: pip-audit gave no report: {why}")
        return 0
    lines, vulnerable = verdict(report)
    print("\n".join(lines))
    return int(vulnerable)


def verdict(report: dict[str, Any]) -> tuple[list[str], bool]:
    """What a report means, in lines, and whether anything is vulnerable."""
    known = [each for each in report["dependencies"] if "skip_reason" not in each]
    skipped = [each["name"] for each in report["dependencies"] if "skip_reason" in each]
    lines = [
        f"VULNERABLE: {each['name']} {each['version']}: {found['id']}, mended in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for each in known
        for found in each["vulns"]
    ]
    vulnerable = bool(lines)
    if skipped or not known:
        lines.append(
            f"NOT AUDITED: no advisories could be had for {len(skipped)} of "
            f"{len(skipped) + len(known)} packages"
        )
    if known and not vulnerable:
        lines.append(f"audited: {len(known)} packages, no known vulnerability")
    return lines, vulnerable


if __name__ == "__main__":
    sys.exit(main())
