"""What whoever takes a call hears before they meet the caller: what is wished, and which case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from flows.escalation import line
from ivr.line.values import (
    CallBack,
    CalledNumber,
    Caller,
    CallValues,
    CaseOnCall,
    CaseRecord,
    Emergency,
    FoundCase,
    PersonValues,
    RecordingState,
    UnansweredCase,
    UnknownCase,
)
from ivr.simulator import Exchange, Handset
from ivr.simulator.interpreter.speech import saying
from ivr.twiml.reading import parse
from ivr.twiml.verbs import Say
from tests.kit.desk import ENTRY, Desk
from tests.kit.telephones import accept, keyed, said_to

LINE = line()
LANGUAGES = LINE.person.prompts.codes
LONGEST = 12.0  # seconds: the caller waits for it
VALUES = {"here": "/x", "room": "r", "room_here": "/room"}
KEYED, OTHER = "21734900", "1734900"
ANSWERS: dict[str, int | str] = {"purpose": 2, "users": 1200, "affected": 950, "down_for": 150}
WISHES = ("", "engineer", "severity", "M1", "M2", "E-Down")
RECORDS: tuple[CaseRecord | None, ...] = (
    FoundCase("C21734900", status="open", severity=2, account="Helio"),
    FoundCase("C21734900", status="closed", severity=2, account="Helio"),
    FoundCase("C21734900", status="open", severity=None, account="Helio"),
    UnknownCase(),
    UnknownCase(suspicious=True),
    UnansweredCase(),
    None,
)


def calls() -> Iterator[CallValues]:
    """Every call that somebody may have to be told of."""
    for wish, record, verified, other, keyed_, back in product(
        WISHES, RECORDS, ("", "V2"), ([], [OTHER]), (KEYED, ""), (None, CallBack("CA0"))
    ):
        for answers in ({}, {"purpose": 2}, ANSWERS) if wish == "E-Down" else ({},):
            yield CallValues(
                sid="CA1",
                called=CalledNumber(["fr", "en"]),
                caller=Caller("+33155500101"),
                case=CaseOnCall(
                    keyed=keyed_, record=record if keyed_ else None, verified=verified, other=other
                ),
                recording=RecordingState(wanted="on"),
                wish=wish,
                back=back,
                emergency=Emergency(dict(answers)) if wish == "E-Down" else None,
            )


def briefing(shared: CallValues, language: str = "en", operator: bool = True) -> list[str]:
    own = PersonValues(person="OP1", hunt="operator", operator=operator, title="Acme")
    talk = LINE.person.begin(language, shared, own)
    talk.state = "briefing"
    verbs = parse(LINE.person.document(talk, VALUES)).verbs
    return [verb.text for verb in verbs if isinstance(verb, Say)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_briefing_takes_longer_than_twelve_seconds(language: str) -> None:
    for call in calls():
        heard = briefing(call, language)
        seconds = sum(saying(each, language) for each in heard)
        waits = call.back is None  # else the customer is rung only after it
        assert 1 < seconds <= (LONGEST if waits else LONGEST + 2), heard


CASE = FoundCase("C17349013", status="open", severity=2, account="Helio")
SAID = "one seven three four, nine zero one three"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ({"wish": ""}, f"Asked for an operator. Case {SAID}. Severity two. Helio. Not verified."),
        ({"wish": "engineer"}, f"Wants the engineer. Case {SAID}. Severity two. Helio. Not"),
        ({"wish": "severity"}, f"Wants another severity. Case {SAID}. Severity two. Helio. Not"),
        ({"wish": "M1"}, f"Asks for M1. Case {SAID}."),
        ({"wish": "M2"}, f"Asks for M2. Case {SAID}."),
        ({"wish": "E-Down"}, f"Reports a production outage. Case {SAID}. Not verified."),
        (
            {"case": {"verified": "V2"}},
            f"Asked for an operator. Case {SAID}. Severity two. Helio. Verified by PIN.",
        ),
        (
            {"case": {"record": FoundCase(status="closed", severity=2)}},
            f"Asked for an operator. Case {SAID}. It is closed. Severity two. Not verified.",
        ),
        (
            {"case": {"record": UnansweredCase()}},
            f"Asked for an operator. Case {SAID}. The records can't be reached.",
        ),
        (
            {"case": {"record": UnknownCase()}},
            f"Asked for an operator. Not in the records: {SAID}.",
        ),
        (
            {"case": {"other": ["7349013"]}},
            f"Asked for an operator. Case {SAID}. "
            "Or it is seven three four nine, zero one three. Not verified.",
        ),
        (
            {"case": {"keyed": "", "record": None}},
            "Asked for an operator. No case number was given.",
        ),
    ],
)  # fmt: skip
def test_whoever_takes_the_call_hears_what_is_wished_and_of_which_case(
    call: dict[str, object], said: str
) -> None:
    about = {"keyed": "17349013", "record": CASE, **dict(call.get("case", {}))}  # type: ignore[call-overload]
    wish = str(call.get("wish", ""))
    shared = CallValues(
        sid="CA1",
        called=CalledNumber(["en"]),
        caller=Caller("+33155500101"),
        case=CaseOnCall(**about),
        wish=wish,
    )

    heard = " ".join(briefing(shared, operator=False))
    assert heard.startswith(said)


def test_who_keys_a_number_that_fits_two_cases_is_announced_with_both(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    manager = desk.phone("MGR3")  # of the engineer who owns the one that the caller means
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", f"{KEYED}#", "2", "1", "2")
    accept(manager, exchange)
    exchange.wait(15)

    briefed = " ".join(said_to(manager))
    assert "M1希望。 案件番号、いち なな さん よん, きゅう ゼロ ゼロ。" in briefed
    assert "または、に いち なな さん, よん きゅう ゼロ ゼロ。" in briefed
    caller.hang_up()
    exchange.wait(30)


def test_of_a_closed_case_people_hear_that_it_is_closed(
    exchange: Exchange, caller: Handset, desk: Desk
) -> None:
    caller.call(ENTRY)
    keyed(caller, exchange, "2", "1", "17349045#", "1", "2")
    accept(desk.phone("OP1"), exchange)
    exchange.wait(15)

    assert "Requête close." in said_to(desk.phone("OP1"))
    assert "Demande M1." in said_to(desk.phone("OP1"))
    caller.hang_up()
    exchange.wait(30)
