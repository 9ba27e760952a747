"""The results of dialogues, for programs (JSON) and build servers (JUnit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from xml.etree import ElementTree


@dataclass(frozen=True, slots=True)
class Result:
    """One dialogue that was played; ``failure`` is "" if it passed; seconds are real."""

    file: str
    title: str
    seconds: float
    line: int = 0
    failure: str = ""

    @property
    def passed(self) -> bool:
        return not self.failure


def as_json(results: Sequence[Result]) -> dict[str, object]:
    """Counts, and each dialogue with its failure."""
    return {
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "calls": [{**asdict(result), "passed": result.passed} for result in results],
    }


def as_junit(results: Sequence[Result]) -> str:
    """JUnit XML for build servers: one test case for each dialogue."""
    suite = ElementTree.Element(
        "testsuite",
        name="calls",
        tests=str(len(results)),
        failures=str(sum(not result.passed for result in results)),
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=result.file,
            name=result.title or result.file,
            time=f"{result.seconds:.3f}",
        )
        if not result.passed:
            first = result.failure.partition("\n")[0]
            ElementTree.SubElement(case, "failure", message=first).text = result.failure
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
