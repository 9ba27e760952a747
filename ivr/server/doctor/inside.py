"""What the line's own flow and database say: schema, ids, rota, PINs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from ivr.errors import IVRError
from ivr.line.config import LineConfig
from ivr.line.definition import Line
from ivr.line.desk.levels import DUTY_ROLES
from ivr.line.desk.rota_plan import Asked, Stretch, plan
from ivr.line.store.store import Store
from ivr.server import check
from ivr.server.doctor.result import Result, ok, warning, wrong

AHEAD = timedelta(days=7)
SHOWN = 5  # ids of people


def flow(line: Line) -> Iterator[Result]:
    """Keys that no prompt announces; whatever else could be wrong with a flow, it wouldn't load."""
    found = [wrong("flow", f"{each.where}: {each.what}", each.do) for each in check.keys(line)]
    languages = ", ".join(line.caller.prompts.codes)
    yield from found or [ok("flow", f"{line.name} {line.config.version}, in {languages}")]


def database(store: Store) -> Iterator[Result]:
    """Whether it answers, and has the schema that this version needs."""
    url = make_url(store.connections.url).render_as_string(hide_password=True)
    try:
        state = store.schema.state()
    except (IVRError, SQLAlchemyError, OSError) as error:
        what = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        yield wrong("database", f"{url} doesn't answer ({what})", "check IVR_DATABASE")
        return
    if state.why_not:
        yield wrong("database", f"{url}: {state.why_not}", "then start again")
    else:
        yield ok("database", f"{url} answers; its schema is {state.revision}")


def power(store: Store) -> Iterator[Result]:
    """Whether what was answered outlives a power failure."""
    connections, check = store.connections, "power failure"
    if not connections.postgres:
        lost = "may lose the last answers; IVR_POWER_SAFE=yes has each wait for the disk"
        yield ok(check, "loses nothing" if connections.power_safe else lost)
        return
    for name in ("fsync", "synchronous_commit"):
        with connections.reading() as connection:
            found = connection.execute(text(f"SHOW {name}")).scalar_one()
        if found == "off":
            make = wrong if connections.power_safe else warning
            yield make(check, f"PostgreSQL's {name} is off", "switch it on in its configuration")
            return
    yield ok(check, "loses nothing, as PostgreSQL is set up")


def dangling(line: Line, store: Store, own_cases: bool) -> Iterator[Result]:
    """Ids, regions and the like that nothing answers to."""
    found = list(check.dangling(line, store, own_cases))
    for each in found:
        yield Result(each.level, "desk", f"{each.where}: {each.what}", each.do)
    if not found:
        yield ok("desk", "everybody and everything that is named is there")


def rota(config: LineConfig, store: Store, now: datetime) -> Iterator[Result]:
    """The gaps of the next days, by role and region."""
    directory = store.people.directory(None, now)
    roles = sorted({DUTY_ROLES[level.target] for level in config.levels})
    regions = sorted({entry.region for entry in config.numbers.values()})
    gaps = 0
    for asked in (Asked(role, region) for role in roles for region in regions):
        stretches = plan(directory.shifts, directory.stints, now, now + AHEAD, asked)
        holes = [each for each in stretches if each.gap]
        if holes:
            gaps += 1
            yield _gap(asked, holes)
    if not gaps:
        yield ok("rota", f"somebody is on duty for all of the next {AHEAD.days} days")


def _gap(asked: Asked, holes: list[Stretch]) -> Result:
    first = holes[0]
    nobody = any(each.duty is None for each in holes)
    who = "nobody is on duty" if nobody else "only the global duty manager is on duty"
    more = f", and {len(holes) - 1} more times until then" if holes[1:] else ""
    what = (
        f"{asked.role} in {asked.region or 'all regions'}: {who} from {_at(first.begins)} to "
        f"{_at(first.ends)}{more}"
    )
    make = wrong if nobody else warning
    return make("rota", what, "fill it in shifts.csv or overrides.csv; ivr rota --days 7 shows all")


def _at(instant: datetime) -> str:
    return instant.strftime("%a %d %b %H:%M UTC")


def pins(store: Store) -> Iterator[Result]:
    """Who can't set their status by telephone."""
    people = [each for each in store.people.all() if each.active and each.phone.startswith("+")]
    without = [each.id for each in people if not each.pin]
    if without:
        more = f" and {len(without) - SHOWN} more" if without[SHOWN:] else ""
        yield warning(
            "PINs",
            f"{len(without)} of {len(people)} people have none, and can't set their status by "
            f"telephone: {', '.join(without[:SHOWN])}{more}",
            "they set it on their own desk (/me), or you in people.csv",
        )
    else:
        yield ok("PINs", "everybody who has a telephone can set their status by it")


__all__ = ["dangling", "database", "flow", "pins", "power", "rota"]
