"""The doors of ivr-simulator that stay open where a project has an `ivr` of its own.

Python knows one module called `ivr` in a process. When that is the project's, nothing of ours can
be imported, and only a door with another name can say so.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

OURS = Path(__file__).resolve().parent.parent / "ivr" / "__init__.py"


def another() -> str:
    """The file that `import ivr` finds instead of ours; "" if it finds ours."""
    loaded = sys.modules.get("ivr")
    spec = find_spec("ivr") if loaded is None else loaded.__spec__
    if spec is None:
        return ""
    found = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
    return "" if Path(found).resolve() == OURS else found


def beside(*folders: Path) -> str:
    """An `ivr` in one of these folders, or in their ``src``, that isn't ours; "" if there is none.

    It can't be imported, because `ivr` means ours already.
    """
    for folder in folders:
        for each in (folder, folder / "src"):
            for file in (each / "ivr.py", *sorted((each / "ivr").glob("*.py"))):
                if file.is_file() and file.resolve().parent != OURS.parent:
                    return str(file if file.parent == each else file.parent)
    return ""


def clash(theirs: str) -> str:
    """What to tell somebody whose own module or package is ``theirs``."""
    return (
        f"{theirs} has the same name as the package that ivr-simulator installs, “ivr”, and Python "
        "can import only one of them. Rename yours; or keep its tests in a folder outside this "
        "project, and let them start it with ivr.simulator.program(…) or call its URL."
    )
