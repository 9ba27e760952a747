"""The other phones of a dialogue: ``phone NAME NUMBER [WHAT IT DOES] [OPTION …]``.

Options can be in any order, each at most once; `phone_line` writes what `described` reads.
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


class PhoneSyntaxError(Exception):
    """A phone's line can't be read: what is there, why not, and what is possible."""

    def __init__(self, text: str, why: str, could: str) -> None:
        super().__init__(why)
        self.text = text
        self.why = why
        self.could = could


@dataclass(frozen=True, slots=True)
class Phone:
    """Another phone of a dialogue, and what it does by itself when it rings.

    ``hang_up`` is None if it doesn't hang up by itself, ``typing`` if it types at the usual pace.
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
        """What it does, as `Handset.will` takes it."""
        return Habit(BEHAVIOURS[self.does], self.after, self.press, self.say, self.hang_up)


def described(line: int, text: str) -> Phone:
    """Read what follows ``phone``. Raises `PhoneSyntaxError`."""
    parts = _PHONE.fullmatch(text)
    if parts is None:
        raise PhoneSyntaxError(text, "this phone can't be read", DESCRIBED)
    options = _options(parts["options"])
    phone = Phone(
        line=line,
        name=parts["name"],
        number=parts["number"],
        does=parts["does"] or "rings",
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
        option = _OPTION.match(text, at)
        if option is None:
            raise PhoneSyntaxError(text[at:], "this phone can't be read", DESCRIBED)
        name, value = next((k, v) for k, v in option.groupdict().items() if v is not None)
        if name in given:
            raise PhoneSyntaxError(option.group().strip(), "this option is given twice", "it once")
        given[name] = value
        at = option.end()
    return given


def _sensible(phone: Phone) -> None:
    """Raises `PhoneSyntaxError` for an option without effect: it must be a mistake."""
    habit = phone.habit
    for option in habit.options:
        if option not in TAKES[habit.kind]:
            able = _or([does for does, kind in BEHAVIOURS.items() if option in TAKES[kind]])
            word = OPTIONS[option].partition(" ")[0]
            raise PhoneSyntaxError(
                word,
                f"“{OPTIONS[option]}” has no effect on a phone described as “{phone.does}”",
                f"{able} before it, in place of {phone.does}",
            )


def _or(words: list[str]) -> str:
    """Words as in a sentence: answers, declines or voicemail."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
