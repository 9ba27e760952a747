"""Sample lines, each a project of its own: our own line isn't on their network."""

from ivr.pytest_plugin import exchange

__all__ = ["exchange"]
