"""A case system over HTTP, by the neutral contract (see "Your case system" in the README).

A look-up has one deadline for all that it does; a connection that can't be made is tried once more.
After several failures in a row nobody is asked for a while, and what was known of a case within the
last quarter of an hour is given instead, marked as stale.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import quote

import requests

from ivr.case_systems import Conflict, Refused, Unreachable, Write
from ivr.clock import Clock
from ivr.desk.cases import Account, Case, CaseNumbers, Contact

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=15)  # how long a case that can't be asked for is still given
FAILURES = 5  # in a row, and nobody is asked …
REST = timedelta(seconds=30)  # … for so long
PATIENCE = 10.0  # seconds for a write
LARGEST = 1 << 20  # bytes of an answer


@dataclass(slots=True)
class Breaker:
    """Keeps a system that is down from being asked again and again; one try in between tells."""

    failures: int = 0
    until: datetime | None = None

    def open(self, now: datetime) -> bool:
        """Whether nobody is to be asked at ``now``."""
        return self.until is not None and now < self.until

    def failed(self, now: datetime) -> None:
        self.failures += 1
        if self.failures >= FAILURES:
            self.until = now + REST

    def worked(self) -> None:
        self.failures, self.until = 0, None


class HTTPCases:
    """Cases at ``base``, with a bearer ``token`` if there is one."""

    name = "http"

    def __init__(
        self,
        base: str,
        token: str,
        numbers: CaseNumbers,
        clock: Clock,
        session: requests.Session | None = None,
    ) -> None:
        self.base, self.numbers, self.clock = base.rstrip("/"), numbers, clock
        self.session = session or requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        self.breaker = Breaker()
        self._known: dict[str, tuple[datetime, Case | None]] = {}

    # --- reading ---

    def case(self, digits: str, budget: float) -> Case | None:
        """The case of these digits. Raises `Unreachable` when neither it nor we can say."""
        now = self.clock.now()
        if self.breaker.open(now):
            return self._stale(digits, now, "it was down a moment ago")
        try:
            found = self._read(digits, budget)
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            self.breaker.failed(now)
            log.warning("case %s of %s: %s: %s", digits, self.base, type(error).__name__, error)
            return self._stale(digits, now, type(error).__name__)
        self.breaker.worked()
        self._known[digits] = (now, found)
        return found

    def _stale(self, digits: str, now: datetime, why: str) -> Case | None:
        at, case = self._known.get(digits, (None, None))
        if at is None or now - at > FRESH or case is None:
            raise Unreachable(f"the case system can't be asked: {why}")
        return replace(case, stale=True)

    def _read(self, digits: str, budget: float) -> Case | None:
        deadline = monotonic() + budget
        url = f"{self.base}/cases/{quote(self.numbers.written(digits))}"
        try:
            answer = self._get(url, deadline)
        except requests.ConnectionError as error:
            if isinstance(error, requests.Timeout):
                raise
            answer = self._get(url, deadline)  # it was never asked; once more
        with answer:
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            return _case(_json(answer, deadline), digits)

    def _get(self, url: str, deadline: float) -> requests.Response:
        left = max(0.05, deadline - monotonic())
        return self.session.get(url, timeout=(left, left), stream=True)

    # --- writing ---

    def write(self, write: Write) -> None:
        """Write once by its key: the system knows the key, or does it now."""
        method, path, body = _request(write)
        number = quote(write.case)
        try:
            answer = self.session.request(
                method,
                f"{self.base}/cases/{number}{path}",
                json=body | {"idempotency_key": write.key},
                headers={"Idempotency-Key": write.key},
                timeout=PATIENCE,
            )
        except requests.RequestException as error:
            raise Unreachable(f"{type(error).__name__}") from error
        match answer.status_code:
            case 200 | 201 | 204:
                return
            case 409:
                raise Conflict(f"{write.kind} of {write.case}: it was changed by somebody else")
            case 408 | 425 | 429:
                raise Unreachable(f"{answer.status_code}")
            case status if status >= 500:
                raise Unreachable(f"{status}")
            case status:
                raise Refused(f"{status} {answer.text[:200]}")


def _json(answer: requests.Response, deadline: float) -> Mapping[str, Any]:
    """The body, within the deadline: each piece may come in time, and all of them too late."""
    body = b""
    for piece in answer.iter_content(8192):
        body += piece
        if monotonic() > deadline or len(body) > LARGEST:
            raise requests.Timeout("the answer took too long, or was too large")
    import json

    read = json.loads(body)
    if not isinstance(read, dict):
        raise ValueError("the answer is no JSON object")
    return read


def _request(write: Write) -> tuple[str, str, dict[str, Any]]:
    data = dict(write.data)
    match write.kind:
        case "note":
            return "POST", "/notes", data
        case "escalation":
            return "POST", "/escalations", data
        case "severity":
            before = data.pop("before", None)
            return "PATCH", "", data | {"if_severity": before}
        case "reopen":
            return "PATCH", "", {"status": "open", **data}
        case "report":
            return "POST", "/reports", data
    raise Refused(f"nobody knows how to write '{write.kind}'")


def _case(read: Mapping[str, Any], digits: str) -> Case:
    """What the contract says of a case; fields that it doesn't name are ignored."""
    owner = read.get("owner") or {}
    severity = read.get("severity")
    return Case(
        number=str(read["number"]),
        digits=digits,
        status="closed" if str(read["status"]).lower() in ("closed", "resolved") else "open",
        severity=None if severity is None else int(severity),
        subject=str(read.get("subject") or ""),
        product=str(read.get("product") or ""),
        region=str(read.get("region") or ""),
        environment=str(read.get("environment") or ""),
        owner=str(owner["id"]) if owner.get("id") else None,
        queue=read.get("queue"),
        account=_account(read["account"]) if read.get("account") else None,
        contacts=tuple(_contact(each) for each in read.get("contacts") or ()),
        language=str(read.get("language") or "en"),
        url=str(read.get("url") or ""),
        updated_at=_instant(read.get("updated_at")),
    )


def _account(read: Mapping[str, Any]) -> Account:
    contract = read.get("contract") or {}
    return Account(
        id=str(read["id"]),
        name=str(read.get("name") or ""),
        contract_tier=str(contract.get("tier") or ""),
        contract_from=_date(contract.get("valid_from")),
        contract_to=_date(contract.get("valid_to")),
        zone=str(read.get("zone") or "UTC"),
        customer_numbers=tuple(str(each) for each in read.get("customer_numbers") or ()),
    )


def _contact(read: Mapping[str, Any]) -> Contact:
    return Contact(
        str(read.get("name") or ""),
        tuple(str(phone) for phone in read.get("phones") or ()),
        str(read.get("email") or ""),
        str(read.get("lang") or "en"),
    )


def _date(written: Any) -> date | None:
    return date.fromisoformat(str(written)) if written else None


def _instant(written: Any) -> datetime | None:
    if not written:
        return None
    at = datetime.fromisoformat(str(written))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


__all__ = ["Breaker", "HTTPCases"]
