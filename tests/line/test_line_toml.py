"""What a line.toml may say, and what somebody is told who has written something else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from flows.escalation import FOLDER, line
from ivr.line.errors import FlowError
from tests.kit.configured import SAMPLE, configured, levels, severities

NAMES = dict.fromkeys(("en", "fr", "de", "ja"), "Severity")
FIRST = {"code": "L1", "target": "manager", "due": [30, 60]}
DOWN = {"names": NAMES, "emergency": True}
OTHER = {"names": NAMES}

# What is changed in the sample, and what is said of it: the key, the value, and what to do.
WRONG = [
    ('name = "escalation"', 'nmae = "x"', "name: it is missing"),
    ('version = "1"', "version = 1", "version: 1 isn't a text"),
    ('title = "Acme support"', 'title = " "', "title: ' ' is empty; write a text"),
    ("[rota]", "[rotas]", "rotas: there is no such key; did you mean 'rota'?"),
    ("[wall]", "[zebra]", "zebra: there is no such key; there are callback, case_number"),
    ('check_digit = "none"', 'check_digit = "lunh"', "check_digit: there is no 'lunh'; did you me"),
    (
        "lengths = [7, 8]",
        "lengths = []",
        "case_number.lengths: [] isn't a list of numbers of digits",
    ),
    ("lengths = [7, 8]", 'lengths = ["7"]', r"case_number.lengths: ['7'] isn't a list of numbers"),
    (
        "prefix_key = true",
        'prefix_key = "yes"',
        "case_number.prefix_key: 'yes' isn't true or false",
    ),
    (
        "prefix_key = true",
        "prefix_kye = true",
        "prefix_kye: there is no such key; did you mean 'pr",
    ),
    ('opens = "08:00"', 'opens = "8 am"', "hours.opens: '8 am' isn't a time of day: write"),
    ('opens = "08:00"', 'open = "08:00"', "hours.opens: it is missing"),
    ('"wed", "thu", "fri"]', '"mit"]', "hours.days: there is no 'mit'"),
    ('holidays = "FR"', 'holidays = "XX"', "hours.holidays: there is no calendar of holidays 'XX'"),
    ("refresh = 15", "refresh = 0", "rota.refresh: 0 isn't a whole number from 1"),
    ("in_hours = 30", 'in_hours = "30"', "promise.in_hours: '30' isn't a whole number"),
    ("off_hours = 60", "off_hours = 0", "promise.off_hours: 0 isn't a whole number from 1"),
    ('last_resort = "DIR1"', 'last_resort = ""', "promise.last_resort: '' is empty; write a text"),
    ('"+33155500012"', '"01 55 50 00 12"', "fallback.dial: '01 55 50 00 12' isn't a phone nu"),
    (
        '"+33155500012"',
        '"+331555000121"',
        "fallback.dial: '+331555000121' is never dialled: it is too",
    ),
    ('target = "second_level"', 'target = "boss"', "levels.M2.target: there is no 'boss'; there"),
    ('requires = "M1"', 'requires = "M0"', "levels.M2.requires: 'M0' isn't a level above this on"),
    ('informs = ["owner"]', 'informs = ["owners"]', "levels.M1.informs: there is no 'owners'; did"),
    ('code = "M2"', 'code = "M1"', "levels.M1.code: 'M1' is another level's code"),
    ('code = "M2"', 'code = "engineer"', "levels.engineer.code: 'engineer' is a word of the line"),
    ("due = [15, 15]\ninf", "due = [15]\ninf", r"levels.M2.due: [15] isn't two numbers of minutes"),
    ("join = 10", "join = -1", "escalation.join: -1 isn't a whole number from 0"),
    ("join = 10", "joins = 10", "escalation.joins: there is no such key; did you mean 'join'?"),
    ("emergency = true", "emergency = false", "severities: 0 of 0, 1, 2, 3 are Enterprise Down"),
    ("emergency = true", "emergency = 1", "severities.0.emergency: 1 isn't true or false"),
    ("emergency = true", "self_servce = true", "severities.0.self_servce: there is no such key;"),
    ("[severities.3]", "[severities.low]", "severities.low: 'low' isn't a whole number"),
    ("[severities.3]", "[severities.100]", "severities.100: 100 isn't a whole number from 0 to 99"),
    ('tier = "Enterprise"', "tier = 1", "emergency.tier: 1 isn't a text"),
    ('contract = "hard"', 'contract = "soft"', "emergency.contract: there is no 'soft'; there ar"),
    ("remind = 15", "remnd = 15", "emergency.remnd: there is no such key; did you mean 'remind'?"),
    (
        'night = ["21:00", "08:00"]',
        'night = ["21:00"]',
        "callback.night: ['21:00'] isn't two times",
    ),
    ('countries = ["DE"', 'countries = ["UK"', "callback.countries: there is no 'UK'"),
    ("tries = 3  ", 'tries = "3"', "callback.tries: '3' isn't a whole number"),
    (
        '= "engineer"',
        '= "engineers"',
        "sign_in.roles.support-engineers: there is no 'engineers'; did",
    ),
    ("idle = 30", "idle = 0", "sign_in.idle: 0 isn't a whole number from 1"),
    ("within = 20", "within = 4000", "wall.within is 1 to 3600 seconds"),
    ("minutes = 10", "minuts = 10", "resume.minuts: there is no such key; did you mean 'minutes'?"),
    ("[hunts.wish]", "[hunts.whish]", "hunts.whish: there is no 'whish'; did you mean 'wish'?"),
    ("[hunts.callback]", "[hunts.operators]", "hunts.operators: there is no 'operators'; did you"),
    ("at_once = 2", "at_once = 0", "hunts.emergency.at_once: 0 isn't a whole number from 1"),
    ("cap = 120  ", "cup = 120  ", "hunts.operator.cup: there is no such key; did you mean 'cap'?"),
    ("pin_tries = 3", "pin_trys = 3", "limits.pin_trys: there is no such key; did you mean 'pin_t"),
    ("alarm = 50", "alarm = true", "limits.alarm: true isn't a whole number"),
    ('conversations = "off"', 'conversation = "off"', "recording.conversation: there is no such"),
    ('conversations = "off"', 'conversations = "some"', "recording.conversations: 'some' isn't"),
    ("digits = 30", "digits = 0", "retention.digits: 0 isn't a whole number from 1"),
    ("[notices.lists]", "[notices.list]", "notices.also.edown: there is no 'major_incident'"),
    ("edown_ended =", "edown_endet =", "notices.also.edown_endet: there is no 'edown_endet'; did"),
    (
        '["major_incident"]',
        '["major_incidents"]',
        "notices.also.edown: there is no 'major_incidents'; d",
    ),
    (
        '"IVR_NOTICE_MAJOR_INCIDENT"',
        '"mailto:a@b"',
        "notices.lists.major_incident: 'mailto:a@b' isn't",
    ),
    ('[numbers."+33800000001"]', '[numbers."0800 000 001"]', "'0800 000 001' isn't a phone nu"),
    ('["fr", "en"]', "[]", "numbers.+33800000001.languages: [] offers no language"),
    ('["fr", "en"]', '["fr", "eo"]', "numbers.+33800000001.languages: it offers eo, but there are"),
    (
        "Europe/Paris",
        "Europe/Lutetia",
        "numbers.+33800000001.zone: there is no time zone 'Europe/Lu",
    ),
    ('region = "APAC"', "region = 3", "numbers.+81800000001.region: 3 isn't a text"),
    ('after = "en"', 'after = "eo"', "numbers.+81800000001.after: 'eo' has no name in"),
    (".work.ja]", ".work.jp]", "numbers.+81800000001.work.jp: there is no 'jp'"),
    (
        'names = { en = "Enterprise Down", ',
        "names = { ",
        "severities.0.names: there is no name in 'en'",
    ),
    ('en = "Enterprise Down"', 'en = ""', "severities.0.names.en: '' isn't a name in quotes"),
    (
        'en = "Enterprise Down"',
        'en = "Down", eo = "x"',
        "severities.0.names: nothing is said or wri",
    ),
]


@pytest.mark.parametrize(("before", "after", "complaint"), WRONG)
def test_a_wrong_line_toml_is_refused_with_key_and_value(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    assert before in SAMPLE

    with pytest.raises(FlowError) as refused:
        configured(tmp_path, SAMPLE.replace(before, after, 1))

    assert complaint in str(refused.value)


def test_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=re.escape(f"{tmp_path / 'line.toml'}: ")):
        configured(tmp_path, SAMPLE.replace("join = 10", "join = 'x'"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name = ", "Invalid value"),
        (levels([]), "levels: it is missing"),
        (levels([FIRST | {"requires": "L1"}]), "levels.L1.requires: 'L1' isn't a level above this"),
        (levels([FIRST | {"names": {"en": "First"}}]), "levels.L1.names: there is no name in 'de'"),
        (severities({"0": DOWN}), "severities: there is none that may be wished for"),
        (severities({"0": DOWN, "1": DOWN, "2": OTHER}), "severities: 2 of 0, 1, 2 are Enterprise"),
        (
            severities({"0": DOWN, "1": OTHER | {"self_service": False}}),
            "severities: there is none that may be wished for",
        ),
        (
            severities({"0": DOWN | {"self_service": True}, "1": OTHER}),
            "severities.0.self_service: Enterprise Down is declared, never wished for",
        ),
        (
            severities({"0": DOWN} | {str(code): OTHER for code in range(1, 11)}),
            "severities: 10 to choose from; a keypad offers 9",
        ),
    ],
)
def test_levels_and_severities_that_nobody_could_use_are_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(FlowError) as refused:
        configured(tmp_path, text)

    assert complaint in str(refused.value)


def test_a_prompt_that_does_not_announce_a_severitys_key_is_refused(tmp_path: Path) -> None:
    """With key, prompt, language and what to do."""
    prompts = tmp_path / "prompts"
    shutil.copytree(FOLDER / "prompts", prompts)
    for file in prompts.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        last = "" if file.stem == "fr" else " 3"
        file.write_text(
            re.sub(r"^severity_wish = .*$", f'severity_wish = "1, 2{last}"', text, flags=re.M)
        )

    with pytest.raises(FlowError) as refused:
        line(prompts=prompts)

    [complaint] = str(refused.value).splitlines()
    assert complaint.startswith(
        f"{prompts / 'fr.toml'}: prompt 'severity_wish' doesn't announce key 3"
    )
    assert "put {severities} where the choices belong" in complaint
