"""Personal data: purged when it is old, exported and erased for one person, held for a case; and
the seals that prove the event logs unchanged.

Two kinds of duty never end: "purge" and "seal".
"""

from __future__ import annotations

import hmac
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any

from ivr.clock import Clock
from ivr.line.desk.cases import CaseNumbers
from ivr.line.desk.events import Event
from ivr.line.desk.retention import RetentionTerms
from ivr.line.desk.subjects import Subject, e164
from ivr.line.errors import DataError, NotYet
from ivr.line.records import Duty
from ivr.line.store.privacy.keeping import Hold, Tally
from ivr.line.store.store import Store
from ivr.line.store.streams import ACCESS

log = logging.getLogger(__name__)

CLOCK = "each event's time is that of the machine that logged it, in UTC"


class Privacy:
    """What people may ask about the data stored of them. ``by`` is who carries it out, for the
    log."""

    def __init__(
        self, store: Store, terms: RetentionTerms, numbers: CaseNumbers, clock: Clock, by: str = ""
    ) -> None:
        self.store = store
        self.terms = terms
        self.numbers = numbers
        self.clock = clock
        self.by = by

    # --- as time goes by ---

    def begin(self) -> None:
        """Add the first purge and the first seal, unless they are there already."""
        now = self.clock.now()
        self.store.duties.add([Duty(kind, "privacy", kind, now) for kind in ("purge", "seal")])

    def purge_duty(self, duty: Duty) -> None:
        """Purge, and put the duty off."""
        self._for_ever(self.purge, timedelta(hours=self.terms.purge))

    def seal_duty(self, duty: Duty) -> None:
        """Seal, and put the duty off."""
        self._for_ever(self.seal, timedelta(hours=self.terms.seal))

    def _for_ever(self, act: Callable[[], object], pause: timedelta) -> None:
        now = self.clock.now()
        try:
            act()
        except Exception:
            more = {"event": "privacy.waiting"}
            log.exception("what is stored stays as it is for %s", pause, extra=more)
        raise NotYet(now + pause)

    def purge(self, dry: bool = False) -> Tally:
        """Delete what has been kept long enough, and log how much that was."""
        now, days = self.clock.now(), asdict(self.terms)
        tally = self.store.privacy.purge(days, now, dry=dry)
        if not dry:
            self._tell("retention.purged", **tally.data())
        return tally

    def seal(self) -> str:
        """Seal the event logs. The hash goes to the process's own log as well, where somebody who
        rewrites the database can't change it."""
        hash = self.store.seals.add(self.clock.now())
        if hash:
            log.info("seal %s", hash, extra={"event": "seal.made", "seal": hash})
        return hash

    # --- one person ---

    def subject(self, text: str) -> Subject:
        """The person with a telephone number, an email address or an id. Raises `DataError` if
        there is none, or several."""
        number = e164(text)
        found = self.store.privacy.known_as(number or text)
        if len(found) > 1:
            ids = ", ".join(sorted(min(each.ids) for each in found))
            raise DataError(f"{text} matches several people: {ids}; name one of them by id")
        if found:
            return found[0]
        if number or "@" in text:
            return Subject(frozenset({number} - {""}), frozenset() if number else frozenset({text}))
        raise DataError(f"nobody is known as '{text}': give +33…, a mail address, or an id")

    def erase(self, text: str) -> Tally:
        """Erase a person from everything that isn't on hold.

        Their data is replaced by a keyed hash whose key is not stored: their calls remain those of
        one caller, and nobody can tell whose. No log names them.
        """
        subject, key = self.subject(text), token_bytes(32)
        of = " ".join(sorted(subject.phones | subject.mails | subject.ids))
        instead = f"erased:{hmac.new(key, of.encode(), sha256).hexdigest()[:16]}"
        tally = self.store.privacy.erase(subject, instead, self.clock.now())
        self._tell("access.erased", subject=instead, **tally.data())
        return tally

    def export(self, text: str, file: Path) -> dict[str, int]:
        """Write all that concerns a person into a zip file: a JSON file for each class of data, and
        a manifest with checksums. Returns how many rows of each class."""
        subject = self.subject(text)
        found = self.store.privacy.export(subject)
        parts = {f"{name}.json": _json(rows) for name, rows in found.items()}
        counts = {name: len(rows) for name, rows in found.items()}
        files = [
            {"name": name, "sha256": sha256(content).hexdigest(), "rows": len(found[name[:-5]])}
            for name, content in parts.items()
        ]
        manifest = {"subject": text, "at": self.clock.now().isoformat(), "clock": CLOCK}
        parts["manifest.json"] = _json(manifest | {"files": files})
        self._tell("access.exported", what="subject", subject=_reference(subject), rows=counts)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return counts

    # --- holds ---

    def hold(self, case: str, reason: str) -> None:
        """Keep all data of a case until it is released. Raises `DataError`."""
        case, now = self._case(case), self.clock.now()
        if not reason.strip():
            raise DataError("a hold needs a --reason")
        set_ = Event("config.changed", now, self.by, {"what": "hold", "case": case, "after": True})
        if not self.store.privacy.hold(Hold(case, reason, self.by, now), set_):
            raise DataError(f"{case} is held already")

    def release(self, case: str) -> None:
        """Let it be purged and erased again. Raises `DataError`."""
        case = self._case(case)
        data = {"what": "hold", "case": case, "after": False}
        event = Event("config.changed", self.clock.now(), self.by, data)
        if not self.store.privacy.release(case, event):
            raise DataError(f"{case} isn't held")

    def _case(self, text: str) -> str:
        digits = self.numbers.digits_of(text)
        if not digits.isdecimal():
            raise DataError(f"'{text}' is no case number")
        return self.numbers.written(digits)

    # --- the event logs ---

    def audit(
        self, case: str = "", since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[dict[str, Any]]:
        """Events in the order in which they were stored, from ``since`` until before ``until``.

        Of a ``case``: its own log, the logs of the calls in which it was looked up or escalated,
        and who has looked at it. The export is logged. Raises `DataError` for no case number.
        """
        number = self._case(case) if case else ""
        digits = self.numbers.digits_of(number) if number else ""
        options = {"case": number, "since": since, "until": until}
        given = {name: str(value) for name, value in options.items() if value}
        self._tell("access.exported", what="audit", **given)
        return self.store.privacy.audit(number, digits, since, until)

    def _tell(self, kind: str, **data: Any) -> None:
        self.store.logs.append(ACCESS, Event(kind, self.clock.now(), self.by, data))


def _reference(subject: Subject) -> str:
    """Their ids, if there are any: a log has no numbers and no names."""
    ids = sorted(each for each in subject.ids if "@" not in each)
    return " ".join(ids) or "somebody who isn't in the directory"


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()


__all__ = ["CLOCK", "Privacy"]
