"""Fuzzing any application: callers who try to get lost, and the shortest call that strands one.

First each key is tried wherever something new was heard. Then callers are drawn at random, who
type too early, speak, wait, hang up, and reach people who don't answer. Hypothesis draws them and
shrinks their calls; the same seed gives the same ones. It is only imported to fuzz, so the package
doesn't need it otherwise.
"""

from ivr.simulator.fuzz.search import StrandedError, Tried, fuzz
from ivr.simulator.fuzz.stranded import Rules, Stranded

__all__ = ["Rules", "Stranded", "StrandedError", "Tried", "fuzz"]
