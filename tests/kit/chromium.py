"""Chromium, as the tests start it."""

from __future__ import annotations

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


# What a page may do: a microphone that hums, without being asked.
SOUND = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

PATIENCE = 120_000  # milliseconds until what isn't so will never be so
