"""The commands that test any TwiML application on the simulated phone network."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir
from typing import TextIO

import click

from ivr.cli.exit_codes import finish
from ivr.cli.options import (
    INPUT_FILE,
    OUTPUT_FILE,
    OUTPUT_FOLDER,
    Keys,
    NetworkOptions,
    NumberAndUrl,
    Phone,
    Url,
    count_option,
    ends_options,
    json_option,
    network_options,
    port_option,
    seconds_option,
    untimed_network_options,
)


@click.command()
@click.argument("url", type=Url())
@ends_options
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="[NAME=]NUMBER=BEHAVIOR",
    help="Another phone, and what it does when it is called: +33155500011=busy, or "
    "duty=+33155500014='answers after 3, press 1'. Repeat for each phone.",
)
@click.option(
    "--press",
    "presses",
    multiple=True,
    type=Keys(),
    help="Press these keys instead of reading the keyboard. Repeat for each prompt.",
)
@click.option(
    "--script",
    type=click.File(encoding="utf-8"),
    help="Read keys and actions from this file; - is standard input.",
)
@seconds_option(
    "--stay", 30.0, "How long to stay on the line after the script's last action.", zero=True
)
@click.option("--speak", is_flag=True, help="Speak the prompts aloud (needs espeak-ng).")
@click.option("--save", type=OUTPUT_FILE, help="Write the call to this .call file.")
@network_options
def phone(
    url: str,
    caller: str,
    called: str,
    phones: tuple[str, ...],
    presses: tuple[str, ...],
    script: TextIO | None,
    stay: float,
    speak: bool,
    save: Path | None,
    network: NetworkOptions,
) -> None:
    """Call a TwiML webhook from the terminal.

    URL is the webhook that answers the call, written in any language. Keys 0-9, * and # are pressed
    as you type them; q or Ctrl-C hangs up. With --press or --script, or without a terminal, the
    call follows a script: each line is keys to press, or actions of a .call file such as "press 1",
    "wait 3" or "hang up".
    """
    from ivr.cli import network_session

    others = [network_session.other_phone(text, place) for place, text in enumerate(phones, 1)]
    acts = network_session.acts(presses, script)
    voice = network_session.voice() if speak else None
    session = network_session.NetworkSession(url, network)
    finish(session.phone(caller, called, others, acts, stay, voice, save))


@click.command()
@click.argument("files", nargs=-1, required=True, type=INPUT_FILE)
@click.option("--url", type=Url(), required=True, help="The webhook that answers the calls.")
@click.option(
    "--number", type=Phone(), help="Call this phone number instead of the one in each file."
)
@click.option("--junit", type=OUTPUT_FILE, help="Write the results to this file as JUnit XML.")
@json_option
@network_options
def replay(
    files: tuple[Path, ...],
    url: str,
    number: str | None,
    junit: Path | None,
    as_json: bool,
    network: NetworkOptions,
) -> None:
    """Play .call files against a TwiML webhook.

    Exits with 1 if a call doesn't go as its file says, or if a file can't be read; the other files
    are still played. With --rate 0 the only waiting is for the webhook's answers.
    """
    from ivr.cli import network_session

    session = network_session.NetworkSession(url, network)
    results = session.replay(files, number, quiet=as_json)
    network_session.publish(results, junit, as_json)
    finish(all(result.passed for result in results))


@click.command()
@click.argument("url", type=Url())
@count_option("--calls", 200, "Number of random calls for each problem found.")
@ends_options
@click.option(
    "--keys",
    default="0123456789*#",
    show_default=True,
    type=Keys(),
    help="Keys that callers press.",
)
@click.option(
    "--entry",
    "entries",
    multiple=True,
    type=Keys(),
    help="Keys that callers know to enter, such as a case number: 17349013#. Repeat for each.",
)
@click.option(
    "--say",
    "words",
    multiple=True,
    default=("yes", "no", "help"),
    show_default=True,
    metavar="WORDS",
    help="What callers say where the application gathers speech. Repeat for each.",
)
@click.option(
    "--phone",
    "phones",
    multiple=True,
    metavar="[NAME=]NUMBER=BEHAVIOR",
    help="A phone that the application may call, and what it does then; all others behave at "
    "random. Repeat for each phone.",
)
@count_option("--longest", 12, "The most that one caller does in a call.")
@seconds_option(
    "--silence",
    60.0,
    "A caller is stranded when nothing is heard and nothing happens for this long.",
)
@seconds_option(
    "--patience",
    600.0,
    "A caller who does nothing is stranded when nothing new is heard for this long.",
)
@click.option("--warnings", is_flag=True, help="Treat Twilio's warnings as errors.")
@click.option(
    "--save",
    type=OUTPUT_FOLDER,
    default=Path(".ivr-fuzz"),
    show_default=True,
    metavar="FOLDER",
    help="Folder for the .call files of stranded callers; pytest skips a hidden one.",
)
@seconds_option("--time", 300.0, "How long the search may take.")
@click.option("--junit", type=OUTPUT_FILE, help="Write the results to this file as JUnit XML.")
@json_option
@untimed_network_options
def fuzz(
    url: str,
    calls: int,
    caller: str,
    called: str,
    keys: str,
    entries: tuple[str, ...],
    words: tuple[str, ...],
    phones: tuple[str, ...],
    longest: int,
    silence: float,
    patience: float,
    warnings: bool,
    save: Path,
    time: float,
    junit: Path | None,
    as_json: bool,
    network: NetworkOptions,
) -> None:
    """Search a TwiML application for dead ends with random callers.

    A caller is stranded by an error (a webhook fails, or a document can't be carried out), by
    silence (nothing is heard, no phone is ringing, nothing listens for keys), or by a loop
    (somebody who does nothing hears the same things again and again).

    Each key is tried wherever something new is heard; then callers act at random, always the same
    for the same --seed. Each problem is reduced to the shortest call that shows it, with a note on
    which real callers would meet it, and saved as a .call file, which fails in `ivr replay` until
    the application is corrected. Exits with 1 if a caller was stranded.

    The search ends after --time, once the request under way is answered (Twilio, too, gives up
    after 15 s). Needs Hypothesis: pip install hypothesis.
    """
    # It writes tables of its own, which nobody wants to find in the folder of their project.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(gettempdir(), "hypothesis")))
    import hypothesis  # noqa: F401 - when it is missing, say so before anyone waits

    from ivr.cli import network_session
    from ivr.cli.fuzzing import Report
    from ivr.simulator.fuzz import Rules

    others = [network_session.other_phone(text, place) for place, text in enumerate(phones, 1)]
    rules = Rules(keys, entries, words, longest, silence, patience, warnings)
    report = Report(url, network, time, save, quiet=as_json)
    session = network_session.NetworkSession(url, network)
    session.fuzz(caller, called, others, rules, calls, report)
    tried = {"tried": asdict(report.tried)}
    network_session.publish(report.results, junit, as_json, report.summary(), tried)
    finish(not report.results)


@click.command()
@click.option(
    "--number",
    "numbers",
    multiple=True,
    required=True,
    type=NumberAndUrl(),
    help="A phone number, and the webhook that answers it. Repeat for each number.",
)
@click.option(
    "--phone",
    "phones",
    multiple=True,
    default=("alice=+33155500101", "bob=+33155500102", "carol=client:carol"),
    show_default=True,
    metavar="[NAME=]NUMBER[=BEHAVIOR]",
    help="A phone on the page, and what it does by itself when it is called. Repeat for each "
    "phone.",
)
@port_option("--port", 8003, "Port on 127.0.0.1 for the page of phones.")
@click.option(
    "--log", type=OUTPUT_FILE, help="Write every request and response to this file as JSON lines."
)
@click.option(
    "--save",
    type=OUTPUT_FOLDER,
    metavar="FOLDER",
    help="Write each call to this folder as a .call file that `ivr replay` can play.",
)
@network_options
def network(
    numbers: tuple[tuple[str, str], ...],
    phones: tuple[str, ...],
    port: int,
    log: Path | None,
    save: Path | None,
    network: NetworkOptions,
) -> None:
    """Run the simulated network, with phones on a web page.

    The page also shows the requests between the network and your application, which may be written
    in any language. An application that --run starts finds the REST API by itself; point the Twilio
    client of any other at the address that is printed.
    """
    from ivr.cli import network_session

    described = [network_session.phone_on_page(text, place) for place, text in enumerate(phones, 1)]
    session = network_session.NetworkSession("", network)
    session.serve(dict(numbers), described, port, log, save)


@click.command()
def twiml() -> None:
    """Print how each TwiML verb, noun and attribute is simulated.

    The table is Markdown. An attribute behaves as on Twilio, is simplified, or is refused.
    """
    from ivr.twiml.table import markdown

    click.echo(markdown())
