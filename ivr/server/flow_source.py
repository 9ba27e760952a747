"""The call flow that takes the calls: a project's own, or the sample in the package."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import ivr
from ivr.errors import SettingsError
from ivr.line.errors import FlowError

PACKAGE = Path(ivr.__file__).parent
SAMPLES = (
    PACKAGE / "sample_flow",  # in an installed package
    PACKAGE.parent / "flows" / "escalation",  # in a checkout
)


def load(source: str) -> ModuleType:
    """The module whose ``line()`` makes the line.

    ``source`` is the name of a module, looked for in the working folder first; or, with a slash in
    it, the path of a folder that holds an ``__init__.py``; or "", which is the sample. A folder's
    modules have no name that another package could have, so they must import one another
    relatively. Raises `SettingsError` if there is no such flow, and `FlowError` if it can't be
    imported.
    """
    if not source:
        return _in_folder(sample_folder())
    try:
        module = _in_folder(Path(source)) if _is_path(source) else _named(source)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"IVR_FLOW is '{source}': {error}; name a module that can be imported in {Path.cwd()}, "
            "or a folder such as ./flows/support"
        ) from error
    except ImportError as error:
        raise FlowError(f"{error.path}: {error}") from error
    except SyntaxError as error:
        raise FlowError(f"{error.filename}, line {error.lineno}: {error.msg}") from error
    if not hasattr(module, "line"):
        raise SettingsError(f"IVR_FLOW is '{source}', and {module.__file__} has no function line()")
    return module


def sample_folder() -> Path:
    """The folder of the sample flow that is installed."""
    return next(folder for folder in SAMPLES if folder.is_dir())


def _is_path(source: str) -> bool:
    return "/" in source or os.sep in source


def _named(name: str) -> ModuleType:
    """Import a module as `python -m` would: the working folder comes first."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return import_module(name)


def _in_folder(folder: Path) -> ModuleType:
    """Import a folder as a package under a name of its own, once."""
    folder = folder.resolve()
    file = folder / "__init__.py"
    if not file.is_file():
        raise SettingsError(f"IVR_FLOW is '{folder}', and there is no {file}")
    name = f"flow_{sha256(str(folder).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, file, submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
