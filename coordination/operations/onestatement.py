"""PostgreSQL's short cuts: a claim, or a completion, is one statement that is a transaction by itself.

They do what `claims` and `holding` do step by step, for the common case alone: no limit of the project, no references to
pin; an end that frees no other task and costs nothing. In every other case they change nothing and say so, and the long way
decides. SQLite always takes the long way: it knows no statement that writes to several tables.
"""

import json
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection

from coordination.lifecycle import MANUAL_LEASE_TTL, RELEASE_REST, State
from coordination.models import Agent, Attempt, Event, Lease, Phase, Project, Task
from coordination.models.sql import columns, insertion, instance, known, planned, width
from coordination.operations.atomic import at_once
from coordination.operations.claimable import IN_ACTIVE_PHASE, NOT_HANDED_BACK, Claimed, Narrowing
from coordination.operations.report import Report
from coordination.operations.tokens import Holder, lease_token
from coordination.queries.access import AS_BELIEVED

# Only front matter holds references, and then the word stands in it, as it is or escaped.
MAY_REFER = """EXISTS (
        SELECT 1 FROM coordination_taskfile i
        WHERE i.task_id = coordination_task.id AND i.path = 'instructions.md' AND substr(i.content, 1, 3) = '---'
            AND (position('context'::bytea IN i.content) > 0 OR position('\\x5c'::bytea IN i.content) > 0)
    )"""
NEEDED_RESULTS = """coalesce((
        SELECT jsonb_agg(jsonb_build_array(d.on_id, r.id) ORDER BY d.on_id)
        FROM coordination_dependency d CROSS JOIN LATERAL (
            SELECT a.id FROM coordination_attempt a
            WHERE a.task_id = d.on_id AND a.outcome IN ('done', 'submitted', 'failed', 'late')
            ORDER BY coalesce((SELECT max(n.adopted_at) FROM coordination_lateresult n WHERE n.attempt_id = a.id), a.finished_at) DESC,
                a.number DESC LIMIT 1
        ) r WHERE d.task_id = taken.id), '[]'::jsonb)"""
RESTED = f"statement_timestamp() - interval '{RELEASE_REST} seconds'"
FREE_FOR_IT = f"{IN_ACTIVE_PHASE} AND {NOT_HANDED_BACK.replace('%(rested)s', RESTED)}"
LAST = 2**63 - 1  # beyond every sort_key and id

MAKE_ATTEMPT = insertion(
    Attempt,
    task_id="id",
    number="attempts_made",
    agent_id="%(agent)s",
    key_id="%(key)s",
    fence="fence",
    commit="head",
    told=f"""jsonb_build_object('title', title, 'objective', objective, 'criteria', criteria, 'kind', kind, 'tier', tier,
            'priority', priority, 'labels', labels, 'timeout', timeout, 'phase', phase_name,
            'needs', {NEEDED_RESULTS}, 'references', '{{}}'::jsonb)""",
    claimed_at="claimed_at",
)
MAKE_LEASE = insertion(
    Lease,
    task_id="taken.id",
    attempt_id="made.id",
    agent_id="%(agent)s",
    fence="fence",
    mode="lease_mode",
    ttl="ttl",
    acquired_at="claimed_at",
    renewed_at="claimed_at",
    expires_at="claimed_at + ttl * interval '1 second'",
)
RECORD_CLAIM = insertion(
    Event,
    at="claimed_at",
    kind="'task.claimed'",
    project_id="project_id",
    phase_id="phase_id",
    task_id="taken.id",
    agent_id="%(agent)s",
    attempt_id="made.id",
    actor_kind="'agent'",
    actor_id="%(agent)s",
    actor_name="%(name)s",
    data="jsonb_build_object('attempt', attempts_made, 'commit', head)",
)


def _claim(limit: str, *, provided: str = "true") -> str:
    """Return the statement that takes up to `limit` tasks from the lane with the most urgent head, down to where another lane's
    head is more urgent; none unless what is `provided` is true."""
    return f"""
    WITH best AS MATERIALIZED (
        SELECT l.id AS lane, p.slug, p.lease_ttl, p.max_running, lead(t.sort_key, 1, {LAST}) OVER urgency AS next_key,
            lead(t.id, 1, {LAST}) OVER urgency AS next_id
        FROM coordination_laneagent a
            JOIN coordination_lane l ON l.id = a.lane_id
            JOIN coordination_project p ON p.id = l.project_id
            CROSS JOIN LATERAL (
                SELECT sort_key, id FROM coordination_task
                WHERE lane_id = l.id AND {FREE_FOR_IT} ORDER BY sort_key, id LIMIT 1
            ) t
        WHERE a.agent_id = %(agent)s AND {provided} AND p.paused_at IS NULL
            AND (%(projects)s::bigint[] IS NULL OR l.project_id = ANY(%(projects)s::bigint[]))
            AND (%(tiers)s::text[] IS NULL OR l.tier = ANY(%(tiers)s::text[]))
            AND (%(capabilities)s::jsonb IS NULL OR l.capabilities <@ %(capabilities)s::jsonb)
        WINDOW urgency AS (ORDER BY t.sort_key, t.id)
        ORDER BY t.sort_key, t.id LIMIT 1
    ), picked AS MATERIALIZED (
        SELECT id AS task FROM coordination_task
        WHERE lane_id = (SELECT lane FROM best WHERE max_running IS NULL) AND {FREE_FOR_IT}
            AND (sort_key, id) < ((SELECT next_key FROM best), (SELECT next_id FROM best))
        ORDER BY sort_key, id LIMIT {limit} FOR NO KEY UPDATE SKIP LOCKED
    ), taken AS (
        UPDATE coordination_task SET state = 'claimed', state_since = statement_timestamp(), claimed_at = statement_timestamp(),
            fence = fence + 1, attempts_made = attempts_made + 1, last_agent = %(name)s, fallback_at = NULL, version = version + 1
        FROM picked
        WHERE id = picked.task AND state = 'queued' AND rerun_of_id IS NULL AND (head = '' OR NOT {MAY_REFER})
        RETURNING coordination_task.*, (SELECT f.name FROM coordination_phase f WHERE f.id = phase_id) AS phase_name,
            CASE lease_mode WHEN 'manual' THEN {MANUAL_LEASE_TTL} ELSE (SELECT lease_ttl FROM best) END AS ttl
    ), made AS (
        {MAKE_ATTEMPT} FROM taken
        RETURNING id, task_id, told
    ), leased AS (
        {MAKE_LEASE} FROM taken JOIN made ON made.task_id = taken.id RETURNING task_id, expires_at
    ), recorded AS (
        {RECORD_CLAIM} FROM taken JOIN made ON made.task_id = taken.id
    )
    SELECT {columns(Task, "taken")}, best.slug, best.lease_ttl, phase_name, ttl, made.id, made.told, leased.expires_at
    FROM best LEFT JOIN (taken JOIN made ON made.task_id = taken.id JOIN leased ON leased.task_id = taken.id) ON true"""


# Two texts: of a limit that it does not know, the planner expects a tenth of the lane.
CLAIM_ONE, CLAIM_MANY = _claim("1"), _claim("%(limit)s::bigint")
CLAIM_ONE_AS_BELIEVED = _claim("1", provided=AS_BELIEVED)


@at_once
def claim_from_best_lane(agent: Agent, key_id: int, wanted: Narrowing, limit: int, as_of: str | None = None) -> list[Claimed] | None:
    """Claim up to `limit` of the most urgent tasks; an empty list when there is none, None when this way cannot tell.

    Fewer than `limit` mean only that this lane has no more of the most urgent. With `as_of`, one task is claimed, and only if
    the key and its agent are still what they were then.
    """
    if connection.vendor != "postgresql":
        return None
    found = planned(
        CLAIM_ONE_AS_BELIEVED if as_of else CLAIM_ONE if limit == 1 else CLAIM_MANY,
        {
            "as_of": as_of,
            "agent": agent.pk,
            "key": key_id,
            "name": agent.name,
            "projects": None if wanted.project_ids is None else list(wanted.project_ids),
            "tiers": None if wanted.tiers is None else [str(tier) for tier in wanted.tiers],
            "capabilities": None if wanted.capabilities is None else json.dumps(list(wanted.capabilities)),
            "limit": limit,
        },
    )
    if found and found[0][0] is None:
        return None
    claimed = [_claimed(row, agent, key_id) for row in found]
    return sorted(claimed, key=_place) if limit > 1 else claimed


def _place(claimed: Claimed) -> tuple[int, int]:
    assert claimed.attempt is not None, "this way reads it"
    return claimed.attempt.task.sort_key, claimed.task_id


def _claimed(row: tuple[Any, ...], agent: Agent, key_id: int) -> Claimed:
    slug, project_ttl, phase_name, ttl, attempt_id, told, expires_at = row[width(Task) :]
    task = instance(Task, row)
    fence, moment = task.fence, task.claimed_at
    assert moment is not None, "the statement has just set it"
    task.project = known(Project, {}, ["id", "slug", "lease_ttl"], [task.project_id, slug, project_ttl])
    task.phase = known(Phase, {}, ["id", "name"], [task.phase_id, phase_name])
    if task.assigned_to_id == agent.pk:
        task.assigned_to = agent
    attempt = known(
        Attempt,
        {"task": task, "agent": agent},
        ["id", "task_id", "number", "agent_id", "key_id", "fence", "commit", "told", "claimed_at"],
        [attempt_id, task.pk, task.attempts_made, agent.pk, key_id, fence, task.head, orjson.loads(told), moment],
    )
    lease = known(
        Lease,
        {"task": task, "attempt": attempt, "agent": agent},
        ["task_id", "attempt_id", "agent_id", "fence", "mode", "ttl", "acquired_at", "renewed_at", "expires_at", "cancel_requested_at"],
        [task.pk, attempt_id, agent.pk, fence, task.lease_mode, ttl, moment, moment, expires_at, None],
    )
    task._state.fields_cache["lease"] = attempt._state.fields_cache["lease"] = lease
    return Claimed(task.pk, attempt_id, task.attempts_made, fence, lease_token(task.pk, fence, key_id), expires_at, moment, attempt)


RECORD_END = insertion(
    Event,
    at="ended.at",
    kind="CASE ended.state WHEN 'review' THEN 'task.submitted' ELSE 'task.done' END",
    project_id="project_id",
    phase_id="phase_id",
    task_id="ended.id",
    agent_id="agent_id",
    attempt_id="attempt.id",
    actor_kind="'agent'",
    actor_id="agent_id",
    actor_name="(SELECT name FROM coordination_agent WHERE id = agent_id)",
    data="jsonb_build_object('attempt', number, 'state', ended.state, 'result', left(%(result)s, 200))",
)


def _complete(*, provided: str = "true") -> str:
    return f"""
    WITH ended AS (
        UPDATE coordination_task SET state = CASE review_policy WHEN 'required' THEN 'review' ELSE 'done' END,
            state_since = statement_timestamp(),
            review_at = CASE review_policy WHEN 'required' THEN statement_timestamp() ELSE review_at END,
            done_at = CASE review_policy WHEN 'required' THEN done_at ELSE statement_timestamp() END,
            version = version + 1, fence = fence + 1, reason = '', result = %(result)s, crashes = 0
        WHERE id = %(task)s AND fence = %(fence)s AND state IN ('claimed', 'running') AND NOT has_dependents AND {provided}
        RETURNING id, project_id, phase_id, state, state_since AS at
    ), attempt AS (
        UPDATE coordination_attempt SET finished_at = ended.at, outcome = CASE ended.state WHEN 'review' THEN 'submitted' ELSE 'done' END,
            reason_class = '', reason = '', result = %(result)s, report = %(report)s, error = %(error)s, result_data = %(data)s,
            usage = %(usage)s
        FROM ended WHERE task_id = %(task)s AND fence = %(fence)s
        RETURNING coordination_attempt.id, number, agent_id, coordination_attempt."commit" <> '' OR tip <> '' AS has_files
    ), dropped AS (
        DELETE FROM coordination_lease USING ended WHERE task_id = %(task)s AND fence = %(fence)s
    ), recorded AS (
        {RECORD_END} FROM ended, attempt
    )
    SELECT state, phase_id, attempt.id, has_files FROM ended, attempt"""


COMPLETE, COMPLETE_AS_BELIEVED = _complete(), _complete(provided=AS_BELIEVED)


@dataclass(frozen=True)
class Completed:
    """The state that the task is in now, the phase that may be complete with it, and the attempt, if it has something to seal."""

    state: State
    phase_id: int
    to_seal: int | None


@at_once
def complete_one(holder: Holder, report: Report, as_of: str | None = None) -> Completed | None:
    """End the holder's attempt well; None when this way cannot: the lease is lost, something costs, or dependents wait.

    With `as_of`, only if the key and its agent are still what they were then.
    """
    if connection.vendor != "postgresql" or report.cost_usd:
        return None
    found = planned(
        COMPLETE_AS_BELIEVED if as_of else COMPLETE,
        {
            "key": holder.key_id,
            "as_of": as_of,
            "task": holder.task_id,
            "fence": holder.fence,
            "result": report.result,
            "report": report.report,
            "error": report.error,
            "data": report.data,
            "usage": report.usage,
        },
    )
    if not found:
        return None
    state, phase_id, attempt_id, has_files = found[0]
    return Completed(State(state), phase_id, attempt_id if has_files else None)
