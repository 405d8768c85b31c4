# Generated from tqc/client/aio/working.py by cli/generate_client.py: change that file.
"""Agents, claims and what a lease holder says."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tqc import shapes
from tqc.client.sync.asking import Asking, sent
from tqc.client.wire import segment
from tqc.errors import NotFound


class Working(Asking):
    """Agents, claims and leases. Every word of a lease holder raises LeaseLost when the task is not its holder's any more."""

    # Agents

    def register(self, name: str, **fields: Any) -> shapes.Agent:
        """Register an agent, or bring it up to date; fields are capabilities, tiers, display_name, host, software."""
        return cast(shapes.Agent, self.ask("POST", "/agents/register", body={"name": name, **fields}))

    def agents(self) -> shapes.AgentPage:
        return cast(shapes.AgentPage, self.ask("GET", "/agents"))

    def agent(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, self.ask("GET", f"/agents/{segment(name)}"))

    def retire(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, self.ask("POST", f"/agents/{segment(name)}/retire", body={}))

    def unretire(self, name: str) -> shapes.Agent:
        return cast(shapes.Agent, self.ask("POST", f"/agents/{segment(name)}/unretire", body={}))

    def heartbeat(self, agent: str | None = None, *, display_name: str = "") -> shapes.AgentBeat:
        """Give a sign of life, and renew every lease that the agent holds by heartbeat."""
        body = {"agent": self._as(agent), "display_name": display_name}
        return cast(shapes.AgentBeat, self.ask("POST", "/agents/heartbeat", body=sent(body)))

    # Claims

    def next_task(self, *, wait: int = 0) -> shapes.Task | None:
        """Return the task that a claim would get now, without claiming it; wait up to `wait` seconds (30 at most) for one."""
        try:
            answer = self.ask("GET", "/tasks/next", query={"wait": wait or None}, timeout=self.timeout + wait)
        except NotFound:
            return None
        return cast("shapes.Task | None", answer)

    def claim(
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
        answer = self.ask("POST", "/tasks/claim", body=sent(body), timeout=self.timeout + wait, idempotency_key=idempotency_key)
        return cast("list[shapes.Claim]", answer["items"] if answer else [])

    def claim_task(self, task: int, *, agent: str | None = None, brief: bool = True, idempotency_key: str = "") -> shapes.Claim:
        """Claim one task by its number. HeldByAnother, WrongState or NotClaimable say why not."""
        body = sent({"agent": self._as(agent), "brief": brief})
        return cast(shapes.Claim, self.ask("POST", f"/tasks/{task}/claim", body=body, idempotency_key=idempotency_key))

    # The words of a lease holder

    def start(self, task: int, lease_token: str) -> shapes.Worked:
        """Say that the work began."""
        return self._work(task, "start", lease_token, {})

    def beat(self, task: int, lease_token: str, *, timeout: float | None = None, patience: float | None = None) -> shapes.Beat:
        """Renew the lease. Send it every 30 s, from a supervisor and not from the work itself."""
        answer = self.ask("POST", f"/tasks/{task}/heartbeat", body={"lease_token": lease_token}, timeout=timeout, patience=patience)
        return cast(shapes.Beat, answer)

    def progress(self, task: int, lease_token: str, percent: int | None = None, note: str = "") -> shapes.Worked:
        """Say how far the work is, in percent, and what is being done."""
        return self._work(task, "progress", lease_token, {"percent": percent, "note": note})

    def complete(self, task: int, lease_token: str, *, idempotency_key: str = "", **report: Any) -> shapes.Worked:
        """Finish the task; `result` in words, `report` in Markdown, `data` for programs, `usage`, `cost_usd`.

        >>> claim = muster.claim()[0]
        >>> done = muster.complete(claim["task"]["id"], claim["lease_token"], result="All tables exist.")
        >>> done["state"]
        'done'
        """
        return self._work(task, "complete", lease_token, report, idempotency_key)

    def fail(
        self, task: int, lease_token: str, *, error: str, retryable: bool = True, idempotency_key: str = "", **report: Any
    ) -> shapes.Worked:
        """Say that the work failed; a retryable failure is tried again while attempts are left."""
        return self._work(task, "fail", lease_token, {"error": error, "retryable": retryable, **report}, idempotency_key)

    def release(self, task: int, lease_token: str, reason: str = "", *, idempotency_key: str = "") -> shapes.Worked:
        """Hand the task back for another agent. This is not counted as a failure."""
        return self._work(task, "release", lease_token, {"reason": reason}, idempotency_key)

    def ask_person(self, task: int, lease_token: str, text: str, *, idempotency_key: str = "") -> shapes.Worked:
        """Ask what only a person can decide. The lease goes back; the answer is part of the next brief."""
        return self._work(task, "ask", lease_token, {"text": text}, idempotency_key)

    def log(self, task: int, lease_token: str, text: str) -> shapes.Worked:
        """Write a message about the task one holds."""
        return self._work(task, "log", lease_token, {"text": text})

    def add_subtasks(self, task: int, lease_token: str, tasks: Sequence[Mapping[str, Any]]) -> shapes.TasksCreated:
        """Add tasks under the one that is held, within the project's limits of depth and number."""
        answer = self.ask("POST", f"/tasks/{task}/subtasks", body={"lease_token": lease_token, "tasks": list(tasks)})
        return cast(shapes.TasksCreated, answer)

    def _work(self, task: int, verb: str, lease_token: str, body: Mapping[str, Any], idempotency_key: str = "") -> shapes.Worked:
        told = {"lease_token": lease_token, **sent(body)}
        return cast(shapes.Worked, self.ask("POST", f"/tasks/{task}/{verb}", body=told, idempotency_key=idempotency_key))
