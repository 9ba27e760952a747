"""A call as if somebody of the sample desk had made it: what stands for what is personal in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from msgspec.structs import replace

from ivr.errors import CallError
from ivr.line.definition import Line
from ivr.line.desk.events import Event
from ivr.line.records import Call
from ivr.line.story.replay import HEARD
from ivr.line.story.sample_desk import SampleDesk, digits_of
from ivr.line.story.story import ANYTHING


class NotExported(CallError):
    """A call that can't become a dialogue; ``why`` is one of `ivr.line.story.export.REASONS`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def masked(
    line: Line, call: Call, log: Sequence[Event], sample: SampleDesk
) -> tuple[Call, list[Event]]:
    """The call and its log, as if somebody of the sample desk had made it."""
    cases = _cases(line, log, sample)
    known = next((new for new, on_file in cases.values() if on_file), "")
    caller = call.caller
    if caller.startswith("+"):
        caller = sample.customer(caller, sample.account_of(known))
    numbers = {old: new for old, (new, _) in cases.items()}
    shared = copy(call.data.shared)
    shared.personal = [_own_number(each, caller) for each in shared.personal]
    data = copy(call.data)
    data.shared = shared
    sample_call = replace(call, caller=caller, data=data)
    return sample_call, [_event(event, numbers, sample) for event in log]


def _cases(line: Line, log: Sequence[Event], sample: SampleDesk) -> dict[str, tuple[str, bool]]:
    """For each case number that was keyed another one, and whether the caller is on file there."""
    cases: dict[str, tuple[str, bool]] = {}
    keyed = ""
    for event in log:
        if event.kind == "entry.accepted":
            keyed = str(event.data["digits"])
            cases.setdefault(keyed, (_unknown(line, keyed, sample, cases), False))
        elif event.kind == "answered" and event.data["value"] == "found" and keyed:
            data = event.data["data"]
            if event.data["asks"] in ("case", "desk_case") and "digits" in data:
                alike = sample.case_like(data)
                if alike is None:
                    raise NotExported("case")
                cases[keyed] = (digits_of(alike), bool(data.get("on_file")))
    return cases


def _unknown(line: Line, keyed: str, sample: SampleDesk, taken: Mapping[str, Any]) -> str:
    """A case number of the same length that the sample desk doesn't know."""
    used = {new for new, _ in taken.values()}
    for number in range(10 ** len(keyed) - 1, 0, -1):
        digits = str(number).zfill(len(keyed))
        reading = line.config.case_numbers.read(digits)
        free = digits not in used and not sample.knows(digits)
        if free and reading.kind == "accepted" and reading.candidates[0] == digits:
            return digits
    raise NotExported("case")


def _own_number(keyed: str, caller: str) -> str:
    """A telephone number that was keyed becomes the caller's own."""
    return "00" + caller.lstrip("+") if caller.startswith("+") else "0" * len(keyed)


def _event(event: Event, numbers: Mapping[str, str], sample: SampleDesk) -> Event:
    data = dict(event.data)
    if event.kind in HEARD and data["what"] == "keys":
        for old, new in numbers.items():
            data["value"] = data["value"].replace(old, new)
        if event.kind == "entry.rejected":
            data["value"] = "".join("0" if key.isdecimal() else key for key in data["value"])
    if event.kind == "answered" and "digits" in data["data"]:
        digits = numbers.get(data["data"]["digits"], data["data"]["digits"])
        data["data"] = {**data["data"], "digits": digits, "account": ANYTHING, "subject": ""}
    return replace(event, data=data)


def unsaid(line: Line, call: Call, log: Sequence[Event]) -> tuple[str, ...]:
    """What is never written, as it is spoken: names, and the reference of a promise."""
    people = [event.data["person"] for event in log if event.kind == "dial.started"]
    promise = call.data.shared.promise
    if promise is None:
        return tuple(people)
    languages = [line.caller.prompts.language(code) for code in line.caller.prompts.codes]
    read = [language.read_digits(promise.reference, 3) for language in languages]
    times = [language.read_time(promise.spoken) for language in languages]
    return tuple(filter(None, (*people, *read, *times)))


__all__ = ["NotExported", "masked", "unsaid"]
