"""Which webhook this thread is answering, for what is logged meanwhile."""

from __future__ import annotations

from contextvars import ContextVar

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The carrier's own name for the request (its idempotency token), ``""`` when none is answered."""
