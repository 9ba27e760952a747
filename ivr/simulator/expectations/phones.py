"""The other telephones of a dialogue: ``phone NAME NUMBER [WHAT IT DOES] [OPTION …]``.

Options stand in any order, each at most once; `phone_line` writes what `described` reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ivr.simulator.people.habits import TAKES, Habit

BEHAVIOURS = {
    "answers": "answer",
    "rings": "ring",
    "busy": "busy",
    "declines": "decline",
    "unreachable": "unreachable",
    "voicemail": "voicemail",
}
OPTIONS = {
    "after": "after SECONDS",
    "say": 'says "WORDS"',
    "press": "press KEYS",
    "hang_up": "hangs up after SECONDS",
    "typing": "types every SECONDS",
}
DESCRIBED = f"phone NAME NUMBER [{'|'.join(BEHAVIOURS)}] " + " ".join(
    f"[{option}]" for option in OPTIONS.values()
)

_PHONE = re.compile(
    rf"""(?P<name>[^\W\d][\w-]*)\s+(?P<number>\S+)
    (?:\s+(?P<does>{"|".join(BEHAVIOURS)})(?!\S))?
    \s*(?P<options>.*)""",
    re.VERBOSE,
)
_OPTION = re.compile(
    r"""(?:after\s+(?P<after>\d+(?:\.\d+)?)
    | says?\s+"(?P<say>[^"]+)"
    | press(?:es)?\s+(?P<press>[0-9*\#]+)
    | hangs?\s+up\s+after\s+(?P<hang_up>\d+(?:\.\d+)?)
    | types?\s+every\s+(?P<typing>\d+(?:\.\d+)?)
    )(?!\S)\s*""",
    re.VERBOSE,
)


class Undescribed(Exception):
    """A phone's line can't be read: ``found`` stands there, ``could`` might."""

    def __init__(self, found: str, why: str, could: str) -> None:
        super().__init__(why)
        self.found, self.why, self.could = found, why, could


@dataclass(frozen=True, slots=True)
class Phone:
    """One of the other telephones, and what it does by itself when it is rung.

    ``hang_up`` is None when it doesn't, ``typing`` when it types as fast as anybody.
    """

    line: int
    name: str
    number: str
    does: str = "rings"
    after: float = 0.0
    press: str = ""
    say: str = ""
    hang_up: float | None = None
    typing: float | None = None

    @property
    def habit(self) -> Habit:
        """What it does, as a telephone has it."""
        return Habit(BEHAVIOURS[self.does], self.after, self.press, self.say, self.hang_up)


def described(line: int, text: str) -> Phone:
    """Read what stands after ``phone``. Raises `Undescribed`."""
    found = _PHONE.fullmatch(text)
    if found is None:
        raise Undescribed(text, "this phone isn't described", DESCRIBED)
    options = _options(found["options"])
    phone = Phone(
        line=line,
        name=found["name"],
        number=found["number"],
        does=found["does"] or "rings",
        after=float(options.get("after", 0)),
        press=options.get("press", ""),
        say=options.get("say", ""),
        hang_up=float(options["hang_up"]) if "hang_up" in options else None,
        typing=float(options["typing"]) if "typing" in options else None,
    )
    _sensible(phone)
    return phone


def phone_line(phone: Phone) -> str:
    """The header line that describes a phone."""
    given = {
        f"after {phone.after:g}": phone.after,
        f'says "{phone.say}"': phone.say,
        f"press {phone.press}": phone.press,
        f"hangs up after {phone.hang_up or 0:g}": phone.hang_up is not None,
        f"types every {phone.typing or 0:g}": phone.typing is not None,
    }
    options = [option for option, there in given.items() if there]
    return " ".join(["phone", phone.name, phone.number, phone.does, *options])


def _options(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _OPTION.match(text, at)
        if found is None:
            raise Undescribed(text[at:], "this phone isn't described", DESCRIBED)
        name, value = next((k, v) for k, v in found.groupdict().items() if v is not None)
        if name in given:
            raise Undescribed(found.group().strip(), "this is said twice", "it once")
        given[name] = value
        at = found.end()
    return given


def _sensible(phone: Phone) -> None:
    """An option that could never have an effect is a mistake, not a wish."""
    habit = phone.habit
    for option in habit.options:
        if option not in TAKES[habit.kind]:
            able = _or([does for does, kind in BEHAVIOURS.items() if option in TAKES[kind]])
            word = OPTIONS[option].partition(" ")[0]
            raise Undescribed(
                word,
                f"“{OPTIONS[option]}” has no effect on a phone that just says “{phone.does}”",
                f"{able} before it, in place of {phone.does}",
            )


def _or(words: list[str]) -> str:
    """Words as in a sentence: answers, declines or voicemail."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
