"""Where pytest finds the plugin, which is `ivr.pytest_plugin`."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

from ivr_simulator import another, beside, clash

_NOT_FOUND = re.compile(r"No module named 'ivr\.|cannot import name '\w+' from 'ivr'")
_UNUSED = "In a project that doesn't use ivr-simulator, run pytest with -p no:ivr."

if _theirs := another():
    raise pytest.UsageError(f"{clash(_theirs)} {_UNUSED}")

pytest_plugins = ["ivr.pytest_plugin"]


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Explain a conftest.py that imports its project's own `ivr`, and gets ours."""
    try:
        return (yield)
    except Exception as error:
        why = _why(early_config, str(getattr(error, "cause", error)))
        if not why:
            raise
        raise pytest.UsageError(why) from error


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file of tests."""
    report = yield
    why = _why(collector.config, str(report.longrepr)) if report.failed else ""
    if why:
        report.sections.append(("two packages called ivr", why))
    return report


def _why(config: pytest.Config, failure: str) -> str:
    if not _NOT_FOUND.search(failure):
        return ""
    theirs = beside(config.rootpath, config.invocation_params.dir)
    return clash(theirs) if theirs else ""
