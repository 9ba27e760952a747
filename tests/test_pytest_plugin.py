"""The pytest plugin: the exchange fixture and .call files, in projects made for the purpose."""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from importlib.metadata import entry_points
from pathlib import Path

import pytest

CONFTEST = """
import sys
sys.path.insert(0, {tests!r})
import pytest
from small_apps import LINE, menu_app

@pytest.fixture
def exchange(exchange):
    exchange.number(LINE, menu_app(), "/voice")
    return exchange
"""

GOOD = """\
# A caller who wants English.
from +33155500101 to +33800000001
> call
< Welcome to support.
> press 1
< One moment, please. Goodbye.
"""

INSTALLED = any(ep.name == "ivr" for ep in entry_points(group="pytest11"))
# Nothing that isn't needed, or each inner run would import and rewrite it all again.
PLUGIN = [
    *([] if INSTALLED else ["-p", "ivr_simulator.pytest_plugin"]),
    "--assert=plain",
    *(option for name in ("hypothesispytest", "benchmark") for option in ("-p", f"no:{name}")),
]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with a line, whose tests run with warnings as errors.

    Not as in CI, where pytest tells each failure once more, whole, in its summary, nor as in a
    narrow window, where it cuts them short.
    """
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BUILD_NUMBER", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = --strict-markers")
    pytester.makeconftest(CONFTEST.format(tests=str(Path(__file__).parent / "kit")))
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_inprocess(*PLUGIN, *options)


def call(project: pytest.Pytester, text: str, name: str = "english") -> Path:
    return project.makefile(".call", **{name: text})


def test_a_dialogue_is_a_test(project: pytest.Pytester) -> None:
    call(project, GOOD)

    result = run(project, "-v")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*english.call::call PASSED*"])


def test_a_dialogue_that_doesnt_come_true_explains_itself(project: pytest.Pytester) -> None:
    call(project, GOOD.replace("moment", "minute"))

    result = run(project, "-rf")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*english: A caller who wants English.*",
            "english.call:6: caller didn't hear what was expected",
            "*expected    One minute, please. Goodbye.",
            "*difference  “moment,” instead of “minute,”*",
            "FAILED english.call::call - english.call:6: caller didn't hear*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*stage.py*")


def test_a_dialogue_that_cant_be_read_says_where(project: pytest.Pytester) -> None:
    call(project, GOOD + "> sing\n", "bad")
    call(project, "", "empty")
    call(project, GOOD)

    result = run(project, "-rf", "-p", "no:randomly")

    result.assert_outcomes(failed=2, passed=1)  # it fails by itself; the others are played
    result.stdout.fnmatch_lines(
        [
            "bad.call:7: “sing” isn't an action",
            "*Expected here: call, answer*",
            "empty.call:1: the from line is missing",
            "FAILED bad.call::call - bad.call:7: “sing” isn't an action",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_the_exchange_is_fresh_for_each_test(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("again", [1, 2])
        def test_a_call(exchange, again):
            phone = exchange.phone("+33155500101")
            phone.call("+33800000001")
            phone.press("1")
            exchange.wait(10)
            assert [u.text for u in phone.heard][-1] == "Goodbye."
            assert len(exchange.requests) == 2
        """
    )

    run(project).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("what", "complaint"),
    [
        ("phone.call('+33800000001')", "*+33155500101 is still in a call*"),
        ("exchange.note('warning', 13227, 'odd')", "*warning 13227 odd*"),
        (
            "exchange.number('+3399', 'https://line.test/x', '/'); exchange.phone('+3311')"
            ".call('+3399'); exchange.wait(30)",
            "*error 11200 HTTP 404 (text/plain: “no such document”); is the path right? https://line.test/x*",
        ),
    ],
)
def test_what_is_left_in_disorder_fails_the_test(
    project: pytest.Pytester, what: str, complaint: str
) -> None:
    project.makepyfile(
        f"""
        def test_a_call(exchange):
            phone = exchange.phone("+33155500101")
            {what}
        """
    )

    result = run(project)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([complaint])


def test_a_test_may_be_lenient(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.lenient_calls
        def test_a_call(exchange):
            exchange.phone("+33155500101").call("+33800000001")
        """
    )

    run(project).assert_outcomes(passed=1)


def test_a_test_that_has_failed_isnt_blamed_twice(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            exchange.phone("+33155500101").call("+33800000001")
            assert False, "for a reason of its own"
        """
    )

    run(project).assert_outcomes(failed=1)


def test_the_seed_is_an_option(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from ivr.simulator import Exchange

        def test_seed(exchange):
            assert exchange.account_sid == Exchange(seed=7).account_sid
        """
    )

    run(project, "--ivr-seed", "7").assert_outcomes(passed=1)
    run(project).assert_outcomes(failed=1)


def test_a_dialogues_own_seed_and_start_win(project: pytest.Pytester) -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(
        conftest.read_text()
        + "    \n\n"
        + "@pytest.fixture(autouse=True)\n"
        + "def _look(exchange):\n"
        + "    from ivr.simulator import Exchange\n"
        + "    assert exchange.account_sid == Exchange(seed=3).account_sid\n"
        + "    assert exchange.clock.now().hour == 17\n"
    )
    call(project, "seed 3\nstart 2026-12-24T18:00+01:00\n" + GOOD)

    run(project, "--ivr-seed", "7").assert_outcomes(passed=1)


def test_a_webhook_that_fails_behind_a_dialogue_fails_it(project: pytest.Pytester) -> None:
    conftest = project.path / "conftest.py"
    conftest.write_text(conftest.read_text().replace("menu_app()", "menu_app(key='<Foo/>')"))
    call(project, GOOD.replace("< One moment, please. Goodbye.", "< …"))

    result = run(project)

    assert result.ret == 1
    result.stdout.fnmatch_lines(["*debugger: *"])


def test_dialogues_are_rewritten_on_demand(project: pytest.Pytester) -> None:
    file = call(project, GOOD.replace("moment", "minute"))

    result = run(project, "--update-calls")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*rewritten with what was heard: english.call"])
    assert file.read_text(encoding="utf-8") == GOOD
    run(project).assert_outcomes(passed=1)


def test_a_dialogue_that_comes_true_isnt_written_at_all(project: pytest.Pytester) -> None:
    file = call(project, GOOD)
    file.chmod(0o444)
    before = file.stat().st_mtime_ns

    run(project, "--update-calls").assert_outcomes(passed=1)

    assert file.stat().st_mtime_ns == before


def test_other_plugins_reorder_and_distribute_dialogues(project: pytest.Pytester) -> None:
    for name in ("a", "b", "c"):
        call(project, GOOD, name)

    run(project, "-n", "2").assert_outcomes(passed=3)


def test_the_package_is_imported_when_it_is_needed() -> None:
    import subprocess
    import sys

    code = (
        "import sys, ivr.pytest_plugin\n"
        "late = [m for m in sys.modules if m.startswith('ivr.') and m != 'ivr.pytest_plugin']\n"
        "late += [m for m in ('flask', 'twilio', 'sqlalchemy', 'click') if m in sys.modules]\n"
        "sys.exit(' '.join(late) or 0)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("what", ["dialogue", "fixture"])
def test_it_needs_neither_flask_nor_twilio(project: pytest.Pytester, what: str) -> None:
    conftest = project.path / "conftest.py"
    block = (
        "import sys\nfor name in ('flask', 'twilio', 'sqlalchemy'):\n    sys.modules[name] = None\n"
    )
    conftest.write_text(block + conftest.read_text())
    if what == "dialogue":
        call(project, GOOD)
    else:
        project.makepyfile("def test_it(exchange):\n    exchange.wait(1)")

    result = project.runpytest_subprocess(*PLUGIN)

    result.assert_outcomes(passed=1)


def test_a_test_that_fails_shows_what_the_program_printed(project: pytest.Pytester) -> None:
    """A line in another process: its traceback is what one needs."""
    project.makepyfile(
        line="""
        import os, http.server

        class Line(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raise KeyError("the price list")

        http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Line).serve_forever()
        """
    )
    project.makeconftest(
        """
        import sys
        import pytest
        from ivr.simulator import program

        @pytest.fixture(scope="session")
        def line():
            with program([sys.executable, "line.py"]) as running:
                yield running

        @pytest.fixture
        def exchange(exchange, line):
            exchange.number("+33800000001", line, "/voice")
            return exchange
        """
    )
    call(project, GOOD)

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*caller didn't hear*", "*printed by http://127.0.0.1:*", "*KeyError: 'the price list'*"]
    )


def test_a_test_that_fails_shows_what_was_said_lately(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            phone = exchange.phone("+33155500101")
            phone.call("+33800000001")
            phone.press("1")
            assert phone.calls == []
        """
    )

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*phone calls*", "*What was said last*", "*to +33155500101:  One moment, please.*"]
    )


def test_words_that_arent_heard_are_explained_once_and_where_they_stand(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            phone = exchange.phone("+33155500101")
            phone.call("+33800000001")
            phone.hears("Good morning.")
        """
    )

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*phone.hears(*", "E*didn't hear what*", "E*difference*“*"])
    result.stdout.no_fnmatch_line("*listening.py*")
    result.stdout.no_fnmatch_line("*phone calls*")


WRONG = [
    "phone.hears('Good morning.')",
    "phone.press('x')",
    "phone.call('+33800000001')",
    "phone.answer()",
    "phone.text('+3399', 'Hello')",
    "exchange.wait_until(lambda: phone.ringing)",
    "exchange.wait_until(lambda: phone.nonsense)",
    "exchange.webhook_fails('x')",
    "exchange.number('+3399', None)",
    "exchange.softphone('x')",
    "exchange.strict()",
]


@pytest.mark.parametrize("line", WRONG)
def test_a_traceback_shows_the_tests_line_and_not_the_simulators(
    project: pytest.Pytester, line: str
) -> None:
    project.makepyfile(
        f"""
        def test_a_call(exchange):
            phone = exchange.phone("+33155500101")
            phone.call("+33800000001")
            {line}
        """
    )

    result = run(project)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f">*{line}"])
    result.stdout.no_fnmatch_line("*ivr/simulator/*.py*")
    whole = run(project, "--full-trace")
    whole.stdout.fnmatch_lines(["*ivr/simulator/*.py*"])


def test_a_defect_of_the_simulator_shows_where_it_is(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            exchange.phone("+33155500101").leg = 7
            exchange.phone("+33155500101").hang_up()
        """
    )

    result = run(project)

    result.stdout.fnmatch_lines(["*AttributeError: 'int' object*", "*handset.py:*"])


# Also by pytest-xdist, which sends what a process has printed to another.
@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_a_failure_is_told_once(project: pytest.Pytester, options: tuple[str, ...]) -> None:
    call(project, GOOD.replace("moment", "minute"))
    project.makepyfile(
        """
        def test_hearing(exchange):
            phone = exchange.phone("+33155500102")
            phone.call("+33800000001")
            phone.hears("Good morning.")

        def test_disorder(exchange):
            exchange.phone("+33155500103").call("+33800000001")

        def test_a_webhook(exchange):
            exchange.webhook_fails("503")
            exchange.phone("+33155500104").call("+33800000001")
            exchange.wait(60)
        """
    )

    told = run(project, *options).stdout.str()

    assert told.count("expected    One minute") == 1
    assert told.count("expected    Good morning.") == 1
    assert told.count("+33155500103 is still in a call") == 1
    assert told.count("HTTP 503") == 1
    assert "During handling of the above exception" not in told


def test_disorder_is_told_without_a_traceback(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            exchange.phone("+33155500101").call("+33800000001")
        """
    )

    result = run(project)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*hang_up() where the person*", "*@pytest.mark.lenient_calls.*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*exchange.py*")


# ---- a project that has an `ivr` of its own

CLASH = "*{theirs} has the same name as the package that ivr-simulator installs, “ivr”*"
OWN = {  # how the project is laid out, what imports it, and what is named
    "a module": ({"ivr.py": "app = 1"}, "test_it.py", "ivr.py"),
    "a package": ({"ivr/__init__.py": "app = 1"}, "test_it.py", "ivr*"),
    "a package in src": ({"src/ivr/__init__.py": "app = 1"}, "test_it.py", "src/ivr"),
    "a folder": ({"ivr/app.py": "app = 1"}, "test_it.py", "ivr"),
    "in conftest": ({"ivr/app.py": "app = 1"}, "conftest.py", "ivr"),
}


@pytest.mark.parametrize("layout", OWN)
@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_a_project_with_an_ivr_of_its_own_is_told_so(
    pytester: pytest.Pytester, layout: str, first: str
) -> None:
    files, importing, theirs = OWN[layout]
    for name, text in files.items():
        file = pytester.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    words = "from ivr.app import app" if "app.py" in str(files) else "from ivr import app"
    (pytester.path / importing).write_text(f"{words}\ndef test_it(): pass\n")
    (pytester.path / "test_other.py").write_text("def test_other(): pass\n")

    if first == "theirs":  # `python -m pytest`: the folder comes before what is installed
        result = pytester.run(sys.executable, "-m", "pytest")
    else:
        result = pytester.runpytest_inprocess(*PLUGIN)

    assert result.ret
    told = [*result.outlines, *result.errlines]
    assert any(fnmatch(line, CLASH.format(theirs=theirs)) for line in told), "\n".join(told)


# A folder of dialogues may be called so, and a project that starts its own `ivr.py` as a program
# never imports it.
@pytest.mark.parametrize("name", ["ivr/english.call", "ivr.py"])
def test_a_file_that_nobody_imports_disturbs_nobody(project: pytest.Pytester, name: str) -> None:
    file = project.path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(GOOD if name.endswith(".call") else "app = 1")
    call(project, GOOD, "other")

    result = run(project)

    result.assert_outcomes(passed=2 if name.endswith(".call") else 1)


def test_a_project_that_doesnt_use_it_turns_it_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ivr="app = 1", test_it="from ivr import app\ndef test_it(): pass")

    result = pytester.run(sys.executable, "-m", "pytest", "-p", "no:ivr")

    result.assert_outcomes(passed=1)


def test_the_command_says_so_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(ivr="app = 1")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))

    result = pytester.run(str(Path(sys.executable).parent / "ivr"), "--help")

    assert result.ret == 3
    result.stderr.fnmatch_lines([f"Error: {CLASH.format(theirs='ivr.py')}"])


def test_an_origin_for_every_number(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_a_call(exchange):
            phone = exchange.phone("+33155500101")
            phone.call("+33800000001")
            phone.hang_up()
            assert exchange.requests[0].url == "https://line.example/voice"
        """
    )

    run(project, "--ivr-origin", "https://line.example").assert_outcomes(passed=1)


def test_between_tests_nothing_reaches_twilio(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from twilio.rest import Client

        def test_a_call(exchange):
            pass

        def test_without_an_exchange():
            with pytest.raises(Exception, match="no test with a simulated network is running"):
                Client("AC1", "a token").calls.list()
        """
    )

    run(project, "-p", "no:randomly").assert_outcomes(passed=2)
