"""What is kept of people: for how long, given out, erased, held, and proved to be whole."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_hex
from typing import Any

from ivr.clock import Clock
from ivr.desk.events import Event
from ivr.errors import DataError, NotYet
from ivr.line import Retention
from ivr.rows import Duty
from ivr.store import Store, personal

DAY = timedelta(days=1)
ACCESS = "case:(access)"  # the log of who was given what


@dataclass(frozen=True, slots=True)
class Report:
    """What a purge has let go, by class, or would."""

    recordings: int
    digits: int
    calls: int
    tallies: int
    held: int


class Privacy:
    """The personal data of one store."""

    def __init__(self, store: Store, terms: Retention, clock: Clock) -> None:
        self.store, self.terms, self.clock = store, terms, clock

    def begin(self) -> None:
        """Purge and seal once a day from now on."""
        now = self.clock.now()
        self.store.owe([Duty(kind, "", kind, now) for kind in ("purge", "seal")])

    # --- duties ---

    def daily_purge(self, duty: Duty) -> None:
        self.purge()
        raise NotYet(self.clock.now() + DAY)

    def daily_seal(self, duty: Duty) -> None:
        self.seal()
        raise NotYet(self.clock.now() + DAY)

    # --- letting go ---

    def purge(self, dry: bool = False) -> Report:
        """Let go what is older than its time; what a hold keeps stays, and is counted."""
        now, terms = self.clock.now(), self.terms

        def before(days: int) -> datetime:
            return now - timedelta(days=days)

        with self.store.writing(rollback=dry) as connection:
            sounds = personal.old_recordings(connection, before(terms.recordings))
            report = Report(
                recordings=len(sounds),
                calls=personal.drop_calls(connection, before(terms.calls), now),
                digits=personal.drop_digits(connection, before(terms.digits)),
                tallies=personal.drop_tallies(connection, before(terms.tallies)),
                held=len(personal.held(connection)),
            )
        if not dry:
            self._delete(sounds, "retention")
            self._tell("access.erased", why="retention", counts=asdict(report))
        return report

    def _delete(self, sounds: list[tuple[str, str]], why: str) -> None:
        now = self.clock.now()
        self.store.owe(
            Duty(f"delete:{sid}", call, "delete_recording", now, {"sid": sid, "why": why})
            for sid, call in sounds
        )

    # --- one person ---

    def _subject(self, written: str) -> personal.Subject:
        with self.store.reading() as connection:
            who = personal.subject(connection, written)
        if not who:
            raise DataError(
                f"'{written}' is nobody's: give a number (+33…), an e-mail, or a contact's id"
            )
        return who

    def export(self, written: str, by: str = "") -> bytes:
        """All that is kept of somebody, as a zip of JSON files with a manifest of checksums."""
        who = self._subject(written)
        with self.store.reading() as connection:
            found = personal.collected(connection, who)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
            sums = {}
            for name, rows in found.items():
                body = json.dumps(rows, indent=1, ensure_ascii=False).encode()
                sums[f"{name}.json"] = sha256(body).hexdigest()
                file.writestr(f"{name}.json", body)
            at = self.clock.now().isoformat()
            file.writestr("manifest.json", json.dumps({"at": at, "sha256": sums}, indent=1))
        counts = {name: len(rows) for name, rows in found.items()}
        self._tell("access.exported", by, counts=counts)
        return made.getvalue()

    def erase(self, written: str, by: str = "") -> dict[str, Any]:
        """Erase somebody; counts of what was erased, and of what a legal hold keeps."""
        who = self._subject(written)
        with self.store.reading() as connection:
            found = personal.collected(connection, who)
            kept = personal.held(connection)
        with self.store.writing() as connection:
            count = personal.erase(connection, who, f"erased-{token_hex(8)}", self.clock.now())
        sounds = [
            (row["sid"], row["call"])
            for row in found["recordings"]
            if row["deleted_at"] is None and row["case"] not in kept
        ]
        self._delete(sounds, "erased")
        count["recordings"] = len(sounds)
        self._tell("access.erased", by, why="asked for", counts=count)
        return count

    def hold(self, case: str, reason: str, by: str = "") -> None:
        """Keep all that belongs to a case, whatever its age or who asks; no reason ends that."""
        with self.store.writing() as connection:
            personal.hold(connection, case, reason, self.clock.now())
        self._tell("config.changed", by, what="hold", case=case, reason=reason)

    # --- whole ---

    def seal(self) -> int:
        """Seal every log as it is now; how many had changed since the last seal."""
        with self.store.writing() as connection:
            before = personal.seals(connection)
            known = dict(head for seal in before for head in _heads(seal.heads))
            changed = {
                sid: head
                for sid, head in personal.streams(connection).items()
                if known.get(sid) != head
            }
            if changed:
                text = json.dumps(sorted(changed.items()), separators=(",", ":"))
                last = before[-1].hash if before else ""
                personal.add_seal(connection, self.clock.now(), text, _hash(last, text))
        return len(changed)

    def verify(self, sid: str = "") -> list[str]:
        """What is wrong with the logs (or one), a sentence each; none if all is whole."""
        with self.store.reading() as connection:
            there = personal.streams(connection)
            seals, gone = personal.seals(connection), personal.purged(connection)
            sids = [sid] if sid else sorted(there)
            wrong = [f"the log of {each} was changed" for each in sids if not self._whole(each)]
            if sid:
                return wrong
            last = ""
            for seal in seals:
                last = _hash(last, seal.heads)
                if last != seal.hash:
                    wrong.append(f"seal {seal.id} was changed, or one before it is missing")
                    break
            for seal in seals:
                for name, (count, head) in _heads(seal.heads):
                    if name in gone or not count:
                        continue
                    if name not in there:
                        wrong.append(f"the log of {name} is gone, and nobody let it go")
                    elif personal.hash_at(connection, name, count) != head:
                        wrong.append(f"the log of {name} isn't what seal {seal.id} saw")
        return list(dict.fromkeys(wrong))

    def _whole(self, sid: str) -> bool:
        return self.store.verify(sid)

    def audit(self, case: str, since: datetime, until: datetime, by: str = "") -> tuple[str, str]:
        """Events as JSON lines, and the SHA-256 of them."""
        with self.store.reading() as connection:
            rows = personal.audit(connection, case, since, until)
        text = "".join(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
        self._tell("access.exported", by, what="audit", case=case, events=len(rows))
        return text, sha256(text.encode()).hexdigest()

    def _tell(self, kind: str, by: str = "", **data: Any) -> None:
        self.store.append(ACCESS, Event(kind, self.clock.now(), by, data))


def _heads(text: str) -> list[tuple[str, tuple[int, str]]]:
    return [(sid, (count, head)) for sid, (count, head) in json.loads(text)]


def _hash(before: str, heads: str) -> str:
    return sha256(f"{before}|{heads}".encode()).hexdigest()


__all__ = ["ACCESS", "Privacy", "Report"]
