"""A case system over HTTP, by the neutral contract (see docs/line/case-systems.md).

A lookup has one deadline for all that it does; a connection that can't be made is tried once more.
Redirects aren't followed: a redirected POST arrives as a GET, and would seem to have been done.
"""

from __future__ import annotations

import json
from time import monotonic
from typing import Any
from urllib.parse import quote

import requests

from ivr.clock import Clock
from ivr.line.desk.cases import Case, CaseNumbers
from ivr.line.outside.case_systems.contract import case_of
from ivr.line.outside.case_systems.last_known import LastKnown, Whose, as_they_say
from ivr.line.outside.case_systems.system import Conflict, Refused, Unreachable, Write

WRITE_TIMEOUT = 10.0  # seconds
LARGEST = 1 << 20  # bytes of an answer


class HTTPCases:
    """Cases at ``base``, with a bearer ``token`` if there is one. ``whose`` finds the
    person of the desk who is an owner there, by id and email."""

    name = "http"

    def __init__(
        self,
        base: str,
        token: str,
        numbers: CaseNumbers,
        clock: Clock,
        session: requests.Session | None = None,
        whose: Whose = as_they_say,
    ) -> None:
        self.base = base.rstrip("/")
        self.numbers = numbers
        self.whose = whose
        self.session = session or requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        self.last_known = LastKnown(self.base, clock)

    # --- reading ---

    def case(self, digits: str, budget: float) -> Case | None:
        """The case with these digits. Raises `Unreachable` when it isn't known either."""
        return self.last_known.case(digits, budget, lambda deadline: self._read(digits, deadline))

    def _read(self, digits: str, deadline: float) -> Case | None:
        url = f"{self.base}/cases/{quote(self.numbers.written(digits))}"
        try:
            answer = self._get(url, deadline)
        except requests.ConnectionError as error:
            if isinstance(error, requests.Timeout):
                raise
            answer = self._get(url, deadline)  # no request was sent; try once more
        with answer:
            if answer.status_code == 404:
                return None
            if answer.status_code != 200:
                raise requests.HTTPError(f"{answer.status_code}")
            return case_of(_json(answer, deadline), digits, self.whose)

    def _get(self, url: str, deadline: float) -> requests.Response:
        left = max(0.05, deadline - monotonic())
        return self.session.get(url, timeout=left, stream=True, allow_redirects=False)

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
                timeout=WRITE_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unreachable(f"{type(error).__name__}") from error
        match answer.status_code:
            case 200 | 201 | 204:
                return
            case 409:
                self._changed(write)
            case 401 | 408 | 425 | 429:  # a token may be renewed
                raise Unreachable(f"{answer.status_code}")
            case status if 300 <= status < 400 or status >= 500:
                raise Unreachable(f"{status}")
            case status:
                raise Refused(f"{status} {answer.text[:200]}")

    def _changed(self, write: Write) -> None:
        """Somebody else has changed the case first. That is fine if they have set the same
        severity."""
        if write.kind == "severity":
            try:
                case = self._read(self.numbers.digits_of(write.case), monotonic() + WRITE_TIMEOUT)
            except (requests.RequestException, ValueError) as error:
                raise Unreachable(f"{type(error).__name__}: {error}") from error
            if case and case.severity == int(write.data["severity"]):
                return
        raise Conflict(f"{write.kind} of {write.case}: it was changed by somebody else")


def _json(answer: requests.Response, deadline: float) -> Any:
    """The body, within the deadline: each piece may come in time, and all of them too late."""
    body = b""
    for piece in answer.iter_content(8192):
        body += piece
        if monotonic() > deadline or len(body) > LARGEST:
            raise requests.Timeout("the answer took too long, or was too large")
    return json.loads(body)


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
    raise Refused(f"there is no such write as '{write.kind}'")


__all__ = ["HTTPCases"]
