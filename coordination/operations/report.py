"""What an agent reports when it finishes, well or not."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Report:
    """`result` is the outcome in words, `report` a longer Markdown text, `data` what a program may read.

    `usage` holds input_tokens, cache_read_input_tokens, output_tokens, num_turns, duration_ms, duration_api_ms,
    session_id and `measured`, as far as the agent knows them; `cost_usd` is in dollars.
    """

    result: str = ""
    report: str = ""
    error: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    usage: dict[str, Any] = field(default_factory=dict)
    cost_usd: Decimal | None = None

    def columns(self) -> dict[str, Any]:
        return {
            "result": self.result,
            "report": self.report,
            "error": self.error,
            "result_data": self.data,
            "usage": self.usage,
            "cost_usd": self.cost_usd,
        }
