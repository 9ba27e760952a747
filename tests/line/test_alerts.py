"""The alerts that ship with the line: each fires when it should, and none on a good day; and every
metric that they and the dashboard name is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from ivr.line import metrics
from ivr.line.records import Duty
from ivr.line.web.webhooks.app import create_app
from ivr.simulator import Handset
from tests.kit.desk import ENTRY, Desk
from tests.kit.documents import ROOT
from tests.kit.environment import require
from tests.kit.promql import Series, evaluate
from tests.kit.scrapes import TOKEN, Scrape, known, scraped

pytestmark = [
    pytest.mark.lenient_calls,
    pytest.mark.unaudited("what the line stands on is broken, on purpose"),
]

ALERTS = ROOT / "deploy/prometheus/alerts.yml"
DASHBOARD = ROOT / "deploy/grafana/dashboard.json"
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}


@dataclass
class Watched:
    """A desk under Prometheus' eyes; a story may bring another instance, or close this one."""

    desk: Desk
    token: str = TOKEN
    others: dict[str, Desk] = field(default_factory=dict)

    def scrapes(self) -> dict[str, Scrape | None]:
        desks = {"line-1:8000": self.desk, **self.others}
        return {name: self._scrape(desk) for name, desk in desks.items()}

    def _scrape(self, desk: Desk) -> Scrape | None:
        probe = create_app(desk.services, metrics_token=self.token).test_client()
        answer = probe.get("/metrics", headers=known())
        return Scrape(answer.text) if answer.status_code == 200 else None

    def caller(self, number: int = 0) -> Handset:
        return self.desk.exchange.phone(f"+336555{number:05d}")

    def call(self, *entries: str, number: int = 0) -> Handset:
        caller = self.caller(number)
        caller.call(ENTRY)
        for keys in entries:
            self.desk.exchange.wait(1)
            caller.press(keys)
        self.desk.exchange.wait(1)
        return caller


def execute(watched: Watched, statement: str) -> None:
    with watched.desk.store.connections.writing() as connection:
        connection.execute(text(statement))


def tell_everybody(watched: Watched) -> None:
    """This desk has no mail server: as if another process had one."""
    for notice in watched.desk.store.duties.all("notify", owed=True):
        watched.desk.store.duties.done(notice)


# ---- what happens


def a_good_day(watched: Watched) -> None:
    watched.desk.phone("OP1").will("answer", after=3, press="1")
    caller = watched.call("0")
    watched.desk.exchange.wait(60)
    caller.hang_up()
    watched.desk.exchange.wait(30)


def it_cannot_be_scraped(watched: Watched) -> None:
    watched.token = "another token than Prometheus has"


def the_database_takes_nothing(watched: Watched) -> None:
    execute(watched, "DROP TABLE signs")


def the_database_is_of_another_version(watched: Watched) -> None:
    execute(watched, "UPDATE alembic_version SET version_num = '0018'")


def the_carrier_does_not_answer(watched: Watched) -> None:
    with watched.desk.exchange.rest_fails("timeout"):
        watched.call("0")


def nobody_carries_out_duties(watched: Watched) -> None:
    then = watched.desk.exchange.clock.now() - timedelta(seconds=90)
    watched.desk.store.duties.add([Duty("late", "", "rota", then)])


def a_duty_is_given_up(watched: Watched) -> None:
    now = watched.desk.exchange.clock.now()
    watched.desk.store.duties.add([Duty("of no call", "CA0", "lapse", now, {"leg": "1"})])
    watched.desk.duties.everything()
    watched.desk.exchange.wait(300)


def the_carrier_refuses(watched: Watched) -> None:
    with watched.desk.exchange.rest_fails("429"):
        for number in range(6):
            watched.call("0", number=number).hang_up()
        watched.desk.exchange.wait(30)


def webhooks_fail(watched: Watched) -> None:
    execute(watched, "ALTER TABLE calls RENAME TO gone")
    watched.call()
    execute(watched, "ALTER TABLE gone RENAME TO calls")


def a_webhook_is_slow(watched: Watched) -> None:
    metrics.WEBHOOK_SECONDS.labels("voice").observe(5.1)  # no test waits so long


def requests_come_from_elsewhere(watched: Watched) -> None:
    for _ in range(21):
        watched.desk.app.test_client().post("/voice/escalation", data={"CallSid": "CA1"})


def a_caller_waits_long(watched: Watched) -> None:
    watched.call("0")
    execute(watched, "UPDATE calls SET waiting_since = waiting_since - 300000000")


def nobody_is_there(watched: Watched) -> None:
    for person in ("OP1", "OP2", "MGR1", "MGR2", "MGR3", "MGR4"):
        watched.desk.phone(person).will("busy")
    for number in range(6):
        watched.call("0", number=number)
        watched.desk.exchange.wait(120)
    for number in range(6):
        if watched.caller(number).in_call:
            watched.caller(number).hang_up()
    tell_everybody(watched)


def a_call_back_is_not_made(watched: Watched) -> None:
    caller = watched.call("2", "1", "17349013#", "1", "2")
    caller.hang_up()
    watched.desk.exchange.wait(timedelta(hours=2).total_seconds())
    tell_everybody(watched)


def somebody_is_held_by_a_call(watched: Watched) -> None:
    watched.desk.phone("OP1").will("answer", after=3, press="1")
    watched.call("0")
    watched.desk.exchange.wait(30)
    execute(watched, "UPDATE events SET at = at - 14500000000")


def another_version_runs_beside_it(watched: Watched) -> None:
    services, line = watched.desk.services, watched.desk.line
    newer = replace(line, config=replace(line.config, version="2"))
    beside = replace(watched.desk, services=replace(services, line=newer))
    watched.others["line-2:8000"] = beside


STORIES: dict[Callable[[Watched], None], set[str]] = {
    a_good_day: set(),
    it_cannot_be_scraped: {"LineDown"},
    the_database_takes_nothing: {"DatabaseFails"},
    the_database_is_of_another_version: {"SchemaUnfit"},
    the_carrier_does_not_answer: {"CarrierUnusable"},
    nobody_carries_out_duties: {"DutiesLate"},
    a_duty_is_given_up: {"DutiesGivenUp"},
    the_carrier_refuses: {"CarrierRefuses"},
    webhooks_fail: {"WebhooksFail"},
    a_webhook_is_slow: {"WebhooksSlow"},
    requests_come_from_elsewhere: {"WebhooksRefused"},
    a_caller_waits_long: {"CallersWaitLong"},
    nobody_is_there: {"NobodyTakesCalls"},
    a_call_back_is_not_made: {"PromisesOverdue", "NobodyTakesCalls"},
    somebody_is_held_by_a_call: {"ClaimsHeld"},
    another_version_runs_beside_it: {"VersionsDiffer"},
}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_an_alert_fires_when_it_should_and_no_other_does(
    desk: Desk, story: Callable[[Watched], None], tmp_path: Path
) -> None:
    watched = Watched(desk)
    before = watched.scrapes()
    story(watched)
    now = watched.scrapes()

    series = Series({name: (before.get(name), now[name]) for name in now})

    fired = {name for name, rule in RULES.items() if evaluate(rule["expr"], series)}
    assert fired == STORIES[story]
    assert not PROMTOOL or agrees(series, fired, tmp_path) == ""


def test_every_alert_has_a_story() -> None:
    assert set().union(*STORIES.values()) == RULES.keys()


def test_every_alert_says_what_is_so_and_what_to_do() -> None:
    for name, rule in RULES.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert rule["annotations"].keys() == {"summary", "action"}, name


# ---- what is named is there


NAMED = re.compile(r"\b(?:ivr_\w+|up)\b")
GROUPED = re.compile(r"\bby \(([\w, ]+)\)")
MATCHED = re.compile(r'(\w+)(?:=~|!=|=)"')


def expressions() -> list[str]:
    shown = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [
        *(rule["expr"] for rule in RULES.values()),
        *(target["expr"] for panel in shown for target in panel["targets"]),
    ]


def test_each_metric_and_label_of_alerts_and_dashboard_is_in_a_scrape(desk: Desk) -> None:
    a_good_day(Watched(desk))
    desk.store.duties.add([Duty("later", "", "feed", desk.exchange.clock.now())])
    said = scraped(desk)
    labels = {name: {label for label, _ in own} for name, own in said.samples}
    labels |= {"up": {"job", "instance"}}

    for expression in expressions():
        names = NAMED.findall(expression)
        assert names, expression
        there = set().union(*(labels[name] for name in names))
        grouped = {each.strip() for by in GROUPED.findall(expression) for each in by.split(",")}
        assert grouped | set(MATCHED.findall(expression)) <= there, expression


def test_the_dashboard_shows_every_metric_once_or_more() -> None:
    page = (ROOT / "docs/line/operating.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(ivr_\w+)` \|", page, re.MULTILINE))
    shown = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    named = {
        re.sub(r"_(bucket|count|sum)$", "", name)
        for panel in shown["panels"]
        for target in panel["targets"]
        for name in NAMED.findall(target["expr"])
    }

    left_out = {"ivr_calls_started_total", "ivr_duties_done_total", "ivr_duties_owed"}
    assert named == documented - left_out


def test_the_panels_of_the_dashboard_do_not_cover_each_other() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels}) == len(panels)


# ---- as Prometheus itself sees it


PROMTOOL = shutil.which("promtool")


def test_prometheus_takes_the_rules() -> None:
    require("promtool (of Prometheus)", PROMTOOL is not None)
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def agrees(series: Series, fired: set[str], folder: Path) -> str:
    """What Prometheus itself says against it; ``""`` if it lets the same alerts fire: six minutes
    after what happened, or one that takes an hour, after an hour."""
    slow = {name for name in fired if RULES[name].get("for") == "1h"}
    file = folder / "story.yml"
    questions = [_question("7m", fired - slow), *([_question("62m", slow)] if slow else [])]
    test = {
        "rule_files": [str(ALERTS)],
        "tests": [
            {"interval": "1m", "input_series": _input(series), "promql_expr_test": questions}
        ],
    }
    file.write_text(yaml.safe_dump(test), encoding="utf-8")
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def _question(at: str, fired: set[str]) -> dict[str, Any]:
    """Which alerts fire then?"""
    samples = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(fired)]
    expression = 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0'
    return {"expr": expression, "eval_time": at, "exp_samples": samples}


def _input(series: Series) -> list[Mapping[str, Any]]:
    """What each scrape gave: once before, and from then on what came of it."""
    made = []
    for key in series.before.keys() | series.now.keys():
        name, labels = key
        shown = ",".join(f'{label}="{value}"' for label, value in sorted(labels))
        first, then = (
            f"{values[key]:g}" if key in values else "_" for values in (series.before, series.now)
        )
        made.append({"series": f"{name}{{{shown}}}", "values": f"{first} {then}x70"})
    return made
