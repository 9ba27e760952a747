"""The REST API slow, refusing or down: what each failure means, and what the caller notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests
import responses
from urllib3.exceptions import MaxRetryError, NewConnectionError

from ivr.errors import CallError
from ivr.line import metrics
from ivr.line.outside.carrier import Carrier, Refused, Unsure, client
from ivr.simulator import Exchange, Handset
from tests.kit.desk import ENTRY, Desk

ACCOUNT = "AC" + "1" * 32
API = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}"
CALL = "CA" + "2" * 32


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def carrier() -> Carrier:
    return Carrier(client(ACCOUNT, "token"))


def place(carrier: Carrier) -> str:
    return carrier.place("+33155500011", ENTRY, "https://x/leg", "https://x/leg/status", 20)


def never_connected() -> requests.ConnectionError:
    refused = NewConnectionError(None, "refused")  # type: ignore[arg-type]
    return requests.ConnectionError(MaxRetryError(None, "/", refused))  # type: ignore[arg-type]


def test_a_leg_is_placed_with_its_number_its_url_and_its_timeout(
    api: responses.RequestsMock, carrier: Carrier
) -> None:
    api.post(f"{API}/Calls.json", json={"sid": CALL}, status=201)

    assert place(carrier) == CALL
    sent = dict(pair.split("=") for pair in str(api.calls[0].request.body).split("&"))
    assert sent["To"] == "%2B33155500011"
    assert sent["From"] == "%2B33800000001"
    assert sent["Timeout"] == "20"
    assert sent["StatusCallbackEvent"] == "completed"


REFUSALS = {
    "429": {"status": 429, "json": {"code": 20429, "message": "Too many requests"}},
    "400": {"status": 400, "json": {"code": 21211, "message": "Invalid To"}},
    "401": {"status": 401, "json": {"code": 20003, "message": "Authenticate"}},
    "no connection was made": {"body": never_connected()},
    "connecting took too long": {"body": requests.ConnectTimeout()},
}
DOUBTS = {
    "500": {"status": 500, "json": {"code": 20500, "message": "Internal Server Error"}},
    "503 in HTML": {"status": 503, "body": "<html>"},
    "time-out": {"body": requests.ReadTimeout()},
    "cut off": {"body": requests.ConnectionError("Connection aborted.")},
    "malformed": {"status": 201, "body": "not JSON"},
}


@pytest.mark.parametrize("failure", REFUSALS)
def test_what_certainly_did_not_happen_is_a_refusal(
    api: responses.RequestsMock, carrier: Carrier, failure: str
) -> None:
    api.post(f"{API}/Calls.json", **REFUSALS[failure])  # type: ignore[arg-type]

    with pytest.raises(Refused):
        place(carrier)
    assert len(api.calls) == 1


@pytest.mark.parametrize("failure", DOUBTS)
def test_what_may_have_happened_is_a_doubt_and_is_not_repeated(
    api: responses.RequestsMock, carrier: Carrier, failure: str
) -> None:
    api.post(f"{API}/Calls.json", **DOUBTS[failure])  # type: ignore[arg-type]

    with pytest.raises(Unsure):
        place(carrier)
    assert len(api.calls) == 1


COUNTED_AS = {
    "429": ("refused", ""),
    "401": ("credentials", "it refuses the account's credentials"),
    "no connection was made": ("unreachable", "no connection to it"),
    "500": ("unanswered", "it doesn't answer, or with an error"),
    "time-out": ("unanswered", "it doesn't answer, or with an error"),
}


@pytest.mark.parametrize("failure", COUNTED_AS)
def test_each_failure_is_counted_and_says_whether_the_carrier_can_be_used(
    api: responses.RequestsMock, failure: str
) -> None:
    told: list[str] = []
    carrier = Carrier(client(ACCOUNT, "token"), told.append)
    api.post(f"{API}/Calls.json", **(REFUSALS | DOUBTS)[failure])  # type: ignore[arg-type]
    kind, why = COUNTED_AS[failure]
    before = counted(kind)

    with pytest.raises(CallError):
        place(carrier)

    assert told == [why]
    assert counted(kind) == before + 1


def counted(kind: str) -> float:
    failures = {"kind": kind}
    return metrics.counters().get_sample_value("ivr_rest_failures_total", failures) or 0


def test_hanging_up_a_leg_that_is_over_is_fine(
    api: responses.RequestsMock, carrier: Carrier
) -> None:
    over = {"code": 21220, "message": "Call is not in-progress. Cannot redirect."}
    api.post(f"{API}/Calls/{CALL}.json", json=over, status=400)

    carrier.hang_up(CALL)


def test_holding_in_a_conference_that_does_not_go_on_is_refused(
    api: responses.RequestsMock, carrier: Carrier
) -> None:
    api.get(f"{API}/Conferences.json", json={"conferences": [], "page": 0, "next_page_uri": None})

    with pytest.raises(Refused, match="no conference 'room'"):
        carrier.hold("room", CALL, True, "https://x/hold")


# --- what the caller notices ---

KINDS = ("429", "500", "timeout", "malformed")


@pytest.fixture
def after_every_call(exchange: Exchange, desk: Desk) -> Callable[..., None]:
    def hang_up(*phones: Handset) -> None:
        for phone in phones:
            if phone.in_call:
                phone.hang_up()
        exchange.wait(120)
        assert not any(person.busy_with for person in desk.store.people.all())

    return hang_up


@pytest.mark.parametrize("kind", KINDS)
def test_the_caller_reaches_a_person_by_plain_twiml_when_the_api_fails(
    exchange: Exchange,
    caller: Handset,
    desk: Desk,
    after_every_call: Callable[..., None],
    kind: str,
) -> None:
    desk.phone("OP1").will("answer", after=2, press="1")
    desk.phone("OP2").will("answer", after=2, press="1")
    exchange.rest_fails(kind)

    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=60)

    assert caller.connected_to <= {desk.phone("OP1"), desk.phone("OP2")}
    assert all(len(desk.phone(person).calls) <= 1 for person in ("OP1", "OP2"))
    after_every_call(caller)


@pytest.mark.parametrize("kind", KINDS)
def test_a_caller_who_waits_already_is_taken_out_of_the_queue(
    exchange: Exchange,
    caller: Handset,
    desk: Desk,
    after_every_call: Callable[..., None],
    kind: str,
) -> None:
    """The API goes down while somebody waits: the wait document leaves the queue for a <Dial>."""
    for person in ("OP2", "MGR2"):  # who may be ringing already is not rung again: then the other
        desk.phone(person).will("answer", after=2, press="1")
    caller.call(ENTRY)
    caller.press("0")
    exchange.wait(3)
    exchange.rest_fails(kind)

    exchange.wait_until(lambda: bool(caller.connected_to), at_most=100)

    assert all(len(desk.phone(person).calls) <= 1 for person in ("OP1", "OP2", "MGR2"))
    after_every_call(caller)


def test_a_success_whose_answer_is_lost_rings_once_and_connects(
    exchange: Exchange, caller: Handset, desk: Desk, after_every_call: Callable[..., None]
) -> None:
    operator = desk.phone("OP1")
    operator.will("answer", after=4, press="1")
    exchange.rest_fails("answer lost", "POST */Calls*")

    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=60)

    assert caller.connected_to == {operator}
    assert len(operator.calls) == 1
    assert not desk.phone("OP2").calls
    after_every_call(caller)


def test_by_plain_twiml_too_everybody_is_tried_and_a_promise_is_made_at_last(
    exchange: Exchange, caller: Handset, desk: Desk, after_every_call: Callable[..., None]
) -> None:
    exchange.rest_fails("429")
    desk.phone("MGR2").will("busy")

    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: "personne n'est disponible" in caller.last_heard, at_most=200)
    caller.press("2")
    exchange.wait(1)
    caller.press("1")
    exchange.wait(40)

    rung = [each["person"] for each in desk.told(caller, "dial.started")]
    assert rung[:4] == ["OP1", "OP2", "MGR2", "MGR4"]
    assert rung[4:] == ["OP1", "OP2"]  # again after a rest
    assert [promise.owner for promise in desk.store.duties.all("call_back")] == ["MGR2"]
    after_every_call(caller)


def test_by_plain_twiml_too_somebody_must_press_1(
    exchange: Exchange, caller: Handset, desk: Desk, after_every_call: Callable[..., None]
) -> None:
    exchange.rest_fails("429")
    desk.phone("OP1").will("answer", after=1)  # a machine
    desk.phone("OP2").will("answer", after=1, press="1")

    caller.call(ENTRY)
    caller.press("0")
    exchange.wait_until(lambda: bool(caller.connected_to), at_most=60)

    assert caller.connected_to == {desk.phone("OP2")}
    after_every_call(caller)
