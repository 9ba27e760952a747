"""The words of the pages: each has its language, and each state that a page asks for can be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from jinja2 import Environment, nodes

import ivr.line
from ivr.line.definition import Line
from ivr.line.desk.emergency import CATEGORIES, QUESTIONS, REACH
from ivr.line.desk.events import KINDS
from ivr.line.desk.figures.figures import Kind as FigureKind
from ivr.line.desk.notice_texts import KINDS as NOTICES
from ivr.line.desk.roles import CLICKS, MAY, PAGES, ROLES
from ivr.line.flow.steps import Hold
from ivr.line.story.story import Kind as MomentKind
from ivr.line.turns.case.levels import REPORT_STATES
from ivr.line.web.pages import call_view, card, shown, told
from ivr.line.web.pages.case_logger import ENVIRONMENTS
from ivr.line.web.pages.words import Words

TEMPLATES = Path(str(files("ivr.line.web.pages"))) / "templates"
DOING = frozenset(get_args(call_view.Doing))
MATCH = {"found", "not_found", "too_slow", "unknown", "none", ""}
LEVEL = {"requested", "accepted", "over"}
DOWN = {"declared", "set", "ended"}
HOW = {"open", "met", "promised", "left", "purged"}

# What each value can be that a template compares with a word, by file and expression.
COMPARED: dict[tuple[str, str], Any] = {
    ("call.html", "each.kind"): get_args(MomentKind),
    ("call.html", "view"): {"steps", "dialogue"},
    ("call_parts.html", "each"): {"severity", "operator", "engineer", "E-Down"},  # a wish
    ("call_parts.html", "each.state"): get_args(told.Telling),
    ("call_parts.html", "row.how"): get_args(shown.HowEnded),
    ("card.html", "call.case.status"): {"open", "closed"},
    ("card.html", "call.file.emergency.state"): DOWN,
    ("card.html", "call.known"): MATCH,
    ("card.html", "call.recording"): get_args(call_view.Recording),
    ("card.html", "call.verdict.result"): {"yes", "no", "unknown"},
    ("card.html", "call.verified"): get_args(call_view.Verified),
    ("card.html", "card.call.hunt"): {"operator", "manager", "engineer", "duty", "emergency"},
    ("card.html", "card.leg.view.doing"): DOING,
    ("card.html", "card.state"): {"none", "ringing", "connected"},
    ("card.html", "card.clicks"): CLICKS,
    ("card.html", "card.may"): MAY,
    ("card.html", "doing"): DOING,
    ("card.html", "each.doing"): DOING | {"busy", ""},
    ("card.html", "each.kind"): {kind.replace(".", "_") for kind in card.PATH},
    ("card.html", "each.state"): LEVEL,
    ("case.html", "case.status"): {"open", "closed"},
    ("case.html", "data.emergency.state"): DOWN,
    ("case.html", "stands.state"): LEVEL,
    ("case.html", "what"): {"answer", "declare"},
    ("case.html", "may"): MAY,
    ("cases.html", "login.roles"): ROLES,
    ("console.html", "card.state"): {"none", "ringing", "connected"},
    ("fields.html", "Call"): {"yes", ""},  # of a box that is ticked or not
    ("me.html", "each.state"): LEVEL,
    ("now_parts.html", "call.result"): MATCH,
    ("now_parts.html", "each.state"): get_args(told.Telling),
    ("site.html", "kind"): {"error", "done"},
    ("wall.html", "each.doing"): get_args(shown.Presence),
    ("wall.html", "figure.kind"): get_args(FigureKind),
}

# What each key of a text can end with that a template makes of a value.
ENDS: dict[str, Any] = {
    "c_": {*CATEGORIES, "english", "competent"},
    "r_": REACH,
    "env_": ENVIRONMENTS,
    "leg_": DOING,
    "caller_": set(get_args(call_view.Placed)) - {""},
    "doing_": DOING - {"ringing", "listening", "leaving", "over"},
    "ended_": HOW,
    "match_": MATCH - {""},
    "case_": {"not_found", "too_slow"},
    "who_": get_args(told.Telling),
    "wish_": {"severity", "operator", "engineer", "E-Down"},
    "click_": CLICKS,
    "conditions_": {"yes", "no", "unknown"},
    "res_": {"yes", "no", "unknown"},
    "how_": set(card.HOW.values()) | {"stopped"},
    "m_": {each.name for each in QUESTIONS}
    | {"environment", "number", "reach", "english", "competent"},
    "mode_": {"hard", "warn", "ask"},
    "k_": {"contract", "production", "situation", "contact"},
    "promised_": {"owed", "done"},
    "recording_": get_args(call_view.Recording),
    "verified_": get_args(call_view.Verified),
    "report_": REPORT_STATES,
    "rings_": {"operator", "manager", "engineer", "duty", "emergency", "callback"},
    "s_": LEVEL,
    "st_": DOWN,
    "e_": {"restored", "no_progress", "severity_lowered", "contact_unreachable"},
    "notice_": NOTICES,
    "waits_for_": {"questions"},  # and the queues: see the test of them
    "role_": ROLES,
    "page_": PAGES,
    "language_": {"en", "fr", "de", "it", "es", "ja", "zh"},
    "source_": {"status", "override", "rota", "calendar", "hours"},
    "period_": {"today", "yesterday", "week", "month"},
    "open_as_": {"console", "me", "wall"},
    "reason_": set(),  # of the roster: see the test of candidates
    "skip_": set(),
    "kpi_": set(),  # of the figures: see the test of the wall
    "formula_": set(),
}


def _name(node: nodes.Node) -> str:
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=inner, attr=attr):
            return f"{_name(inner)}.{attr}"
        case nodes.Or(left=left):
            return _name(left)
        case nodes.Getitem(node=inner):
            return f"{_name(inner)}[]"
    return type(node).__name__


def _words_of(node: nodes.Node) -> list[str]:
    if isinstance(node, nodes.Const):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, nodes.Tuple):
        return [word for each in node.items for word in _words_of(each)]
    return []


def _trees() -> Iterator[tuple[str, nodes.Template]]:
    for file in sorted(TEMPLATES.glob("*.html")):
        yield file.name, Environment().parse(file.read_text(encoding="utf-8"))


def compared() -> Iterator[tuple[str, str, str]]:
    """(file, expression, word) of every comparison in a template."""
    for file, tree in _trees():
        for each in tree.find_all(nodes.Compare):
            other = each.ops[0].expr
            for word in _words_of(other):
                yield file, _name(each.expr), word
            for word in _words_of(each.expr):
                yield file, _name(other), word


def test_every_state_that_a_template_asks_for_is_one_that_the_value_can_have() -> None:
    """A page that looks for another word than is stored shows nothing, and nobody notices."""
    found = list(compared())
    unknown = {(file, at) for file, at, _ in found} - COMPARED.keys()

    assert not unknown, "say in COMPARED what these can be"
    assert not [each for each in found if each[2] not in COMPARED[each[:2]]]
    assert len(found) > 60


def ends() -> Iterator[tuple[str, str]]:
    """(file, beginning) of every key of a text that a template makes of a value."""
    for file, tree in _trees():
        for each in tree.find_all(nodes.Concat):
            first = each.nodes[0]
            if isinstance(first, nodes.Const) and str(first.value).endswith("_"):
                yield file, str(first.value)


def test_every_value_that_is_put_into_words_has_some_in_every_language() -> None:
    unknown = {begins for _, begins in ends()} - ENDS.keys()

    assert not unknown, "say in ENDS what comes after these"
    for language, texts in Words({}).languages.items():
        missing = [
            begins + end
            for begins, all_ in ENDS.items()
            for end in all_
            if begins + end not in texts
        ]
        assert not missing, language


def test_every_step_has_its_name_in_every_language(escalation: Line) -> None:
    for language, texts in Words({}).languages.items():
        for flow in (escalation.caller, escalation.person):
            missing = [name for name in flow.steps if f"step_{name}" not in texts]
            assert not missing, language


def test_every_queue_has_its_words_in_every_language(escalation: Line) -> None:
    queues = {step.queue for step in escalation.caller.steps.values() if isinstance(step, Hold)}
    for language, texts in Words({}).languages.items():
        keys = {f"{begins}{queue}" for begins in ("waits_for_", "line_of_") for queue in queues}
        assert not keys - texts.keys(), language


def _kinds_compared() -> Iterator[tuple[str, str]]:
    """(file, word) of every event's kind that the line's code asks for."""
    for folder in ("web", "desk", "story", "service"):
        for file in sorted((Path(str(files(ivr.line))) / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Compare):
                    continue
                left = node.left
                about = isinstance(left, ast.Attribute) and left.attr in ("kind", "what")
                for other in node.comparators if about else ():
                    for each in ast.walk(other):
                        if isinstance(each, ast.Constant) and "." in str(each.value):
                            yield file.name, str(each.value)


def test_every_kind_of_event_that_is_asked_for_is_logged_by_somebody() -> None:
    found = list(_kinds_compared())

    assert not [each for each in found if each[1] not in KINDS]
    assert len(found) > 15
    assert card.HOW.keys() | set(card.PATH) <= KINDS


# Kinds that a call's story tells in its own way, or that another moment says as well.
OWN = {"heard", "answered", "menu.key", "entry.rejected", "entry.partial", "operator.offered"}
# Those of a case, of the desk and of a look aren't a call's.
ELSEWHERE = (
    "access.", "case.", "config.", "edown.", "escalation.", "note.", "notification.", "plan.",
    "report.", "retention.", "severity.set",
)  # fmt: skip


def test_every_kind_of_a_calls_event_has_its_words_in_every_language() -> None:
    told = {kind for kind in KINDS - OWN if not kind.startswith(ELSEWHERE)}
    for language, texts in Words({}).languages.items():
        missing = [kind for kind in told if f"ev_{kind.replace('.', '_')}" not in texts]
        assert not missing, language


def test_every_click_has_its_words_in_a_calls_story() -> None:
    for language, texts in Words({}).languages.items():
        clicks = {"take", "emergency", *CLICKS}
        assert not [click for click in clicks if f"heard_click_{click}" not in texts], language
