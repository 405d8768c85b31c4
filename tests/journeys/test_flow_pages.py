"""Replay, agents, activity and insights in a real browser: what their scripts add, and that nobody is shut out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import fresh_database
from tests.journeys.conftest import PASSWORD, CREATE_ADA, sign_in
from tests.journeys.serve import __name__ as serve
from tests.servers import MusterServer, running_muster
from tests.servers.browser import accessibility_faults

PAGES = ["/p/tally/replay", "/p/tally/replay?at=60", "/p/tally/insights?days=7", "/p/tally/activity", "/p/tally/messages", "/a/", "/a/jared/"]
BEAT = "from coordination.models import Agent; from coordination.operations import agents; "
BEAT += "Agent.objects.filter(name='jared').update(silent_since=None); agents.retire(Agent.objects.get(name='quill'), "
BEAT += "actor=Agent.objects.get(name='jared').actor)"
