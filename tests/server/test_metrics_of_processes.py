"""`/metrics` of a line with two processes, one of which dies: each says the same, and nothing is
forgotten."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.kit.desk import ENTRY
from tests.kit.processes import Served, comes_true, serving
from tests.kit.scrapes import Scrape, scraped_at

COUNTED = ("ivr_calls_", "ivr_rings", "ivr_hunts", "ivr_duties_done", "ivr_webhook_seconds_count")


def counters(said: Scrape) -> dict[object, float]:
    return {key: value for key, value in said.samples.items() if key[0].startswith(COUNTED)}


def a_call(served: Served, number: str) -> None:
    caller = served.network.phone(number)
    caller.call(ENTRY)
    assert comes_true(lambda: caller.listening)
    caller.hang_up()
    assert comes_true(lambda: served.store.logs.events(str(caller.calls[-1].sid)))
    assert comes_true(lambda: not served.store.calls.open())


def test_each_process_counts_for_all_and_a_death_takes_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("TMPDIR", str(own))
    with serving(f"sqlite:///{tmp_path / 'ivr.db'}", tmp_path / "serve.log") as served:
        for number in range(4):
            a_call(served, f"+3315550{number:04d}")

        said = [scraped_at(served.origin) for _ in range(8)]
        assert said[0].value("ivr_calls_started_total") == 4
        assert said[0].value("ivr_calls_ended_total", how="left") == 4
        assert all(counters(each) == counters(said[0]) for each in said)

        before = served.workers()
        os.kill(min(before), signal.SIGKILL)
        assert comes_true(lambda: len(served.workers() - {min(before)}) == 2)
        after = scraped_at(served.origin)
        assert after.value("ivr_calls_started_total") == 4
        assert min(counters(after.since(said[0])).values()) >= 0

        a_call(served, "+33155500099")
        assert scraped_at(served.origin).value("ivr_calls_started_total") == 5
        files = {each.name for each in own.glob("ivr-metrics-*/*.db")}
        assert files == {f"{kind}_{n}.db" for kind in ("counter", "histogram") for n in range(3)}

    assert not list(own.glob("ivr-metrics-*"))
