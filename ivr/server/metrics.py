"""Where the processes that answer together keep what they count."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def directory() -> Iterator[None]:
    """A folder for the counters of this process and of those that it starts; gone at the end.

    Each worker has files of its own in it, which outlive its process, so that no sum ever falls.
    `prometheus_client` looks for the folder when it is imported, which is therefore later.
    """
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prometheus_client was imported before its folder was there")
    with TemporaryDirectory(prefix="ivr-metrics-") as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            os.environ.pop(VARIABLE, None)
