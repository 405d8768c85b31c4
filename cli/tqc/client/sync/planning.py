# Generated from tqc/client/aio/planning.py by cli/generate_client.py: change that file.
"""Projects, phases and tasks, as planners and reviewers handle them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from tqc import shapes
from tqc.client.sync.asking import Asking, if_match
from tqc.client.wire import segment


class Planning(Asking):
    """Projects, phases and tasks."""

    # Projects

    def projects(self, *, limit: int | None = None, cursor: str | None = None) -> shapes.ProjectPage:
        """Return one page of the projects that the key opens."""
        return cast(shapes.ProjectPage, self.ask("GET", "/projects", query={"limit": limit, "cursor": cursor}))

    def project(self, slug: str) -> shapes.Project:
        return cast(shapes.Project, self.ask("GET", f"/projects/{segment(slug)}"))

    def create_project(self, slug: str, name: str, **settings: Any) -> shapes.Project:
        """Create a project; settings such as lease_ttl (seconds), review_policy, max_running, budget_usd, wip_limits."""
        return cast(shapes.Project, self.ask("POST", "/projects", body={"slug": slug, "name": name, **settings}))

    def edit_project(self, slug: str, changes: Mapping[str, Any], *, version: int | None = None) -> shapes.Project:
        """Change a project's settings; with `version`, only if nobody changed it since (StaleVersion)."""
        return cast(shapes.Project, self.ask("PATCH", f"/projects/{segment(slug)}", body=changes, headers=if_match(version)))

    def delete_project(self, slug: str) -> None:
        self.ask("DELETE", f"/projects/{segment(slug)}")

    def pause_project(self, slug: str, reason: str = "") -> shapes.Project:
        """Let nothing of the project be claimed until it is resumed."""
        return cast(shapes.Project, self.ask("POST", f"/projects/{segment(slug)}/pause", body={"reason": reason}))

    def drain_project(self, slug: str, reason: str = "") -> shapes.Project:
        """Start nothing new and let running attempts end; the event `project.drained` tells when the last one has."""
        return cast(shapes.Project, self.ask("POST", f"/projects/{segment(slug)}/drain", body={"reason": reason}))

    def stop_project(self, slug: str, reason: str = "") -> shapes.Project:
        """Pause the project and take back what its agents hold."""
        return cast(shapes.Project, self.ask("POST", f"/projects/{segment(slug)}/stop", body={"reason": reason}))

    def forecast(self, project: str) -> shapes.Forecast:
        """Return when the project and its phases will be finished, and what that rests on."""
        return cast(shapes.Forecast, self.ask("GET", f"/projects/{segment(project)}/forecast"))

    def resume_project(self, slug: str) -> shapes.Project:
        return cast(shapes.Project, self.ask("POST", f"/projects/{segment(slug)}/resume", body={}))

    def import_plan(self, slug: str, files: Mapping[str, Any]) -> dict[str, Any]:
        """Make the phases and tasks of a plan, all or nothing; `files` are its Markdown files by their path."""
        return cast(dict[str, Any], self.ask("POST", f"/projects/{segment(slug)}/plan", body={"files": dict(files)}))

    def export_plan(self, slug: str) -> dict[str, Any]:
        """Return the project as a plan's directory: `files` by their path."""
        return cast(dict[str, Any], self.ask("GET", f"/projects/{segment(slug)}/plan"))

    def preview_plan(self, slug: str, files: Mapping[str, Any]) -> dict[str, Any]:
        """Say what `update_plan` would create and change, and what it leaves alone; changes nothing."""
        return cast(dict[str, Any], self.ask("POST", f"/projects/{segment(slug)}/plan/preview", body={"files": dict(files)}))

    def update_plan(self, slug: str, files: Mapping[str, Any]) -> dict[str, Any]:
        """Make the project what the plan says; what the plan leaves out is left alone."""
        return cast(dict[str, Any], self.ask("PUT", f"/projects/{segment(slug)}/plan", body={"files": dict(files)}))

    # Members

    def members(self, slug: str) -> dict[str, Any]:
        """Return who has a role in a project: items of username, role and since."""
        return cast(dict[str, Any], self.ask("GET", f"/projects/{segment(slug)}/members"))

    def grant_role(self, slug: str, username: str, role: str) -> dict[str, Any]:
        """Give a person a role in a project: viewer, planner or admin. Needs an administrator's key."""
        return cast(dict[str, Any], self.ask("PUT", f"/projects/{segment(slug)}/members/{segment(username)}", body={"role": role}))

    def revoke_role(self, slug: str, username: str) -> None:
        """Take a person's role in a project away."""
        self.ask("DELETE", f"/projects/{segment(slug)}/members/{segment(username)}")

    # Views

    def views(self, project: str) -> dict[str, Any]:
        """Return the filters that have a name in a project: those that every project has, the shared ones, and your own."""
        return cast(dict[str, Any], self.ask("GET", f"/projects/{segment(project)}/views"))

    def save_view(self, project: str, name: str, q: str = "", **fields: Any) -> dict[str, Any]:
        """Keep a filter under a name; fields are layout, sort, group, and shared for everybody's."""
        body = {"name": name, "q": q, **fields}
        return cast(dict[str, Any], self.ask("POST", f"/projects/{segment(project)}/views", body=body))

    def change_view(self, view: int, **changes: Any) -> dict[str, Any]:
        return cast(dict[str, Any], self.ask("PATCH", f"/views/{view}", body=changes))

    def delete_view(self, view: int) -> None:
        self.ask("DELETE", f"/views/{view}")

    # Phases

    def phases(self, project: str) -> shapes.PhasePage:
        """Return the phases of a project, in their order."""
        return cast(shapes.PhasePage, self.ask("GET", f"/projects/{segment(project)}/phases"))

    def phase(self, phase: int) -> shapes.Phase:
        return cast(shapes.Phase, self.ask("GET", f"/phases/{phase}"))

    def create_phase(self, project: str, name: str, **settings: Any) -> shapes.Phase:
        """Create a phase; `after` lists the phases it waits for, `gate` is auto or approval."""
        return cast(shapes.Phase, self.ask("POST", f"/projects/{segment(project)}/phases", body={"name": name, **settings}))

    def edit_phase(self, phase: int, changes: Mapping[str, Any], *, version: int | None = None) -> shapes.Phase:
        return cast(shapes.Phase, self.ask("PATCH", f"/phases/{phase}", body=changes, headers=if_match(version)))

    def delete_phase(self, phase: int) -> None:
        self.ask("DELETE", f"/phases/{phase}")

    def approve_phase(self, phase: int) -> shapes.Phase:
        """Open the phase's gate."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/approve", body={}))

    def close_phase_gate(self, phase: int) -> shapes.Phase:
        """Close the phase's gate again."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/close-gate", body={}))

    def move_phase(self, phase: int, position: int) -> shapes.Phase:
        """Show the phase at another place, counted from 1."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/move", body={"position": position}))

    def pause_phase(self, phase: int) -> shapes.Phase:
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/pause", body={}))

    def drain_phase(self, phase: int) -> shapes.Phase:
        """Start nothing new and let running attempts end; the event `phase.drained` tells when the last one has."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/drain", body={}))

    def stop_phase(self, phase: int, reason: str = "") -> shapes.Phase:
        """Pause the phase and take back what its agents hold."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/stop", body={"reason": reason}))

    def split_phase(self, phase: int, name: str, tasks: Sequence[int], **settings: Any) -> shapes.Phase:
        """Move tasks that have not begun into a new phase that follows this one, and return the new one."""
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/split", body={"name": name, "tasks": list(tasks), **settings}))

    def resume_phase(self, phase: int) -> shapes.Phase:
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/resume", body={}))

    def complete_phase(self, phase: int) -> shapes.Phase:
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/complete", body={}))

    def set_phase_status(self, phase: int, status_line: str, blockers: Sequence[str] = ()) -> shapes.Phase:
        """Say where the phase stands, and what is in its way."""
        body = {"status_line": status_line, "blockers": list(blockers)}
        return cast(shapes.Phase, self.ask("POST", f"/phases/{phase}/status", body=body))

    def link_phases(self, phase: int, after: int) -> None:
        """Let `phase` wait for `after`."""
        self.ask("PUT", f"/phases/{phase}/after/{after}")

    def unlink_phases(self, phase: int, after: int) -> None:
        self.ask("DELETE", f"/phases/{phase}/after/{after}")

    # Tasks

    def tasks(self, **filters: Any) -> shapes.TaskPage:
        """Return one page of tasks; filters such as project, phase, state, agent, kind, label, tier, limit, cursor."""
        return cast(shapes.TaskPage, self.ask("GET", "/tasks", query=filters))

    def all_tasks(self, **filters: Any) -> Iterator[shapes.Task]:
        """Walk through every task that fits the filters, page after page."""
        for task in self._pages("/tasks", filters):
            yield task

    def task(self, task: int) -> shapes.Task:
        """Return one task, with what it needs and what needs it.

        >>> muster.task(1)["title"]
        'Write the schema'
        """
        return cast(shapes.Task, self.ask("GET", f"/tasks/{task}"))

    def add_task(self, project: str, title: str, **fields: Any) -> shapes.Task:
        """Add one task; fields such as phase, kind, priority (0 most urgent to 100), tier, capabilities, needs, instructions, files."""
        return self.add_tasks(project, [{"title": title, **fields}])["items"][0]

    def add_tasks(self, project: str, tasks: Sequence[Mapping[str, Any]], *, idempotency_key: str = "") -> shapes.TasksCreated:
        """Add tasks, all or none. `ref` names a task within the request, and `needs: [{"on": ref}]` refers to it."""
        body = {"tasks": list(tasks)}
        answer = self.ask("POST", f"/projects/{segment(project)}/tasks", body=body, idempotency_key=idempotency_key)
        return cast(shapes.TasksCreated, answer)

    def edit_task(self, task: int, changes: Mapping[str, Any], *, version: int | None = None) -> shapes.Task:
        """Change a task; with `version`, only if nobody changed it since (StaleVersion)."""
        return cast(shapes.Task, self.ask("PATCH", f"/tasks/{task}", body=changes, headers=if_match(version)))

    def cancel(self, task: int, reason: str = "") -> shapes.Task:
        """Cancel a task: at once, or with its agent's next heartbeat."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/cancel", body={"reason": reason}))

    def requeue(self, task: int) -> shapes.Task:
        """Run a finished task again."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/requeue", body={}))

    def undo(self, task: int, event: int | None = None) -> shapes.Task:
        """Take back the last decision about a task; with `event`, only if it is that one."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/undo", body={"event": event}))

    def take_back(self, task: int, reason: str = "") -> shapes.Task:
        """Take a task from the agent that holds it, and queue it again."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/take-back", body={"reason": reason}))

    def assign(self, task: int, agent: str | None, *, fallback_after: int | None = None) -> shapes.Task:
        """Give the task to one agent, or with None to any; after `fallback_after` seconds in the queue any agent may take it."""
        body = {"agent": agent, "fallback_after": fallback_after}
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/assign", body=body))

    def answer(self, task: int, text: str) -> shapes.Task:
        """Answer what the task's agent asked; the answer is part of the next brief."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/answer", body={"text": text}))

    def approve(self, task: int, comments: str = "") -> shapes.Task:
        """Accept the result of a task in review. Its author may not."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/approve", body={"comments": comments}))

    def request_changes(self, task: int, comments: str) -> shapes.Task:
        """Send a task in review back; the comments are part of the next brief."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/request-changes", body={"comments": comments}))

    def let_run(self, task: int) -> shapes.Task:
        """Let a task run that an agent added and that waits for a person."""
        return cast(shapes.Task, self.ask("POST", f"/tasks/{task}/let-run", body={}))

    def bulk(self, action: str, tasks: Sequence[int], **arguments: Any) -> dict[str, Any]:
        """Do one action (cancel, requeue, reprioritise, assign, edit, take_back) to many tasks, each on its own."""
        return cast(dict[str, Any], self.ask("POST", "/tasks/bulk", body={"action": action, "tasks": list(tasks), **arguments}))

    def add_need(self, task: int, on: int, kind: str = "success") -> None:
        """Let the task wait for another: until it is done (success), ended (finished) or failed (failure)."""
        self.ask("PUT", f"/tasks/{task}/needs/{on}", body={"kind": kind})

    def change_need(self, task: int, on: int, kind: str) -> shapes.Task:
        """Let the task wait for another end of what it waits for already: success, finished or failure."""
        return cast(shapes.Task, self.ask("PATCH", f"/tasks/{task}/needs/{on}", body={"kind": kind}))

    def remove_need(self, task: int, on: int) -> None:
        self.ask("DELETE", f"/tasks/{task}/needs/{on}")

    def explain(self, task: int, agent: str = "") -> shapes.Explanation:
        """Say why a task does not run, or why one agent cannot run it."""
        return cast(shapes.Explanation, self.ask("GET", f"/tasks/{task}/explain", query={"agent": agent}))

    def brief(self, task: int) -> shapes.Brief:
        """Return everything that a worker with no prior knowledge needs for this task."""
        return cast(shapes.Brief, self.ask("GET", f"/tasks/{task}/brief"))

    def brief_markdown(self, task: int) -> str:
        """Return the brief as one Markdown document."""
        return cast(str, self.ask("GET", f"/tasks/{task}/brief.md", headers={"Accept": "text/markdown"}))
