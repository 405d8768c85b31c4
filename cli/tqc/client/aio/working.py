"""Agents, claims and what a lease holder says."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tqc import shapes
from tqc.client.aio.asking import Asking, sent
from tqc.client.wire import segment
from tqc.errors import NotFound


class Working(Asking):
    """Agents, claims and leases. Every word of a lease holder raises LeaseLost when the task is not its holder's any more."""

    # Agents

    async def register(self, name: str, **fields: Any) -> shapes.Agent:
        """Register an agent, or bring it up to date; fields are capabilities, tiers, display_name, host, software."""
        return cast(shapes.Agent, await self.ask("POST", "/agents/register", body={"name": name, **fields}))

    async def agents(self) -> shapes.AgentPage:
        return cast(shapes.AgentPage, await self.ask("GET", "/agents"))

    async def agent(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, await self.ask("GET", f"/agents/{segment(name)}"))

    async def retire(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, await self.ask("POST", f"/agents/{segment(name)}/retire", body={}))

    async def unretire(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, await self.ask("POST", f"/agents/{segment(name)}/unretire", body={}))

    async def heartbeat(self, agent: str | None = None, *, display_name: str = "") -> shapes.AgentBeat:
        """Give a sign of life, and renew every lease that the agent holds by heartbeat."""
        body = {"agent": self._as(agent), "display_name": display_name}
        return cast(shapes.AgentBeat, await self.ask("POST", "/agents/heartbeat", body=sent(body)))

    # Claims

    async def next_task(self, *, wait: int = 0) -> shapes.Task | None:
        """Return the task that a claim would get now, without claiming it; wait up to `wait` seconds (30 at most) for one."""
        try:
            answer = await self.ask("GET", "/tasks/next", query={"wait": wait or None}, timeout=self.timeout + wait)
        except NotFound:
            return None
        return cast("shapes.Task | None", answer)

    async def claim(
        self,
        *,
        agent: str | None = None,
        wait: int = 0,
        limit: int = 1,
        project: str | None = None,
        capabilities: Sequence[str] | None = None,
        tiers: Sequence[str] | None = None,
        brief: bool = True,
        idempotency_key: str = "",
    ) -> list[shapes.Claim]:
        """Claim up to `limit` tasks, most urgent first; wait up to `wait` seconds (30 at most) for one. Empty when there is none."""
        body = {
            "agent": self._as(agent),
            "wait": wait,
            "limit": limit,
            "project": project,
            "capabilities": None if capabilities is None else list(capabilities),
            "tiers": None if tiers is None else list(tiers),
            "brief": brief,
        }
        answer = await self.ask("POST", "/tasks/claim", body=sent(body), timeout=self.timeout + wait, idempotency_key=idempotency_key)
        return cast("list[shapes.Claim]", answer["items"] if answer else [])

    async def claim_task(self, task: int, *, agent: str | None = None, brief: bool = True, idempotency_key: str = "") -> shapes.Claim:
        """Claim one task by its number. HeldByAnother, WrongState or NotClaimable say why not."""
        body = sent({"agent": self._as(agent), "brief": brief})
        return cast(shapes.Claim, await self.ask("POST", f"/tasks/{task}/claim", body=body, idempotency_key=idempotency_key))

    # The words of a lease holder

    async def start(self, task: int, lease_token: str) -> shapes.Worked:
        """Say that the work began."""
        return await self._work(task, "start", lease_token, {})

    async def beat(self, task: int, lease_token: str, *, timeout: float | None = None, patience: float | None = None) -> shapes.Beat:
        """Renew the lease. Send it every 30 s, from a supervisor and not from the work itself."""
        answer = await self.ask("POST", f"/tasks/{task}/heartbeat", body={"lease_token": lease_token}, timeout=timeout, patience=patience)
        return cast(shapes.Beat, answer)

    async def progress(self, task: int, lease_token: str, percent: int | None = None, note: str = "") -> shapes.Worked:
        """Say how far the work is, in percent, and what is being done."""
        return await self._work(task, "progress", lease_token, {"percent": percent, "note": note})

    async def complete(self, task: int, lease_token: str, *, idempotency_key: str = "", **report: Any) -> shapes.Worked:
        """Finish the task; `result` in words, `report` in Markdown, `data` for programs, `usage`, `cost_usd`.

        >>> claim = (await muster.claim())[0]
        >>> done = await muster.complete(claim["task"]["id"], claim["lease_token"], result="All tables exist.")
        >>> done["state"]
        'done'
        """
        return await self._work(task, "complete", lease_token, report, idempotency_key)

    async def fail(
        self, task: int, lease_token: str, *, error: str, retryable: bool = True, idempotency_key: str = "", **report: Any
    ) -> shapes.Worked:
        """Say that the work failed; a retryable failure is tried again while attempts are left."""
        return await self._work(task, "fail", lease_token, {"error": error, "retryable": retryable, **report}, idempotency_key)

    async def release(self, task: int, lease_token: str, reason: str = "", *, idempotency_key: str = "") -> shapes.Worked:
        """Hand the task back for another agent. This is not counted as a failure."""
        return await self._work(task, "release", lease_token, {"reason": reason}, idempotency_key)

    async def ask_person(self, task: int, lease_token: str, text: str, *, idempotency_key: str = "") -> shapes.Worked:
        """Ask what only a person can decide. The lease goes back; the answer is part of the next brief."""
        return await self._work(task, "ask", lease_token, {"text": text}, idempotency_key)

    async def log(self, task: int, lease_token: str, text: str) -> shapes.Worked:
        """Write a message about the task one holds."""
        return await self._work(task, "log", lease_token, {"text": text})

    async def add_subtasks(self, task: int, lease_token: str, tasks: Sequence[Mapping[str, Any]]) -> shapes.TasksCreated:
        """Add tasks under the one that is held, within the project's limits of depth and number."""
        answer = await self.ask("POST", f"/tasks/{task}/subtasks", body={"lease_token": lease_token, "tasks": list(tasks)})
        return cast(shapes.TasksCreated, answer)

    async def _work(self, task: int, verb: str, lease_token: str, body: Mapping[str, Any], idempotency_key: str = "") -> shapes.Worked:
        told = {"lease_token": lease_token, **sent(body)}
        return cast(shapes.Worked, await self.ask("POST", f"/tasks/{task}/{verb}", body=told, idempotency_key=idempotency_key))
