"""Case records that are not as they should be."""

from __future__ import annotations

from ivr.line.desk.cases import Case
from ivr.line.outside.case_systems.built_in import BuiltIn


class Down(BuiltIn):
    """The built-in cases, which can be written, but don't answer in time while ``down``."""

    down = True

    def case(self, digits: str, budget: float = 3.0) -> Case | None:
        if not self.down:
            return super().case(digits, budget)
        raise TimeoutError(f"no answer within {budget} s")
