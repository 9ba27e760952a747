"""A disk that keeps only what was synced: what SQLite writes and syncs, written down in order, and
the files as they would be if the power had failed at any point of that.

SQLite reaches files through tables of functions (its VFS). Those that change a file are replaced by
ones that do the same and write down what, for all connections that are opened meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, NamedTuple

# https://www.sqlite.org/c3ref/io_methods.html, https://www.sqlite.org/c3ref/vfs.html
_POINTER = ctypes.c_void_p
_WRITE = ctypes.CFUNCTYPE(
    ctypes.c_int, _POINTER, ctypes.POINTER(ctypes.c_char), ctypes.c_int, ctypes.c_int64
)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int64)
_SYNC = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_int)
# A name is handed on as it comes: SQLite keeps it, and what stands behind it in memory.
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, _POINTER, ctypes.c_int, _POINTER)
_DELETE = ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, _POINTER, ctypes.c_int)
_WRITTEN, _CUT, _SYNCED, _METHODS = 3, 4, 5, 19  # places in a file's functions


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("data", _POINTER),
        ("open", _POINTER),
        ("delete", _POINTER),
    ]


class Done(NamedTuple):
    """One thing that was done: ``write``, ``cut``, ``sync``, ``lose`` or ``delete`` to a file (by
    the last part of its name), or ``told``: what somebody was told is in ``data``."""

    what: str
    file: str
    at: int = 0
    data: Any = b""


@dataclass
class Disk:
    """What was done to the database ``file`` and the files beside it, in order; ``before`` is what
    was in them. Something is written down when it has been written, and a sync when it begins: what
    stands before it will be on the disk."""

    file: Path
    before: dict[str, bytes] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def write_down(self, done: Done) -> None:
        with self._lock:
            self.done.append(done)

    def told(self, what: Any) -> None:
        """Somebody was told so: from now on it may not be lost."""
        self.write_down(Done("told", "", data=what))

    def sync(self, file: str) -> None:
        """What the line does beside SQLite: bring a file to the disk."""
        self.write_down(Done("sync", Path(file).name))

    def fail(self, file: str) -> None:
        """The same on a disk that can't, and that has forgotten what it should have written."""
        self.write_down(Done("lose", Path(file).name))
        raise OSError(5, "Input/output error")

    def points(self) -> list[int]:
        """The power may fail before any of the syncs, and at the end: of all that is done between
        two of them nothing would be there."""
        syncs = [place for place, each in enumerate(self.done) if each.what == "sync"]
        return [*syncs, len(self.done)]

    def after(self, point: int, folder: Path, kept: random.Random | None = None) -> Path:
        """The database, in ``folder``, if the power had failed when only the first ``point`` things
        had been done. Of what wasn't synced nothing is there, or what ``kept`` chooses."""
        files = {name: bytearray(content) for name, content in self.before.items()}
        unsynced: dict[str, list[Done]] = {}
        for each in self.done[:point]:
            if each.what in ("write", "cut"):
                unsynced.setdefault(each.file, []).append(each)
            elif each.what == "sync":
                _apply(files, unsynced.pop(each.file, []))
            elif each.what == "lose":
                unsynced.pop(each.file, None)
            elif each.what == "delete":
                files.pop(each.file, None)
                unsynced.pop(each.file, None)
        if kept is not None:
            for waiting in unsynced.values():
                _apply(files, [each for each in waiting if kept.random() < 0.5])
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return folder / self.file.name


def _apply(files: dict[str, bytearray], done: list[Done]) -> None:
    for each in done:
        content = files.setdefault(each.file, bytearray())
        if each.what == "cut":
            del content[each.at :]
        content.extend(bytes(max(0, each.at - len(content))))
        content[each.at : each.at + len(each.data)] = each.data


@contextmanager
def disk(file: Path) -> Iterator[Disk]:
    """All that SQLite does to this database's files meanwhile. Raises `OSError` where SQLite can't
    be reached as a library."""
    library = _library()
    library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    beside = file.parent.glob(f"{file.name}*")
    seen = Disk(file, {each.name: each.read_bytes() for each in beside if each.suffix != ".db-shm"})
    recording = _Recording(seen, vfs)
    recording.begin()
    try:
        yield seen
    finally:
        recording.end()


def _library() -> ctypes.CDLL:
    """The very library that `sqlite3` uses: `_sqlite3` and what it is linked with."""
    import _sqlite3

    library = ctypes.CDLL(_sqlite3.__file__)
    if not hasattr(library, "sqlite3_vfs_find"):
        raise OSError("SQLite's own functions aren't to be had here")
    return library


class _Recording:
    """Puts functions of ours in front of the VFS's, and keeps them alive."""

    _alive: ClassVar[
        list[Any]
    ] = []  # connections that are still open when it ends go on calling them

    def __init__(self, seen: Disk, vfs: _Vfs) -> None:
        self._seen, self._vfs = seen, vfs
        self._open, self._delete = vfs.open, vfs.delete
        self._names: dict[int, str] = {}
        self._methods: dict[int, Any] = {}

    def begin(self) -> None:
        self._put("open", _OPEN(self._opens))
        self._put("delete", _DELETE(self._deletes))

    def end(self) -> None:
        self._vfs.open, self._vfs.delete = self._open, self._delete

    def _put(self, name: str, function: Any) -> None:
        self._alive.append(function)
        setattr(self._vfs, name, ctypes.cast(function, _POINTER))

    def _opens(self, vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
        result = int(_OPEN(self._open)(vfs, name, file, flags, out))
        here = _path(name)
        if result == 0 and here.parent == self._seen.file.parent and here.suffix != "":
            self._names[file] = here.name
            methods = _POINTER.from_address(file)
            methods.value = ctypes.addressof(self._with_ours(methods.value or 0))
        return result

    def _with_ours(self, original: int) -> Any:
        if original not in self._methods:
            table = (_POINTER * _METHODS).from_buffer_copy(
                (_POINTER * _METHODS).from_address(original)
            )
            ours = (
                (_WRITTEN, _WRITE, self._writes(_WRITE(table[_WRITTEN] or 0))),
                (_CUT, _TRUNCATE, self._cuts(_TRUNCATE(table[_CUT] or 0))),
                (_SYNCED, _SYNC, self._syncs(_SYNC(table[_SYNCED] or 0))),
            )
            for place, kind, function in ours:
                made = kind(function)
                self._alive.append(made)
                table[place] = ctypes.cast(made, _POINTER).value
            self._alive.append(table)
            self._methods[original] = table
        return self._methods[original]

    def _writes(self, original: Callable[..., int]) -> Callable[..., int]:
        def write(file: int, content: Any, size: int, at: int) -> int:
            result = int(original(file, content, size, at))
            self._write_down(Done("write", self._names[file], at, content[:size]))
            return result

        return write

    def _cuts(self, original: Callable[..., int]) -> Callable[..., int]:
        def cut(file: int, at: int) -> int:
            result = int(original(file, at))
            self._write_down(Done("cut", self._names[file], at))
            return result

        return cut

    def _syncs(self, original: Callable[..., int]) -> Callable[..., int]:
        def sync(file: int, flags: int) -> int:
            self._write_down(Done("sync", self._names[file]))
            return int(original(file, flags))

        return sync

    def _deletes(self, vfs: int, name: int, flags: int) -> int:
        here = _path(name)
        if here.parent == self._seen.file.parent:
            self._write_down(Done("delete", here.name))
        return int(_DELETE(self._delete)(vfs, name, flags))

    def _write_down(self, done: Done) -> None:
        if not done.file.endswith("-shm"):  # shared memory, made anew when a database is opened
            self._seen.write_down(done)


def _path(name: int | None) -> Path:
    return Path(os.fsdecode(ctypes.string_at(name) if name else b""))


__all__ = ["Disk", "Done", "disk"]
