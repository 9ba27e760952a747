"""A simulated phone network for testing TwiML applications, and an escalation phone line.

The public names are imported on first use. `Exchange` and `Handset` need the base package alone;
`Flow`, `Line`, `Prompts`, `Store`, `build_services` and `create_app` need
``pip install 'ivr-simulator[line]'``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ivr.line.definition import Line as Line
    from ivr.line.flow.flow import Flow as Flow
    from ivr.line.flow.prompts import Prompts as Prompts
    from ivr.line.service.services import build_services as build_services
    from ivr.line.store.store import Store as Store
    from ivr.line.web.webhooks.app import create_app as create_app
    from ivr.simulator import Exchange as Exchange
    from ivr.simulator import Handset as Handset

_HOMES = {
    "Exchange": "ivr.simulator",
    "Flow": "ivr.line.flow.flow",
    "Handset": "ivr.simulator",
    "Line": "ivr.line.definition",
    "Prompts": "ivr.line.flow.prompts",
    "Store": "ivr.line.store.store",
    "build_services": "ivr.line.service.services",
    "create_app": "ivr.line.web.webhooks.app",
}

__all__ = [
    "Exchange", "Flow", "Handset", "Line", "Prompts", "Store", "build_services", "create_app",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ivr' of ivr-simulator has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
