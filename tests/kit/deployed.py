"""Two versions of the line in processes of their own, and the proxy in front of them."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.kit.documents import ROOT
from tests.kit.processes import IVR, comes_true, ended, free_port, running, said

MIGRATION = '''
"""A colour for each call, and a table of them."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{newest}"
phase = "expand"


def upgrade():
    op.add_column("calls", sa.Column("colour", sa.String(), nullable=False, server_default="blue"))
    op.create_table("colours", sa.Column("name", sa.String(), primary_key=True))
    op.create_index("ix_calls_colour", "calls", ["colour"])
'''

PASSED_ON = ("Content-Type", "X-Twilio-Signature", "I-Twilio-Idempotency-Token")


def next_version(folder: Path, newest: str) -> Path:
    """The line as it will be: with one more migration, which adds to what this one has."""
    for package in ("ivr", "ivr_simulator", "flows"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    versions = folder / "ivr/line/store/migrations/versions"
    (versions / "9001_colours.py").write_text(MIGRATION.format(newest=newest), encoding="utf-8")
    return folder


@contextmanager
def deployed(log: Path, code: Path | None, **environment: str) -> Iterator[str]:
    """`ivr serve` of this version, or of the one in a folder; its address, once it answers."""
    port = free_port()
    if code is not None:
        environment["PYTHONPATH"] = str(code)
    with running([IVR, "serve", "--port", str(port)], log, **environment) as pid:
        origin = f"http://127.0.0.1:{port}"
        assert comes_true(lambda: said(f"{origin}/livez") or ended(pid)), log.read_text()
        assert not ended(pid), log.read_text()
        yield origin


class Proxy:
    """Passes each webhook on to one of ``origins``, in turn; a WSGI application."""

    def __init__(self) -> None:
        self.origins: list[str] = []
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []
        self._turn = count()

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        origin = self.origins[next(self._turn) % len(self.origins)]
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        names = {name: f"HTTP_{name.upper().replace('-', '_')}" for name in PASSED_ON}
        names["Content-Type"] = "CONTENT_TYPE"
        asked = urllib.request.Request(
            f"{origin}{environ['PATH_INFO']}{query}",
            data=environ["wsgi.input"].read(),
            headers={name: environ[key] for name, key in names.items() if key in environ},
        )
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, body = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, body = error.code, error.read()
        except OSError as error:
            status, body = 502, str(error).encode()
        self.answered[origin] += 1
        if status != 200:
            self.failed.append(f"{status} {environ['PATH_INFO']} {body!r}")
        start(f"{status} -", [("Content-Type", "text/xml")])
        return [body]
