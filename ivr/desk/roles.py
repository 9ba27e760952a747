"""Roles, and what each may do on the pages."""

from __future__ import annotations

ROLES = (
    "customer", "engineer", "operator", "manager", "second_level", "supervisor", "admin", "auditor",
    "privacy",
)  # fmt: skip
STAFF = frozenset({"engineer", "operator", "manager", "second_level"})
READERS = STAFF | {"supervisor", "admin", "auditor"}

# What may be asked for on a case's page, and who may.
MAY = {
    "note": STAFF | {"customer"},
    "wish_severity": frozenset({"customer"}),
    "escalate": STAFF | {"customer"},
    "declare": STAFF | {"customer"},
    "reopen": STAFF | {"customer"},
    "answer": STAFF | {"customer"},
    "set_severity": STAFF,
    "set_emergency": frozenset({"operator", "engineer", "manager", "second_level"}),
    "end_emergency": frozenset({"engineer", "manager", "second_level"}),
    "accept_hand_over": frozenset({"manager", "second_level"}),
    "accept": frozenset({"manager", "second_level"}),
    "deescalate": frozenset({"engineer", "manager", "second_level"}),
    "plan": frozenset({"manager", "second_level"}),
    "report": STAFF,
}


def may(roles: tuple[str, ...], what: str) -> bool:
    """Whether one of these roles may ask for it."""
    return bool(MAY.get(what, frozenset()) & set(roles))


def works_here(roles: tuple[str, ...]) -> bool:
    """Whether he may see every case."""
    return bool(READERS & set(roles))


__all__ = ["MAY", "READERS", "ROLES", "STAFF", "may", "works_here"]
