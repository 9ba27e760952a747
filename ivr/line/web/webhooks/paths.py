"""The paths that the carrier asks, in one table: what stands for which, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct
from prometheus_client import Histogram


class Reply(Struct, frozen=True):
    """What a webhook answers; ``due`` is when the turn's first duty is due, if it has one."""

    document: str
    due: datetime | None = None


View = Callable[..., Reply]
"""Takes the form, and what the path names, by keyword."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What answers a path: ``view``; when that fails, ``trouble``; when that fails too, or there is
    no time for it, ``last``, which asks for nothing."""

    kind: str
    view: View
    trouble: View
    last: Reply
    seconds: Histogram


class Asked(Struct, frozen=True):
    """An endpoint, and the parts of the path that name a call or a leg."""

    endpoint: Endpoint
    where: dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Paths with a common root. They are the root, then a part for each of ``named``, then the key
    of one of the ``endpoints``; ``""`` is that of the path which ends before it."""

    root: tuple[str, str]
    named: tuple[str, ...]
    endpoints: dict[str, Endpoint]

    def rule(self) -> str:
        """As Flask writes it, without the endpoint's own part."""
        return "/" + "/".join((*self.root, *(f"<{name}>" for name in self.named)))


class Paths:
    """All places of a line."""

    def __init__(self, places: Iterable[Place]) -> None:
        self.places = tuple(places)
        self._by_root = {place.root: place for place in self.places}

    def find(self, path: str) -> Asked | None:
        """What is asked by a path such as ``/leg/escalation/CA1/a2/status``, or None."""
        first, *parts = path.split("/")
        place = self._by_root.get((parts[0], parts[1])) if len(parts) > 1 else None
        if first or place is None or not all(parts):
            return None
        end = 2 + len(place.named)
        what = parts[end:]
        if len(parts) < end or len(what) > 1:
            return None
        endpoint = place.endpoints.get(what[0] if what else "")
        if endpoint is None:
            return None
        return Asked(endpoint, dict(zip(place.named, parts[2:end], strict=True)))
