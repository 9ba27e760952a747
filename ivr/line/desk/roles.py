"""Roles, and what each may do on the pages."""

from __future__ import annotations

ROLES = (
    "customer", "engineer", "operator", "manager", "second_level", "supervisor", "admin", "auditor",
    "privacy",
)  # fmt: skip
STAFF = frozenset({"engineer", "operator", "manager", "second_level"})
READERS = STAFF | {"supervisor", "admin", "auditor"}
CALLED = STAFF | {"supervisor"}  # who works with callers, and sees their numbers in old calls

# The pages, and who may open them; a person's start page is the first that they may open.
PAGES = {
    "console": frozenset({"operator"}),
    "me": STAFF,
    "wall": frozenset({"manager", "second_level", "supervisor", "admin"}),
    "now": READERS,
    "calls": READERS,
    "cases": READERS | {"customer", "privacy"},
    "new": STAFF | {"customer"},
}

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
    "take_emergency": STAFF,
    "accept_hand_over": frozenset({"manager", "second_level"}),
    "accept": frozenset({"manager", "second_level"}),
    "deescalate": frozenset({"engineer", "manager", "second_level"}),
    "plan": frozenset({"manager", "second_level"}),
    "report": STAFF,
}

# What may be clicked on the card of one's own call, by role.
_OPERATOR = frozenset({"operator"})
CLICKS = {
    "accept": STAFF,
    "pass": STAFF,
    "later": frozenset({"manager", "second_level"}),
    "hold": STAFF,
    "unhold": STAFF,
    "hang_up": STAFF,
    "blind": _OPERATOR,
    "case": _OPERATOR,
    "request": _OPERATOR,
    "next_level": _OPERATOR,
    "override": _OPERATOR,
    "ring": _OPERATOR,
    "next": _OPERATOR,
    "stop": _OPERATOR,
    "promise": _OPERATOR,
    "pause": STAFF,
    "resume": STAFF,
    "no_recording": STAFF,
}


def may_click(roles: tuple[str, ...], click: str) -> bool:
    """Whether one of these roles may click it; what the call allows just now is the flow's."""
    return bool(CLICKS.get(click, frozenset()) & set(roles))


def may(roles: tuple[str, ...], what: str) -> bool:
    """Whether one of these roles may ask for it."""
    return bool(MAY.get(what, frozenset()) & set(roles))


def may_open(roles: tuple[str, ...], page: str) -> bool:
    """Whether one of these roles may open a page."""
    return bool(PAGES[page] & set(roles))


def home(roles: tuple[str, ...]) -> str:
    """The start page for these roles."""
    return next((page for page in PAGES if may_open(roles, page)), "cases")


def sees_numbers(roles: tuple[str, ...]) -> bool:
    """Whether these roles see the whole number of a past caller."""
    return bool(CALLED & set(roles))


def works_here(roles: tuple[str, ...]) -> bool:
    """Whether these roles may see every case."""
    return bool(READERS & set(roles))


__all__ = [
    "CALLED",
    "CLICKS",
    "MAY",
    "PAGES",
    "READERS",
    "ROLES",
    "STAFF",
    "home",
    "may",
    "may_click",
    "may_open",
    "sees_numbers",
    "works_here",
]
