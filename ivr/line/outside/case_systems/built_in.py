"""The line's own tables as the case system: notes and escalations stand in them already."""

from __future__ import annotations

from ivr.line.desk.cases import Case
from ivr.line.outside.case_systems.system import Write
from ivr.line.store.store import Store


class BuiltIn:
    """The store's tables."""

    name = "built-in"

    def __init__(self, store: Store) -> None:
        self.store = store

    def case(self, digits: str, budget: float = 3.0) -> Case | None:
        return self.store.cases.find(digits)

    def write(self, write: Write) -> None:
        match write.kind:
            case "severity":
                self.store.cases.change(write.case, severity=int(write.data["severity"]))
            case "reopen":
                self.store.cases.change(write.case, status="open")
