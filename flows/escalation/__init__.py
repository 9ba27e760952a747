"""The escalation line: a caller's way from the notice to a person, or to a promise with a time.

Read the table from top to bottom: it is the line. 0 leads to an operator from every step that
hears keys; silence, wrong keys and too many of them are in `OTHERWISE`, unless a step has its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from inspect import getfile
from pathlib import Path

from ivr.line.config import LineConfig
from ivr.line.definition import Line
from ivr.line.desk.notice_texts import Templates
from ivr.line.errors import FlowError
from ivr.line.flow.conversation import Go, Leads
from ivr.line.flow.flow import Flow
from ivr.line.flow.prompts import Prompts, slots
from ivr.line.flow.steps import (
    Entry,
    Goodbye,
    LookUp,
    Menu,
    RecordStep,
    Step,
    Talk,
)
from ivr.line.line_toml import load

from . import (
    arrival,
    callback,
    console,
    emergency,
    entry,
    guards,
    hold,
    offer,
    person,
    recording,
    words,
)
from . import effects as do

FOLDER = Path(__file__).parent
SAMPLE = FOLDER / "sample"
PATIENCE = 4  # failures, at whichever prompts, until a person looks after the caller

OTHERWISE: dict[str, Leads] = {
    "invalid": Go(says="invalid"),
    "silence": Go(says="silence"),
    "too_many": Go("search", says="too_many"),
    "hangup": (Go("owe", when=guards.unmet), Go("ended")),
    "trouble": Go("search", says="trouble"),
    "again": Go(),
}


Change = Callable[[list[Step]], list[Step]]  # the caller's steps, as a line of one's own has them


def line(
    config: Path = FOLDER / "line.toml",
    prompts: Path = FOLDER / "prompts",
    notices: Path = FOLDER / "notices",
    change: Change | None = None,
) -> Line:
    """The line as `config` and the words in `prompts` and `notices` make it.

    ``change`` is given the caller's steps from the choice of a language on, and answers with those
    of a line of one's own. Raises `FlowError`.
    """
    settings, said = load(config), Prompts.load(prompts)
    if complaints := list(unannounced(settings, said)):
        raise FlowError("\n".join(complaints))
    levels = {level.code: level.names for level in settings.levels}
    told = Templates.load(notices, levels, settings.emergency_severity.names)
    people, clicks = person.flow(settings, said), console.flow(settings, said)
    starts = callback.START, callback.ON_THE_WEB
    return Line(settings, caller(settings, said, change), people, clicks, told, *starts)


def unannounced(config: LineConfig, prompts: Prompts) -> Iterator[str]:
    """The keys that line.toml makes, and that a prompt would never tell anybody of."""
    menus = {
        "severity_wish": config.keys(wished=True),
        "desk_severity": config.keys(wished=False),
    }
    for prompt, keys in menus.items():
        for code in prompts.codes:
            language = prompts.language(code)
            text = language.prompts.get(prompt, "")
            for key, severity in keys.items() if "severities" not in slots(text) else ():
                if not re.search(rf"(?<!\d){key}(?!\d)", text):
                    yield (
                        f"{language.file}: prompt '{prompt}' doesn't announce key {key} "
                        f"({config.severity_name(severity.code, code)}, severity {severity.code} "
                        "of line.toml); say it there, or put {severities} where the choices belong"
                    )


def caller(config: LineConfig, prompts: Prompts, change: Change | None = None) -> Flow:
    return Flow(
        "escalation",
        table(config, prompts, change),
        file=getfile(change) if change else __file__,
        version=config.version,
        start="arrival",
        zero=Go("search", then=(do.zero_pressed,)),
        patience=PATIENCE,
        otherwise=OTHERWISE,
        prompts=prompts,
        entries=(callback.START, callback.ON_THE_WEB),
        slots=words.caller(config),
        also_says=(
            *("notice", "works_in", "choose_language", "connecting", "please_hold", "to_operator"),
            *("looking_for_manager", "looking_for_engineer"),
            *("still_trying", "still_in_line", "no_number"),
            *("status_open", "status_closed", "status_severity", "status_escalated", "status"),
        ),
    )


def table(config: LineConfig, prompts: Prompts, change: Change | None = None) -> list[Step]:
    """All steps of a caller's way; those of `steps` are the line, the others its side streets."""
    main = [*steps(config), *emergency.steps(config.case_numbers)]
    if change:
        main = change(main)
    listening = [step.name for step in main if step.waits and "hangup" in step.needs]
    first = recording.before_menu(config)
    asked = recording.steps(config, prompts)
    return [*arrival.steps(listening, first), *asked, *main, *callback.steps()]


def steps(config: LineConfig) -> list[Step]:
    numbers, first = config.case_numbers, recording.before_menu(config)
    return [
        Menu(
            "language",
            says=do.greet,
            on={
                str(place + 1): Go(first, when=guards.offered(place), then=(do.choose(place),))
                for place in range(9)
            },
        ),
        Menu(
            "menu",
            says=("menu",),
            on={
                "1": "case",
                "3": Go("emergency_case", then=(do.wish("E-Down"),)),
                "back": (Go("language", when=guards.several_languages), Go()),
                **recording.opt_out(config),
            },
        ),
        # --- which case ---
        *entry.steps(numbers),
        LookUp(
            "case_search",
            asks="case",
            on={
                "found": Go("wish", then=(do.keep_case,)),
                "not_found": Go("wish", then=(do.keep_case,)),  # nothing tells a stranger
                "too_slow": Go("wish", then=(do.keep_case,)),
            },
        ),
        # --- what for ---
        Menu(
            "wish",
            says=wishes(config),
            on={
                "1": Go("search", then=(do.wish("engineer"),)),
                "2": Go("search", then=(do.wish(config.levels[0].code),)),
                **next_level(config),
                "4": Go("severity", then=(do.wish("severity"),)),
                "5": (Go("pin_check", when=guards.verified), Go("pin")),
                "back": "case",
            },
        ),
        # --- where it stands: nothing of that is said without the PIN ---
        Entry(
            "pin",
            says=("pin",),
            hints=("more_time", "way_back"),
            reads=do.read_pin,
            secret=True,
            on={
                "accepted": "pin_check",
                "slower": Go(says="slower", then=(do.slow_down,)),
                "cleared": Go(),
                "back": "wish",
            },
        ),
        LookUp(
            "pin_check",
            asks="pin",
            on={
                "found": Go("status", then=(do.pin_right,)),
                "not_found": (
                    Go(
                        "search",
                        when=guards.pin_tried_often(config.limits.pin_tries),
                        then=(do.pin_wrong,),
                        says="too_many",
                    ),
                    Go("pin", says="pin_wrong", then=(do.pin_wrong,)),
                ),
                "too_slow": Go("search", then=(do.pin_wrong,)),
            },
        ),
        Menu("status", says=do.status, on={"1": "wish", "back": "wish", "too_many": "goodbye"}),
        # --- another severity: wished for here, set by staff ---
        Menu(
            "severity",
            says=("severity_wish",),
            on={
                key: Go("severity_reason", then=(do.wish_severity(int(severity.code)),))
                for key, severity in config.keys(wished=True).items()
            }
            | {"back": "wish"},
        ),
        RecordStep(
            "severity_reason",
            says=("severity_reason",),
            longest=60,
            on={
                "recorded": Go("severity_noted", then=(do.tell_severity,)),
                "hangup": Go("ended", then=(do.tell_severity,)),  # wished for, if not explained
            },
        ),
        Menu(
            "severity_noted",
            says=("severity_noted",),
            on={"1": "case", "too_many": "goodbye"},
        ),
        # --- somebody to take the call ---
        *hold.steps(config),
        # --- together ---
        Talk(
            "talk",
            leads=lambda talk: True,
            on={
                "ended": (
                    Go("wish_hold", when=guards.ringing),
                    Go("search", when=guards.hardly_met),
                    Go("dropped", when=guards.cut_off),
                    Go("after"),
                ),
                "handed_over": (
                    Go("wish_hold", when=guards.ringing),
                    Go("search", then=(hold.ask_for_a_manager(config.levels),)),
                ),
            },
        ),
        Menu(
            "after", says=("after",), on={"1": "case", "too_many": "goodbye"}
        ),  # they have met one
        Menu(
            "dropped",
            says=("dropped",),
            on={
                "1": Go(says="invalid"),
                "silence": Go("search", then=(do.ask_for_an_operator,)),
                "too_many": Go("search", then=(do.ask_for_an_operator,)),
            },
        ),
        Goodbye("goodbye", says=("goodbye",)),
        *offer.steps(config),
        Goodbye("ended"),
    ]


def wishes(config: LineConfig) -> tuple[str, ...]:
    """What the menu of wishes says: of a next level only where there is one."""
    return ("wish", *(("wish_next",) if config.levels[1:] else ()), "wish_more")


def next_level(config: LineConfig) -> dict[str, Leads]:
    """Key 3 of the menu of wishes; which level that is, the case's file says."""
    if not config.levels[1:]:
        return {}
    return {"3": Go("search", then=(do.wish(config.levels[1].code),))}
