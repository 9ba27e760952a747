"""A flow as a diagram, drawn from its own table."""

from __future__ import annotations

from ivr.line.flow.flow import Flow
from ivr.line.flow.steps import Goodbye, Hold, Talk

# What leads away from everywhere.
AWAY = frozenset({"hangup", "zero", "trouble", "left", "taken", "gone_on"})
_SHAPES = {Hold: ("[(", ")]"), Talk: ("((", "))"), Goodbye: ("([", "])")}


def mermaid(flow: Flow) -> str:
    """The flow as a Mermaid flowchart; hang-ups and 0, which lead away from everywhere, are left
    out."""
    rows = ["flowchart TD"]
    for name, step in flow.steps.items():
        opens, closes = _SHAPES.get(type(step), ("[", "]") if step.waits else ("{", "}"))
        rows.append(f"    {name}{opens}{name.replace('_', ' ')}{closes}")
    for name, leads in flow.leads.items():
        ways: dict[str, list[str]] = {}
        for outcome, goes in leads.items():
            if outcome not in AWAY:
                for go in goes:
                    if go.to is not None:
                        ways.setdefault(go.to, []).append(outcome)
        rows += [f"    {name} -->|{' / '.join(heard)}| {to}" for to, heard in ways.items()]
    return "\n".join(rows) + "\n"
