"""One line: its configuration, and the flows that serve its callers and the people it rings."""

from __future__ import annotations

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
    callback: str = ""  # the step of the caller's flow with which a call back begins

    @property
    def name(self) -> str:
        return self.config.name

    def __post_init__(self) -> None:
        spoken = set(self.caller.prompts.codes)
        for entry in self.config.numbers.values():
            if wanting := set(entry.languages) - spoken:
                raise FlowError(
                    f"line '{self.name}': {entry.number} offers {', '.join(sorted(wanting))}, "
                    f"but there are prompts for {', '.join(sorted(spoken))} only"
                )
