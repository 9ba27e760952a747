"""`ivr doctor` against a line that is served over HTTP and a simulated network: it passes, and says
what is wrong in each way in which something can be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result
from sqlalchemy import text
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ivr.cli.main import main
from ivr.line.definition import Line
from ivr.line.line_toml import load as read
from ivr.line.outside.carrier import client
from ivr.line.service.services import build_services
from ivr.line.store.store import Store
from ivr.line.web.webhooks.app import create_app
from ivr.server.doctor import outside
from ivr.server.doctor.doctor import Doctor
from ivr.server.flow_source import load
from ivr.server.settings import Settings
from ivr.simulator import Exchange
from ivr.simulator.rest.serving.server import RestServer
from tests.kit.databases import postgres
from tests.kit.own_flow import own_desk, own_flow
from tests.kit.processes import free_port

NUMBER = "+33800009001"
LIST = "IVR_NOTICE_MAJOR_INCIDENT"
BIN = "https://handler.twilio.com/twiml/EH00000000000000000000000000000000"
SECRET = "kX3vQ9rT7mZ1pL5wN8bC2dF6gH4jS0aY"


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Nobody reads it."""


def answering(app: Callable[..., Iterable[bytes]]) -> BaseWSGIServer:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def always(status: str, text: str) -> Callable[..., list[bytes]]:
    """An application that answers everything with the same."""

    def app(environ: dict[str, Any], start: Callable[..., object]) -> list[bytes]:
        start(status, [("Content-Type", "application/json")])
        return [text.encode()]

    return app


@dataclass
class World:
    """A desk of one's own, its line over HTTP, and the network whose numbers lead to it."""

    flow: Path
    line: Line
    store: Store
    network: Exchange
    settings: Settings
    environment: dict[str, str] = field(default_factory=dict)

    def results(self, **changed: Any) -> list[tuple[str, str, str]]:
        """Level, check and what is said; with other settings, or another ``line``, ``store``,
        ``environment``."""
        line, store = changed.pop("line", self.line), changed.pop("store", self.store)
        environment = changed.pop("environment", self.environment)
        settings = replace(self.settings, **changed)
        twilio = client(settings.account_sid, settings.auth_token, settings.api_url)
        doctor = Doctor(settings, line, store, twilio, datetime.now(UTC), environment)
        return [(each.level, each.check, f"{each.what}; {each.do}") for each in doctor.results()]

    def ivr(self, *words: str, typed: str = "", **changed: str) -> Result:
        environment = {
            "IVR_FLOW": str(self.flow),
            "IVR_DATABASE": self.settings.database,
            "IVR_PUBLIC_URL": self.settings.public_url,
            "IVR_TWILIO_API": self.settings.api_url,
            "IVR_SECRET_KEY": SECRET,
            "IVR_NOTICE_MAIL": self.settings.notice_mail,
            "TWILIO_ACCOUNT_SID": self.settings.account_sid,
            "TWILIO_AUTH_TOKEN": self.settings.auth_token,
            **self.environment,
            **changed,
        }
        return CliRunner(env=environment).invoke(main, words, input=typed)

    @property
    def entry(self) -> Any:
        return self.network.numbers[NUMBER]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("doctor")
    flow = own_flow(folder)
    desk = own_desk(flow)
    _always_on_duty(desk)
    line = load(str(flow)).line()
    store = Store(f"sqlite:///{folder / 'ivr.db'}")
    store.migrate()
    store.import_csv(desk)
    network = Exchange(seed=1)
    postbox = Controller(object(), hostname="127.0.0.1", port=free_port())
    postbox.start()
    with RestServer(network.api) as api:
        settings = Settings(
            database=store.connections.url,
            account_sid=network.account_sid,
            auth_token=network.auth_token,
            api_url=api.url,
            secret_key=SECRET,
            notice_mail=f"mailto://{postbox.hostname}:{postbox.port}?from=line@acme.example",
        )
        server = answering(always("503 Not Yet", ""))
        settings = replace(settings, public_url=f"http://127.0.0.1:{server.port}")
        services = build_services(
            line, store, twilio=network.client, public_url=settings.public_url
        )
        server.app = create_app(services)
        here = f"{settings.public_url}/voice/{line.name}"
        for number in line.config.numbers:
            network.number(number, here, status_callback=f"{here}/status", fallback=BIN)
        yield World(flow, line, store, network, settings, {LIST: "json://127.0.0.1/incident"})
        server.shutdown()
    postbox.stop()
    store.close()


def _always_on_duty(desk: Path) -> None:
    """Somebody is on duty everywhere at any time, and has a PIN."""
    (desk / "shifts.csv").write_text(
        "id,person,role,region,last\n"
        + "".join(
            f"{role}-{region},{person},{role},{region},\n"
            for role, person in (("duty", "MGR1"), ("second_level_duty", "HEAD"))
            for region in ("EMEA", "APAC")
        ),
        encoding="utf-8",
    )
    file = desk / "people.csv"
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    file.write_text(f"{head},pin\n" + "".join(f"{row},739164\n" for row in rows), encoding="utf-8")


@pytest.fixture
def entry(world: World) -> Iterator[Any]:
    """The number, which is as it was after the test."""
    kept = copy(world.entry)
    yield world.entry
    world.network.numbers[NUMBER] = kept


# ---- all is well


def test_a_line_that_is_fit_passes(world: World) -> None:
    result = world.ivr("doctor")

    assert result.exit_code == 0, result.output
    warnings = [line for line in result.output.splitlines() if not line.startswith("ok")]
    unencrypted, told = warnings  # a test has no TLS
    assert unencrypted.startswith("warning public address: http://127.0.0.1:")
    assert told == "16 ok, 1 warnings, 0 wrong"


def test_nobody_is_called_or_written_to_and_nothing_changes(world: World) -> None:
    before = len(world.store.duties.all())

    assert world.ivr("doctor").exit_code == 0

    assert not world.network.requests
    assert not world.network.legs
    assert len(world.store.duties.all()) == before


def test_a_program_can_read_it(world: World) -> None:
    results = json.loads(world.ivr("doctor", "--json").output)

    assert {each["level"] for each in results} == {"ok", "warning"}
    assert {each["check"] for each in results} >= {"database", "signature", "clock", NUMBER, "rota"}


# ---- each fault

CLOSED = "127.0.0.1:9"  # nobody listens at the port of "discard"


def said(results: list[tuple[str, str, str]], level: str, check: str, what: str) -> None:
    """Exactly this is said, of this level."""
    assert [each for each in results if each[:2] == (level, check) and what in each[2]], results


SETTINGS = [
    ("public_url", f"http://{CLOSED}", "wrong", "public address", "start `ivr serve`"),
    ("public_url", f"http://{CLOSED}", "wrong", "signature", "no answer from"),
    (
        "api_url",
        f"http://{CLOSED}",
        "wrong",
        NUMBER,
        "(no connection to the carrier); check TWILIO",
    ),
    ("api_url", f"http://{CLOSED}", "warning", "clock", "doesn't say the time"),
    ("auth_token", "another", "wrong", "signature", "signed with TWILIO_AUTH_TOKEN is refused"),
    ("auth_token", "another", "wrong", NUMBER, "check TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN"),
    ("secret_key", "", "warning", "IVR_SECRET_KEY", "isn't set"),
    ("secret_key", "short", "wrong", "settings of the web pages", "has 5 characters"),
    ("notice_mail", "", "warning", "IVR_NOTICE_MAIL", "nobody is told anything by mail"),
    ("notice_mail", "", "warning", "promise.last_resort", "'HEAD' can't be told of gaps"),
    ("notice_mail", "nonsense", "wrong", "IVR_NOTICE_MAIL", "isn't an address that apprise knows"),
    ("notice_mail", f"mailto://{CLOSED}?from=a@b.example", "wrong", "IVR_NOTICE_MAIL", "let us in"),
    ("notice_sms", "nonsense", "wrong", "IVR_NOTICE_SMS", "isn't an address that apprise knows"),
    ("oidc_issuer", f"http://{CLOSED}", "wrong", "sign-in provider", "check IVR_OIDC_ISSUER"),
]


@pytest.mark.parametrize(("name", "value", "level", "check", "what"), SETTINGS)
def test_a_setting_that_cant_be(
    world: World, name: str, value: str, level: str, check: str, what: str
) -> None:
    said(world.results(**{name: value}), level, check, what)


def test_a_mail_server_that_doesnt_know_us_and_no_password_is_shown(world: World) -> None:
    mail = world.settings.notice_mail.replace("mailto://", "mailto://ann:topsecret@")
    results = world.results(notice_mail=mail)

    said(results, "wrong", "IVR_NOTICE_MAIL", "check host, port, user and password")
    assert "topsecret" not in str(results)


POINTING = [
    ({"url": "https://old.test/voice"}, "wrong", "its voice URL is 'https://old.test/voice', not"),
    ({"url": ""}, "wrong", "its voice URL is '', not http://"),
    ({"method": "GET"}, "wrong", "its voice URL is asked by GET, not by POST"),
    ({"status_callback": ""}, "wrong", "its status callback is '', not http://"),
    ({"status_method": "GET"}, "wrong", "its status callback is sent by GET, not POST"),
    ({"fallback": ""}, "wrong", "has no fallback URL"),
    ({"application": "AP" + "1" * 32}, "wrong", "the TwiML application AP1111"),
]


@pytest.mark.parametrize(("changed", "level", "what"), POINTING)
def test_a_number_that_doesnt_lead_here(
    world: World, entry: Any, changed: dict[str, str], level: str, what: str
) -> None:
    for name, value in changed.items():
        setattr(entry, name, value)

    said(world.results(), level, NUMBER, what)
    said(world.results(), level, NUMBER, "ivr doctor --fix")


def test_a_fallback_that_is_gone_with_the_line(world: World, entry: Any) -> None:
    entry.fallback = f"{world.settings.public_url}/voice/{world.line.name}/fallback"

    said(world.results(), "warning", NUMBER, "which is gone when the line is down")


def test_a_number_that_isnt_the_accounts(world: World) -> None:
    gone = world.network.numbers.pop(NUMBER)
    try:
        said(world.results(), "wrong", NUMBER, "isn't a number of this account; buy it")
    finally:
        world.network.numbers[NUMBER] = gone


STRANGERS = [
    (always("200 OK", "welcome"), "public address", "answers 200, and not as line 'escalation'"),
    (always("404 Not Found", ""), "public address", "answers 404, and not as line"),
    (always("404 Not Found", ""), "signature", "check that the proxy hands on POST requests"),
    (always("200 OK", "<Response/><Response>"), "signature", "a request without one is taken"),
]


@pytest.mark.parametrize(("app", "check", "what"), STRANGERS)
def test_something_else_at_the_public_address(
    world: World, app: Callable[..., list[bytes]], check: str, what: str
) -> None:
    server = answering(app)
    try:
        results = world.results(public_url=f"http://127.0.0.1:{server.port}")
    finally:
        server.shutdown()

    said(results, "wrong", check, what)


def test_another_version_at_the_public_address(world: World) -> None:
    newer = replace(world.line, config=replace(world.line.config, version="2026-12"))

    said(
        world.results(line=newer), "warning", "public address", "is another version than '2026-12'"
    )


ISSUERS = [
    ('{"issuer": "https://other.test"}', "is of the issuer 'https://other.test'"),
    ("[]", "is of the issuer None"),
    ("<html>", "no answer from"),
    ('{"issuer": "ISSUER"}', "names no authorization_endpoint, token_endpoint, jwks_uri"),
]


@pytest.mark.parametrize(("document", "what"), ISSUERS)
def test_a_provider_that_isnt_the_one_that_was_meant(
    world: World, document: str, what: str
) -> None:
    server = answering(always("200 OK", ""))
    issuer = f"http://127.0.0.1:{server.port}"
    server.app = always("200 OK", document.replace("ISSUER", issuer))
    try:
        said(list(triples(issuer)), "wrong", "sign-in provider", what)
    finally:
        server.shutdown()


def test_a_provider_that_answers() -> None:
    server = answering(always("200 OK", ""))
    issuer = f"http://127.0.0.1:{server.port}"
    names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    server.app = always("200 OK", json.dumps(dict.fromkeys(names, issuer)))
    try:
        said(list(triples(issuer)), "ok", "sign-in provider", "answers")
    finally:
        server.shutdown()


def triples(issuer: str) -> Iterator[tuple[str, str, str]]:
    for each in outside.provider(issuer):
        yield each.level, each.check, each.what


@pytest.mark.parametrize(
    ("off", "level", "what"),
    [(3600, "wrong", "s ahead of"), (-3600, "wrong", "s behind"), (30, "warning", "s ahead of")],
)
def test_a_clock_that_is_wrong(world: World, off: int, level: str, what: str) -> None:
    [told] = outside.clock(world.settings.api_url, datetime.now(UTC) + timedelta(seconds=off))

    assert (told.level, told.do) == (level, "set it by NTP")
    assert what in told.what


def test_a_database_that_isnt_there(world: World, tmp_path: Path) -> None:
    nowhere = Store(f"postgresql://ivr:topsecret@{CLOSED}/ivr")
    results = world.results(store=nowhere)
    nowhere.close()

    said(results, "wrong", "database", "doesn't answer")
    assert "topsecret" not in str(results)
    assert not [each for each in results if each[1] in ("rota", "desk", "PINs")]  # not looked at


def test_a_database_that_is_empty(world: World, tmp_path: Path) -> None:
    empty = Store(f"sqlite:///{tmp_path / 'empty.db'}")
    results = world.results(store=empty)
    empty.close()

    said(results, "wrong", "database", "the database is empty: run ivr db migrate")


def test_what_a_power_failure_would_lose(world: World) -> None:
    loses = world.ivr("doctor").output
    keeps = world.ivr("doctor", IVR_POWER_SAFE="yes").output
    unclear = world.ivr("doctor", IVR_POWER_SAFE="true")

    assert "power failure: may lose the last answers; IVR_POWER_SAFE=yes" in loses
    assert "power failure: loses nothing" in keeps
    assert unclear.exit_code == 3
    assert "IVR_POWER_SAFE is 'true': write yes or no" in unclear.output


def lazy_from_now_on(store: Store) -> None:
    name = store.connections.engine.url.database
    with store.connections.writing() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))


@pytest.mark.postgres
def test_a_postgresql_that_would_lose_answers(world: World) -> None:
    with postgres() as url:
        with closing(Store(url)) as store:
            store.migrate()
            lazy_from_now_on(store)
        for power_safe, expected in ((False, "warning"), (True, "ok")):
            with closing(Store(url, power_safe=power_safe)) as store:
                said = {check: level for level, check, _ in world.results(store=store)}
                assert said["power failure"] == expected


def test_a_list_without_addresses_and_one_with_nonsense(world: World) -> None:
    said(world.results(environment={}), "warning", LIST, "nobody of the list 'major_incident'")
    said(world.results(environment={LIST: "x"}), "wrong", LIST, "1 of 1 addresses can't be read")


ON_DUTY = "duty-EMEA,MGR1,duty,EMEA,\nduty-APAC,MGR1,duty,APAC,\n"
OVER_BUT_ONE = "duty-EMEA,MGR1,duty,EMEA,2020-01-01\nglobal,MGR1,duty,,\n"

# What the desk is without, and what is said of it.
DESKS = [
    ("shifts.csv", ON_DUTY, "", "wrong", "rota", "duty in APAC: nobody is on duty from"),
    ("shifts.csv", ON_DUTY, OVER_BUT_ONE, "warning", "rota", "only the global duty manager is on"),
    ("people.csv", "acme.example,739164", "acme.example,", "warning", "PINs", "8 of 8 people have"),
    ("people.csv", "Paul-Ann", "Paul", "wrong", "sample desk", "is Paul Morel's (MGR1) of the"),
    (
        "people.csv",
        ",operator,",
        ",engineer,",
        "wrong",
        "desk",
        "hunts.operator: nobody who is act",
    ),
    ("cases.csv", "17349013,open,2", "17349013,open,9", "wrong", "desk", "9 isn't on the scale"),
]


@pytest.mark.parametrize(("file", "before", "after", "level", "check", "what"), DESKS)
def test_a_desk_that_lacks_something(
    world: World,
    tmp_path: Path,
    file: str,
    before: str,
    after: str,
    level: str,
    check: str,
    what: str,
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'ivr.db'}")
    store.migrate()
    desk = tmp_path / "desk"
    desk.mkdir()
    for each in (world.flow / "sample").glob("*.csv"):
        (desk / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
    text = (desk / file).read_text(encoding="utf-8")
    assert before in text
    (desk / file).write_text(text.replace(before, after), encoding="utf-8")
    store.import_csv(desk)

    results = world.results(store=store)
    store.close()

    said(results, level, check, what)


def test_a_line_toml_whose_last_resort_nobody_is(world: World, tmp_path: Path) -> None:
    text = (world.flow / "line.toml").read_text(encoding="utf-8")
    (tmp_path / "line.toml").write_text(text.replace('"HEAD"', '"BOSS"'), encoding="utf-8")
    line = replace(world.line, config=read(tmp_path / "line.toml"))

    said(world.results(line=line), "wrong", "desk", "promise.last_resort: there is no 'BOSS' in")


# ---- put right


def test_fix_asks_and_sets_the_urls(world: World, entry: Any) -> None:
    entry.url, entry.method, entry.status_callback, entry.fallback = (
        "https://old.test/",
        "GET",
        "",
        "",
    )

    refused = world.ivr("doctor", "--fix", typed="n\n")
    assert refused.exit_code == 1
    assert entry.url == "https://old.test/"

    done = world.ivr("doctor", "--fix", typed="y\n")
    here = f"{world.settings.public_url}/voice/{world.line.name}"
    assert done.exit_code == 0, done.output
    assert (
        f"{NUMBER}: set voice_url = {here}, voice_method = POST, status_callback = " in done.output
    )
    assert (entry.url, entry.method) == (here, "POST")
    assert entry.status_callback == f"{here}/status"
    assert entry.fallback == f"{here}/fallback"


def test_fix_with_yes_keeps_what_is_right(world: World, entry: Any) -> None:
    entry.status_callback, entry.application = "", "AP" + "1" * 32

    done = world.ivr("doctor", "--fix", "--yes", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)
    assert entry.application == ""
    assert entry.fallback == BIN


def test_what_it_cant_look_without(world: World) -> None:
    refused = world.ivr("doctor", TWILIO_AUTH_TOKEN="")

    assert refused.exit_code == 3
    assert "TWILIO_AUTH_TOKEN" in refused.output
    assert world.ivr("doctor", "--yes").exit_code == 2
