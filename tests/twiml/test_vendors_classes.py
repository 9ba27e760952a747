"""Everything that ``twilio``'s own classes can write is known here: done, moot or refused by name.

Each method of each class of `twilio.twiml.voice_response` that makes a child is called with each of
its attributes, wherever it may be nested.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from twilio.twiml import TwiML
from twilio.twiml.voice_response import VoiceResponse

from ivr.twiml.reading import Unbuilt, parse
from ivr.twiml.rules import ELEMENTS, SSML, UNBUILT_CHILDREN
from ivr.twiml.writing import render

OWN = {name for name, _ in inspect.getmembers(TwiML)}
# Of one attribute each: the value that its rule reads. All others get "x".
VALUES: dict[str, Any] = {
    "url": "wss://a.example",
    "loop": 2,
    "length": 2,
    "timeout": 6,
    "digits": "1",
    "num_digits": 1,
    "voice": "alice",
    "language": "fr-FR",
    "language_code": "fr-FR",
    "inbound_autocreation": True,
    "inbound_timeout": 9,
    "priority": 9,
    "routing_assignment_timeout": 9,
    "reason": "busy",
    "record": "true",
    "input": "dtmf",
    "max_length": 9,
    "max_participants": 9,
    "max_queue_size": 9,
    "time_limit": 9,
    "max_attempts": 2,
    "min_postal_code_length": 2,
    "track": "both_tracks",
    "trim": "do-not-trim",
    "recording_track": "both",
    "channels": "dual",
    "speech_timeout": "auto",
    "charge_amount": "1.50",
    "payment_method": "ach-debit",
    "valid_card_types": "visa",
    "finish_on_key": "#",
    "send_digits": "1",
    "status_callback_event": "completed",
    "recording_status_callback_event": "completed",
    "beep": "onEnter",
    "hints": "yes",
    "coach": "CA0123456789abcdef0123456789abcdef",
    "machine_detection": "Enable",
    "machine_detection_timeout": 9,
    "machine_detection_speech_threshold": 2000,
    "machine_detection_speech_end_threshold": 2000,
    "machine_detection_silence_timeout": 2000,
}
BOOLEAN = {
    "action_on_empty_result", "answer_on_bridge", "barge_in", "copy_parent_to",
    "end_conference_on_exit",
    "hangup_on_star", "muted", "partial_results", "play_beep", "security_code", "sequential",
    "start_conference_on_enter", "transcribe",
}  # fmt: skip


def value(attribute: str, where: tuple[str, ...]) -> Any:
    if attribute.endswith("method") and attribute != "payment_method":
        return "GET"
    if attribute in BOOLEAN:
        return True
    if attribute == "status_callback_event" and where[-1] == "conference":
        return "start"
    if attribute == "status_callback_event" and where[-1] == "conversation":
        return "call-ringing"
    if attribute == "track" and where[-1] == "recording":
        return "both"
    return VALUES.get(attribute, "x")


def makers(element: Any) -> Iterator[tuple[str, list[str], list[str]]]:
    """(method, positional text arguments, attributes) of each child that an element can have."""
    for name, method in inspect.getmembers(element, inspect.ismethod):
        if name in OWN or name.startswith("_"):
            continue
        given = [
            p
            for p in inspect.signature(method).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        needed = [p.name for p in given if p.default is p.empty]
        yield name, needed, [p.name for p in given if p.default is not p.empty]


def walk(element: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every (path of methods, attribute or "")."""
    for name, needed, attributes in makers(element):
        here = (*path, name)
        if name in path or len(here) > 4:
            continue  # SSML nests for ever
        yield here, ""
        for attribute in attributes:
            yield here, attribute
        yield from walk(getattr(element, name)(*["x"] * len(needed)), here)


def written(path: tuple[str, ...], attribute: str) -> tuple[str, list[str]]:
    """The document, and the names of its elements."""
    response: Any = VoiceResponse()
    element, names = response, ["Response"]
    for step, name in enumerate(path):
        last = step == len(path) - 1
        _, needed, _ = next(each for each in makers(element) if each[0] == name)
        attributes = {attribute: value(attribute, path)} if last and attribute else {}
        element = getattr(element, name)(*["x"] * len(needed), **attributes)
        names.append(element.name)
    return str(response), names


EVERYTHING = list(walk(VoiceResponse(), ()))


def test_there_is_a_lot_that_the_vendors_classes_can_write() -> None:
    assert len(EVERYTHING) > 500
    assert {"say", "connect", "pay", "start", "sms"} <= {path[0] for path, _ in EVERYTHING}


@pytest.mark.parametrize("top", sorted({path[0] for path, _ in EVERYTHING}))
def test_whatever_the_vendors_classes_write_is_known_and_written_the_same(top: str) -> None:
    wrong = []
    for path, attribute in EVERYTHING:
        if path[0] != top:
            continue
        document, names = written(path, attribute)
        try:
            read = parse(document)
            flaws = [each.message for each in read.warnings]
        except Unbuilt as refusal:
            if not _refused(names, attribute):
                wrong.append((document, str(refusal)))
            continue
        strange = [m for m in flaws if "has no attribute" in m or "isn't TwiML" in m]
        # A value of ours may be out of its range together with another attribute's default.
        if strange or (attribute and any("is ignored" in m for m in flaws)):
            wrong.append((document, flaws))
        elif parse(render(read.verbs)).verbs != read.verbs and not _lengths(path):
            wrong.append((document, render(read.verbs)))
    assert wrong == []


def _lengths(path: tuple[str, ...]) -> bool:
    """SSML is read for the time that it takes, and isn't written again."""
    return "say" in path and path[-1] != "say"


def _refused(names: list[str], attribute: str) -> bool:
    """Does the table say so?"""
    children = any(
        child in UNBUILT_CHILDREN.get(parent, "").split() for parent, child in pairwise(names)
    )
    return children or any(ELEMENTS[n].unbuilt for n in names[1:] if n in ELEMENTS)


def test_every_ssml_element_is_known() -> None:
    say = VoiceResponse().say("x")
    made = [getattr(say, name)(*["x"] * len(needed)).name for name, needed, _ in makers(say)]

    assert set(made) <= SSML
