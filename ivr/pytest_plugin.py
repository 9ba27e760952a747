"""The test kit in pytest: an ``exchange`` fixture, and `.call` dialogues as tests.

The simulator is imported when the first test needs it: pytest loads this module in every project
that has the package installed, and before coverage is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ivr.simulator import Exchange
    from ivr.simulator.dialogues import Dialogue

_PASSED = pytest.StashKey[bool]()
_LENIENT = "If the test is about failures, mark it with @pytest.mark.lenient_calls."
_HIDDEN = ("ivr.simulator", "ivr.twiml", "ivr.clock")  # modules whose frames aren't the test's
_REWRITTEN = "rewritten with what was heard"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("ivr", "simulated phone calls")
    group.addoption(
        "--ivr-seed",
        type=int,
        default=1,
        metavar="N",
        help="seed of the simulated networks (default: 1); a .call file may set its own",
    )
    group.addoption(
        "--ivr-origin",
        default="",
        metavar="ORIGIN",
        help="where Twilio reaches the application, such as https://line.example, for numbers that "
        "aren't given an origin; a .call file may set its own",
    )
    group.addoption(
        "--update-calls",
        action="store_true",
        help="rewrite .call files with what was heard",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "lenient_calls: don't fail this test for webhook errors, debugger notices, or phones left "
        "ringing or in a call",
    )


@pytest.fixture(scope="session")
def never_twilio() -> Generator[None]:
    """From the first test with an exchange on, until the last test has ended: what an application
    sends to Twilio between tests, on a thread that goes on, is refused. A project in which some
    tests are meant to reach Twilio overrides this fixture."""
    from ivr.simulator.rest.interception import kept_here

    with kept_here():
        yield


@pytest.fixture
def exchange(request: pytest.FixtureRequest, never_twilio: None) -> Generator[Exchange]:
    """A simulated phone network on a virtual clock, for one test.

    Within it the REST requests of this process to Twilio go to that network (`Exchange.intercept`).
    At its end the test fails if a webhook failed, if the debugger logged a warning or an error, or
    if a phone is left ringing or in a call; ``@pytest.mark.lenient_calls`` turns this off. A
    project connects its application once, by overriding this fixture in its ``conftest.py``:

        @pytest.fixture
        def exchange(exchange):
            exchange.number("+33800000001", app, "/voice")
            return exchange
    """
    node = request.node
    dialogue = node.dialogue if isinstance(node, CallItem) else None
    network = _exchange(dialogue, request.config.getoption("--ivr-seed"))
    network.origin = network.origin or request.config.getoption("--ivr-origin")
    with network.intercept():
        yield network
    # When a test has failed, complaints about what it left behind would hide the reason.
    if node.stash.get(_PASSED, False) and not node.get_closest_marker("lenient_calls"):
        disorder = ""
        try:
            network.strict()
        except AssertionError as error:
            disorder = str(error)
        if disorder:  # outside the handler: pytest would show both
            pytest.fail(f"{disorder}\n\n  {_LENIENT}", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo is not None:
        _hide_frames()
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    network = getattr(item, "funcargs", {}).get("exchange")
    if report.failed and network is not None and call.when == "call":
        report.sections += _sections(network, str(call.excinfo and call.excinfo.value))
    return report


def _hide_frames() -> None:
    """Let tracebacks show the lines of the test and not those of the simulator.

    pytest asks each module for ``__tracebackhide__``; ``--full-trace`` shows everything.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(_HIDDEN):
            vars(module)["__tracebackhide__"] = _explains_itself


def _explains_itself(excinfo: pytest.ExceptionInfo[BaseException] | None) -> bool:
    """Whether the message says what is wrong with the test; what else the simulator raises is a
    defect of its own, whose lines matter."""
    from ivr.errors import IVRError

    if excinfo is None or isinstance(excinfo.value, AssertionError | IVRError | ValueError):
        return True
    return not str(excinfo.traceback[-1].frame.f_globals.get("__name__")).startswith(_HIDDEN)


def _sections(exchange: Any, failure: str) -> list[tuple[str, str]]:
    """For a failed test: the latest calls, unless the failure shows them, and programs' output."""
    from ivr.simulator import Exchange
    from ivr.simulator.expectations.order import summary

    if not isinstance(exchange, Exchange):  # the fixture of another package
        return []
    try:
        calls = exchange.do(lambda: summary(exchange, exchange.phones)) if exchange.phones else ""
    except Exception as error:  # after a defect; the run of all other tests goes on
        calls = f"  They can't be shown: {error!r}"
    sections = [(f"printed by {each.url}", each.printed_lately) for each in exchange.programs]
    if calls and "The phones at" not in failure:
        sections.insert(0, ("phone calls", calls))
    return sections


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> CallFile | None:
    """Collect each ``.call`` file below the test paths as a test."""
    if file_path.suffix != ".call":
        return None
    collected: CallFile = CallFile.from_parent(parent, path=file_path)
    return collected


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List the dialogues that ``--update-calls`` has rewritten."""
    for report in terminalreporter.stats.get("passed", []):
        for title, name in report.sections:
            if _REWRITTEN in title:
                terminalreporter.write_line(f"{_REWRITTEN}: {name}")


class CallFile(pytest.File):
    """A file that holds one dialogue."""

    def collect(self) -> Iterable[pytest.Item]:
        from ivr.simulator.dialogues import DialogueSyntaxError, read

        try:
            dialogue = read(self.path, self._shown())
        except DialogueSyntaxError as error:
            # A test that fails, not an error of collection: that would stop all other tests.
            yield UnreadableCall.from_parent(self, name="call", why=error)
        else:
            yield CallItem.from_parent(self, name="call", callobj=_play, dialogue=dialogue)

    def _shown(self) -> str:
        try:
            return str(self.path.relative_to(self.config.invocation_params.dir))
        except ValueError:
            return str(self.path)


class UnreadableCall(pytest.Item):
    """A file that isn't a dialogue, as a test that fails."""

    def __init__(self, *, why: Exception, **rest: Any) -> None:
        super().__init__(**rest)
        self._why = why

    def runtest(self) -> None:
        raise self._why

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        return _own_words(excinfo, self.path)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.path.stem


class CallItem(pytest.Function):
    """A dialogue as a test, played on the ``exchange`` fixture of the folder that it is in."""

    def __init__(self, *, dialogue: Dialogue, **rest: Any) -> None:
        super().__init__(**rest)
        self.dialogue = dialogue

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        from ivr.simulator.dialogues import DialogueError

        if isinstance(excinfo.value, DialogueError):
            return _own_words(excinfo, self.path)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        title = self.dialogue.title
        return self.path, 0, f"{self.path.stem}: {title}" if title else self.path.stem


def _own_words(excinfo: pytest.ExceptionInfo[Any], file: Path) -> Any:
    """A failure as its message alone; its first line stands in the summary and in JUnit's file."""
    shown = excinfo.getrepr(style="value")
    if shown.reprcrash is not None:
        first = str(excinfo.value).partition("\n")[0]
        shown.reprcrash = replace(
            shown.reprcrash, path=str(file), lineno=excinfo.value.line, message=first
        )
    return shown


def _exchange(dialogue: Dialogue | None, seed: int) -> Exchange:
    from ivr.simulator import Exchange
    from ivr.simulator.dialogues import exchange_for

    return Exchange(seed=seed) if dialogue is None else exchange_for(dialogue, seed=seed)


def _play(exchange: Exchange, request: pytest.FixtureRequest) -> None:
    from ivr.simulator.dialogues import play, update

    item = request.node
    if not request.config.getoption("--update-calls"):
        play(item.dialogue, exchange)
        return
    text = update(item.dialogue, exchange)
    if text.splitlines() != list(item.dialogue.lines):
        item.path.write_text(text, encoding="utf-8")
        item.add_report_section("call", _REWRITTEN, item.dialogue.name)
