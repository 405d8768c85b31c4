"""`python claude-task-client.py check`: the commands of tqc, for those who start a file instead of a program."""

import sys

from tqc.main import claude_task_client

sys.exit(claude_task_client())
