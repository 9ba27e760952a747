"""The values of a call: stored and read back, and how long each is kept."""

from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import convert

from ivr.errors import CallError
from ivr.line.desk.hunt import Hunt
from ivr.line.desk.retention import Audit, Digits, Keep, Kept, Staff, classes
from ivr.line.values import (
    CallData,
    CalledNumber,
    Caller,
    CallerValues,
    CallValues,
    CaseOnCall,
    Emergency,
    FoundCase,
    HuntView,
    Leg,
    PersonValues,
    Place,
    Promise,
    Ranked,
    Requested,
    Resumed,
    Rung,
    UnknownCase,
    decode,
    encode,
    resume_words,
)

SID = "CA1"
NOW = datetime(2026, 11, 24, 9, 0, 0, 120000, tzinfo=UTC)


def everything() -> CallData:
    """A call of which a good deal is known."""
    shared = CallValues(
        sid=SID,
        called=CalledNumber(["fr", "en"], {"fr": "fr"}, "Europe/Paris", "EMEA", "FR"),
        caller=Caller("+33155500101", left_at="offer"),
        case=CaseOnCall(
            keyed="17349013",
            record=FoundCase("C17349013", "17349013", "open", 2, "Zoé 株式会社", "ENG1", "Helio"),
            numbers=["17349013"],
        ),
        hunt=HuntView(
            name="manager",
            number=1,
            ranking=[Ranked("MGR1", "Paul Morel", "+33155500011", ["fr"], "owners_manager")],
            rung=Rung("Paul Morel", "owners_manager"),
        ),
        wish="M1",
        asked_for="M1",
        requested=Requested("M1", "C17349013", NOW),
        emergency=Emergency({"users": 12}),
        promise=Promise("owed", "+33155500101", due=NOW, spoken=NOW),
        personal=["0155500101"],
    )
    talk = Place("whisper", "fr", PersonValues("MGR1", hunt="manager"), turn=1)
    return CallData(
        shared=shared,
        caller=Place("offer", "en", CallerValues(readings=["17349013"], count=8), 7, notes=("a",)),
        legs={"1-1": Leg("MGR1", talk, "Paul Morel", "+33155500011", joined_at=NOW)},
        hunt=Hunt([], {"1-1": {"person": "MGR1", "state": "ringing"}}, "ringing"),
    )


def test_what_is_stored_is_read_back() -> None:
    assert decode(encode(everything()), SID) == everything()


texts = st.text(st.characters(codec="utf-8"), max_size=8)
plain: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    NoneType: st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Hunt: st.builds(Hunt, st.lists(texts, max_size=2), state=texts, at_once=st.integers(1, 3)),
}


def any_value(hint: Any, own: Any = None) -> st.SearchStrategy[Any]:
    """Anything that a field with this annotation can hold; ``own`` is what a `Place` is of."""
    of, parts = get_origin(hint), get_args(hint)
    if hint in plain:
        return plain[hint]
    if isinstance(hint, TypeVar):
        return any_value(own)
    if of is Annotated:
        return any_value(parts[0], own)
    if of is Literal:
        return st.sampled_from(parts)
    if of in (Union, UnionType):
        return st.one_of(*(any_value(each) for each in parts))
    if of is dict:
        return st.dictionaries(any_value(parts[0]), any_value(parts[1]), max_size=2)
    if of in (list, tuple):
        return st.lists(any_value(parts[0]), max_size=2).map(of)
    record, hints = of or hint, get_type_hints(of or hint, include_extras=True)
    given = {each: any_value(hints[each], *parts) for each in record.__struct_fields__}
    return st.builds(record, **given)


@settings(max_examples=50)
@given(any_value(CallData))
def test_whatever_a_call_can_hold_is_read_back_as_it_was(data: CallData) -> None:
    text = encode(data)

    assert decode(text, SID) == data
    assert encode(decode(text, SID)) == text
    left = data.remaining()
    assert decode(encode(left), SID) == left


def test_two_calls_share_no_values() -> None:
    first, second = decode(encode(everything()), SID), decode(encode(everything()), SID)
    first.shared.case.numbers.append("17349021")
    first.shared.hunt.refused.append("MGR1")

    assert second == everything()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"shared":{"sid":5}}', r"Expected `str`, got `int` - at `\$.shared.sid`"),
        ('{"shared":{"sid":"CA1"}}', r"missing required field `called` - at `\$.shared`"),
        ("{", "truncated"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, where: str) -> None:
    with pytest.raises(CallError, match=f"call CA1: .*{where}"):
        decode(text, SID)


# --- how long each is kept ---


@pytest.mark.parametrize("hint", [str, list[str], dict[str, Leg], FoundCase | str])
def test_a_value_that_does_not_say_how_long_it_is_kept_is_refused(hint: Any) -> None:
    body = {"__annotations__": {"number": Audit[str], "colour": hint}, "__module__": __name__}

    with pytest.raises(TypeError, match=r"Colours\.colour doesn't say how long it is kept"):
        type(Kept)("Colours", (Kept,), body)


def test_only_what_names_nobody_remains() -> None:
    left = everything().remaining()

    assert left == CallData(
        shared=CallValues(
            sid=SID,
            called=CalledNumber(["fr", "en"], {}, "Europe/Paris", "EMEA", "FR"),
            caller=Caller("", left_at="offer"),
            case=CaseOnCall(record=FoundCase("C17349013")),
            wish="M1",
            asked_for="M1",
            requested=Requested("M1", "C17349013", NOW),
        ),
        caller=Place("offer", "en", CallerValues(), 7),
    )


def test_a_purged_call_begins_with_saying_so() -> None:
    """The store finds purged rows by it."""
    left = everything().remaining()
    left.purged = True

    assert encode(left).startswith('{"purged":true,')


def test_a_caller_is_shown_nobody_who_works_here() -> None:
    shown = everything().shared.without_staff()

    assert shown["hunt"] == {"name": "manager", "number": 1}
    assert shown["case"]["record"]["subject"] == "Zoé 株式会社"
    assert "Morel" not in str(shown)


def test_a_class_of_its_own_goes_before_that_of_what_it_holds() -> None:
    class Inner(Kept):
        shown: Digits[str] = ""
        hidden: Staff[str] = ""

    class Outer(Kept):
        whole: Staff[Inner | None] = None
        parts: Inner | None = None

    both = Outer(Inner("a", "b"), Inner("c", "d"))

    assert classes(Outer) == {"whole": Keep.STAFF, "parts": None}
    assert both.without_staff() == {"parts": {"shown": "c"}}
    assert both.remaining() == Outer()


# --- what is logged of a caller who was cut off ---


def test_what_was_left_is_logged_in_the_words_of_the_log() -> None:
    data = everything()

    words = resume_words(data, "en")

    assert words == {
        "language": "en",
        "shared": {
            "keyed": "17349013",
            "case": {
                "result": "found", "number": "C17349013", "digits": "17349013", "status": "open",
                "severity": 2, "subject": "Zoé 株式会社", "owner": "ENG1", "account": "Helio",
                "queue": "", "region": "", "product": "", "on_file": False, "stale": False,
            },
            "numbers": ["17349013"],
            "wish": "M1",
            "asked_for": "M1",
            "requested": {
                "level": "M1", "case": "C17349013", "at": "2026-11-24T09:00:00.120000+00:00",
            },
            "emergency": {"answers": {"users": 12}, "contact": {}},
            "left_at": "offer",
        },
        "own": {"readings": ["17349013"], "count": 8},
    }  # fmt: skip


def test_a_case_that_was_not_looked_up_is_logged_as_none() -> None:
    data = everything()
    data.shared.case.record = None

    assert resume_words(data, "en")["shared"]["case"] is None


@pytest.mark.parametrize("record", [None, UnknownCase(), UnknownCase(suspicious=True)])
def test_a_new_call_goes_on_with_what_was_left(record: UnknownCase | None) -> None:
    before = everything()
    before.shared.case.record = record
    after = CallValues(sid="CA2", called=before.shared.called, caller=Caller())

    resumed = convert(resume_words(before, "en"), Resumed)
    resumed.shared.into(after)

    assert resumed.own == before.caller.own
    assert after.case == before.shared.case
    assert after.requested == before.shared.requested
    assert after.emergency == before.shared.emergency
    assert (after.wish, after.asked_for, after.caller.left_at) == ("M1", "M1", "offer")
