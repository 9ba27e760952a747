"""Write the pages that say what the code says: run it after changing a help text, a docstring of
the public API, a step, a setting or a rule of TwiML.

    python docs/generate.py            writes them, and the diagram of the escalation flow
    python docs/generate.py --check    exits with 1 and names those that aren't up to date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import click

import ivr
from flows.escalation import FOLDER, line
from ivr.cli.exit_codes import Commands
from ivr.cli.main import main
from ivr.line.flow import steps
from ivr.line.flow.mermaid import mermaid
from ivr.server.settings import table
from ivr.simulator import Exchange, Handset
from ivr.simulator.rest.parameters import REFUSED, SIMPLIFIED
from ivr.twiml.table import markdown

DOCS = Path(__file__).parent
ROOT = DOCS.parent
NOTE = "<!-- Written by docs/generate.py from the code: change it there. -->"

HANDSET_INTRO = """
# Handsets and the exchange

In a test, `exchange` is the phone network ([the fixture](pytest.md#the-exchange-fixture)), and
`exchange.phone("+15550001234")` is a handset: the phone in somebody's hand. Everything on this page is written from the
docstrings of `ivr.simulator.Exchange` and `ivr.simulator.Handset`.

At rate 0, the default, whatever a person does has all its immediate consequences before the method returns. Time passes
only while you wait, or while a phone types several keys.
""".strip()

# Members without a docstring of their own: attributes that are set in __init__.
ATTRIBUTES = {
    "Exchange.clock": "Its clock: `now()`, and `call_at(when, what)`. Share it with your application.",
    "Exchange.origin": "The origin of numbers that aren't given one, such as \"https://line.example\"; \"\" by default.",
    "Exchange.history": "What has happened to calls, the oldest first, as `ivr.simulator.Happening`s; `history.together(sid, sid)` says when two could hear each other.",
    "Exchange.requests": "Every webhook that was made, the oldest first: `url`, `params`, `status`, `body` and more.",
    "Exchange.debugger": "What Twilio's debugger would show: `at`, `level`, `code`, `text`, `url`, `call_sid`.",
    "Exchange.account": "What the account has beside its SID: `friendly_name`, `balance` (a text, such as \"3.20\") and `currency`; set them as a test needs them.",
    "Exchange.account_sid": "The account that webhooks name. `auth_token` is its token.",
    "Handset.heard": "All that was said to it: `at`, `text`, `language`, `kind`, `complete` (not cut short).",
    "Handset.messages": "The texts that it has received.",
    "Handset.call_messages": "The messages (JSON) that a softphone got from the application during its calls.",
    "Handset.caller_id": "The number that its display shows.",
    "Handset.calls": "Its calls, the newest last: `sid`, `direction`, `status`, `duration`, and `because`, why it has ended.",
    "Handset.parameters": "The `<Parameter>`s that its last call came with, for a softphone.",
    "Handset.headers": "The SIP headers that its last call came with, for a SIP phone; `sends` are those of its own.",
    "Handset.typing": "Seconds between two keys.",
    "Handset.ringing": "Whether it is ringing.",
    "Handset.in_call": "Whether it is in a call.",
}  # fmt: skip

EXCHANGE = {
    "Setting it up": (
        *("number", "origin", "mount", "verify", "phone", "softphone", "api_key", "client", "adds", "sign_with"),
        *("lookup_says", "verify_service"),
        "belongs_to",
    ),
    "What <Connect> leads to": ("room", "virtual_agent", "conversation"),
    "TaskRouter": ("workflow", "worker", "workspace"),
    "Time": ("wait", "wait_until", "clock", "grace", "start", "stop", "do"),
    "What has happened": ("history", "requests", "debugger", "streams", "account_sid", "account", "strict"),
    "Making things go wrong": (
        *("delay", "deliver_twice", "webhook_fails", "rest_fails", "chaos", "injected"),
    ),
}  # fmt: skip
HANDSET = {
    "What the person does": (
        *("call", "answer", "decline", "hang_up", "press", "say", "text", "connect"),
        *("join", "lose_connection", "will"),
    ),
    "What it hears": ("hears", "heard", "last_heard", "messages", "call_messages"),
    "Where it stands": (
        *("ringing", "in_call", "listening", "audible", "connected_to", "caller_id", "parameters", "headers"),
        *("calls", "typing"),
    ),
}  # fmt: skip


def handset() -> str:
    parts = [HANDSET_INTRO]
    for owner, groups in ((Exchange, EXCHANGE), (Handset, HANDSET)):
        for title, names in groups.items():
            parts.append(f"## {owner.__name__}: {title[:1].lower()}{title[1:]}")
            parts += [member(owner, name) for name in names]
    return "\n\n".join(parts)


def member(owner: type, name: str) -> str:
    """A heading, how it is called, and what its docstring says."""
    given = inspect.getattr_static(owner, name, None)
    if given is None:
        about, call = ATTRIBUTES[f"{owner.__name__}.{name}"], ""
    elif isinstance(given, property | cached_property):
        about, call = inspect.getdoc(given) or ATTRIBUTES[f"{owner.__name__}.{name}"], ""
    else:
        about, call = inspect.getdoc(given) or "", f"**`{name}{signature(given)}`**\n\n"
    if not about:
        raise SystemExit(f"{owner.__name__}.{name} has no docstring")
    return f"### `{name}`\n\n{call}{prose(about)}"


def signature(function: Any) -> str:
    """As it is called: without self, and with what it returns."""
    given = inspect.signature(inspect.unwrap(getattr(function, "__func__", function)))
    parts = []
    for parameter in given.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if parameter.name != "self":
            parts.append(parameter_text(parameter))
    returned = given.return_annotation
    returns = "" if returned in ("None", inspect.Signature.empty, None) else f" -> {returned}"
    return f"({', '.join(parts)}){returns}"


def parameter_text(parameter: inspect.Parameter) -> str:
    """Its name, type and default; types as they are written in the code."""
    written = parameter.annotation
    written = getattr(written, "__forward_arg__", written)
    typed = f": {written}" if isinstance(written, str) else ""
    if parameter.default is parameter.empty:
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}
        return f"{stars.get(parameter.kind, '')}{parameter.name}{typed}"
    value = parameter.default
    shown = value.isoformat() if isinstance(value, datetime) else repr(value)
    return f"{parameter.name}{typed} = {shown}"


def prose(docstring: str) -> str:
    """A docstring as Markdown: its literals are marked with two backticks, its tags aren't HTML."""
    text = docstring.replace("``", "`")
    return "".join(
        part if part.startswith("`") else part.replace("<", "&lt;")
        for part in re.split(r"(`[^`]*`)", text)
    )


def rest_parameters() -> str:
    """A row for each request with parameters of Twilio's that don't do what they do there."""
    rows = ["| Request | Nothing comes of | Refused |", "|---|---|---|"]
    for route in sorted({*SIMPLIFIED, *REFUSED}, key=lambda each: each.split()[::-1]):
        reasons: dict[str, list[str]] = {}
        for name, why in SIMPLIFIED.get(route, {}).items():
            reasons.setdefault(why, []).append(f"`{name}`")
        moot = "; ".join(f"{' '.join(names)}: {why}" for why, names in reasons.items())
        refused = " ".join(
            f"`{name}`" + (f" ({harmless})" if harmless else "")
            for name, harmless in REFUSED.get(route, {}).items()
        )
        shown = (route if route.split(" ")[1] else f"{route}/Accounts/{{sid}}").replace("|", "\\|")
        rows.append(f"| `{shown}` | {moot} | {refused} |")
    return "\n".join(rows)


REST = {
    "Calls": "with machine detection, recording, notifications and events; nothing costs anything, so a price is null",
    "Conferences, Participants": "with coaching, holding, announcements, recording, and machine detection that doesn't keep anybody from joining",
    "Queues, Members": "",
    "Recordings": "of calls and conferences; there is no sound, so a file is silence of the right length",
    "IncomingPhoneNumbers": "any number can be bought that isn't taken, whether it was offered or not",
    "AvailablePhoneNumbers": "Local, Mobile and TollFree, made up from the seed and each country's plan; the state is known in North America, the city often not, coordinates and rate centers never",
    "Applications, Keys": "",
    "Messages, Media": "between telephone numbers only; From is a number of the account's (`exchange.number`), not a verified one; pictures (`MediaUrl`, `<Media>`) aren't fetched: the receiver gets the sender's own URLs, and a type by their names",
    "Streams, Siprec, Transcriptions of a call": "as `<Start>` does",
    "Payments of a call": "what is keyed is checked as by `<Pay>`, while people go on talking; no connector is asked, and a payment that is completed succeeds. What Twilio reports of one that is canceled, or whose caller hangs up, isn't known: nothing is reported",
    "UserDefinedMessages of a call": "a softphone gets them (`phone.call_messages`); subscriptions to its own are refused: nothing public says what such a request looks like",
    "OutgoingCallerIds": "the number is called, and the person there keys the six digits (`exchange.verify(number)` needs no call)",
    "Lookup v2 (`lookups.twilio.com`)": "formats, country and validity by each country's plan; `line_type_intelligence` and `caller_name` are what `exchange.lookup_says(…)` has set, other packages are refused; v1 isn't there",
    "Verify v2 (`verify.twilio.com`)": "services, codes by text and by phone, checks; `exchange.verify_service(name, sid)` makes the service that an application knows. Codes come from 22395, whatever the country",
    "Notifications": "what the debugger's log has",
    "Accounts, Balance": "one account, no subaccounts; the balance is what the test sets",
}  # fmt: skip


def rest_resources() -> str:
    rows = ["| Resource | Here |", "|---|---|"]
    return "\n".join(
        [*rows, *(f"| {name} | {here or 'as at Twilio'} |" for name, here in REST.items())]
    )


def fidelity() -> str:
    return f"""
# What the simulator does as Twilio does

The rules are those of [Twilio's voice pages](https://www.twilio.com/docs/voice/twiml). In the tests, the sentence that a
rule comes from stands above the test that proves it.

**As at Twilio:** how long prompts take, what interrupts them, time-outs, who goes on where; signatures, idempotency
tokens, cookies for each call, redirects, fallback URLs with their error codes, the 15-second limit; status callbacks with
their order and numbers; warnings and errors under Twilio's own numbers.

**Not as at Twilio:** webhooks reach an application behind its [origin](applications.md#a-public-origin) from one address,
203.0.113.1, and its `http://` URLs lead to it without a redirect; no sound is made, so speaking time is estimated from the
text and its language; of a number's place only the country is known (`exchange.phone(number, city=…)` tells more); calls may
go to every country, as if all of them were allowed in the account's settings.

What Twilio knows and the simulator doesn't do is **refused by name**: nothing is silently ignored. What Twilio itself
doesn't know is a warning (12200 and its relatives): the call goes on, and a strict test fails. Endless redirects,
and numbers that call each other without end, are stopped with a message that says it is the simulator's limit, not Twilio's.

## Verbs and nouns

`ivr twiml` prints this table.

{markdown()}

## The REST API

There is what the table says. Errors and pages have Twilio's form, and each answer has the fields of Twilio's description.
The `twilio` libraries for Python and Node.js work with it unmodified, and applications needn't know of it:
[Requests to Twilio](requests-to-twilio.md).

{rest_resources()}

Of [TaskRouter](places.md#tasks-and-workers) (`taskrouter.twilio.com`) there are workspaces, activities, workers, task
queues, workflows with their filters, tasks, and reservations with their instructions; no statistics, task channels and event
logs. A task that was rejected is offered again after a second, a worker gets one task at a time on each channel, a worker
whose phone isn't answered keeps the reservation until it times out, and `Timestamp` is in seconds since 1970. When a call has
ended its task is completed if an activity for afterwards was given, and is wrapped up otherwise.

**What isn't built answers 501** with the code 99501, never a 404 that could be Twilio's: another resource, another version
or product of the API, and these parameters, unless they have the value in brackets. Each is an error in the debugger's log,
so that a strict test fails. So is a parameter that Twilio doesn't have.

{rest_parameters()}

## The same bytes again

The same seed and the same actions give the same bytes: every SID, token, webhook and event. Two runs of a simulated day of
mixed calls are compared in the tests; see [Performance](../develop/performance.md).
"""


STEPS_INTRO = """
# Reference of steps

A flow is a table of steps; [Writing a flow](writing-a-flow.md) shows one. This page is written from the step classes in
`ivr.line.flow.steps`.

Every step that listens has five outcomes: a match, `invalid` (a key that means nothing here), `silence`, `too_many`
(failures) and `hangup`. Each must lead somewhere, by the step's own `on` or by the flow's `otherwise`.
""".strip()
COMMON = {
    "name": "its name, unique in the flow",
    "says": "keys of prompts, or a function of the conversation that returns them",
    "on": "where each outcome leads: a step's name, a `Go`, or several `Go` with guards",
    "enter": "effects of arriving (not of a repeated prompt)",
    "meanwhile": "whether people are rung for the caller while this step asks",
}


def step_kinds() -> list[type[steps.Step]]:
    found = [each for each in vars(steps).values() if inspect.isclass(each)]
    return [each for each in found if issubclass(each, steps.Step) and each is not steps.Step]


def steps_page() -> str:
    common = [f"| `{name}` | {about} |" for name, about in COMMON.items()]
    if set(COMMON) != {each.name for each in fields(steps.Step)}:
        raise SystemExit("docs/generate.py: COMMON doesn't describe the fields of Step")
    parts = [
        STEPS_INTRO,
        "## What all steps share",
        "| Field | Is |\n|---|---|\n" + "\n".join(common),
    ]
    return "\n\n".join([*parts, *map(step_section, step_kinds())])  # fmt: skip


def step_section(kind: type[steps.Step]) -> str:
    own = [each for each in fields(kind) if each.name not in COMMON]
    rows = [f"| `{each.name}` | {default(each)} |" for each in own]
    parts = [f"## `{kind.__name__}`", prose(inspect.getdoc(kind) or "")]
    example = kind("example")
    for title, names in (("Must lead somewhere", example.needs), ("May", example.may)):
        if names:
            parts.append(f"{title}: {outcomes(names)}.")
    if not example.waits:
        parts.append("It is passed through within one turn: nobody waits here.")
    if rows:
        parts.append("| Field | Default |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts)


def outcomes(names: frozenset[str]) -> str:
    digits = sorted(name for name in names if name.isdecimal())
    words = sorted(name for name in names if not name.isdecimal())
    keys = [f"`{digits[0]}` to `{digits[-1]}`"] if digits else []
    return ", ".join(keys + [f"`{word}`" for word in words])


def default(each: Field[Any]) -> str:
    if each.default_factory is not MISSING:
        return f"`{each.default_factory()!r}`"
    if callable(each.default):
        return "a function of the conversation"
    if isinstance(each.default, frozenset):
        return f"`{set(each.default) or '{}'}`"
    return f"`{each.default!r}`"


COMMANDS_INTRO = """
# Commands

`ivr COMMAND --help` shows the same. Commands of the line need `pip install 'ivr-simulator[line]'`.

| Exit code | Means |
|---|---|
| 0 | success |
| 1 | the thing under test failed |
| 2 | wrong usage |
| 3 | a package, setting, port, file or server is missing or refuses |
""".strip()


def commands(listed: Iterable[click.Command]) -> Iterator[tuple[str, click.Command]]:
    """Commands with their full names, groups before their members."""
    for command in listed:
        yield f"ivr {command.name}", command
        if isinstance(command, click.Group):
            for inner, each in sorted(command.commands.items()):
                yield f"ivr {command.name} {inner}", each


def commands_page() -> str:
    assert isinstance(main, Commands)
    parts = [COMMANDS_INTRO]
    for title, listed in main.sections.items():
        rows = [
            f"| [`{name}`](#{anchor(name)}) | {first(each)} |" for name, each in commands(listed)
        ]
        parts.append(f"**{title}**\n\n| Command | |\n|---|---|\n" + "\n".join(rows))
    for listed in main.sections.values():
        parts += [command_section(name, each) for name, each in commands(listed)]
    return "\n\n".join(parts)


def first(command: click.Command) -> str:
    """The first sentence of its help."""
    return cell((command.help or "").split("\n\n")[0].replace("\n", " "))


def command_section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(command.collect_usage_pieces(context))
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = [option_row(option, context) for option in options if not option.hidden]
    parts = [f"## {name}", f"`{name} {usage}`".replace(" [OPTIONS]", " [OPTION …]")]
    parts.append(prose(inspect.cleandoc(command.help or "")).replace("\b\n", ""))
    if rows:
        parts.append("| Option | |\n|---|---|\n" + "\n".join(rows))
    return "\n\n".join(parts)


def option_row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    names, about = record if record else (", ".join(option.opts), "")
    return f"| `{cell(names)}` | {cell(about)} |"


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


SETTINGS_INTRO = """
# Settings

What is set from outside are environment variables, read once when a command starts. `ivr settings` prints them. Everything
else about a line is in its [line.toml](../line/line-toml.md). A list of `[notices.lists]` names a variable of its own.
""".strip()


def settings_page() -> str:
    rows = [
        f"| `{name}` | {f'`{value}`' if value else ''} | {cell(about)} |"
        for name, value, about in table()
    ]
    return SETTINGS_INTRO + "\n\n| Variable | Default | |\n|---|---|---|\n" + "\n".join(rows)


API_INTRO = """
# Python API

`from ivr import …` gives the public names. They are imported when they are first asked for: `Exchange` and `Handset` need
only the base package, the others `pip install 'ivr-simulator[line]'`. Names that aren't on this page, in
[Handsets and the exchange](../testing/handset.md) or in [Steps](../flows/steps.md) may change without notice.
""".strip()
API_ALSO = {
    "Exchange": "All its members: [Handsets and the exchange](../testing/handset.md).",
    "Handset": "All its members: [Handsets and the exchange](../testing/handset.md).",
    "Flow": "An example: [Writing a flow](../flows/writing-a-flow.md).",
    "Line": "`flows.escalation.line()` makes the one of this repository.",
}


def api_page() -> str:
    parts = [API_INTRO, "## `ivr`"]
    for name in ivr.__all__:
        parts += api_section("ivr", name, getattr(ivr, name))
    parts.append("## `ivr.simulator`: more of the test kit")
    import ivr.simulator as simulator

    for name in simulator.__all__:
        if name not in ivr.__all__:
            parts += api_section("ivr.simulator", name, getattr(simulator, name))
    return "\n\n".join(parts)


def api_section(module: str, name: str, thing: Any) -> list[str]:
    about = [f"### `{module}.{name}`", f"**`{name}{signature(thing).split(' -> ')[0]}`**"]
    return [*about, prose(inspect.getdoc(thing) or ""), *filter(None, [API_ALSO.get(name)])]


ERRORS_INTRO = """
# Errors

What this package raises on purpose says what is wrong, where, and what to do about it.
""".strip()


def errors_page() -> str:
    from ivr import errors
    from ivr.line import errors as line_errors

    trees = [inspect.cleandoc(module.__doc__ or "") for module in (errors, line_errors)]
    tree = "\n\n".join(text.split("\n\n", 1)[1] for text in trees)
    rows = [
        f"| `{kind.__name__}` | `{kind.__module__}` | {cell(prose(inspect.getdoc(kind) or ''))} |"
        for kind in sorted(raised(), key=lambda each: (each.__module__, each.__name__))
    ]
    rows_text = "| Error | In | |\n|---|---|---|\n" + "\n".join(rows)
    return f"{ERRORS_INTRO}\n\n```text\n{tree}\n```\n\n{rows_text}"


def raised() -> list[type[BaseException]]:
    """Every class of error that this package defines and doesn't keep to itself."""
    import pkgutil
    from importlib import import_module

    for module in pkgutil.walk_packages(ivr.__path__, "ivr."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            import_module(module.name)
    found: set[type[BaseException]] = set()
    kinds: list[type[BaseException]] = [Exception]
    while kinds:
        for kind in kinds.pop().__subclasses__():
            kinds.append(kind)
            if kind.__module__.startswith("ivr.") and not kind.__name__.startswith("_"):
                found.add(kind)
    return list(found)


DIAGRAM_INTRO = """
# The escalation line

Drawn from the tables, as `ivr draw` does it. Left out: 0, which leads to an operator from every step that hears keys, and
hanging up.
""".strip()


def diagram() -> str:
    drawn = line()
    flows = {
        "The caller": drawn.caller,
        "The people who are rung": drawn.person,
        "What a click does": drawn.console,
    }
    parts = [f"## {title}\n\n```mermaid\n{mermaid(flow)}```" for title, flow in flows.items()]
    return "\n\n".join([DIAGRAM_INTRO, *parts])


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


PAGES: Mapping[str, Any] = {
    "testing/handset.md": handset,
    "testing/fidelity.md": fidelity,
    "flows/steps.md": steps_page,
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/python-api.md": api_page,
    "reference/errors.md": errors_page,
}


def pages() -> dict[Path, str]:
    """Every page that is written from the code, with its text."""
    makers = {DOCS / name: make for name, make in PAGES.items()} | {FOLDER / "diagram.md": diagram}
    return {path: f"{NOTE}\n{make().strip()}\n" for path, make in makers.items()}


def run(check: bool) -> int:
    wrong = 0
    for path, text in pages().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        wrong += 1
        if check:
            print(f"{path.relative_to(ROOT)} isn't what the code says")
        else:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return int(check and wrong > 0)


if __name__ == "__main__":
    sys.exit(run("--check" in sys.argv))
