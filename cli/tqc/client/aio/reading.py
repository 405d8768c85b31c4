"""Briefs, files with their history, attempts, messages, events and the installation itself."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, cast

from tqc import shapes
from tqc.client.aio.asking import Asking, sent
from tqc.client.wire import Query, segment


class Reading(Asking):
    """What tasks hold and what happened."""

    # Files

    async def files(self, task: int, *, commit: str = "") -> shapes.FileList:
        """Return the files of the task's repository, as they are or as they were in a commit."""
        return cast(shapes.FileList, await self.ask("GET", f"/tasks/{task}/files", query={"commit": commit}))

    async def file(self, task: int, path: str, *, commit: str = "") -> shapes.FileContent:
        """Return one file, as it is or as it was in a commit."""
        return cast(shapes.FileContent, await self.ask("GET", f"/tasks/{task}/files/{segment(path)}", query={"commit": commit}))

    async def save_file(self, task: int, path: str, content: str, *, base: str, message: str = "") -> shapes.Saved:
        """Save one file. `base` is the commit you started from, "" for a task without files; StaleVersion if it is not the newest."""
        body = {"content": content, "base": base, "message": message}
        return cast(shapes.Saved, await self.ask("PUT", f"/tasks/{task}/files/{segment(path)}", body=body))

    async def save_files(self, task: int, files: Mapping[str, Any], *, base: str, message: str = "") -> shapes.Saved:
        """Save several files as one version; None deletes a file, {"base64": ...} holds what is not text."""
        body = {"files": dict(files), "base": base, "message": message}
        return cast(shapes.Saved, await self.ask("POST", f"/tasks/{task}/files", body=body))

    async def delete_file(self, task: int, path: str, *, base: str) -> shapes.Saved:
        return await self.save_files(task, {path: None}, base=base)

    async def history(self, task: int, *, path: str = "", limit: int | None = None, cursor: str | None = None) -> shapes.VersionPage:
        """Return the versions of what the agent is told, newest first."""
        query: Query = {"path": path, "limit": limit, "cursor": cursor}
        return cast(shapes.VersionPage, await self.ask("GET", f"/tasks/{task}/history", query=query))

    async def project_history(
        self, slug: str, *, author: str = "", author_kind: str = "", kind: str = "", path: str = "", cursor: str | None = None
    ) -> dict[str, Any]:
        """Return every version, push and seal of a project's tasks, newest first."""
        query: Query = {
            "author": author or None,
            "author_kind": author_kind or None,
            "kind": kind or None,
            "path": path or None,
            "cursor": cursor,
        }
        return cast(dict[str, Any], await self.ask("GET", f"/projects/{segment(slug)}/history", query=query))

    async def compare(self, task: int, attempt: int, other: int) -> shapes.Diff:
        """Return what differs between the branches of two attempts."""
        return cast(shapes.Diff, await self.ask("GET", f"/tasks/{task}/attempts/{attempt}/compare/{other}"))

    async def comments(self, task: int) -> dict[str, Any]:
        """Return the remarks on lines of the task's files."""
        return cast(dict[str, Any], await self.ask("GET", f"/tasks/{task}/comments"))

    async def comment(self, task: int, commit: str, path: str, line: int, text: str) -> dict[str, Any]:
        """Remark on a line of a version; it is part of every brief until it is resolved."""
        body = {"commit": commit, "path": path, "line": line, "text": text}
        return cast(dict[str, Any], await self.ask("POST", f"/tasks/{task}/comments", body=body))

    async def resolve(self, task: int, comment: int) -> dict[str, Any]:
        """Take a remark out of the briefs to come."""
        return cast(dict[str, Any], await self.ask("POST", f"/tasks/{task}/comments/{comment}/resolve", body={}))

    async def delete_comment(self, task: int, comment: int) -> None:
        """Delete a remark that you wrote; administrators delete any."""
        await self.ask("DELETE", f"/tasks/{task}/comments/{comment}")

    async def diff(self, task: int, old: str = "", new: str = "") -> shapes.Diff:
        """Return what changed between two commits; by default from nothing to the newest version."""
        return cast(shapes.Diff, await self.ask("GET", f"/tasks/{task}/diff", query={"from": old, "to": new}))

    async def patch(self, task: int, old: str = "", new: str = "") -> str:
        """Return the same as unified text."""
        query: Query = {"from": old, "to": new, "format": "patch"}
        return cast(str, await self.ask("GET", f"/tasks/{task}/diff", query=query) or "")

    async def blame(self, task: int, path: str) -> dict[str, Any]:
        return cast(dict[str, Any], await self.ask("GET", f"/tasks/{task}/blame/{segment(path)}"))

    async def restore(self, task: int, commit: str, *, base: str, path: str | None = None) -> shapes.Saved:
        """Make an old version, of everything or of one file, the newest."""
        body = {"commit": commit, "base": base, **({"path": path} if path else {})}
        return cast(shapes.Saved, await self.ask("POST", f"/tasks/{task}/restore", body=body))

    async def archive(self, task: int, *, commit: str = "") -> bytes:
        """Return all files of a version as a tar.gz."""
        return cast(bytes, await self.ask("GET", f"/tasks/{task}/archive", query={"commit": commit}))

    # Attempts

    async def attempts(self, task: int) -> shapes.AttemptPage:
        return cast(shapes.AttemptPage, await self.ask("GET", f"/tasks/{task}/attempts"))

    async def attempt(self, attempt: int) -> shapes.Attempt:
        return cast(shapes.Attempt, await self.ask("GET", f"/attempts/{attempt}"))

    async def adopt(self, attempt: int) -> shapes.Task:
        """Take a late result of this attempt as the task's result."""
        return cast(shapes.Task, await self.ask("POST", f"/attempts/{attempt}/adopt", body={}))

    # Messages and events

    async def messages(self, project: str, **filters: Any) -> shapes.MessagePage:
        """Return one page of the communication log, oldest first; filters are after, task, to_agent, unacked_by, limit, cursor."""
        return cast(shapes.MessagePage, await self.ask("GET", f"/projects/{segment(project)}/messages", query=filters))

    async def say(self, project: str, text: str, *, task: int | None = None, to_agent: str | None = None) -> shapes.Message:
        """Write a message to everybody or to one agent, about the project or one task."""
        body = sent({"text": text, "task": task, "to_agent": to_agent})
        return cast(shapes.Message, await self.ask("POST", f"/projects/{segment(project)}/messages", body=body))

    async def acknowledge(self, message: int, agent: str | None = None) -> shapes.Message:
        """Note that the agent has read the message."""
        return cast(shapes.Message, await self.ask("POST", f"/messages/{message}/ack", body=sent({"agent": self._as(agent)})))

    async def events(self, *, after: int | None = None, wait: int = 0, limit: int | None = None, **filters: Any) -> shapes.EventPage:
        """Return what happened after event `after`; wait up to `wait` seconds (30 at most) for something to happen."""
        query = {"after": after, "wait": wait or None, "limit": limit, **filters}
        return cast(shapes.EventPage, await self.ask("GET", "/events", query=query, timeout=self.timeout + wait))

    async def follow_events(
        self, *, after: int | None = None, opened: Callable[[], None] | None = None, **filters: Any
    ) -> AsyncIterator[shapes.Event]:
        """Yield every event after `after` (by default after now) as it happens, without end and without a gap.

        A stream that breaks is opened again behind the last event; ServerAway is raised when that fails for `patience`
        seconds. `opened` is called each time the stream opens: whatever happens from then on will be yielded.
        """
        while True:
            async for event in self._stream("/events", {"after": after, **filters}, opened):
                after = event["id"]
                yield event

    # The installation

    async def me(self) -> shapes.Me:
        """Say whose key this is and what it opens."""
        return cast(shapes.Me, await self.ask("GET", "/me"))

    async def stats(self) -> shapes.Stats:
        """Count the tasks by state and the agents by activity."""
        return cast(shapes.Stats, await self.ask("GET", "/stats"))

    async def health(self) -> dict[str, Any]:
        """Say whether the server is well; needs no key."""
        return cast(dict[str, Any], await self.ask("GET", "//health", patience=0))

    async def keys(self) -> dict[str, Any]:
        return cast(dict[str, Any], await self.ask("GET", "/keys"))

    async def create_key(self, name: str, scope: str, **fields: Any) -> dict[str, Any]:
        """Create a key of scope agent, coordinator or reader; `key` in the answer is shown this once."""
        return cast(dict[str, Any], await self.ask("POST", "/keys", body={"name": name, "scope": scope, **fields}))

    async def revoke_key(self, key: int) -> None:
        await self.ask("DELETE", f"/keys/{key}")
