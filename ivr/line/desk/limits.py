"""How often something may go wrong before a person looks after the caller instead.

No limit ever ends a call or takes 0 away, and none is heard: who is over it goes on as somebody
whose case isn't known, and whoever answers is told to be careful.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Limits:
    """``numbers`` are case numbers a call, ``failed`` look-ups of unknown ones an hour from one
    telephone, ``alarm`` those of all telephones together. ``pin_tries`` are wrong PINs a call,
    ``pin_day`` those a day from one telephone, ``pin_month`` those in 30 days for one account: from
    each number that is on file for it, and from all others together.
    ``rounds`` is how often a caller may wait in vain, ``drops`` how often somebody may take a call
    and be gone before they meet. ``cases_day`` are the cases that a customer may log on the web in
    a day, ``requests_day`` the comments, and whatever else of one kind they may ask for there.
    """

    numbers: int = 3
    failed: int = 10
    alarm: int = 50
    pin_tries: int = 3
    pin_day: int = 10
    pin_month: int = 100
    rounds: int = 5
    drops: int = 2
    cases_day: int = 20
    requests_day: int = 100


def bucket(kind: str, whose: str) -> str:
    """The name under which something is counted. Telephone numbers aren't kept in it; those who
    withhold theirs share one. A count of several things has their names with a space between."""
    return f"{kind}:{blake2b(whose.encode(), digest_size=12).hexdigest() if whose else 'withheld'}"


__all__ = ["DAY", "HOUR", "MONTH", "Limits", "bucket"]
