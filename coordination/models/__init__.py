"""What Muster knows: one noun a file. Rows change only through coordination/operations."""

from coordination.models.agent import Agent
from coordination.models.agent_hour import AgentHour
from coordination.models.attempt import Attempt, LateResult, Question, Review
from coordination.models.dependency import Dependency
from coordination.models.event import Event
from coordination.models.idempotency import IdempotentRequest
from coordination.models.jobmark import JobMark
from coordination.models.key import ApiKey, Scope
from coordination.models.lane import Lane, LaneAgent
from coordination.models.lease import Lease
from coordination.models.line_comment import LineComment
from coordination.models.message import Message, MessageAck
from coordination.models.phase import Phase, PhaseLink
from coordination.models.project import Fold, Membership, Project, Role
from coordination.models.read_mark import ReadMark
from coordination.models.repository import ProjectRepository
from coordination.models.saved_view import SavedView
from coordination.models.sweep import SweepMark
from coordination.models.task import Task, TaskFile
from coordination.models.user import DiffLayout, User
from coordination.models.viewed_file import ViewedFile
from coordination.models.webhook import Webhook

__all__ = [
    "Agent",
    "AgentHour",
    "ApiKey",
    "Attempt",
    "Dependency",
    "DiffLayout",
    "Event",
    "Fold",
    "IdempotentRequest",
    "JobMark",
    "Lane",
    "LaneAgent",
    "LateResult",
    "Lease",
    "LineComment",
    "Membership",
    "Message",
    "MessageAck",
    "Phase",
    "PhaseLink",
    "Project",
    "ProjectRepository",
    "Question",
    "ReadMark",
    "Review",
    "Role",
    "SavedView",
    "Scope",
    "SweepMark",
    "Task",
    "TaskFile",
    "User",
    "ViewedFile",
    "Webhook",
]
