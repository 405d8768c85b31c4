"""What a claim may take, and what it brings: shared by the two ways to claim."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from coordination.models import Attempt


class LaneOfWork(Protocol):
    """A lane, or what a claim read of one."""

    @property
    def project_id(self) -> int: ...
    @property
    def tier(self) -> str: ...
    @property
    def capabilities(self) -> list[str]: ...


@dataclass(frozen=True)
class Claimed:
    """A task in an agent's hands: the attempt that began, and the proof with which to write about it."""

    task_id: int
    attempt_id: int
    number: int
    fence: int
    lease_token: str
    expires_at: datetime
    server_time: datetime
    # With its task, project, phase, lease and agent, where the claim read them anyway: the brief needs no second look.
    attempt: Attempt | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Narrowing:
    """What a claim asks for beyond what its agent can do. It only ever narrows: capabilities are the agent's own (H5)."""

    project_ids: Collection[int] | None = None
    tiers: Collection[str] | None = None
    capabilities: Collection[str] | None = None

    def admits(self, lane: LaneOfWork) -> bool:
        return (
            (self.project_ids is None or lane.project_id in self.project_ids)
            and (self.tiers is None or lane.tier in self.tiers)
            and (self.capabilities is None or set(lane.capabilities) <= set(self.capabilities))
        )


# A queued task is held by a pause from the moment the pause is committed, even where a race left it queued; and an agent
# that has just handed a task back is not the one to get it next.
IN_ACTIVE_PHASE = """state = 'queued'
    AND EXISTS (SELECT 1 FROM coordination_phase f WHERE f.id = coordination_task.phase_id AND f.state = 'active')"""
FREE = f"""{IN_ACTIVE_PHASE}
    AND EXISTS (SELECT 1 FROM coordination_project j WHERE j.id = coordination_task.project_id AND j.paused_at IS NULL)"""
NOT_HANDED_BACK = """(attempts_made = 0 OR NOT EXISTS (
        SELECT 1 FROM coordination_attempt h
        WHERE h.task_id = coordination_task.id AND h.agent_id = %(agent)s AND h.outcome = 'released' AND h.finished_at > %(rested)s
    ))"""

# The head of each lane is found first: joined at once, a planner may rather read all tasks than ask the index for each lane.
LANES_WITH_WORK = f"""
    WITH lanes AS MATERIALIZED (
        SELECT l.id, l.project_id, l.tier, l.capabilities, p.max_running, (
            SELECT id FROM coordination_task
            WHERE lane_id = l.id AND {IN_ACTIVE_PHASE} AND {NOT_HANDED_BACK} ORDER BY sort_key, id LIMIT 1
        ) AS head
        FROM coordination_laneagent a
            JOIN coordination_lane l ON l.id = a.lane_id
            JOIN coordination_project p ON p.id = l.project_id
        WHERE a.agent_id = %(agent)s AND p.paused_at IS NULL
    )
    SELECT lanes.id, lanes.project_id, lanes.tier, lanes.capabilities, lanes.max_running, t.sort_key, t.id
    FROM lanes JOIN coordination_task t ON t.id = lanes.head"""
