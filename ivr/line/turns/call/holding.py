"""The caller on hold: the carrier is asked for it, and says itself when it is so."""

from __future__ import annotations

from ivr.line.turns.call.state import CallState

WATCHED = 30  # seconds after which it is asked whether whoever holds the caller is still there


def hold(state: CallState, leg: str) -> None:
    """Put the caller on hold for whoever has this leg."""
    _set_held(state, True)
    holds = state.shared.holds
    state.duty("holder", f"holder:{holds}", after=WATCHED, leg=leg, holds=holds)


def unhold(state: CallState) -> None:
    """Take the caller off hold, if they are on hold."""
    if state.shared.held:
        _set_held(state, False)


def _set_held(state: CallState, held: bool) -> None:
    state.shared.held = held
    state.shared.holds += 1
    state.duty("hold", f"hold:{state.shared.holds}", lane="hold", held=held)
