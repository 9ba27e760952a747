"""Every key of line.toml, with values that can't be: file, key, value and what is expected are
told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from ivr.line.errors import FlowError
from ivr.line.line_toml import load
from tests.kit.configured import SAMPLE, as_toml, configured

Key = tuple[str | int, ...]

LINE = tomllib.loads(SAMPLE)
for each in ("2", "3"):
    LINE["severities"].pop(each)
for each in ("+33800000002", "+49800000001"):
    LINE["numbers"].pop(each)
for severity in LINE["severities"].values():
    severity["names"] = {code: severity["names"][code] for code in ("en", "fr", "ja")}
LINE["levels"][0] |= {"names": {"en": "First", "fr": "Un", "ja": "一"}}
LINE["severities"]["1"] |= {"self_service": True}

TEXT, TRUTH = "isn't a text in quotes", "isn't true or false"
CLOCK = 'isn\'t a time of day in quotes: write "08:00"'
TEXTS = 'isn\'t a list of texts: write ["…", "…"]'
NAME = "isn't a name in quotes"
PAIR = "isn't two numbers of minutes, in hours and outside: write [30, 60]"
LENGTHS = "isn't a list of numbers of digits, from 1 to 20: write [7, 8]"
NIGHT = 'isn\'t two times of day, from and until: write ["21:00", "08:00"]'
SHARE = 'isn\'t "off", "on" or a percentage from 0 to 100'
BASIS = "legitimate_interest or consent"
ONE_LINE = "isn't a text on one line, without control characters"
OTHERS = ["eight", 8, True, 1.5, [1], {"x": 1}]  # of every type that a value may have


def number(least: int, most: int = 100_000) -> str:
    return f"isn't a whole number from {least} to {most}"


# By key: what is said of another type; a value of the right type that can't be, and what is said.
KEYS: list[tuple[str, str, Any, str]] = [
    ("name", TEXT, "my line", "isn't a name for a URL: write up to 40 letters, digits, - and _"),
    ("title", TEXT, "Acme\nsupport", ONE_LINE),
    ("version", TEXT, "", "is empty; write a text"),
    ("case_number.prefix", TEXT, "c", "isn't capital letters, A to Z, or empty"),
    ("case_number.lengths", LENGTHS, [7, 0], LENGTHS),
    ("case_number.prefix_key", TRUTH, "yes", TRUTH),
    ("case_number.check_digit", TEXT, "mod97", "there are damm, luhn, none, verhoeff"),
    (
        "(hours|numbers.*.work.ja).(opens|closes)",
        CLOCK,
        "25:00",
        'isn\'t a time of day: write "08:00"',
    ),
    (
        "(hours|numbers.*.work.ja).days",
        TEXTS,
        ["mon", "mit"],
        "there are fri, mon, sat, sun, thu, tue",
    ),
    (
        "(hours|numbers.*.work.ja).holidays",
        TEXT,
        "XX",
        "write a country (FR) or a country and its region",
    ),
    ("rota.*", number(1), 0, number(1)),
    ("promise.(in|off)_hours", number(1), 0, number(1)),
    ("promise.last_resort", TEXT, " ", "is empty; write a text"),
    ("fallback.dial", TEXT, "01 55 50", "isn't a phone number: write +33155500012"),
    ("levels.*.code", TEXT, "engineer", "is a word of the line's own; choose another"),
    ("levels.*.target", TEXT, "boss", "there are manager, second_level"),
    ("levels.*.due", PAIR, [30], PAIR),
    ("levels.*.requires", TEXT, "M9", "isn't a level above this one"),
    ("levels.*.informs", TEXTS, ["boss"], "there are manager, owner"),
    ("(levels|severities).*.names.*", NAME, "", NAME),
    ("escalation.join", number(0), -1, number(0)),
    ("severities.*.emergency", TRUTH, "yes", TRUTH),
    ("severities.*.self_service", TRUTH, "yes", TRUTH),
    ("emergency.tier", TEXT, "Enter\tprise", ONE_LINE),
    (
        "emergency.(contract|production|situation|contact)",
        TEXT,
        "soft",
        "there are ask, hard, warn",
    ),
    ("emergency.due", PAIR, [15, 10**9], PAIR),
    ("emergency.(again|remind|accept)", number(1), 0, number(1)),
    ("callback.(first_try|again|later|breach|tries|per_day)", number(1), 10**9, number(1)),
    ("callback.night", NIGHT, ["25:00"], NIGHT),
    ("callback.countries", TEXTS, ["Elbonia"], "such as AC, AD, AE"),
    ("status.hours", number(1), 0, number(1)),
    ("sign_in.(idle|longest)", number(1), 0, number(1)),
    ("sign_in.roles.*", TEXT, "engineers", "did you mean 'engineer'?"),
    ("wall.within", number(0), 4000, "is 1 to 3600 seconds"),
    ("wall.short", number(0), 60, "is 0 to 20 seconds (wall.within)"),
    ("meeting.met_after", number(1), 0, number(1)),
    ("resume.minutes", number(0), -1, number(0)),
    ("hunts.*.ring", number(1, 600), 601, number(1, 600)),
    ("hunts.*.(cap|at_once)", number(1), 0, number(1)),
    ("hunts.*.(look_again|rest|duty)", number(0), -1, number(0)),
    ("limits.*", number(0), -1, number(0)),
    ("recording.conversations", SHARE, 101, SHARE),
    ("recording.legal_basis", BASIS, "curiosity", BASIS),
    ("retention.*", number(1), 0, number(1)),
    ("notices.lists.*", TEXT, "mailto:a@b", 'variable: write "IVR_NOTICE_…"'),
    ("notices.also.*", TEXTS, ["board"], "there are major_incident"),
    ("numbers.*.languages", TEXTS, ["fr", "fr"], "stands twice; write it once"),
    ("numbers.*.zone", TEXT, "Europe/Pariss", "did you mean 'Europe/Paris'?"),
    ("numbers.*.region", TEXT, "EM\0EA", ONE_LINE),
    ("numbers.*.after", TEXT, "eo", "has no name in"),
]


def leaves(table: Any, above: Key = ()) -> Iterator[Key]:
    """The path of every key that holds no table."""
    below = enumerate(table) if isinstance(table, list) else table.items()
    for key, value in below:
        tables = isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))
        yield from leaves(value, (*above, key)) if tables else [(*above, key)]


def named(path: Key) -> str:
    """How an error names it: a level by its code."""
    names = [LINE["levels"][each]["code"] if isinstance(each, int) else each for each in path]
    return ".".join(names)


def row(path: Key) -> tuple[str, str, Any, str]:
    """Its row of `KEYS`; the first that fits."""
    for each in KEYS:
        if re.fullmatch(each[0].replace(".", r"\.").replace(r"\.*", r"\..+"), named(path)):
            return each
    raise AssertionError(f"{named(path)} has no row in KEYS: what is wrong for it?")


def value(path: Key) -> Any:
    held: Any = LINE
    for each in path:
        held = held[each]
    return held


def refusal(folder: Path, path: Key, wrong: Any) -> str:
    """What is said of a line.toml in which a key has this value."""
    changed = deepcopy(LINE)
    held: Any = changed
    for each in path[:-1]:
        held = held[each]
    held[path[-1]] = wrong
    with pytest.raises(FlowError) as refused:
        configured(folder, as_toml(changed))
    return str(refused.value)


def told(message: str, folder: Path, path: Key, wrong: Any) -> None:
    """File, key and value stand in a message."""
    parts = wrong if isinstance(wrong, list) else [wrong]
    shown = {*map(repr, [wrong, *parts]), *(str(each).lower() for each in parts), "{ x = 1 }"}
    name = named((*path[:-1], path[-1]))
    if path[-1] == "code":
        name = rf"levels\.{re.escape(str(wrong))}\.code|{re.escape(name)}"
    else:
        name = re.escape(name)

    assert message.startswith(f"{folder / 'line.toml'}: ")
    assert re.search(name, message), message
    assert any(each in message for each in shown), message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("line")


@pytest.mark.parametrize("path", list(leaves(LINE)), ids=named)
def test_a_value_of_another_type_is_refused_with_file_key_value_and_whats_expected(
    folder: Path, path: Key
) -> None:
    expected, right = row(path)[1], type(value(path))
    text_or_number = path == ("recording", "conversations")
    for other in OTHERS:
        if type(other) is right or (text_or_number and type(other) is int):
            continue
        message = refusal(folder, path, other)

        told(message, folder, path, other)
        assert expected in message


@pytest.mark.parametrize("path", list(leaves(LINE)), ids=named)
def test_a_value_that_cannot_be_is_refused_with_file_key_value_and_whats_expected(
    folder: Path, path: Key
) -> None:
    *_, wrong, expected = row(path)
    message = refusal(folder, path, wrong)

    told(message, folder, path, wrong)
    assert expected in message


def tables(table: Any, above: Key = ()) -> Iterator[Key]:
    """The path of every key that holds a table, or a list of them."""
    below = enumerate(table) if isinstance(table, list) else table.items()
    for key, value in below:
        if isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict)):
            yield (*above, key)
            yield from tables(value, (*above, key))


@pytest.mark.parametrize("path", [path for path in tables(LINE) if path[0] != "levels"], ids=named)
def test_what_isnt_a_table_is_refused_with_its_header(folder: Path, path: Key) -> None:
    header = ".".join(f'"{each}"' if str(each).startswith("+") else str(each) for each in path)
    expected = "write { en = " if path[-1] == "names" else f"isn't a table: write [{header}]"

    for other in ("x", 3, []):
        message = refusal(folder, path, other)

        told(message, folder, path, other)
        assert expected in message


@pytest.mark.parametrize("other", ["x", 3, ["x"]])
def test_levels_are_a_list_of_tables(folder: Path, other: Any) -> None:
    message = refusal(folder, ("levels",), other)

    told(message, folder, ("levels",), other)
    assert message.endswith("write [[levels]]")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("name",), "name: it is missing; it must be a text in quotes"),
        (
            ("promise", "in_hours"),
            "promise.in_hours: it is missing; it must be a whole number from",
        ),
        (("promise",), "promise: it is missing; it must be a table: write [promise]"),
        (("hours", "opens"), "hours.opens: it is missing; it must be a time of day in quotes"),
        (("case_number", "lengths"), "lengths: it is missing; it must be a list of numbers of"),
        (("hunts", "wish"), "hunts.wish: it is missing: write [hunts.wish]"),
    ],
)
def test_what_is_missing_is_named_with_what_it_must_be(
    folder: Path, path: Key, expected: str
) -> None:
    changed = deepcopy(LINE)
    held: Any = changed
    for each in path[:-1]:
        held = held[each]
    del held[path[-1]]

    with pytest.raises(FlowError) as refused:
        configured(folder, as_toml(changed))

    assert expected in str(refused.value)


def test_a_file_in_another_encoding_is_told_with_its_line(folder: Path) -> None:
    file = folder / "line.toml"
    file.write_bytes('# a comment\ntitle = "Société"\n'.encode("latin-1"))

    with pytest.raises(FlowError) as refused:
        load(file)

    assert str(refused.value) == f"{file}: line 2 isn't UTF-8; save the file as UTF-8"


def test_no_row_is_of_a_key_that_isnt_there() -> None:
    assert {row(path)[0] for path in leaves(LINE)} == {pattern for pattern, *_ in KEYS}
