"""Salesforce as the case system, through `simple-salesforce`.

A note is a CaseComment whose first line is its key, so that a note whose answer got lost is found
and not written again. An escalation sets ``IsEscalated`` besides its note. An owner is a person of
the desk by id or email. Objects and fields: Salesforce's Object Reference, Case, CaseComment,
Account, Contact, User.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Any

import requests
from simple_salesforce.api import Salesforce as Client
from simple_salesforce.exceptions import SalesforceError, SalesforceMalformedRequest
from simple_salesforce.format import format_soql

from ivr.clock import Clock
from ivr.line.desk.cases import Account, Case, Contact
from ivr.line.outside.case_systems.last_known import LastKnown, Whose, as_they_say
from ivr.line.outside.case_systems.system import Refused, Unreachable, Write

LONGEST = 4000  # bytes of a CaseComment
PRIORITIES: Mapping[str, int] = {"Critical": 0, "High": 1, "Medium": 2, "Low": 3}
_FIELDS = (
    "Id, CaseNumber, Status, IsClosed, Priority, Subject, OwnerId, Owner.Type, "
    "AccountId, Account.Name, LastModifiedDate"
)
WRITE_TIMEOUT = 10.0


class SalesforceCases:
    """Cases of one Salesforce organisation. ``connect`` makes the client, whose requests have so
    many seconds in all; ``priorities`` are its names for our severities; ``tier`` is a field of the
    account with the contract's tier, if there is one; ``whose`` finds the person of the desk who
    is an owner there, by id and email."""

    name = "salesforce"

    def __init__(
        self,
        connect: Callable[[float], Any],
        clock: Clock,
        priorities: Mapping[str, int] = PRIORITIES,
        tier: str = "",
        whose: Whose = as_they_say,
    ) -> None:
        self.last_known = LastKnown(self.name, clock)
        self.whose = whose
        self.connect = connect
        self.priorities = dict(priorities)
        self.tier = tier

    def case(self, digits: str, budget: float) -> Case | None:
        """The case with these digits. Raises `Unreachable` when it isn't known either."""
        return self.last_known.case(digits, budget, lambda deadline: self._read(digits, deadline))

    def _read(self, digits: str, deadline: float) -> Case | None:
        client = self._client(deadline - monotonic())
        fields = _FIELDS + (f", Account.{self.tier}" if self.tier else "")
        question = f"SELECT {fields} FROM Case WHERE CaseNumber = "
        found = self._ask(lambda: client.query(question + format_soql("{}", digits)))
        if not found["records"]:
            return None
        record = found["records"][0]
        owner = self._owner(client, record)
        return self._case(record, digits, owner, self._contacts(client, record["AccountId"]))

    def _owner(self, client: Any, record: Any) -> str | None:
        """The person of the desk who owns it; None if a queue does."""
        if not _with_a_user(record):
            return None
        question = format_soql("SELECT Id, Email FROM User WHERE Id = {}", record["OwnerId"])
        found = self._ask(lambda: client.query(question))["records"]
        return self.whose(record["OwnerId"], (found[0]["Email"] or "") if found else "")

    def _contacts(self, client: Any, account: str | None) -> tuple[Contact, ...]:
        if not account:
            return ()
        question = format_soql(
            "SELECT Name, Phone, MobilePhone, Email FROM Contact WHERE AccountId = {} LIMIT 50",
            account,
        )
        found = self._ask(lambda: client.query(question))
        return tuple(
            Contact(
                each["Name"] or "",
                tuple(phone for phone in (each["Phone"], each["MobilePhone"]) if phone),
                each["Email"] or "",
            )
            for each in found["records"]
        )

    def _case(
        self, record: Any, digits: str, owner: str | None, contacts: tuple[Contact, ...]
    ) -> Case:
        account = record.get("Account") or {}
        return Case(
            number=record["CaseNumber"],
            digits=digits,
            status="closed" if record["IsClosed"] else "open",
            severity=self.priorities.get(record["Priority"] or ""),
            subject=record["Subject"] or "",
            owner=owner,
            queue=None if _with_a_user(record) else record["OwnerId"],
            account=Account(
                id=record["AccountId"],
                name=account.get("Name") or "",
                contract_tier=account.get(self.tier) or "" if self.tier else "",
            )
            if record["AccountId"]
            else None,
            contacts=contacts,
            updated_at=datetime.fromisoformat(record["LastModifiedDate"]),
        )

    # --- writing ---

    def write(self, write: Write) -> None:
        client = self._client(WRITE_TIMEOUT)
        question = format_soql(
            "SELECT Id, Status FROM Case WHERE CaseNumber = {}", _digits(write.case)
        )
        found = self._ask(lambda: client.query(question))["records"]
        if not found:
            raise Refused(f"there is no case {write.case}")
        id = found[0]["Id"]
        match write.kind:
            case "note":
                self._comment(client, id, write, str(write.data["text"]))
            case "escalation":
                self._update(client, id, IsEscalated=True)
            case "severity":
                self._update(client, id, Priority=self._priority(int(write.data["severity"])))
            case "reopen":
                self._update(client, id, Status="New")
            case "report":
                self._comment(client, id, write, f"Report {write.data['report']}")

    def _comment(self, client: Any, id: str, write: Write, text: str) -> None:
        """Once by its key: the comments of the case are looked through before it is written."""
        mark = f"[{write.key}]"
        question = format_soql("SELECT CommentBody FROM CaseComment WHERE ParentId = {}", id)
        there = self._ask(lambda: client.query(question))["records"]
        if any(str(each["CommentBody"]).startswith(mark) for each in there):
            return
        body = f"{mark}\n{text}".encode()[:LONGEST].decode("utf-8", "ignore")
        public = write.data.get("visibility") == "customer"
        values = {"ParentId": id, "CommentBody": body, "IsPublished": public}
        self._ask(lambda: client.CaseComment.create(values))

    def _update(self, client: Any, id: str, **values: Any) -> None:
        self._ask(lambda: client.Case.update(id, values))

    def _priority(self, severity: int) -> str:
        for name, code in self.priorities.items():
            if code == severity:
                return name
        raise Refused(f"no priority stands for severity {severity}")

    def _client(self, budget: float) -> Any:
        return self._ask(lambda: self.connect(budget))

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except SalesforceMalformedRequest as error:
            raise Refused(f"{error.status}: {error.content!r}"[:300]) from error
        except SalesforceError as error:
            raise Unreachable(f"{type(error).__name__}") from error
        except requests.RequestException as error:
            raise Unreachable(f"{type(error).__name__}") from error


def _with_a_user(record: Any) -> bool:
    """Whether a person owns the case, not a queue."""
    return bool((record.get("Owner") or {}).get("Type") == "User")


def _digits(number: str) -> str:
    return "".join(char for char in number if char in "0123456789")


def connection(instance_url: str, token: str) -> Callable[[float], Any]:
    """Clients for an organisation, with an access token."""

    def connect(budget: float) -> Any:
        session = _Hurried(budget)
        return Client(instance_url=instance_url, session_id=token, session=session)

    return connect


class _Hurried(requests.Session):
    """A session whose requests have so many seconds in all, and lead nowhere else."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.deadline = monotonic() + seconds

    def request(self, *given: Any, **named: Any) -> requests.Response:
        left = self.deadline - monotonic()
        if left <= 0:
            raise requests.Timeout("no time is left")
        return super().request(*given, **{"timeout": left, "allow_redirects": False} | named)


__all__ = ["PRIORITIES", "SalesforceCases", "connection"]
