"""The MCP server as a command."""

import argparse

from tqc.command import Command, Context
from tqc.errors import OK, MissingExtra


def mcp(context: Context, options: argparse.Namespace) -> int:
    try:
        from tqc.mcp.server import serve
    except ImportError as error:
        raise MissingExtra("The MCP server needs the MCP SDK, which is not installed.", hint="pip install 'tqc[mcp]'") from error
    serve(context)
    return OK


COMMANDS = (
    Command(
        "mcp",
        "serve the work on tasks to an agent over MCP",
        mcp,
        description="Speaks MCP on standard input and output; an agent starts it. The server keeps the lease of whatever the agent\n"
        "holds, for as long as the agent is connected. `tqc init --agent claude` writes the entry that starts it.",
        examples=[("tqc mcp", "started by an agent, not by hand")],
    ),
)
