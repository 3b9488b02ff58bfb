"""From what waits to the gateway: requests, answers, pauses."""

import email.utils
import http.client
import json
import random
import re
import socket
import time
import urllib.parse

POST_SECONDS = 15
FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
TURN_PAUSE = 0.1
REFUSED_PAUSE = 60.0
LONGEST_RETRY_AFTER = 300.0


class Later(Exception):
    """The gateway has none of the events; they may be sent again, after `pause` seconds if it said so."""

    def __init__(self, why, pause=None):
        super().__init__(why)
        self.pause = pause


class Unfit(Exception):
    """It will not take this request, ever."""


def drain(waiting, post, pause, rejected, say):
    """Sends what waits, oldest first, until nothing is left or pause(seconds) is false.

    post(events) gives (status, Retry-After or None, body), or raises OSError or HTTPException; rejected(count) is told
    what was dropped.
    """
    failures = 0
    while waiting:
        with waiting.turn() as mine:
            seconds = TURN_PAUSE
            if mine:
                events, mark = waiting.next()
                try:
                    count = _deliver(events, post, say) if events else 0
                    failures, seconds = 0, None
                    waiting.remove(mark)
                    if count:
                        rejected(count)
                except Later as later:
                    say("waiting", f"{later}; events wait here")
                    seconds = later.pause if later.pause is not None else _pause_after(failures)
                    failures += 1
        if seconds is not None and not pause(seconds):
            return


def _deliver(events, post, say):
    """How many were rejected. Halves a request that is refused whole, so that a bad event does not cost the others."""
    try:
        return _stored(*_ask(events, post), say)
    except Unfit as unfit:
        if len(events) == 1:
            say("rejected", f"{unfit}; that event is dropped")
            return 1
    half = (len(events) + 1) // 2
    return _deliver(events[:half], post, say) + _deliver(events[half:], post, say)


def _ask(events, post):
    try:
        return post(events)
    except (OSError, http.client.HTTPException) as failure:
        raise Later(f"the gateway cannot be reached ({failure})") from failure


def _stored(status, retry_after, body, say):
    if status == 202:
        try:
            answer = json.loads(body)
            rejected = answer.get("rejected", []) if answer["accepted"] >= 0 else []
        except (ValueError, TypeError, KeyError):
            raise Later("what answers is no agentmon gateway", REFUSED_PAUSE) from None
        if rejected:
            say("rejected", f"the gateway refused events: {json.dumps(rejected)[:500]}")
        return len(rejected)
    if status in (400, 413, 422):
        raise Unfit(f"the gateway answered {status}: {body[:300]!r}")
    if status == 429 or status >= 500:
        raise Later(f"the gateway answered {status}", _retry_after(retry_after))
    raise Later(f"the gateway answered {status}: are its URL and token right?", REFUSED_PAUSE)


def _retry_after(header):
    """Seconds, or a date; None when it is neither."""
    if not header:
        return None
    if re.fullmatch(r"\d+", header):
        seconds = float(header)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _pause_after(failures):
    """The random part keeps many clients from coming back in the same instant."""
    return min(FIRST_PAUSE * 2 ** min(failures, 10), LAST_PAUSE) * (1 + random.random() / 2)


class Gateway:
    """Posts events over one connection that is kept. For one thread. ValueError when the URL is none."""

    def __init__(self, url, token):
        parts = urllib.parse.urlsplit((url or "").strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"AGENTMON_INGEST_URL must be the gateway's URL, as http://localhost:8080, not {url!r}")
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=POST_SECONDS)
        path = parts.path.rstrip("/")
        self._path = path if path.endswith("/v1/events") else path + "/v1/events"
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def post(self, events):
        body = b"[" + b",".join(events) + b"]"
        kept = self._connection.sock is not None
        try:
            return self._post(body)
        except socket.timeout:
            raise
        except (OSError, http.client.HTTPException):
            if not kept:
                raise
            return self._post(body)  # the gateway had closed a connection that was idle

    def _post(self, body):
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.headers.get("Retry-After"), answer.read()
        except BaseException:
            self._connection.close()
            raise
