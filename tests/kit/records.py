"""Case records that are not as they should be."""

from __future__ import annotations

from ivr.line.desk.cases import Case


class Down:
    """Records that can't say."""

    def case(self, digits: str, budget: float) -> Case | None:
        raise TimeoutError(f"no answer within {budget} s")
