"""What people are told, through a real SMTP server in this process."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from msgspec.structs import replace

from flows.escalation import FOLDER, line
from ivr.cli.main import main
from ivr.line.definition import Line
from ivr.line.desk.notice_texts import KINDS, Templates, Words
from ivr.line.errors import FlowError, GivenUp, NotYet
from ivr.line.outside.mail import Addresses, by_apprise, masked
from ivr.line.records import Duty
from ivr.line.service.duties.notices import Notices
from ivr.line.store.store import Store
from ivr.server.build import addresses_of
from ivr.server.settings import Settings
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk, mount
from tests.kit.telephones import keyed, nobody_rings

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TEMPLATES = line().notices


@dataclass
class Postbox:
    """A mail server that keeps what it is given, and can refuse it."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refuses: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 come again later"
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails += [(to, mail) for to in envelope.rcpt_tos]
        return "250 OK"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def server(postbox: Postbox) -> Iterator[str]:
    """The server's apprise URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(postbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield f"mailto://127.0.0.1:{port}?from=line@acme.example"
    controller.stop()


class At:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def call_at(self, when: datetime, what: Any) -> Any:
        raise AssertionError("nobody sets an alarm here")


def notices(store: Store, mail: str, lists: dict[str, tuple[str, ...]] | None = None) -> Notices:
    return Notices(store, TEMPLATES, Addresses(mail, lists or {}), At(), "DIR1")


def duty(owner: str = "MGR1", what: str = "escalation", attempts: int = 1, **data: Any) -> Duty:
    given = {"what": what, "case": "C17349013", "level": "M1", "list": ""} | data
    key = f"case:C17349013:notify:{what}:{owner}"
    made = Duty(key, "case:C17349013", "notify", NOW, given, owner)
    made.attempts = attempts
    return made


@pytest.mark.parametrize(
    ("language", "zone", "due", "written"),
    [
        ("en", "America/New_York", "2026-11-24T09:45:00+00:00", "24 Nov 2026, 04:45 EST"),
        ("fr", "Europe/Paris", "2026-11-24T10:45:00+01:00", "24/11/2026 à 10:45 CET"),
        ("fr", "Europe/Paris", "2026-10-25T00:30:00+00:00", "25/10/2026 à 02:30 CEST"),
        ("fr", "Europe/Paris", "2026-10-25T01:30:00+00:00", "25/10/2026 à 02:30 CET"),
        ("de", "Europe/Berlin", "2026-11-24T09:45:00.123+00:00", "24.11.2026, 10:45 CET"),
        ("ja", "Asia/Tokyo", "2026-11-24T09:45:00+00:00", "2026年11月24日 18:45 JST"),
    ],
)
def test_times_are_written_for_who_reads_them(
    language: str, zone: str, due: str, written: str
) -> None:
    text = TEMPLATES.words("callback_owed", [language], {"due": due}, zone).text

    assert written in text
    assert due not in text


def test_a_call_that_asks_for_a_manager_sends_the_manager_and_the_engineer_an_email(
    exchange: Exchange, store: Store, escalation: Any, server: str, postbox: Postbox
) -> None:
    """Escalate: the engineer's manager is notified (R9), at the moment of the request."""
    network = Exchange(seed=3)
    desk = mount(network, store, escalation, addresses=Addresses(server))
    caller = network.phone("+33155500101")
    caller.call(ENTRY)
    keyed(caller, network, "2", "1", "17349013#", "1", "2")

    sent = {to: mail["Subject"] for to, mail in postbox.mails}
    assert sent == {
        "paul@acme.example": "C17349013 : escalade M1",
        "nora@acme.example": "C17349013 : escalade M1",
    }
    assert [each.state for each in store.duties.all("notify")] == ["done", "done"]
    told = [event.data["to"] for event in desk.on_case("C17349013", "notification.sent")]
    assert told == ["MGR1", "ENG1"]
    assert store.logs.verify("case:C17349013")
    caller.hang_up()
    network.wait(60)


def test_mails_about_one_case_and_level_are_one_thread_in_plain_text(
    store: Store, server: str, postbox: Postbox
) -> None:
    sender = notices(store, server)
    sender.notify(duty(reason="The plant stands still."))
    sender.notify(duty("DIR1", "overdue"))

    (_, first), (_, second) = postbox.mails
    for header in ("References", "In-Reply-To"):
        assert first[header] == second[header] == "<C17349013-M1@ivr>"
    assert first.get_all("Message-ID") != second.get_all("Message-ID")
    assert len(first.get_all("Message-ID", [])) == 1
    assert first["X-Notice-Key"] == "case:C17349013:notify:escalation:MGR1"
    assert first.get_content_type() == "text/plain"
    assert "The plant stands still." in first.get_content()
    assert "line@acme.example" in first["From"]


def test_each_person_is_told_in_their_language_and_english_is_the_last_resort(
    store: Store, server: str, postbox: Postbox
) -> None:
    sender = notices(store, server)
    for owner in ("MGR1", "MGR4", "ENG2"):
        sender.notify(duty(owner, "severity_wish", severity=1))

    subjects = [mail["Subject"] for _, mail in postbox.mails]
    assert subjects[:2] == [
        "C17349013 : gravité 1 demandée",
        "C17349013: severity 1 requested",
    ]
    assert len(subjects) == 3


def test_a_server_that_refuses_is_tried_again_with_growing_pauses_and_then_given_up(
    store: Store, server: str, postbox: Postbox
) -> None:
    sender, postbox.refuses = notices(store, server), True
    pauses = []
    for attempt in range(1, 8):
        with pytest.raises(NotYet) as later:
            sender.notify(duty(attempts=attempt))
        pauses.append(later.value.at - NOW)
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=4)

    with pytest.raises(GivenUp):
        sender.notify(duty(attempts=8))
    [failed] = store.logs.events("case:C17349013")
    assert (failed.kind, failed.data["to"]) == ("notification.failed", "MGR1")
    [alarm] = store.duties.all("notify")
    assert (alarm.owner, alarm.data["what"], alarm.data["to"]) == ("DIR1", "undelivered", "MGR1")

    postbox.refuses = False
    sender.notify(alarm)
    assert postbox.mails[0][0] == "claire@acme.example"


def test_a_notice_that_nobody_can_get_is_given_up_once_and_not_for_ever(store: Store) -> None:
    sender = notices(store, "")
    with pytest.raises(GivenUp, match="no address"):
        sender.notify(duty())
    [alarm] = store.duties.all("notify")
    with pytest.raises(GivenUp):
        sender.notify(alarm)

    assert len(store.duties.all("notify")) == 1


def test_a_dead_server_is_no_error_of_the_call(store: Store, server: str) -> None:
    dead = "mailto://127.0.0.1:1?from=line@acme.example"

    with pytest.raises(NotYet):
        notices(store, dead).notify(duty())


def test_a_dead_server_keeps_other_duties_waiting_once(store: Store) -> None:
    """Not once for each notice: there may be twenty, and their duties go before others."""
    sender, asked = notices(store, "mailto://dead.example", {"all": ("json://well.example",)}), []

    def deliver(url: str, words: Words) -> str:
        asked.append(url.partition("?")[0])
        sender.clock.at += timedelta(seconds=5)  # type: ignore[attr-defined]
        return "no connection" if "dead" in url else ""

    sender.deliver = deliver
    for owner in ("MGR1", "MGR4"):
        with pytest.raises(NotYet) as later:
            sender.notify(duty(owner))
    sender.notify(duty("", list="all"))
    assert asked == ["mailto://dead.example", "json://well.example"]

    sender.clock.at = later.value.at  # type: ignore[attr-defined]
    with pytest.raises(NotYet):
        sender.notify(duty("MGR4", attempts=2))
    assert asked[2:] == ["mailto://dead.example"]


def test_a_list_is_told_besides_the_people(
    desk: Desk, store: Store, server: str, postbox: Postbox
) -> None:
    desk.hear("C17349013", "set_emergency", key="x", by="OP1", channel="web")
    [told] = [each for each in store.duties.all("notify") if each.data["list"]]
    assert told.data["list"] == "major_incident"

    url = f"{server}&to=all@acme.example"
    notices(store, server, {"major_incident": (url,)}).notify(told)

    assert [to for to, _ in postbox.mails] == ["all@acme.example"]


def test_a_list_without_addresses_is_given_up_by_name(store: Store) -> None:
    with pytest.raises(GivenUp, match=r"set the variable in \[notices.lists\]"):
        notices(store, "").notify(duty("", list="major_incident"))

    [failed] = store.logs.events("case:C17349013")
    assert failed.data["to"] == "major_incident"


def test_everybody_on_a_list_is_told_though_one_cannot_be(
    store: Store, escalation: Line, server: str, postbox: Postbox
) -> None:
    urls = (f"{server}&to=a@acme.example", "json://127.0.0.1:1/gone", f"{server}&to=b@acme.example")
    network = Exchange(start=NOW)
    desk = mount(network, store, escalation, addresses=Addresses("", {"all": urls}))
    store.duties.add([duty("", list="all")])

    desk.duties.everything()
    network.wait(8 * 3600)
    assert sorted(to for to, _ in postbox.mails) == ["a@acme.example", "b@acme.example"]
    assert len({mail["X-Notice-Key"] for _, mail in postbox.mails}) == 2
    states = {
        each.data.get("address"): each.state
        for each in store.duties.all("notify")
        if not each.owner
    }
    assert states == {None: "done", 0: "done", 1: "dropped", 2: "done"}


SAID = "can't reach smtp.example.com as line with pa/ss, for paul@acme.example"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (
            "mailtos://line:pa%2Fss@smtp.example.com?to=paul%40acme.example",
            "can't reach smtp.example.com as … with …, for …",
        ),
        ("json://localhost/hooks/reach", "can't … smtp.example.com as line with pa/ss, for "),
        ("slack://smtp/line/pa", "can't reach ….example.com as … with pa/ss, for "),
    ],
)
def test_of_an_address_only_its_host_is_told_on(url: str, told: str) -> None:
    assert masked(SAID, url).startswith(told)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What an administrator reads; pytest's own would listen to `apprise` itself."""
    handler = logging.StreamHandler(StringIO())
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("url", ["slak://T1/B2/secret", "nowhere://me:secret@host", "mailto://"])
def test_an_address_that_nobody_can_read_is_not_logged(url: str, log: StringIO) -> None:
    assert by_apprise(url, Words("A subject", "A text.")).startswith("the address isn't one")
    assert log.getvalue() == ""


def test_a_failure_is_logged_in_words_without_the_address(
    store: Store, server: str, postbox: Postbox
) -> None:
    postbox.refuses = True
    with pytest.raises(GivenUp) as given_up:
        notices(store, server).notify(duty(attempts=8))

    [failed] = store.logs.events("case:C17349013")
    assert failed.data["why"] == str(given_up.value) == 'mailto: Sending email to "…" failed.'


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("language", TEMPLATES.languages)
def test_every_notice_is_there_in_every_language_and_needs_no_value(
    language: str, what: str
) -> None:
    words = TEMPLATES.words(what, [language], {})

    assert words.subject
    assert words.text
    assert "{" not in words.subject + words.text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("[escalation]\n", "[escalations]\n"), r"\[escalation\] needs"),
        (("{level}", "{lever}"), "slot '{lever}', which nobody fills"),
        (("{level}", "{}"), "slot '{}', which nobody fills"),
        (("{level}", "{level:d}"), r"\[escalation\]: Unknown format code"),
        (("{level}", "{"), r"\[escalation\]: .*; a slot is {name}, a brace {{"),
        (('subject = "', "subject = "), "not TOML"),
    ],
)
def test_a_file_that_cannot_serve_is_refused(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    text = (FOLDER / "notices" / "en.toml").read_text()
    (tmp_path / "en.toml").write_text(text.replace(*change))

    with pytest.raises(FlowError, match=complaint):
        Templates.load(tmp_path, {}, {})


def told(store: Store, key: str = "notice") -> Duty:
    """Make it a duty, once by its key, and find it as it stands."""
    store.duties.add([replace(duty(), key=key)])
    return next(each for each in store.duties.all("notify") if each.key == key)


def test_when_the_server_comes_back_the_notice_comes_once(
    store: Store, escalation: Line, server: str, postbox: Postbox
) -> None:
    network, postbox.refuses = Exchange(start=NOW), True
    desk = mount(network, store, escalation, addresses=Addresses(server))
    duties = desk.duties
    assert told(store).state == "due"

    duties.everything()
    network.wait(31)
    waiting = told(store)
    assert (waiting.state, waiting.attempts) == ("due", 2)
    assert waiting.why == 'mailto: Sending email to "…" failed.'

    postbox.refuses = False
    network.wait(61)
    assert (told(store).state, told(store).why) == ("done", "")
    assert [mail["X-Notice-Key"] for _, mail in postbox.mails] == ["notice"]

    network.wait(86400)
    assert len(postbox.mails) == 1


def test_a_person_with_a_notice_address_needs_no_mail_server(
    store: Store, escalation: Line, server: str, postbox: Postbox, tmp_path: Path
) -> None:
    row = f"MGR1,Paul,+33155500011,manager,{server}&to=paul@pager.example"
    (tmp_path / "people.csv").write_text(f"id,name,phone,roles,notify\n{row}\n")
    store.import_csv(tmp_path)
    network = Exchange(start=NOW)
    desk = mount(network, store, escalation, addresses=addresses_of(Settings(), escalation, {}))
    assert told(store).state == "due"
    store.duties.add([replace(duty("MGR4"), key="mail only")])

    desk.duties.everything()
    assert told(store).state == "done"
    assert [to for to, _ in postbox.mails] == ["paul@pager.example"]
    assert told(store, "mail only").why.startswith("no address: set IVR_NOTICE_MAIL")


def asked(*arguments: str, store: Store) -> str:
    made = CliRunner(env={"IVR_DATABASE": store.connections.url}).invoke(
        main, ["notices", *arguments]
    )
    assert made.exit_code == 0, made.output
    return made.output.strip()


def test_an_administrator_asks_who_could_not_be_told(store: Store) -> None:
    past, future = datetime(2020, 1, 1, 9, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
    given = {"MGR1": past, "MGR4": past, "ENG1": past, "OP1": future}
    store.duties.add(replace(duty(who), due=due) for who, due in given.items())
    by = {each.owner: each for each in store.duties.take(past, ["notify"], limit=2)}
    store.duties.done(by["MGR1"])
    store.duties.drop(by["MGR4"], "no address")

    assert asked(store=store).splitlines() == [
        "2020-01-01T09:00+00:00  MGR4  escalation C17349013  given up: no address",
        "2020-01-01T09:00+00:00  ENG1  escalation C17349013  waiting",
    ]
    rows = json.loads(asked("--sent", "--json", store=store))
    assert [(row["to"], row["state"]) for row in rows] == [
        ("MGR1", "sent"), ("MGR4", "given up"), ("ENG1", "waiting"),
    ]  # fmt: skip


def test_nothing_undelivered_is_said_so(store: Store) -> None:
    assert asked(store=store) == "all notices have been delivered"


def test_what_nobody_takes_is_given_up_after_hours_and_shown(
    store: Store, escalation: Line, server: str, postbox: Postbox
) -> None:
    network, postbox.refuses = Exchange(start=NOW), True
    desk = mount(network, store, escalation, addresses=Addresses(server))
    assert told(store).state == "due"

    desk.duties.everything()
    network.wait(6 * 3600)
    assert told(store).state == "due"

    network.wait(24 * 3600)
    given_up = told(store)
    assert (given_up.state, given_up.attempts) == ("dropped", 8)
    assert given_up.why == 'mailto: Sending email to "…" failed.'
    assert [each.owner for each in store.duties.all("notify")] == ["MGR1", "DIR1"]
    assert not postbox.mails


def test_someone_who_has_left_is_not_written_to(store: Store, server: str) -> None:
    with pytest.raises(GivenUp, match="works here"):
        notices(store, server).notify(duty("NOBODY"))


def test_a_person_may_be_told_otherwise_than_by_mail(
    store: Store, caller: Handset, server: str, postbox: Postbox, tmp_path: Path
) -> None:
    row = f"OP9,Olga,+33155500019,operator,{server}&to=olga@pager.example"
    (tmp_path / "people.csv").write_text(f"id,name,phone,roles,notify\n{row}\n")
    store.import_csv(tmp_path)

    notices(store, "").notify(duty("OP9"))

    assert postbox.mails[0][0] == "olga@pager.example"


# --- a customer who wants the questions about an outage in writing ---


@pytest.mark.parametrize(
    ("case", "sms", "expected"),
    [
        ("17349013", "json://sms.example/text", "json://sms.example/text/+33155500101"),
        ("17349013", "", "mailto://"),
        ("17349099", "json://sms.example/text", ""),
    ],
)
def test_the_questions_are_sent_in_writing_to_the_contact_on_file(
    exchange: Exchange,
    store: Store,
    desk: Desk,
    caller: Handset,
    case: str,
    sms: str,
    expected: str,
) -> None:
    """A text twin of the questions, when asked for; what the caller hears tells nothing."""
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "3", f"{case}#", "1")
    offer = "To get these questions in writing, press 9."
    exchange.wait_until(lambda: caller.last_heard == offer, at_most=60)
    keyed(caller, exchange, "9")
    exchange.wait(1)
    assert "If there is a contact on file, a link to these questions" in caller.last_heard
    caller.hang_up()
    exchange.wait(5)
    sent: list[tuple[str, Words]] = []

    def deliver(url: str, words: Words) -> str:
        sent.append((url, words))
        return ""

    addresses = Addresses("mailto://mail.example", sms=sms, pages="https://support.example/")
    sender = Notices(store, desk.line.notices, addresses, exchange.clock, "DIR1", deliver=deliver)
    forms = [duty for duty in store.duties.all("notify") if duty.data["what"] == "form"]
    for duty in forms:
        sender.notify(duty)

    assert len(forms) == (1 if expected else 0)
    for url, words in sent[:1]:
        assert url.startswith(expected)
        assert "https://support.example/cases/C17349013" in words.text
        assert words.subject == "C17349013 : questions sur l'arrêt"
    nobody_rings(desk)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "is declared on C1"), ("fr", "(déclaré)"), ("de", ": gemeldet")]
)
def test_a_notice_says_the_state_of_an_outage_in_its_readers_language(
    language: str, said: str
) -> None:
    words = TEMPLATES.words("edown", [language], {"case": "C1", "state": "declared"})

    assert said in words.text
