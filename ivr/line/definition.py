"""One line: its configuration, and the flows that serve its callers and the people it rings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.line.config import LineConfig
from ivr.line.desk.notice_texts import Templates
from ivr.line.errors import FlowError
from ivr.line.flow.flow import Flow


@dataclass(frozen=True, slots=True)
class Line:
    """A line that can take calls, and the words in which its people are told things.

    ``caller`` and ``person`` are the ways of their legs; ``console`` is what somebody with a leg
    can do by a click.
    """

    config: LineConfig
    caller: Flow
    person: Flow
    console: Flow
    notices: Templates
    callback: str = ""  # the step of the caller's flow with which a call back begins …
    web: str = ""  # … and with which a request on a page is owed one

    @property
    def name(self) -> str:
        return self.config.name

    def __post_init__(self) -> None:
        if complaint := next(self._complaints(), ""):
            raise FlowError(f"{self.config.file}: {complaint}")

    def _complaints(self) -> Iterator[str]:
        """Languages that somebody named in line.toml and nobody speaks, or the other way round."""
        prompts = self.caller.prompts
        spoken = ", ".join(sorted(prompts.codes))
        for entry in self.config.numbers.values():
            if wanting := sorted(set(entry.languages) - set(prompts.codes)):
                yield (
                    f"numbers.{entry.number}.languages: it offers {', '.join(wanting)}, "
                    f"but there are prompts for {spoken} only"
                )
            for code in entry.languages if entry.work else ():
                if entry.after not in prompts.language(code).names:
                    yield (
                        f"numbers.{entry.number}.after: '{entry.after}' has no name in "
                        f"{prompts.language(code).file}; add it under names"
                    )
        for key, names in self._named().items():
            if unknown := sorted(names.keys() - set(prompts.codes) - self.notices.languages.keys()):
                yield f"{key}: nothing is said or written in '{unknown[0]}'; there is {spoken}"
            if missing := sorted(self._offered() - names.keys()):
                yield f"{key}: there is no name in '{missing[0]}', which callers are offered"

    def _offered(self) -> set[str]:
        return {code for entry in self.config.numbers.values() for code in entry.languages}

    def _named(self) -> dict[str, Mapping[str, str]]:
        """Whatever has names by language, by its key; levels without any are called by code."""
        levels = [level for level in self.config.levels if level.names]
        severities = self.config.severities.values()
        return {
            **{f"severities.{each.code}.names": each.names for each in severities},
            **{f"levels.{each.code}.names": each.names for each in levels},
        }
