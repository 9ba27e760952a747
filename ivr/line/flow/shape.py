"""The shape of a flow: its steps and where each outcome leads, as a call under way depends on it.

Words aren't part of it, nor are guards and effects: a call that began with other words goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ivr.line.flow.flow import Flow

Shape = Mapping[str, Mapping[str, str]]  # by step and outcome: the steps that it leads to


def shape(flow: Flow) -> dict[str, dict[str, str]]:
    """A flow's shape; the kind of a step stands under ``kind``."""
    return {
        name: {"kind": type(step).__name__}
        | {
            outcome: " ".join(way.to or name for way in ways)
            for outcome, ways in sorted(flow.leads[name].items())
        }
        for name, step in sorted(flow.steps.items())
    }


def differences(before: Shape, now: Shape) -> Iterator[str]:
    """What has changed, a phrase each: steps, then keys and other outcomes."""
    for name in sorted(before.keys() | now.keys()):
        if name not in now:
            yield f"step '{name}' is gone"
        elif name not in before:
            yield f"step '{name}' is new"
        else:
            yield from _ways(name, before[name], now[name])


def _ways(step: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for outcome in sorted(before.keys() | now.keys()):
        was, is_ = before.get(outcome), now.get(outcome)
        if was == is_:
            continue
        if was is None:
            yield f"step '{step}': '{outcome}' is new and leads to {is_}"
        elif is_ is None:
            yield f"step '{step}': '{outcome}' is gone; it led to {was}"
        else:
            yield f"step '{step}': '{outcome}' leads to {is_}, no longer to {was}"


__all__ = ["Shape", "differences", "shape"]
