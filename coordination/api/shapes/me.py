"""Who asks, and counts, as they are asked for and told of."""

from datetime import datetime
from typing import Any

from coordination.api.shapes.base import Told
from coordination.api.shapes.keys import KeyTold


class MeTold(Told):
    actor: dict[str, Any]
    key: KeyTold | None
    agent: str | None
    agents: list[str]
    permissions: dict[str, str]
    server_time: datetime


class StatsTold(Told):
    tasks: dict[str, int]
    bands: dict[str, int]
    agents: dict[str, int]
    finished_today: int
    cost_usd: float
    server_time: datetime
