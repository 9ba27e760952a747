"""Is all well? What `/readyz` and `/metrics` say of it.

Everything is found in the database, so that each process of the line says the same: what the
processes find out by the way (whether the carrier answers) they write there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.clock import Clock
from ivr.line.service.bounded import Bounded
from ivr.line.store.faults import fault_of
from ivr.line.store.store import Store

log = logging.getLogger(__name__)

CHECKS = ("database", "schema", "duties", "carrier")
WITHIN = 3.0  # seconds until a database that doesn't answer counts as one that doesn't work
LATE = timedelta(seconds=60)  # how long a duty may have been due
LATELY = timedelta(minutes=5)  # how long a failed request to the carrier counts
AGAIN = timedelta(seconds=30)  # between two records that the carrier answers


@dataclass(frozen=True, slots=True)
class Check:
    """``ok`` is None when it can't be known. ``code`` is for programs, ``""`` if it is ok; ``says``
    is for people, and has nothing personal."""

    name: str
    ok: bool | None
    says: str
    code: str = ""


class Health:
    """The health of one line. ``kinds`` are the kinds of duty that this process carries out; none
    means that others do, and that every kind counts."""

    def __init__(
        self, store: Store, clock: Clock, kinds: Collection[str] = (), within: float = WITHIN
    ) -> None:
        self.store = store
        self.clock = clock
        self.kinds = kinds
        self.within = within
        self._written = Bounded(self._write, within)
        self._others = Bounded(self._read, within)

    def checks(self) -> list[Check]:
        """One for each of `CHECKS`, in that order, after twice ``within`` seconds at the latest."""
        database = self._database()
        if not database.ok:
            unknown = "not known while the database doesn't work"
            return [database, *(Check(name, None, unknown, "unknown") for name in CHECKS[1:])]
        try:
            return [database, *self._others.ask()]
        except Exception as error:
            log.warning(
                "health can't be read: %s", fault_of(error) or type(error).__name__,
                extra={"event": "health.unknown"},
            )  # fmt: skip
            unknown = "it can't be read"
            return [database, *(Check(name, None, unknown, "unknown") for name in CHECKS[1:])]

    def _database(self) -> Check:
        try:
            self._written.ask()
        except TimeoutError:
            says = f"no write has come back within {self.within:g} s"
            return Check("database", False, says, "hangs")
        except Exception as error:
            code = _failed("can't write to the database", error)
            return Check("database", False, f"a write fails: {code}; the log says more", code)
        return Check("database", True, "a write works")

    def _write(self) -> None:
        self.store.signs.good("database", self.clock.now())

    def _read(self) -> list[Check]:
        now = self.clock.now()
        return [self._schema(), self._duties(now), self._carrier(now)]

    def _schema(self) -> Check:
        state = self.store.schema.state()
        if state.why_not:
            return Check("schema", False, state.why_not, "version")
        return Check("schema", True, f"version {state.revision}")

    def _duties(self, now: datetime) -> Check:
        owed = self.store.facts.duties(now)
        due = [each for each in owed if each.due and (not self.kinds or each.kind in self.kinds)]
        oldest = min(due, key=lambda each: each.first, default=None)
        if oldest is None:
            return Check("duties", True, "none is due")
        age = now - oldest.first
        says = f"the oldest ({oldest.kind}) has been due for {age.total_seconds():.0f} s"
        if age <= LATE:
            return Check("duties", True, says)
        says = f"{says}: is a process running that carries them out?"
        return Check("duties", False, says, "late")

    def _carrier(self, now: datetime) -> Check:
        sign = self.store.signs.find("carrier")
        if sign.fails and sign.bad_at is not None and now - sign.bad_at <= LATELY:
            says = f"{sign.why} (at {sign.bad_at:%H:%M:%S} UTC)"
            return Check("carrier", False, says, "unusable")
        if sign.good_at is None:
            return Check("carrier", True, "it wasn't asked for anything yet")
        return Check("carrier", True, f"it answered at {sign.good_at:%H:%M:%S} UTC")


def carrier_told(store: Store, clock: Clock) -> Callable[[str], None]:
    """What the carrier's requests find out (see `ivr.line.outside.carrier.Carrier`), recorded for
    every process: each failure, the answer after it, and else one answer in `AGAIN`."""
    recorded: datetime | None = None  # when an answer was, since the last failure

    def told(why: str) -> None:
        nonlocal recorded
        now = clock.now()
        if not why and recorded is not None and now - recorded < AGAIN:
            return
        try:
            if why:
                store.signs.bad("carrier", now, why)
            else:
                store.signs.good("carrier", now)
        except Exception as error:  # what was asked of the carrier has been done all the same
            _failed("can't note how the carrier is", error)
            return
        recorded = None if why else now

    return told


def _failed(what: str, error: Exception) -> str:
    """Log what the database doesn't do, and why in one word."""
    fault = fault_of(error)
    code = fault.what if fault else "unexpected"
    more = {"event": "database.failed", "what": code}
    log.warning("%s: %s", what, fault or error, extra=more)
    return code


__all__ = ["CHECKS", "Check", "Health", "carrier_told"]
