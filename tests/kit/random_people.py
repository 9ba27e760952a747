"""Callers, operators and managers who do anything at any moment."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from flows.escalation import line
from ivr.line.store.store import Store
from ivr.simulator import Exchange, Handset
from tests.kit.auditor import check
from tests.kit.desk import ENTRY, PEOPLE, Desk, mount

LINE = line()
SETTINGS = settings(
    max_examples=10,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KEYS = st.sampled_from(["0", "1", "2", "3", "4", "7", "*", "#", "17349013#", "1734#", "**", "0#"])
PAUSES = st.sampled_from([0.0, 0.3, 1.0, 4.0, 11.0, 25.0])
ACTS = st.lists(st.tuples(PAUSES, KEYS), max_size=10)
HABITS = st.sampled_from(
    [
        ("ring", 0.0, ""),
        ("busy", 0.0, ""),
        ("decline", 2.0, ""),
        ("unreachable", 0.0, ""),
        ("answer", 2.0, ""),  # a machine
        ("answer", 3.0, "1"),
        ("answer", 1.0, "2"),
        ("answer", 15.0, "1"),
        ("answer", 4.0, "91"),
    ]
)
PEOPLES_HABITS = st.fixed_dictionaries(dict.fromkeys(PEOPLE, HABITS))


@contextmanager
def network(
    sample: Path, habits: dict[str, tuple[str, float, str]], unaudited: str = ""
) -> Iterator[Desk]:
    """The line with its desk, everybody doing as told; ``unaudited`` says why what is done makes
    claims untrue, if it does."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sample, Path(folder) / "ivr.db")
        store = Store(f"sqlite:///{folder}/ivr.db")
        exchange = Exchange(seed=1)
        desk = mount(exchange, store, LINE)
        for person, (habit, after, press) in habits.items():
            exchange.phone(PEOPLE[person]).will(habit, after=after, press=press)
        yield desk
        if not unaudited:
            check(desk)
        store.close()


def do(caller: Handset, exchange: Exchange, acts: list[tuple[float, str]]) -> None:
    caller.call(ENTRY)
    for pause, keys in acts:
        exchange.wait(pause)
        if not caller.in_call:
            return
        caller.press(keys)


def settled(desk: Desk, caller: Handset) -> bool:
    """He is with a person, or the call is over."""
    return bool(caller.connected_to) or not caller.in_call
