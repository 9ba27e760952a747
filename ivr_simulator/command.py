"""The command `ivr`."""

from __future__ import annotations

import sys

from ivr_simulator import another, clash


def main() -> None:
    """Run the command; exit with 3 where `ivr` is somebody else's (by PYTHONPATH)."""
    if theirs := another():
        print(f"Error: {clash(theirs)}", file=sys.stderr)
        raise SystemExit(3)
    from ivr.cli.main import main

    main()
