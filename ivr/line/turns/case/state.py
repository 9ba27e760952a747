"""What is going on with a case, and what one turn of it collects.

The case itself belongs to the case system. Its *file* is the line's: which levels were requested
and who met the customer, which severity was wished for and set, the emergency, and what is owed.

``file.data`` holds ``levels`` (by code: ``state`` requested | accepted | over, when, by whom, until
when), ``level`` (the one that stands, ``""``), ``severity`` and ``wish`` (who asked and who set are
two people), ``emergency`` (`ivr.line.turns.case.emergency`), ``wishes`` (for levels that couldn't
be recorded), ``reports``, ``plan``, ``said`` (what the notes say, by key, so that it can be said in
another language) and ``seen`` (the keys of what was heard lately).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ivr.line.desk.cases import Case, Contact
from ivr.line.desk.events import Event
from ivr.line.errors import CaseError
from ivr.line.records import CaseFile, Duty, Escalation, Note

if TYPE_CHECKING:
    from ivr.line.config import LineConfig

WRITTEN = ("reason", "override")
SAID = 200  # notes that are read in the reader's language; older ones are in English
LONGEST = 4000  # characters of a note or a reason
LONGEST_DETAIL = 200  # … and of a name or a number


@dataclass(frozen=True, slots=True)
class Who:
    """The people whom a case concerns just now, by id; ``""`` is nobody.

    ``owner``, ``manager`` and ``second`` hold the posts, there or not; ``for_owner`` … are the
    first who are there for them: they themselves, whoever stands in, or who is on duty.

    ``case`` is None when there is none, or (``known`` is None) when the records can't say.
    """

    case: Case | None = None
    known: bool | None = None
    owner: str = ""
    manager: str = ""
    second: str = ""
    duty: str = ""
    second_duty: str = ""
    for_owner: str = ""
    for_manager: str = ""
    for_second: str = ""
    zone: str = "UTC"
    last_resort: str = ""

    @property
    def responsible(self) -> tuple[str, ...]:
        """Who is told of what concerns the case's engineer: they, and whoever stands in while they
        are away; there is always somebody."""
        return (self.owner, self.for_owner or self.duty or self.last_resort)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing heard of a case.

    ``by`` is who says so: ``"caller"``, ``"contact:<id>"``, a person's id, or ``""`` for the line.
    """

    what: str
    key: str
    by: str
    channel: str
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def staff(self) -> bool:
        """Whether somebody who works here says so."""
        return bool(self.by) and self.by != "caller" and not self.by.startswith("contact:")

    def reason(self, why: str) -> str:
        """The reason given; `CaseError` says that one is needed, and for what."""
        return self.text("reason", f"a reason is needed {why}", "need_reason")

    def text(self, name: str, lacking: str, say: str = "need_text") -> str:
        """A text that must be there."""
        text = str(self.data.get(name) or "").strip()
        if not text:
            raise CaseError(lacking, name, say)
        return text

    def check_lengths(self) -> None:
        """Raise `CaseError` for whatever was written at greater length than is kept."""
        contact = self.data.get("contact") or {}
        for given, most in ((self.data, LONGEST), (contact, LONGEST_DETAIL)):
            for name, text in given.items():
                if isinstance(text, str) and len(text) > most:
                    why = f"{name}: {len(text)} characters; {most} are the most"
                    raise CaseError(why, name, "too_long", most=most)

    def only_staff(self, what: str) -> None:
        if not self.staff:
            raise CaseError(f"only staff can {what}")


class CaseState:
    """A case's file, whom it concerns, and what the turn has to save: all of it, or nothing."""

    def __init__(self, config: LineConfig, file: CaseFile, who: Who) -> None:
        self.config, self.file, self.who = config, file, who
        self.data: dict[str, Any] = file.data
        self.events: list[Event] = []
        self.duties: list[Duty] = []
        self.escalations: list[Escalation] = []
        self.notes: list[Note] = []

    # --- what comes of it ---

    def tell(self, kind: str, request: Request, **data: Any) -> None:
        """Add to the case's event log. What was written freely stands in the note that ``note``
        names, which can be erased; a log can't."""
        about = {"case": self.file.number, "channel": request.channel}
        written = [data.pop(name, "") for name in WRITTEN]
        if any(written):
            about["note"] = request.key
        if call := request.data.get("call"):
            about["call"] = call
        self.events.append(Event(kind, request.at, request.by, about | data))

    def note(
        self,
        request: Request,
        text: str,
        key: str = "",
        visibility: str = "internal",
        *,
        written: str = "",
        say: str = "",
        **values: Any,
    ) -> None:
        """A line in the case's history, and in the case system's, in English: ``text``, and after
        it what somebody has ``written``. ``say`` names the same text in the words of the pages,
        with ``values`` in its slots, so that customers read it in their own language."""
        key = key or request.key
        if say:
            said = self.data.get("said", {})
            said[key] = {"say": say, "length": len(text), **values}
            self.data["said"] = dict(list(said.items())[-SAID:])
        text = f"{text}: {written}" if written else text
        author = request.data.get("set_by") or request.by or "line"
        call = request.data.get("call", "")
        self.notes.append(Note(key, call, self.file.number, text, author, request.at, visibility))
        self.post("note", request, key, text=text, visibility=visibility, author=author)

    def post(self, write: str, request: Request, key: str, **fields: Any) -> None:
        """Write to the case system, after what was written before."""
        once = f"{key}:{write}"
        about = {"write": write, "key": once, "asked_at": request.at.isoformat()}
        self._duty("post", once, request.at, lane="post", **about, **fields)

    def notify(self, what: str, request: Request, *people: str, **slots: Any) -> None:
        """Tell each of these, once, and the lists that are told of ``what`` as well."""
        about = {"what": what, "case": self.file.number, "list": "", **slots}
        for person in dict.fromkeys(filter(None, people)):
            self._duty(
                "notify", f"{request.key}:{what}:{person}", request.at, owner=person, **about
            )
        for name in self.config.also_told(what):
            key = f"{request.key}:{what}:list:{name}"
            self._duty("notify", key, request.at, **{**about, "list": name})

    def notify_contact(self, what: str, request: Request, contact: Contact) -> None:
        """Send something to a customer, in their language."""
        about = {"what": what, "case": self.file.number, "list": "", "to": contact.name}
        about |= {"mail": contact.email, "language": contact.language}
        about |= {"phone": next(iter(contact.phones), "")}
        self._duty("notify", f"{request.key}:{what}:contact", request.at, **about)

    def owe(self, request: Request, level: str, owner: str) -> None:
        """What was asked for on a page is owed a call, as what was asked for by telephone is."""
        case = self.who.case
        self._duty(
            "owe",
            request.key,
            request.at,
            level=level,
            owner_is=owner,
            by=request.by,
            at=request.at.isoformat(),
            number=str(request.data.get("callback") or ""),
            language=str(request.data.get("language") or "en"),
            zone=self.who.zone,
            region=case.region if case else "",
        )

    def close_promise(self, request: Request, of: str, how: str) -> None:
        """The call that is owed for a request on a page (``of``) hears how that went; ``said``: it
        is so by somebody's own word, on a page."""
        said = request.channel == "web"
        about: dict[str, Any] = {"of": of, "outcome": how, "by": request.by, "said": said}
        self._duty("came", f"{request.key}:came", request.at, **about)

    def later(self, kind: str, key: str, at: datetime, **data: Any) -> None:
        """Something to be heard of this case at an instant."""
        self._duty(kind, key, at, **data)

    def _duty(
        self, kind: str, once: str, due: datetime, *, lane: str = "", owner: str = "", **data: Any
    ) -> None:
        self.duties.append(
            Duty(
                key=f"{self.file.sid}:{kind}:{once}",
                call=self.file.sid,
                kind=kind,
                due=due,
                data={"case": self.file.number} | data,
                owner=owner,
                lane=lane,
            )
        )

    def minutes(self, count: int, request: Request) -> datetime:
        return request.at + timedelta(minutes=count)
