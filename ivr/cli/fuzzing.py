"""What `ivr fuzz` shows and writes: progress, each problem once, and what was tried."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ivr.cli.options import NetworkOptions
from ivr.simulator.dialogues.results import Result
from ivr.simulator.expectations.syntax import phrase
from ivr.simulator.fuzz import Stranded, Tried


@dataclass(slots=True)
class Report:
    """A search, as the person at the terminal sees it.

    ``seconds``: how long it may take. ``folder`` is where the calls of stranded callers are
    written. With ``quiet`` nothing is printed.
    """

    url: str
    options: NetworkOptions
    seconds: float
    folder: Path
    quiet: bool
    results: list[Result] = field(default_factory=list)
    tried: Tried = field(default_factory=Tried)
    stopped: bool = False  # by Ctrl-C
    _bar: Progress | None = None
    _earlier: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._earlier = frozenset(each.name for each in self.folder.glob("*.call"))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the search goes on: with a progress bar on a terminal. Ctrl-C ends the search."""
        try:
            if self.quiet or not sys.stderr.isatty():
                yield
                return
            columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
            console = Console(stderr=True)
            with Progress(*columns, console=console, transient=True) as self._bar:
                self._bar.add_task("calling", total=self.seconds)
                yield
        except KeyboardInterrupt:
            self.stopped = True

    def progress(self, tried: Tried) -> None:
        """More has been tried."""
        self.tried = tried
        if self._bar is not None:
            task = self._bar.tasks[0]
            self._bar.update(task.id, completed=task.elapsed or 0, description=_counts(tried))

    def found(self, stranded: Stranded) -> None:
        """A caller was stranded: write the call, and say what is wrong."""
        file = self._file(stranded)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(stranded.dialogue, encoding="utf-8")
        self.results.append(self._result(stranded, file))
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.stop()  # it is on stderr, and this isn't
        click.echo(self._shown(self.results[-1], known=file.name in self._earlier))
        if self._bar is not None:
            self._bar.start()

    def summary(self) -> str:
        """What was tried, and what came of it."""
        if self.stopped:
            end = "stopped by Ctrl-C: "
        elif not self.tried.in_time:
            end = f"stopped after {self.seconds:g} s (--time allows more): "
        else:
            end = ""
        keys = "every key" if self.tried.all_keys else "not every key"
        lines = [
            f"{end}{_counts(replace(self.tried, found=0))}",
            f"{keys} was tried wherever something new was heard",
        ]
        if self.results:
            problems = _number(len(self.results), "problem")
            lines.append(f"{problems} found: a call that shows each is in {self.folder}")
            lines.append("To keep a call as a test, move its file into the folder of your tests.")
        else:
            lines.append("no caller was stranded")
        return "\n".join(lines)

    def _file(self, stranded: Stranded) -> Path:
        """The same name for the same problem, in each search."""
        place = re.sub(r"\W+", "-", urlsplit(stranded.where).path).strip("-") or "call"
        parts = [stranded.kind, str(stranded.code or ""), place]
        name = "-".join(filter(None, parts))
        taken = {Path(each.file).stem for each in self.results}
        names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 2))]
        return self.folder / f"{next(each for each in names if each not in taken)}.call"

    def _result(self, stranded: Stranded, file: Path) -> Result:
        did = ", ".join(map(phrase, stranded.acts))
        failure = (
            f"{stranded.kind}: {stranded.why}\n"
            f"  The caller did: {did}\n"
            f"  {stranded.who}\n"
            f"  Play it again: {self._replay(file)}"
        )
        return Result(str(file), stranded.kind, 0.0, failure=failure)

    def _replay(self, file: Path) -> str:
        command = ["ivr", "replay", str(file), "--url", self.url, "--rate", "0"]
        if self.options.seed != 1:
            command += ["--seed", str(self.options.seed)]
        for number in self.options.verified:
            command += ["--verified", number]
        for sid in self.options.verify_service:
            command += ["--verify-service", sid]
        return shlex.join(command)

    def _shown(self, result: Result, known: bool) -> str:
        if known:
            return f"KNOWN   {result.file}  {result.failure.partition(chr(10))[0]}"
        return f"FOUND   {result.file}\n\n{result.failure}\n"


def _counts(tried: Tried) -> str:
    stranded = f", {_number(tried.found, 'problem')}" if tried.found else ""
    return (
        f"{_number(tried.calls, 'call')}, {_number(tried.webhooks, 'webhook')}, "
        f"{_number(tried.places, 'step')} of the application{stranded}"
    )


def _number(count: int, of: str) -> str:
    return f"{count} {of}" if count == 1 else f"{count} {of}s"
