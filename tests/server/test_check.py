"""`ivr check` on the data of a desk: what is named in one place and isn't there in another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.main import main
from tests.kit.own_flow import own_flow

# The file, what is changed in it, whether that is wrong or may be meant, and what is told.
DANGLING = [
    (
        "line.toml",
        'last_resort = "DIR1"',
        'last_resort = "BOSS"',
        "wrong: {flow}/line.toml: promise.last_resort: there is no 'BOSS' in people; write the id",
    ),
    (
        "line.toml",
        'dial = "+33155500012"',
        'dial = "+33800000001"',
        "wrong: {flow}/line.toml: fallback.dial: '+33800000001' is one of the line's own numbers",
    ),
    (
        "line.toml",
        '["fr", "en"]',
        '["zh"]',
        "warning: {flow}/line.toml: numbers.+33800000001.languages: 'zh' is offered, and nobody",
    ),
    (
        "line.toml",
        "lengths = [7, 8]",
        "lengths = [8]",
        "wrong: cases.csv: C1734900: number: nobody can key its 7 digits; case_number.lengths of",
    ),
    (
        "line.toml",
        'tier = "Enterprise"',
        'tier = "Platinum"',
        "warning: {flow}/line.toml: emergency.tier: no account has 'Platinum'; accounts have Enter",
    ),
    (
        "line.toml",
        'edown_ended = ["major_incident"]',
        "edown_ended = []",
        "",
    ),
    (
        "line.toml",
        'edown = ["major_incident"]\nedown_ended = ["major_incident"]',
        "",
        "warning: {flow}/line.toml: notices.lists.major_incident: nothing is ever sent to it; name",
    ),
    (
        "sample/people.csv",
        "+33155500021,manager second_level",
        ",manager second_level",
        "wrong: {flow}/line.toml: promise.last_resort: 'DIR1' has no phone; give them one",
    ),
    (
        "sample/people.csv",
        " second_level,",
        ",",
        "wrong: {flow}/line.toml: levels.M2.target: nobody who is active and has a phone is 'seco",
    ),
    (
        "sample/people.csv",
        ",operator,",
        ",engineer,",
        "wrong: {flow}/line.toml: hunts.operator: nobody who is active and has a phone is 'opera",
    ),
    (
        "sample/shifts.csv",
        "MGR2,duty,EMEA",
        "MGR2,duty,EMAE",
        "wrong: shifts.csv: emea: region: 'EMAE' is the region of no number, case or queue; write",
    ),
    (
        "sample/shifts.csv",
        "global,MGR4,duty,,",
        "global,MGR4,duty,EMEA,",
        "",
    ),
    (
        "sample/queues.csv",
        "EMEA,CAD",
        "EMEA,CAM",
        "warning: queues.csv: CAD-EMEA: product: no case is of 'CAM'; cases are of CAD, PLM",
    ),
    (
        "sample/cases.csv",
        "C17349013,open,2",
        "C17349013,open,7",
        "wrong: cases.csv: C17349013: severity: 7 isn't on the scale of {flow}/line.toml; there",
    ),
]


@pytest.fixture
def flow(tmp_path: Path) -> Path:
    return own_flow(tmp_path)


def check(flow: Path, *words: str, **environment: str) -> Result:
    return CliRunner(env={"IVR_FLOW": str(flow), **environment}).invoke(main, ["check", *words])


@pytest.mark.parametrize(("file", "before", "after", "told"), DANGLING)
def test_what_dangles_is_told_with_file_and_key(
    flow: Path, file: str, before: str, after: str, told: str
) -> None:
    text = (flow / file).read_text(encoding="utf-8")
    assert before in text
    (flow / file).write_text(text.replace(before, after), encoding="utf-8")

    result = check(flow)

    expected = told.format(flow=flow).replace("sample/", "")
    assert expected in result.output
    assert result.exit_code == (1 if told.startswith("wrong") else 0)
    assert bool(told) is ("warning: " in result.output or "wrong: " in result.output)


def test_a_number_for_whose_region_nobody_is_ever_on_duty(flow: Path) -> None:
    for file, before, after in (
        ("line.toml", 'region = "APAC"', 'region = "ASIA"'),
        ("sample/shifts.csv", "global,MGR4,duty,,", "global,MGR4,duty,EMEA,"),
        ("sample/shifts.csv", "second_level_duty,,", "second_level_duty,EMEA,"),
    ):
        text = (flow / file).read_text(encoding="utf-8")
        (flow / file).write_text(text.replace(before, after), encoding="utf-8")

    result = check(flow)

    where = f"wrong: {flow}/line.toml: numbers.+81800000001.region"
    assert f"{where}: nobody is ever on duty for 'ASIA'; add a shift for it" in result.output
    assert result.exit_code == 1


def test_somebody_who_has_left_is_named_where_they_still_stand(flow: Path) -> None:
    file = flow / "sample" / "people.csv"
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    rows = [f"{row},{'no' if row.startswith('MGR2') else 'yes'}" for row in rows]
    file.write_text("\n".join([f"{head},active", *rows]) + "\n", encoding="utf-8")

    output = check(flow).output

    assert "wrong: shifts.csv: emea: person: 'MGR2' isn't active; name somebody else" in output
    assert "wrong: queues.csv: CAD-EMEA: manager: 'MGR2' isn't active" in output


def test_cases_of_another_system_arent_missed(flow: Path) -> None:
    """Their products and severities stand elsewhere."""
    (flow / "sample" / "cases.csv").write_text("number\n", encoding="utf-8")

    assert check(flow, IVR_CASES_URL="https://cases.test").exit_code == 1  # AMER: no case has it
    assert "product" not in check(flow, IVR_CASES_URL="https://cases.test").output


def test_prompts_without_notices_in_a_language(flow: Path) -> None:
    (flow / "notices" / "it.toml").unlink()

    result = check(flow)

    assert result.exit_code == 1
    assert (
        "prompts/it.toml: there are prompts in 'it' and no notices; add notices/it" in result.output
    )


def test_a_program_can_read_it(flow: Path) -> None:
    (flow / "notices" / "it.toml").unlink()

    result = check(flow, "--json")

    assert result.exit_code == 1
    assert '"level": "wrong"' in result.output
    assert '"do": "add notices/it.toml"' in result.output
