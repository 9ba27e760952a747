"""Callers go on calling while the processes that answer them are killed."""

from __future__ import annotations

from pathlib import Path

from tests.kit.processes import comes_true
from tests.kit.under_fire import Callers, Killer, settings, started


def test_no_caller_hears_of_workers_that_are_killed(tmp_path: Path) -> None:
    """Each in turn, then both at once. Who was being answered is tried again, as Twilio does."""
    with started("serve", settings(tmp_path), tmp_path, "--workers", "2") as line:
        callers, killer = Callers(line), Killer(line)
        with callers.calling(4):
            for victims in (1, 1, 1, 2, 1, 2):
                enough = callers.answered() + 20
                assert comes_true(lambda enough=enough: callers.answered() >= enough)  # type: ignore[misc]
                assert comes_true(lambda: len(killer.alive()) == 2)
                for pid in killer.alive()[:victims]:
                    killer.kill(pid)
        assert callers.lost == []
        assert killer.unexplained(callers) == []
        assert len(killer.kills) == 8
        assert comes_true(lambda: line.log.read_text().count("worker.ended") >= 8)
        assert line.log.read_text().count("worker.ended") == 8
