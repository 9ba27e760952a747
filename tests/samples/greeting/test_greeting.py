"""The same line in several languages: absolute URLs, signatures over https, places, unmodified."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ivr.simulator import Exchange, program
from tests.kit.environment import require
from tests.kit.node import packages

HERE = Path(__file__).parent
COMMANDS = {
    "express": "node express.js",
    "fastify": "node fastify.js",
    "sinatra": "ruby sinatra.rb",
    "fastapi": f"{sys.executable} -m uvicorn greeting:app --port {{port}}",
    "php": "php -S 127.0.0.1:{port} index.php",
}


def folder_of(framework: str) -> Path:
    if framework in ("express", "fastify"):
        return packages("greeting")
    if framework == "php":
        require("PHP (php-cli)", shutil.which("php") is not None)
    if framework == "sinatra":
        require("Sinatra (ruby-sinatra)", shutil.which("ruby") is not None and _has_sinatra())
    return HERE


def _has_sinatra() -> bool:
    command = ["ruby", "-rsinatra/base", "-e", ""]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "framework",
    [
        pytest.param(each, marks=[pytest.mark.node] if command.startswith("node") else [])
        for each, command in COMMANDS.items()
    ],
)
def test_a_line_in_any_language(exchange: Exchange, framework: str) -> None:
    folder = folder_of(framework)
    with program(COMMANDS[framework], folder=folder, within=300) as line:
        exchange.number("+33800000014", line, "/voice", origin="https://greeting.example")
        caller = exchange.phone("+33155500101")
        caller.call("+33800000014")
        caller.press("3")
        caller.hears("Welcome, FR. That was 3.")
        exchange.wait(10)
        exchange.strict()

    assert exchange.requests[-1].url == "https://greeting.example/key"
