"""The supervisor's wall: how it stands just now, and how a period went."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, g, render_template, request
from markupsafe import Markup

from ivr.line.desk.figures import figures
from ivr.line.desk.figures.reading import HOW, OF_CALLS, CallSummary, LoggedCall, summary
from ivr.line.flow.steps import Entry, Hold
from ivr.line.service.services import Services
from ivr.line.store.periods import CallThen
from ivr.line.web.pages.charts import Series, lying, stacked, swatch
from ivr.line.web.pages.shown import Shown
from ivr.line.web.pages.sign_in import for_page
from ivr.line.web.pages.words import Words

MOST = 20_000  # calls of which figures are made
LONGEST = 366  # days
SHARE = 10  # figures are shown again for so many times as long as it took to count them
PRESETS = {"today": (0, 0), "yesterday": (1, 1), "week": (6, 0), "month": (29, 0)}  # days ago


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days where the reader is; ``wrong`` is the key of what is wrong with them."""

    first: date
    last: date
    zone: ZoneInfo
    name: str = ""
    wrong: str = ""

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """From its first midnight to the one after its last day."""
        return self._midnight(self.first), self._midnight(self.last + timedelta(days=1))

    def starts(self) -> list[datetime]:
        """Of its hours, of its days, or of its weeks: never more than some sixty."""
        days = (self.last - self.first).days + 1
        if days == 1:
            since, until = self.bounds
            hours = round((until - since) / timedelta(hours=1))  # 23 or 25, twice a year
            return [since + timedelta(hours=hour) for hour in range(hours)]
        step = 1 if days <= 62 else 7
        return [self._midnight(self.first + timedelta(days=day)) for day in range(0, days, step)]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(ZoneInfo("UTC"))


def period_of(asked: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    """What ``period``, or ``from`` and ``to``, ask for; today if that can't be."""
    today = now.astimezone(zone).date()
    if asked.get("from") or asked.get("to"):
        return _between(asked, today, zone)
    name = asked.get("period", "today")
    first, last = PRESETS.get(name, PRESETS["today"])
    days = today - timedelta(days=first), today - timedelta(days=last)
    wrong = "" if name in PRESETS else "period_unknown"
    return Period(*days, zone, name if name in PRESETS else "today", wrong)


def _between(asked: Mapping[str, str], today: date, zone: ZoneInfo) -> Period:
    try:
        first = date.fromisoformat(asked.get("from") or asked["to"])
        last = date.fromisoformat(asked.get("to") or min(today, date.max).isoformat())
    except ValueError:
        return Period(today, today, zone, "today", "period_no_date")
    if last < first:
        return Period(today, today, zone, "today", "period_backwards")
    if (last - first).days >= LONGEST or not 1971 <= first.year <= last.year < 9999:
        return Period(today, today, zone, "today", "period_too_long")
    return Period(first, last, zone)


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures of a period, as they were ``at`` an instant, when ``latest`` named the store's
    state. ``too_many`` calls: none at all."""

    calls: list[CallSummary]
    figures: list[figures.Figure]
    at: datetime
    latest: str
    too_many: int = 0


def duration(seconds: float) -> str:
    """``42 s``, ``3:05`` (minutes and seconds) or ``2:00:09``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if whole < 60:
        return f"{whole} s"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Wall:
    """Counts and shows. ``timer`` tells seconds, by default the clock's; of a period with more than
    ``most`` calls there are no figures."""

    def __init__(
        self,
        services: Services,
        shown: Shown,
        words: Words,
        timer: Callable[[], float] | None = None,
        most: int = MOST,
    ) -> None:
        self.line = services.line
        self.store = services.store
        self.clock = services.clock
        self.shown = shown
        self.words = words
        self.timer = timer or (lambda: self.clock.now().timestamp())
        self.most = most
        self._counted: dict[tuple[datetime, datetime], tuple[float, Counted]] = {}

    def install(self, app: Flask) -> None:
        blueprint = Blueprint("wall", __name__)
        blueprint.add_url_rule("/wall", "wall", for_page("wall", self.page))
        blueprint.add_url_rule("/wall.csv", "csv", for_page("wall", self.sheet))
        app.register_blueprint(blueprint)
        app.template_filter("duration")(duration)

    # --- how a period went ---

    def counted(self, period: Period) -> Counted:
        """Counted again when something has happened since; but what took long to count is shown
        for some times as long, and the page, which says how old it is, asks again."""
        key, began, latest = period.bounds, self.timer(), self.store.logs.latest()
        until, known = self._counted.get(key, (0.0, None))
        if known is not None and (known.latest == latest or began < until):
            return known
        made = self._count(*key, latest)
        took = self.timer() - began
        for old in [each for each, (over, _) in list(self._counted.items()) if over < began]:
            self._counted.pop(old, None)
        self._counted[key] = (began + took * (1 + SHARE), made)
        return made

    def _count(self, since: datetime, until: datetime, latest: str) -> Counted:
        now = self.clock.now()
        with self.store.periods.reading() as period:
            read = period(since, until)
            if (count := read.count()) > self.most:
                return Counted([], [], now, latest, count)
            calls = [summary(self._logged(call)) for call in read.calls(OF_CALLS)]
            desk = list(read.of_the_desk())
            cases = period(since, until + figures.AGAIN).requests()
        levels = [level.code for level in self.line.config.levels]
        terms, bounds = self.line.config.wall, (since, until)
        made = figures.figures(calls, cases, desk, bounds, now, terms, levels)
        return Counted(calls, made, now, latest)

    def _logged(self, call: CallThen) -> LoggedCall:
        hung_up = [e for e in call.events if e.kind == "heard" and not e.data.get("leg")]
        stage = self._stage(str(hung_up[-1].data.get("step", ""))) if hung_up else ""
        return LoggedCall(call.started_at, call.ended_at, call.language, stage, call.events)

    def _stage(self, name: str) -> str:
        step = self.line.caller.steps.get(name)
        if isinstance(step, Hold):
            return "queue" if step.queue == "operators" else "hunt"
        return "" if step is None else "entry" if isinstance(step, Entry) else "menu"

    # --- pages ---

    def _asked(self) -> Period:
        zone = ZoneInfo(g.get("zone", "UTC"))
        return period_of(request.args, self.clock.now(), zone)

    def page(self) -> str:
        period = self._asked()
        counted = self.counted(period)
        return render_template(
            "wall.html",
            period=period,
            presets=PRESETS,
            counted=counted,
            most=self.most,
            longest=LONGEST,
            terms=self.line.config.wall,
            charts=[] if counted.too_many else self._charts(period, counted),
            asked={"from": request.args.get("from", ""), "to": request.args.get("to", "")},
            **self.shown.wall(),
        )

    def _charts(self, period: Period, counted: Counted) -> list[dict[str, Any]]:
        return [self._course(period, counted), self._reached(counted), self._stages(counted)]

    def _course(self, period: Period, counted: Counted) -> dict[str, Any]:
        text, starts = self.words.text, period.starts()
        series = [
            Series(key, text(f"how_{key}"), f"s{place}") for place, key in enumerate(HOW, start=1)
        ]
        shape = "%H:%M" if period.first == period.last else "%d/%m"
        columns = [
            (each.since.astimezone(period.zone).strftime(shape), each.counts)
            for each in figures.slices(counted.calls, starts)
        ]
        title = text("chart_course")
        return {
            "name": "course",
            "title": title,
            "drawn": Markup(stacked("course", title, columns, series)),
            "keys": [(Markup(swatch("course", each)), each.words) for each in series],
            "head": [text("begins"), *(each.words for each in series)],
            "rows": [[at, *(counts[each.key] for each in series)] for at, counts in columns],
        }

    def _reached(self, counted: Counted) -> dict[str, Any]:
        text, found = self.words.text, figures.reached(counted.calls)
        rows = [
            (text("later") if key == "later" else text("within_minutes", minutes=key), count)
            for key, count in found.items()
        ]
        return self._lying("reached", text("chart_reached"), rows)

    def _stages(self, counted: Counted) -> dict[str, Any]:
        found = next(each for each in counted.figures if each.name == "abandonment")
        rows = [(self.words.text(name), count) for name, count in found.parts.items()]
        return self._lying("stages", self.words.text("chart_stages"), rows)

    def _lying(self, name: str, title: str, rows: list[tuple[str, int]]) -> dict[str, Any]:
        return {
            "name": name,
            "title": title,
            "drawn": Markup(lying(name, title, rows)),
            "keys": [],
            "head": [title, self.words.text("calls_counted")],
            "rows": [list(row) for row in rows],
        }

    def sheet(self) -> Response:
        """The figures as a table for a spreadsheet: no cell in it can be a formula, as names are
        ours and the rest are numbers."""
        period = self._asked()
        counted = self.counted(period)
        if period.wrong or counted.too_many:
            wrong = period.wrong or "period_too_many"
            said = self.words.text(wrong, count=counted.too_many, most=self.most, longest=LONGEST)
            return Response(said + "\n", 422, mimetype="text/plain")
        file = io.StringIO()
        fields = ["from", "to", "figure", "value", "unit", "numerator", "denominator"]
        rows = csv.DictWriter(file, fields)
        rows.writeheader()
        days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
        rows.writerows(days | figures.plain(each) for each in counted.figures)
        name = f"figures-{period.first}-{period.last}.csv"
        head = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(file.getvalue(), mimetype="text/csv", headers=head)


__all__ = ["Period", "Wall", "period_of"]
