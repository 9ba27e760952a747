"""Everything that would be random, from one seed."""

from __future__ import annotations

import random


class Seed:
    """SIDs and tokens: the same seed and the same sequence of calls give the same ones."""

    __slots__ = ("_bits", "number")

    def __init__(self, seed: int) -> None:
        self.number = seed
        self._bits = random.Random(seed).getrandbits

    def sid(self, prefix: str) -> str:
        """Two letters and 32 hexadecimal digits."""
        return f"{prefix}{self._bits(128):032x}"

    def digits(self, length: int) -> str:
        """A code of so many digits."""
        return f"{self._bits(64) % 10**length:0{length}}"

    def token(self) -> str:
        """A UUID, the form of I-Twilio-Idempotency-Token."""
        h = f"{self._bits(128):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
