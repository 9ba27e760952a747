"""The legs of the people who are rung: a whisper, a key to accept, and the operator's menu.

An operator with a plain telephone does everything from here: star steps out of the conversation
and opens the menu, star again goes back.
"""

from __future__ import annotations

from ivr.line.config import LineConfig
from ivr.line.desk.emergency import CATEGORIES
from ivr.line.flow.conversation import Go, Leads, Phrase
from ivr.line.flow.flow import Flow
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.steps import Branch, Entry, Goodbye, LookUp, Menu, Ready, Step, Talk
from ivr.line.values import PersonTalk

from . import desk, guards, recording, words
from . import effects as do

REASONS = (
    "operator",
    "owners_manager",
    "managers_manager",
    "queue_manager",
    "went_up",
    "delegate",
    "deputy",
    "duty",
    "follow_the_sun",
    "global_duty",
    "second_level",
    "was_with",
)
HUNTS = ("operator", "manager", "engineer", "duty", "emergency", "callback")

OTHERWISE: dict[str, Leads] = {
    "invalid": Go(says="invalid"),
    "silence": Go(says="silence"),
    "too_many": "back_to_caller",
    "hangup": "gone",
    "gone_on": "gone_on",
    "left": (Go("customer_away", when=guards.calling_back), Go("caller_left")),
    "trouble": Go("back_to_caller", says="trouble"),
}


def flow(config: LineConfig, prompts: Prompts) -> Flow:
    return Flow(
        "person",
        [*steps(config), *desk.steps(config), *recording.desk_steps(config)],
        file=__file__,
        version=config.version,
        start="rung",
        zero="back_to_caller",
        otherwise=OTHERWISE,
        prompts=prompts,
        slots=words.person(config),
        also_says=(
            *(f"whisper_{hunt}" for hunt in HUNTS),
            *(f"reason_{reason}" for reason in REASONS),
            *("brief_operator", "brief_engineer", "brief_level", "brief_severity"),
            *("brief_emergency", "brief_users", "brief_down_for"),
            *(f"brief_purpose_{purpose}" for purpose in range(1, len(CATEGORIES) + 1)),
            *("desk_open", *(f"desk_open_{name}" for name in desk.OPEN)),
            *("brief_case", "brief_other", "brief_closed", "brief_unknown", "brief_none"),
            *("brief_verified", "brief_unverified", "brief_suspicious", "brief_records_down"),
            *("brief_callback", "star"),
            *("severity", "brief_no_severity", "account", "desk_ringing", "desk_back"),
            *("emergency_yes", "emergency_no", "emergency_unknown", "emergency_stands"),
            *("condition_contract", "condition_production", "condition_situation"),
            *("condition_contact", "desk_emergency"),
            *("brief_recorded", "desk_recording", "desk_recording_on", "desk_recording_paused"),
            *("candidate_no_answer", "candidate_declined", "caller_comes"),
        ),
    )


def has_star(talk: PersonTalk) -> bool:
    """Operators have a menu behind it; everybody who is recorded can end that there."""
    return guards.is_operator(talk) or recording.recorded(talk)


def briefing(talk: PersonTalk) -> tuple[Phrase, ...]:
    """The star key is named where there is time for it."""
    urgent = talk.shared.wish == "E-Down" or not do.details(talk) or do.yet_to_be_rung(talk)
    star = (("star", ""),) if has_star(talk) and not urgent else ()
    return (*recording.told_to_staff(talk), *do.brief(talk), *star)


def leads(talk: PersonTalk) -> bool:
    """A leg that may step out doesn't end the conversation when it goes."""
    return guards.outlasted_by_nobody(talk) and not has_star(talk)


def steps(config: LineConfig) -> list[Step]:
    request_first = do.request(config.levels[0].code)
    return [
        Branch(
            "rung",
            on={
                "next": (
                    Go("taken", when=guards.not_wanted),
                    Go("whisper", when=guards.not_clicked, then=(do.answered,)),
                    Go("ready", when=guards.dialled_by_document, then=(do.answered, do.accept)),
                    Go("briefing", then=(do.answered, do.accept)),
                )
            },
        ),
        Menu(
            "whisper",
            says=do.whisper,
            limit=2,
            on={
                "1": (
                    Go("ready", when=guards.dialled_by_document, then=(do.accept,)),
                    Go("briefing", then=(do.accept,)),
                ),
                "2": Go("passed", then=(do.decline,)),
                "3": (
                    Go("calls_himself", when=guards.for_level, then=(do.call_later,)),
                    Go("calls_later", when=guards.for_promise, then=(do.call_later,)),
                ),
                "4": Go("has_called", when=guards.for_promise, then=(do.has_called,)),
                "zero": Go(says="invalid"),
                "silence": Go("passed", then=(do.no_answer,)),  # a machine, or a pocket
                "too_many": Go("passed", then=(do.no_answer,)),
                "taken": "taken",
                "trouble": Go("passed", then=(do.no_answer,)),
            },
        ),
        Talk(
            "briefing",
            says=briefing,
            leads=leads,
            star=has_star,
            on={
                "stepped_out": (
                    Go("desk", when=guards.operator, then=(do.step_out,)),
                    *recording.stepped_out(config),
                    Go("talk"),
                ),
                "ended": Go("talk"),
            },
        ),
        Ready("ready", says=do.brief, on={"ended": "gone"}),
        Branch("back_to_caller", on={"next": Go("talk", then=(do.step_in,))}),
        Talk(
            "talk",
            says=do.told,
            leads=leads,
            star=has_star,
            on={
                "stepped_out": (
                    Go("desk", when=guards.operator, then=(do.told_once, do.step_out)),
                    *recording.stepped_out(config, do.told_once),
                    Go(),
                ),
                "ended": Go(then=(do.told_once,)),
            },
        ),
        # --- the operator's menu ---
        Menu(
            "desk",
            says=recording.in_desk,
            on={
                "1": "desk_case",
                "2": (
                    Go(says="desk_still_ringing", when=guards.ringing),
                    Go("desk_search", when=guards.has_case),
                    Go(says="desk_no_case"),
                ),
                "3": (
                    Go(says="desk_still_ringing", when=guards.ringing),
                    Go("back_to_caller", when=guards.somebody_left, then=(do.ring_next,)),
                    Go(says="desk_nobody"),
                ),
                "4": Go("handed_over", then=(do.hand_over,)),
                "5": "desk_more",
                "back": "back_to_caller",
                **recording.desk_key(config),
            },
        ),
        Entry(
            "desk_case",
            says=("desk_case",),
            reads=do.read_case(config.case_numbers),
            unlogged=frozenset({"too_long"}),
            outcomes=frozenset({"accepted", "ambiguous"}),
            refusals=frozenset({"too_short", "too_long", "bad_check"}),
            on={
                "accepted": Go("desk_case_search", then=(do.take_reading(0),)),
                "ambiguous": "desk_which",
                "too_short": Go(says="too_short"),
                "too_long": Go(says="too_long"),
                "bad_check": Go(says="bad_check"),
                "slower": Go(says="slower", then=(do.slow_down,)),
                "cleared": Go(),
                "back": "desk",
                "too_many": "desk",
            },
        ),
        Menu(
            "desk_which",
            says=("which",),
            on={
                "1": Go("desk_case_search", then=(do.take_reading(0),)),
                "2": Go("desk_case_search", then=(do.take_reading(1),)),
                "back": "desk_case",
            },
        ),
        LookUp(
            "desk_case_search",
            asks="desk_case",
            on={
                "found": Go("desk_case_told", then=(do.keep_case,)),
                "not_found": Go("desk_case_told", then=(do.keep_case,)),
                "too_slow": Go("desk_case_told", then=(do.keep_case,)),
            },
        ),
        Menu(
            "desk_case_told",
            says=lambda talk: (*do.about_case(talk), ("desk", "")),
            on={
                "1": "desk_case",
                "2": "desk_search",
                "4": Go("handed_over", then=(do.hand_over,)),
                "5": "desk_more",
                "back": "back_to_caller",
            },
        ),
        LookUp(
            "desk_search",
            asks="managers",
            on={
                "found": Go("back_to_caller", then=(do.keep_ranking, request_first, do.ring_right)),
                "not_found": Go("desk", says="desk_nobody", then=(do.keep_ranking, request_first)),
                "too_slow": Go("desk", says="brief_records_down", then=(request_first,)),
            },
        ),
        # --- last words ---
        Goodbye("handed_over", says=("desk_handed_over",)),
        Goodbye("passed", says=("passed",)),
        Goodbye("calls_himself", says=("calls_himself",)),
        Goodbye("calls_later", says=("calls_later",)),
        Goodbye("has_called", says=("has_called",)),
        Goodbye("customer_away", says=("customer_away",)),
        Goodbye("taken", says=("taken",)),
        Goodbye("caller_left", says=("caller_left",)),
        Goodbye("gone_on", says=("gone_on",)),
        Goodbye("gone"),
    ]
