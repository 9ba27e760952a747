"""`ivr new`: a project of one's own that runs, is tested, checked, changed and upgraded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli.main import main
from ivr.line.store.store import Store
from ivr.server.flow_source import load
from ivr.simulator import Exchange
from tests.kit.desk import mount
from tests.kit.documents import ROOT
from tests.kit.processes import IVR, comes_true, free_port, running, said


def ivr(*words: str | Path, flow: str | Path = "") -> Result:
    return CliRunner(env={"IVR_FLOW": str(flow)}).invoke(main, [str(word) for word in words])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "acme-support"
    made = ivr("new", folder)
    assert made.exit_code == 0, made.output
    return folder


def check(project: Path, *words: str) -> Result:
    return ivr("check", *words, flow=project / "line")


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


# ---- made


def test_a_new_project_is_checked(project: Path) -> None:
    """Its tests are run in `tests/packaging`, with the installed package."""
    checked = check(project)

    assert checked.exit_code == 0
    assert checked.output.startswith("acme-support 1: 100 steps in de, en, es, fr, it, ja, zh; no ")
    assert checked.output.count("\n") == 1  # no warning, and nothing to be recorded


def test_its_name_stands_in_its_files(project: Path) -> None:
    line = load(str(project / "line")).line()

    assert line.name == "acme-support"
    assert (project / "README.md").read_text(encoding="utf-8").startswith("# acme-support\n")
    assert not [each for each in project.rglob("*") if each.name.startswith("dot.")]
    named = [
        each for each in project.rglob("*") if each.is_file() and b"my-line" in each.read_bytes()
    ]
    assert named == []


@pytest.mark.parametrize("name", ["My Line", "2nd", "acme_support", "-x", "acme--x", "a" * 41, "é"])
def test_a_name_that_cant_stand_in_a_url_is_refused(tmp_path: Path, name: str) -> None:
    refused = ivr("new", tmp_path / name)

    assert refused.exit_code == 3
    assert "write small letters and digits, with hyphens between them" in refused.output
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")

    for name in ("mine", "file"):
        refused = ivr("new", tmp_path / name)
        assert refused.exit_code == (3 if name == "mine" else 2)
        assert "nothing in it is overwritten" in refused.output or "is a file" in refused.output
    assert [each.name for each in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_the_tunnel_is_that_of_the_repository(project: Path) -> None:
    assert (project / "ngrok.yml").read_bytes() == (ROOT / "ngrok.yml").read_bytes()


# ---- changed: words and steps

OWN_STEP = """
    from dataclasses import replace
    from ivr.line.flow.steps import Menu

    changed = {step.name: step for step in table}
    menu = changed["menu"]
    changed["menu"] = replace(menu, on={**menu.on, "5": "opening_hours"})
    hours = Menu("opening_hours", says=("opening_hours",), on={"back": "menu"})
    return [*changed.values(), hours]
"""


def with_a_step(project: Path, announced: bool = True) -> None:
    """Add the step of which the template's own comment speaks."""
    flow = project / "line" / "__init__.py"
    shown = flow.read_text(encoding="utf-8")
    for line in OWN_STEP.strip().splitlines():
        assert line.strip() in shown  # what is tried here is what the comment says
    edit(flow, "    return table\n", OWN_STEP.removeprefix("\n"))
    for name in [each for each in sys.modules if each.startswith("flow_")]:
        del sys.modules[name]  # made by this process; another would read the file anew
    for file in (project / "line" / "prompts").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        hours = 'opening_hours = "We are here from nine to five. To go back, press star."\n'
        text = text.replace("[prompts]\n", f"[prompts]\n{hours}")
        file.write_text(
            text.replace('\nmenu = "', '\nmenu = "Hours: 5. ' if announced else '\nmenu = "')
        )


def test_steps_and_words_of_ones_own(project: Path, store: Store) -> None:
    with_a_step(project)
    edit(project / "line" / "line.toml", 'version = "1"', 'version = "2"')
    assert check(project, "--record").exit_code == 0
    assert check(project).exit_code == 0

    network = Exchange(seed=1)
    mount(network, store, load(str(project / "line")).line())
    caller = network.phone("+33155500101")
    caller.call("+33800000002")
    caller.press("1")
    caller.press("5")
    caller.hears("… We are here from nine to five. …")
    caller.press("*")
    caller.hears("… Hours: 5. …")
    caller.hang_up()
    network.strict()


def test_it_tells_when_the_version_must_be_raised(project: Path) -> None:
    with_a_step(project)

    told = check(project)
    recorded = check(project, "--record")
    edit(project / "line" / "line.toml", 'version = "1"', 'version = "2"')
    raised = check(project)

    assert told.exit_code == recorded.exit_code == raised.exit_code == 1
    assert (
        "line.toml: version: '1' stands for other steps (step 'menu': '5' is new and leads to "
        in (told.output)
    )
    assert "step 'opening_hours' is new" in told.output
    assert "raise it, and record the new steps: ivr check --record" in told.output
    assert "raise it first" in recorded.output
    assert "version: '2' isn't recorded" in raised.output
    assert check(project, "--record").exit_code == 0
    assert check(project).exit_code == 0


def test_other_levels_need_another_version(project: Path) -> None:
    """A call under way may have asked for one that is gone."""
    edit(project / "line" / "line.toml", 'code = "M2"', 'code = "M3"')

    told = check(project)

    assert told.exit_code == 1
    assert "stands for other steps (levels are M1, M3, no longer M1, M2)" in told.output


def test_a_prompt_that_is_missing_in_a_language(project: Path) -> None:
    edit(project / "line" / "prompts" / "it.toml", "\nmenu = ", "\nmenu2 = ")

    told = check(project)

    assert told.exit_code == 1
    assert (
        f"{project / 'line' / 'prompts' / 'it.toml'}: no prompt 'menu'; add it under" in told.output
    )


def test_other_words_need_no_other_version(project: Path) -> None:
    edit(project / "line" / "prompts" / "en.toml", '\nmenu = "', '\nmenu = "Well. ')

    assert check(project).exit_code == 0


def test_a_key_that_nothing_announces(project: Path) -> None:
    with_a_step(project, announced=False)
    edit(project / "line" / "line.toml", 'version = "1"', 'version = "2"')

    told = check(project, "--record")

    assert told.exit_code == 1
    for code in ("de", "en", "es", "fr", "it", "ja", "zh"):
        file = project / "line" / "prompts" / f"{code}.toml"
        assert (
            f"wrong: {file}: prompt 'menu': nothing announces key 5 of step 'menu'" in told.output
        )


def test_a_record_that_was_spoiled_is_named(project: Path) -> None:
    (project / "line" / "steps.json").write_text("{}")

    told = check(project)

    assert told.exit_code == 1
    assert f"{project / 'line' / 'steps.json'}: it isn't complete; delete it" in told.output


# ---- upgraded


def was(project: Path, path: str, before: str, after: str) -> None:
    """Make the template be another one when the project was made; the owner's file is that one."""
    for file in (project / ".template" / "files" / path, project / path):
        edit(file, before, after)


def test_what_changed_in_the_template_is_told_and_shown(project: Path) -> None:
    was(project, "line/line.toml", "in_hours = 30", "in_hours = 45")

    told, shown = check(project), ivr("new", project, "--diff")
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=project, input=shown.output, text=True, check=False
    )

    assert told.exit_code == 0
    assert "The template has changed since 0.1.0 (this is 0.1.0): line/line.toml" in told.output
    assert "-in_hours = 45\n+in_hours = 30\n" in shown.output
    assert applied.returncode == 0
    assert "in_hours = 30" in (project / "line" / "line.toml").read_text()


def test_an_update_takes_over_what_nobody_has_edited(project: Path) -> None:
    was(project, "line/line.toml", "in_hours = 30", "in_hours = 45")
    was(project, "line/prompts/en.toml", "\nmenu = ", "\nmenü = ")
    edit(project / "line" / "line.toml", '"Acme support"', '"Helm support"')
    (project / "ngrok.yml").unlink()
    (project / ".template" / "files" / "ngrok.yml").unlink()
    (project / ".template" / "files" / "old.txt").write_text("old")
    (project / "old.txt").write_text("old")

    done = ivr("new", project, "--update")

    assert done.output.splitlines() == [
        "line/line.toml: kept, as you have edited it; the template's new text is line.toml.new",
        "line/prompts/en.toml: updated",
        "ngrok.yml: new",
        "old.txt: removed; the template has it no longer",
        "The template is that of 0.1.0 (it was 0.1.0).",
    ]
    own = (project / "line" / "line.toml").read_text()
    assert "in_hours = 45" in own
    assert "Helm support" in own
    assert "in_hours = 30" in (project / "line" / "line.toml.new").read_text()
    assert "\nmenu = " in (project / "line" / "prompts" / "en.toml").read_text()
    assert not (project / "old.txt").exists()
    assert ivr("new", project, "--diff").output == ""


@pytest.mark.parametrize("option", ["--diff", "--update"])
def test_another_folder_isnt_a_project(tmp_path: Path, option: str) -> None:
    refused = ivr("new", tmp_path, option)

    assert refused.exit_code == 3
    assert "isn't a project that `ivr new` has made" in refused.output


def test_a_desk_of_a_few_people_alone_is_run(project: Path, tmp_path: Path) -> None:
    """What a laptop shows of customers and cases is left out where there are none."""
    for name in ("accounts", "cases", "contacts", "queues"):
        (project / "desk" / f"{name}.csv").unlink()
    pages, webhooks = free_port(), free_port()
    ports = ["--pages-port", str(pages), "--webhooks-port", str(webhooks)]
    own = {
        "IVR_FLOW": str(project / "line"),
        "IVR_DATABASE": f"sqlite:///{tmp_path / 'ivr.db'}",
    }
    with running([IVR, "run", *ports], tmp_path / "log", **own):
        assert comes_true(lambda: said(f"http://127.0.0.1:{pages}/sign-in")), (
            tmp_path / "log"
        ).read_text()
        assert "Odile Petit" in said(f"http://127.0.0.1:{pages}/sign-in")
        assert "sample case number" not in (tmp_path / "log").read_text()
