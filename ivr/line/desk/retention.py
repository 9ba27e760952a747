"""How long each class of what is stored may be kept."""

from __future__ import annotations

from dataclasses import dataclass, fields

PIN_MONTH = 30  # days over which failures are counted


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """Days, each from when it ended; ``purge`` and ``seal`` are hours between two rounds.

    ``recordings`` are conversations, ``messages`` what callers spoke on purpose, ``digits`` what
    they keyed and were told, ``calls`` who called, ``texts`` notes and reasons, ``tallies`` counts
    of failures, ``audit`` the event logs of calls. Raises ValueError.
    """

    recordings: int = 180
    messages: int = 396
    digits: int = 30
    calls: int = 396
    texts: int = 1095
    tallies: int = 31
    audit: int = 730
    purge: int = 24
    seal: int = 24

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"retention.{each.name} is a whole number from 1, not {value!r}")
        if self.tallies < PIN_MONTH:
            raise ValueError(f"retention.tallies: failures are counted over {PIN_MONTH} days")
        longest = max(self.recordings, self.messages, self.digits, self.calls)
        if self.audit < longest:
            raise ValueError(f"retention.audit: the log of a call outlasts it, so from {longest}")
