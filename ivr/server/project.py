"""A project of one's own: made from a template, and told later what has changed in that.

The template is what lies in `template/`, the words, settings and desk of the sample flow, and
`deploy/`. A project keeps it as it was in ``.template/``, so that what has changed in the template
since can be told from what its owner has changed.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from importlib.metadata import version
from pathlib import Path

from ivr.errors import SettingsError
from ivr.server.flow_source import PACKAGE, sample_folder

PRISTINE = ".template"
MADE = "made.toml"  # in it: the project's name, and the version of the package
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
PLACEHOLDER = "my-line"
DEPLOY = (PACKAGE / "deploy", PACKAGE.parent / "deploy")  # in an installed package, in a checkout
SKIPPED = "__pycache__"

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Change:
    """A file of the template that isn't as it was: None where there was or is none."""

    path: str
    before: bytes | None
    now: bytes | None

    def diff(self) -> str:
        """As ``git apply`` takes it."""
        old, new = f"a/{self.path}", f"b/{self.path}"
        lines = unified_diff(
            (self.before or b"").decode().splitlines(keepends=True),
            (self.now or b"").decode().splitlines(keepends=True),
            "/dev/null" if self.before is None else old,
            "/dev/null" if self.now is None else new,
        )
        mode = "new file" if self.before is None else "deleted file"
        mode = f"{mode} mode 100644\n" if None in (self.before, self.now) else ""
        return f"diff --git {old} {new}\n{mode}{''.join(lines)}"


def create(folder: Path) -> list[str]:
    """Make a project in a new or empty folder, whose name is the line's; the files, by path.

    Raises `SettingsError`.
    """
    name = folder.resolve().name
    if not NAME.fullmatch(name) or len(name) > 40:
        raise SettingsError(
            f"'{name}' can't be the name of a line, which stands in its URL: write small letters "
            "and digits, with hyphens between them, such as acme-support"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} exists, and nothing in it is overwritten; choose another")
    files = template(name)
    for path, content in files.items():
        _write(folder / path, content)
    _keep(folder, name, files)
    return list(files)


def changes(folder: Path) -> list[Change]:
    """What has changed in the template since a project was made or updated, by path."""
    before, now = _kept(folder), template(_made(folder)["name"])
    return [
        Change(path, before.get(path), now.get(path))
        for path in sorted(before.keys() | now.keys())
        if before.get(path) != now.get(path)
    ]


def update(folder: Path) -> Iterator[str]:
    """Take over what has changed in the template, where the owner hasn't edited a file; a sentence
    for each file. Beside one that was edited the new text is put, as ``FILE.new``."""
    changed, name = changes(folder), _made(folder)["name"]
    for change in changed:
        yield _updated(folder, change)
    shutil.rmtree(folder / PRISTINE)
    _keep(folder, name, template(name))


def versions(folder: Path) -> tuple[str, str]:
    """The package's version that a project was made or updated with, and the one that is installed.
    Raises `SettingsError` if the folder isn't a project."""
    return _made(folder)["version"], version("ivr-simulator")


def is_project(folder: Path) -> bool:
    """Whether `create` has made this folder."""
    return (folder / PRISTINE / MADE).is_file()


def template(name: str) -> dict[str, bytes]:
    """The files of a new project with this name, by path."""
    sample = sample_folder()
    own = PACKAGE / "server" / "template"
    deploy = next(folder for folder in DEPLOY if folder.is_dir())
    files = {_shown(path): content for path, content in _files(own)}
    files |= {f"deploy/{path}": content for path, content in _files(deploy)}
    files["line/line.toml"] = _named(sample / "line.toml")
    for kind in ("prompts", "notices"):
        files |= {f"line/{kind}/{path}": content for path, content in _files(sample / kind)}
    files |= {f"desk/{path}": content for path, content in _files(sample / "sample")}
    placed = PLACEHOLDER.encode(), name.encode()
    return {path: files[path].replace(*placed) for path in sorted(files)}


def _named(line_toml: Path) -> bytes:
    """The sample's line.toml, with the name of the project in it."""
    text = line_toml.read_text(encoding="utf-8")
    named, times = re.subn(r'(?m)^name = ".*"', f'name = "{PLACEHOLDER}"', text, count=1)
    assert times == 1, line_toml
    return named.encode()


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and SKIPPED not in file.parts:
            yield file.relative_to(folder).as_posix(), file.read_bytes()


def _shown(path: str) -> str:
    """A file's path in a project: here hidden files aren't hidden, and Python's aren't modules."""
    folder, _, name = path.rpartition("/")
    name = name.removesuffix(".txt") if name.endswith(".py.txt") else name
    name = f".{name.removeprefix('dot.')}" if name.startswith("dot.") else name
    return f"{folder}/{name}" if folder else name


def _updated(folder: Path, change: Change) -> str:
    file = folder / change.path
    own = file.read_bytes() if file.is_file() else None
    if own == change.now:
        return f"{change.path}: is the same already"
    if own == change.before:
        if change.now is None:
            file.unlink()
            return f"{change.path}: removed; the template has it no longer"
        _write(file, change.now)
        return f"{change.path}: {'new' if change.before is None else 'updated'}"
    if own is None:
        return f"{change.path}: left out, as you have deleted it"
    if change.now is None:
        return f"{change.path}: kept, as you have edited it; the template has it no longer"
    _write(file.with_name(f"{file.name}.new"), change.now)
    return f"{change.path}: kept, as you have edited it; the template's new text is {file.name}.new"


def _keep(folder: Path, name: str, files: Files) -> None:
    for path, content in files.items():
        _write(folder / PRISTINE / "files" / path, content)
    made = f'name = "{name}"\nversion = "{version("ivr-simulator")}"\n'
    _write(folder / PRISTINE / MADE, made.encode())


def _kept(folder: Path) -> dict[str, bytes]:
    return dict(_files(folder / PRISTINE / "files"))


def _made(folder: Path) -> dict[str, str]:
    file = folder / PRISTINE / MADE
    if not file.is_file():
        raise SettingsError(f"{folder} isn't a project that `ivr new` has made: {file} is missing")
    try:
        made = tomllib.loads(file.read_text(encoding="utf-8"))
        return {"name": str(made["name"]), "version": str(made["version"])}
    except (ValueError, KeyError) as error:
        raise SettingsError(f"{file}: {error}; take it from your version control") from error


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


__all__ = ["Change", "changes", "create", "is_project", "template", "update", "versions"]
