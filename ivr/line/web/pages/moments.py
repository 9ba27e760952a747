"""The moments of a call in the reader's words: who, what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivr.line.definition import Line
from ivr.line.flow.steps import Menu
from ivr.line.records import Call
from ivr.line.story.story import Moment, Story
from ivr.line.web.pages.words import Words

MASKS = {"secret": "keyed_pin", "": "keyed_nothing"}
DOUBLED = frozenset({"operator.offered", "answered"})  # another moment says the same


def worth_showing(told: Story) -> Story:
    """Without what another moment says, too."""
    shown = tuple(each for each in told.moments if each.what not in DOUBLED)
    return replace(told, moments=shown)


class Telling:
    """Puts a story into words. ``names`` are people's, by id."""

    def __init__(self, words: Words, line: Line, names: Mapping[str, str], told: Story) -> None:
        self.words, self.line, self.names, self.told = words, line, names, told

    def rows(self, call: Call) -> list[dict[str, Any]]:
        """Every moment as a template shows it."""
        return [
            {
                "seconds": (moment.at - call.started_at).total_seconds(),
                "at": moment.at,
                "kind": moment.kind,
                "who": self._who(moment),
                "to": self._to(moment),
                "side": "caller" if not moment.leg and moment.kind != "decided" else "other",
                "text": self._text(moment),
                "lines": list(zip(moment.words, moment.tongues, strict=True)),
                "why": self._why(moment),
                "moved": self._moved(moment),
            }
            for moment in self.told.moments
        ]

    def _who(self, moment: Moment) -> str:
        if moment.kind == "decided":
            return self.words.text("the_line")
        if not moment.leg:
            return self.words.text("caller")
        return self._name(moment.person) or self.words.text("somebody_rung")

    def _to(self, moment: Moment) -> str:
        """To whom it was said."""
        if moment.kind != "said":
            return ""
        if not moment.leg:
            return self.words.text("to_caller")
        return self.words.text("to_whom", who=self._who(moment))

    def _name(self, person: str) -> str:
        return self.names.get(person, person)

    def _moved(self, moment: Moment) -> tuple[str, str] | None:
        """From where to where this leg went, where it has gone on."""
        if moment.kind not in ("pressed", "heard") or moment.before in ("", moment.step):
            return None
        return self.words.step(moment.before), self.words.step(moment.step)

    def _text(self, moment: Moment) -> str:
        match moment.kind:
            case "said":
                return ""
            case "pressed":
                return self._pressed(moment)
            case "heard":
                return self._heard(moment)
            case _:
                return self._decided(moment)

    def _pressed(self, moment: Moment) -> str:
        if moment.value in MASKS:
            return self.words.text(MASKS[moment.value])
        if moment.value == "personal":
            return self.words.text("keyed_number")
        return self.words.text("keyed_keys", keys=moment.value)

    def _heard(self, moment: Moment) -> str:
        value = str(moment.data.get("click", "")) or moment.value
        if moment.what == "out":
            value = "star" if self._is_menu(moment) else "end"
        for key in (f"heard_{moment.what}_{value}", f"heard_{moment.what}"):
            if key in self.words.languages["en"]:
                filled = self._values(moment) | {"value": self._word(f"came_{value}")}
                return self.words.text(key, **filled)
        return f"{moment.what} {value}".replace("_", " ").strip()

    def _is_menu(self, moment: Moment) -> bool:
        return isinstance(self.line.person.steps.get(moment.step), Menu)

    def _decided(self, moment: Moment) -> str:
        key = f"ev_{moment.what.replace('.', '_')}"
        if key not in self.words.languages["en"]:
            return moment.what.replace(".", " ").replace("_", " ")
        return self.words.text(key, **self._values(moment))

    def _values(self, moment: Moment) -> dict[str, Any]:
        """What the words of any moment may be filled with."""
        data = moment.data
        said = {name: self._said(data.get(name, "")) for name in FILLED}
        who = moment.person or str(data.get("person", ""))
        owner = str(data.get("owner", "") or data.get("after", ""))
        return said | {
            "who": self._name(who) or self.words.text("the_line"),
            "owner": self._name(owner),
            "language_name": self._language(str(data.get("language", ""))),
            "queue_name": self._queue(str(data.get("queue", ""))),
            "found": self._word(f"result_{data.get('result', '')}"),
            "level": self._level(str(data.get("level", ""))),
            "wish": self._level(str(data.get("wish", ""))),
            "outcome": self._word(f"came_{data.get('outcome', '')}"),
            "question": self._word(f"m_{data.get('question', '')}"),
            "recorded": self._word(f"recording_{data.get('recording', '')}"),
        }

    def _level(self, code: str) -> str:
        """A level, or what else is wished for."""
        if f"wish_{code}" in self.words.languages["en"]:
            return self.words.text(f"wish_{code}")
        return self.line.config.level_name(code, self.words.language())

    def _said(self, value: object) -> str:
        return str(value).replace("_", " ")

    def _word(self, key: str) -> str:
        known = key in self.words.languages["en"]
        return self.words.text(key) if known else key.partition("_")[2].replace("_", " ")

    def _language(self, code: str) -> str:
        return self._word(f"language_{code}") if code else ""

    def _queue(self, name: str) -> str:
        return self._word(f"line_of_{name}") if name else ""

    def _why(self, moment: Moment) -> list[str]:
        """The reasons: each person's in a ranking, or why a person was rung."""
        ranking = moment.data.get("ranking")
        if moment.what == "candidate.ranked" and isinstance(ranking, list):
            return [self._ranked(each) for each in ranking]
        reason = moment.data.get("reason")
        if moment.kind == "decided" and isinstance(reason, str) and reason:
            return [self._word(f"reason_{reason}")]
        if moment.data.get("kind") == "entry.rejected":
            return [self.words.text("not_accepted")]
        return []

    def _ranked(self, entry: Mapping[str, Any]) -> str:
        why = self._word(f"reason_{entry['reason']}")
        if skipped := entry.get("skipped"):
            why = f"{why}; {self.words.text('not_rung')}: {self._word(f'skip_{skipped}')}"
        return f"{self._name(entry['person'])}: {why}"


FILLED = (
    "level", "case", "number", "digits", "outcome", "value", "wish", "why", "seconds", "before",
    "after", "tries", "question", "category", "where", "asks", "began", "now", "by",
)  # fmt: skip

__all__ = ["Telling", "worth_showing"]
