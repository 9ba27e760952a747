"""Which conversations are recorded, and what the caller has to have said to that."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ivr.line.toml_table import written

BASES = ("legitimate_interest", "consent")


@dataclass(frozen=True, slots=True)
class RecordingTerms:
    """``percent`` of the calls are recorded, 0 is none.

    ``legal_basis`` says what the caller's silence means: on "legitimate_interest" they are told and
    may object; on "consent" nothing is recorded before they have agreed by key.
    """

    percent: int = 0
    legal_basis: str = "legitimate_interest"

    @property
    def needs_consent(self) -> bool:
        return self.legal_basis == "consent"

    def choose(self, sid: str) -> bool:
        """Whether the call of this SID is among the recorded; the same answer whenever asked."""
        drawn = int.from_bytes(sha256(sid.encode()).digest()[:4]) % 100
        return drawn < self.percent

    @classmethod
    def read(cls, conversations: Any = "off", legal_basis: str = "") -> RecordingTerms:
        """As ``[recording]`` in line.toml has it. Raises ValueError."""
        words = {"off": 0, "on": 100}
        percent = words.get(conversations) if isinstance(conversations, str) else conversations
        if type(percent) is not int or not 0 <= percent <= 100:
            raise ValueError(
                f'conversations: {written(conversations)} isn\'t "off", "on" or a percentage '
                "from 0 to 100"
            )
        if legal_basis not in BASES and (percent or legal_basis):
            raise ValueError(
                f"legal_basis: {written(legal_basis)} is none; a recording needs a legal basis, "
                f"{' or '.join(BASES)}"
            )
        return cls(percent, legal_basis or BASES[0])
