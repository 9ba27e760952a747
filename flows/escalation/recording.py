"""Asking the caller before a conversation is recorded, and the key with which staff end that.

Nobody is recorded who hasn't heard the notice to its end, or pressed the key that it names: 0 in
the middle of it leads to a person, and to no recording. Without ``[recording]`` none of these steps
exists.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Literal

from ivr.line.config import LineConfig
from ivr.line.flow.conversation import Effect, Go, Guard, Heard, Leads, Phrase
from ivr.line.flow.prompts import Prompts
from ivr.line.flow.steps import Branch, Menu, Step
from ivr.line.values import LegTalk

from . import effects as do


def before_menu(config: LineConfig) -> str:
    """The step between the language and the menu."""
    return "recording_drawn" if config.recording.percent else "menu"


def opt_out(config: LineConfig) -> dict[str, Leads]:
    """Key 9 of the menu, as long as there is something to object to."""
    if not config.recording.percent:
        return {}
    return {"9": Go(says="recording_off", when=recorded, then=(consent("off", "key"),))}


def steps(config: LineConfig, prompts: Prompts) -> list[Step]:
    terms = config.recording
    if not terms.percent:
        return []
    notice = "notice_consent" if terms.needs_consent else "notice_recording"
    told = notice_played(prompts, notice)
    agrees = Go("menu", then=(told, consent("on", "key")))
    refuses = Go("menu", says="recording_off", then=(told, consent("off", "key")))
    stays = Go("menu", then=(told, consent("off" if terms.needs_consent else "on", "silence")))
    return [
        Branch("recording_drawn", on={"next": (Go("recording", when=drawn(config)), Go("menu"))}),
        Menu(
            "recording",
            says=(notice,),
            timeout=3,
            on={"1": agrees, "9": refuses, "silence": stays, "too_many": refuses},
        ),
    ]


def desk_key(config: LineConfig) -> dict[str, Leads]:
    """Key 6 of the operator's menu."""
    return {"6": Go("desk_recording", when=recorded)} if config.recording.percent else {}


def desk_steps(config: LineConfig) -> list[Step]:
    """Operators get to it by their menu, everybody else by the star key itself."""
    if not config.recording.percent:
        return []
    return [
        Menu(
            "desk_recording",
            says=how_it_stands,
            on={
                "1": (
                    Go("back_to_caller", says="recording_on", when=paused, then=(resume,)),
                    Go("back_to_caller", says="recording_paused", then=(pause,)),
                ),
                "2": Go("back_to_caller", says="recording_off", then=(stop,)),
                "back": "back_to_caller",
            },
        )
    ]


def stepped_out(config: LineConfig, *then: Effect) -> tuple[Go, ...]:
    """Where the star key leads a person who isn't an operator."""
    if not config.recording.percent:
        return ()
    return (Go("desk_recording", when=recorded, then=(*then, do.step_out)),)


# --- what is so ---


def drawn(config: LineConfig) -> Guard:
    return lambda talk, heard: config.recording.choose(talk.shared.sid)


def recorded(talk: LegTalk, heard: Heard | None = None) -> bool:
    return talk.shared.recording.wanted in ("on", "paused")


def runs(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.recording.wanted == "on"


def paused(talk: LegTalk, heard: Heard) -> bool:
    return talk.shared.recording.wanted == "paused"


def how_it_stands(talk: LegTalk) -> tuple[Phrase, ...]:
    on = talk.shared.recording.wanted == "on"
    return (("desk_recording_on" if on else "desk_recording_paused", ""),)


def told_to_staff(talk: LegTalk) -> tuple[Phrase, ...]:
    """Staff are told beforehand, too."""
    return (("brief_recorded", ""),) if recorded(talk) else ()


def in_desk(talk: LegTalk) -> tuple[Phrase, ...]:
    return (("desk", ""), ("desk_recording", "")) if recorded(talk) else (("desk", ""),)


# --- what is done ---


def notice_played(prompts: Prompts, key: str) -> Effect:
    """With the version of its text, by which it can be found again."""

    def effect(talk: LegTalk, heard: Heard) -> None:
        text = prompts.text(talk.language, key)
        version = sha256(text.encode()).hexdigest()[:12]
        talk.emit("notice.played", language=talk.language, notice=key, version=version)

    return effect


def consent(recording: Literal["on", "off"], by: str) -> Effect:
    """What the caller said to it, by key or by staying; it holds for the whole call."""

    def effect(talk: LegTalk, heard: Heard) -> None:
        talk.shared.recording.wanted = recording
        talk.emit("consent.changed", recording=recording, how=by)

    return effect


def pause(talk: LegTalk, heard: Heard) -> None:
    talk.shared.recording.wanted = "paused"
    talk.emit("recording.paused")


def resume(talk: LegTalk, heard: Heard) -> None:
    talk.shared.recording.wanted = "on"
    talk.emit("recording.resumed")


def stop(talk: LegTalk, heard: Heard) -> None:
    """For good: the caller has objected, and that holds for everyone who joins later."""
    talk.shared.recording.wanted = "off"
    talk.emit("consent.changed", recording="off", how="staff")
