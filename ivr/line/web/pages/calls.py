"""Any call afterwards: the list of calls, one call step by step, and as a dialogue to be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from ivr.line.desk.events import Event, Kind
from ivr.line.desk.roles import may_open, sees_numbers
from ivr.line.flow.diagram import diagram
from ivr.line.records import Call
from ivr.line.service.services import Services
from ivr.line.store.calls import HOW, LOOKED_AT, Wanted
from ivr.line.store.streams import ACCESS
from ivr.line.story.export import NotExported, export
from ivr.line.story.sample_desk import SampleDesk
from ivr.line.story.story import Story, path, story, without_numbers
from ivr.line.web.pages.call_view import CallView
from ivr.line.web.pages.moments import Telling, worth_showing
from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.sign_in import for_page
from ivr.line.web.pages.words import Words

PAGE = 50  # calls on one page of the list
LAST = 4  # digits of a number that not everybody sees
VIEWS = ("steps", "dialogue")


@dataclass(frozen=True, slots=True)
class Sample:
    """The sample desk on which an exported call must come true; ``rehearse`` says what doesn't, of
    a dialogue's text, ``""`` for nothing."""

    desk: SampleDesk
    rehearse: Callable[[str], str]


class CallPages:
    """The pages about calls. Without a ``sample`` desk none can be exported."""

    def __init__(
        self, services: Services, shown: Shown, words: Words, sample: Sample | None
    ) -> None:
        self.store = services.store
        self.line = services.line
        self.clock = services.clock
        self.shown = shown
        self.words = words
        self.sample = sample

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("calls", __name__)
        for rule, name, view in (
            ("/calls", "calls", self.calls),
            ("/calls/<sid>", "call", self.call),
            ("/calls/<sid>.call", "export", self.export),
        ):
            blueprint.add_url_rule(rule, name, for_page("calls", view))
        app.register_blueprint(blueprint)
        app.context_processor(
            lambda: {"opens_calls": bool(g.get("login")) and may_open(g.login.roles, "calls")}
        )

    # --- the list ---

    def calls(self) -> str:
        """The newest first; a page holds so many, and the next one goes on where it ends."""
        asked = {name: request.args.get(name, "").strip() for name in FILTERS}
        wanted, wrong = self._wanted(asked)
        try:
            found, older = ([], "") if wrong else self.store.calls.page(wanted, PAGE)
        except ValueError:
            abort(404)
        return render_template(
            "calls.html",
            rows=self._rows(found),
            asked=asked,
            wrong=wrong,
            hows=[*HOW],
            older=older,
            looked_at=LOOKED_AT,
            filters={name: value for name, value in asked.items() if value and name != "before"},
        )

    def _wanted(self, asked: dict[str, str]) -> tuple[Wanted, str]:
        """What is asked for, and what is wrong with it, in words."""
        numbers, case, wrong = self.line.config.case_numbers, "", ""
        if asked["number"]:
            reading = numbers.typed(asked["number"])
            if reading.kind == "accepted":
                case = numbers.written(reading.candidates[0])
            else:
                wrong = self.words.text("no_number")
        first, last = self._day(asked["since"]), self._day(asked["until"])
        if (asked["since"] and first is None) or (asked["until"] and last is None):
            wrong = self.words.text("no_day")
        how = asked["how"] if asked["how"] in HOW else ""
        until = last + timedelta(days=1) if last else None
        return Wanted(case, first, until, how, asked["before"]), wrong

    def _day(self, written: str) -> datetime | None:
        """When a day begins where the reader is; None for none, or no day."""
        try:
            day = datetime.strptime(written, "%Y-%m-%d")
        except ValueError:
            return None
        if not 1970 < day.year < 9999:  # the day after it must be one, anywhere
            return None
        return day.replace(tzinfo=ZoneInfo(g.get("zone", "UTC")))

    def _rows(self, calls: Iterable[Call]) -> list[dict[str, Any]]:
        return [row | {"caller": self._caller(row["caller"])} for row in self.shown.calls(calls)]

    def _caller(self, number: str) -> str:
        """The number, as far as the reader may see it; ``""`` if it was withheld or is gone."""
        if not number.startswith("+"):
            return ""
        return number if sees_numbers(g.login.roles) else number[:-LAST] + "•" * LAST

    # --- one call ---

    def call(self, sid: str) -> str:
        """A call, at one of its moments; that somebody has looked is on record."""
        call, told = self._told(sid)
        self._log("access.viewed", call)
        moments = Telling(self.words, self.line, self._names(), told).rows(call)
        at = self._at(len(moments))
        view = request.args.get("view", "")
        return render_template(
            "call.html",
            call=self._rows([call])[0] | {"called": call.called, "language": call.language},
            whole=told.whole,
            gone=CallView(call).purged or not call.caller.startswith(("+", "a")),
            moments=moments,
            at=at,
            view=view if view in VIEWS else VIEWS[0],
            why_not=self._why_not(call),
            drawn=Markup(self._drawn(told, at)),
            now_at=told.moments[at].caller_step if told.moments else call.step,
        )

    def _told(self, sid: str) -> tuple[Call, Story]:
        call = self.store.calls.load(sid)
        if call is None:
            abort(404)
        told = worth_showing(story(self.line, call, self.store.logs.events(sid), self._names()))
        if not sees_numbers(g.login.roles):
            told = without_numbers(told, self.line, (call.caller, *CallView(call).unlogged))
        return call, told

    def _names(self) -> dict[str, str]:
        return self.store.people.names()

    def _at(self, count: int) -> int:
        """Which moment is looked at; the last one unless another is asked for."""
        wanted = request.args.get("at", "")
        if not wanted:
            return max(0, count - 1)
        if not wanted.isdecimal() or int(wanted) >= max(count, 1):
            abort(404)
        return int(wanted)

    def _drawn(self, told: Story, at: int) -> str:
        if not told.moments:
            return diagram(self.line.caller)
        way = path(told.moments[: at + 1])
        label = self.words.text("flow_of_call")
        return diagram(self.line.caller, way[-1] if way else "", way[:-1], label)

    def _log(self, kind: Kind, call: Call) -> None:
        by = g.login.person or g.login.id
        self.store.logs.append(ACCESS, Event(kind, self.clock.now(), by, {"call": call.sid}))

    # --- as a dialogue ---

    def _why_not(self, call: Call) -> str:
        """Why it can't be exported, in words; ``""`` when it can."""
        try:
            self._exported(call)
        except NotExported as error:
            return self.words.text(f"not_exported_{error.why}")
        return ""

    def _exported(self, call: Call) -> str:
        if self.sample is None:
            raise NotExported("no_sample")
        return export(self.line, call, self.store.logs.events(call.sid), self.sample.desk)

    def export(self, sid: str) -> Response:
        """The call as a dialogue that comes true on the sample desk, with nothing personal."""
        call = self.store.calls.load(sid)
        if call is None:
            abort(404)
        try:
            text = self._exported(call)
            if self.sample is None or self.sample.rehearse(text):
                raise NotExported("differs")
        except NotExported as error:
            flash(self.words.text(f"not_exported_{error.why}"), "error")
            return redirect(url_for("calls.call", sid=sid))
        self._log("access.exported", call)
        name = f"{call.started_at:%Y-%m-%d_%H%M%S}.call"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, mimetype="text/plain", headers=headers)


FILTERS = ("number", "since", "until", "how", "before")


__all__ = ["CallPages", "Sample"]
