"""The words of the pages: TOML files named for their language (``en.toml``, ``wall.en.toml``),
chosen by whoever reads."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Flask, g, request, session

from ivr.line.desk.names import name_in
from ivr.line.errors import CaseError

FIRST = "en"


@cache
def _read() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in files(__name__).iterdir():
        if each.name.endswith(".toml"):
            language = each.name.split(".")[-2]
            texts = tomllib.loads(each.read_text(encoding="utf-8"))
            known = found.setdefault(language, {})
            if twice := known.keys() & texts.keys():
                raise ValueError(f"{each.name}: {', '.join(sorted(twice))} has words elsewhere")
            known |= texts
    return found


class Words:
    """What the pages say. A language is chosen by ``?lang=fr``, else by what the browser asks.

    ``emergency`` is what Enterprise Down is called, by language; texts have it as ``{emergency}``.
    """

    def __init__(self, emergency: Mapping[str, str]) -> None:
        self.languages, self.emergency = _read(), emergency

    def language(self) -> str:
        """What this request is answered in; a page asks for each of its texts."""
        if "language" not in g:
            g.language = self._chosen()
        return str(g.language)

    def _chosen(self) -> str:
        chosen = request.args.get("lang") or session.get("language", "")
        if chosen in self.languages:
            session["language"] = chosen
            return str(chosen)
        return request.accept_languages.best_match(sorted(self.languages)) or FIRST

    def text(self, key: str, **values: object) -> str:
        """One text; a key without words in this language is said in English."""
        language = self.language()
        text = self.languages[language].get(key, self.languages[FIRST].get(key, key))
        return text.format(**{"emergency": name_in(self.emergency, language), **values})

    def error(self, error: CaseError) -> str:
        """What can't be done with a case, and why; in English where there are no words for it."""
        key = f"err_{error.say}"
        return self.text(key, **error.values) if key in self.languages[FIRST] else str(error)

    def found(self, condition: Mapping[str, Any], day: Callable[[str], str]) -> str:
        """What was found of a condition of Enterprise Down (as `ivr.line.desk.emergency.Condition`
        is stored); in English where that was stored before there were words for it. ``day`` writes
        a date."""
        say, values = condition.get("say", ""), dict(condition.get("values") or {})
        if "day" in values:
            values["day"] = day(values["day"])
        if "environment" in values:
            key = f"env_{values['environment']}"
            known = key in self.languages[FIRST]
            values["environment"] = self.text(key) if known else values["environment"]
        return self.text(f"found_{say}", **values) if say else str(condition.get("detail", ""))

    def step(self, name: str) -> str:
        """What a step of the flow is called; one that has no words is called by its name."""
        key = f"step_{name}"
        return self.text(key) if key in self.languages[FIRST] else name.replace("_", " ")

    def install(self, app: Flask) -> None:
        """Every template says ``{{ t("key") }}``."""
        app.context_processor(
            lambda: {
                "t": self.text,
                "step_name": self.step,
                "lang": self.language(),
                "languages": sorted(self.languages),
            }
        )


__all__ = ["Words"]
