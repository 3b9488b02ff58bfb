"""Waiting for a condition, with a deadline: the only way in which a test lets time pass."""

import os
import time

LONG = int(os.environ.get("AGENTMON_LONG", "0") or 0)


def wait_until(condition, deadline=10.0, what="the condition", poll=0.02):
    """Calls `condition` until it gives something true, and gives that back; fails after `deadline` seconds."""
    end = time.monotonic() + deadline
    while True:
        seen = condition()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError(f"{what}: did not happen within {deadline:g} s (last seen: {seen!r:.300})")
        time.sleep(poll)


def rounds(usual):
    """How often to repeat something: ten times as often with AGENTMON_LONG=1."""
    return usual * 10 if LONG else usual
