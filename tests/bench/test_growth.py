"""Pages ask the database as often, however much is stored."""

from __future__ import annotations

from pathlib import Path

from tests.bench import growth
from tests.bench.counted import statements
from tests.bench.in_process import services_on
from tests.bench.population import Size


def asked(folder: Path, size: Size) -> dict[str, int]:
    """How many statements each page asks."""
    with statements() as traced:
        services = services_on(f"sqlite:///{folder}/{size.calls}.db", size)
        found = {}
        traced.clear()
        for what, _, _ in growth.pages(services):
            found[what] = len(traced)
            traced.clear()
    services.store.close()
    return found


def test_pages_ask_as_often_however_much_is_stored(tmp_path: Path) -> None:
    few, many = (asked(tmp_path, size) for size in (Size(60, 10, 20, 4), Size(180, 30, 60, 12)))

    assert few == many
