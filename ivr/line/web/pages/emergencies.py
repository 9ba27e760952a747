"""The outages that nobody has yet: they stand on every page of the desk until somebody does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, g

from ivr.line.desk.roles import may, works_here
from ivr.line.store.store import Store


@dataclass(frozen=True, slots=True)
class Emergencies:
    """Reads them from the cases' files."""

    store: Store

    def install(self, app: Flask) -> None:
        app.context_processor(lambda: {"nobody_has": self.nobody_has, "may_take": _may_take})

    def nobody_has(self) -> list[dict[str, Any]]:
        """The Enterprise Downs without anybody in charge, for readers who work here."""
        login = g.get("login")
        if login is None or not works_here(login.roles):
            return []
        found = []
        files = self.store.case_files.named(sorted(self._reminded()))
        for number in sorted(files):
            down = files[number].data.get("emergency") or {}
            if down.get("state") == "declared" and not down.get("manager"):
                found.append({"case": number, "since": down["declared_at"], **self._owed(down)})
        return sorted(found, key=lambda each: str(each["since"]))

    def _reminded(self) -> set[str]:
        """The cases of whose emergency somebody is reminded: all that are declared and not set."""
        due = self.store.duties.owed("case", naming="remind")
        return {str(duty.data["case"]) for duty in due if duty.data["what"] == "remind"}

    def _owed(self, down: dict[str, Any]) -> dict[str, Any]:
        """Where the customer is called back."""
        call = self.store.calls.load(down["web"]) if down.get("web") else None
        promise = call.data.shared.promise if call else None
        return {"number": promise.number if promise else ""}


def _may_take() -> bool:
    login = g.get("login")
    return login is not None and may(login.roles, "take_emergency")


__all__ = ["Emergencies"]
