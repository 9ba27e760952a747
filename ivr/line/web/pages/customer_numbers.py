"""Whose cases a customer sees: those of the customer number that they work under."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, session

from ivr.line.desk.cases import Account
from ivr.line.store.store import Store


@dataclass(frozen=True, slots=True)
class CustomerNumbers:
    """The customer numbers of whoever is signed in."""

    store: Store

    def accounts(self) -> list[Account]:
        known = {account.id: account for account in self.store.cases.accounts(g.login.accounts)}
        return [known[id] for id in g.login.accounts if id in known]

    def all(self) -> list[str]:
        """The person's customer numbers, the primary one first."""
        return [number for account in self.accounts() for number in account.customer_numbers]

    def active(self) -> str:
        """The one in use."""
        numbers = self.all()
        chosen = session.get("customer_number", "")
        return chosen if chosen in numbers else (numbers or [""])[0]

    def account(self) -> Account | None:
        """The account of the number in use."""
        active = self.active()
        return next((a for a in self.accounts() if active in a.customer_numbers), None)


__all__ = ["CustomerNumbers"]
