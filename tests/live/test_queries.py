"""The query endpoints on data that is known: pages, filters, search, wrong parameters."""

import datetime
import urllib.parse
import uuid

import pytest

import events
from contract import check_answer
from events import Story, envelope, envelope_of, ids_of, is_kept
from waiting import wait_until

HOST = f"host-{uuid.uuid4().hex[:8]}"  # filters by it see this module's events only
FRAMEWORK = f"test-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def stored(system):
    """23 plain events, of which seven share one moment, and five stories."""
    begin = events.now() - datetime.timedelta(minutes=2)
    source = {"framework": FRAMEWORK, "client_id": "page", "host": HOST}
    plain = [envelope("custom.page", begin + datetime.timedelta(milliseconds=max(number, 6)), source=source,
                      payload={"number": number}) for number in range(23)]
    stories = [Story(framework=FRAMEWORK, host=HOST, begin=begin + datetime.timedelta(seconds=number))
               for number in range(5)]
    system.store(plain + [one for story in stories for one in story.events])
    return plain, stories


def all_pages(system, path, key, limit, **parameters):
    """Every item of a list, page by page; each page is held against openapi.yaml."""
    items, cursor, seen = [], None, set()
    while True:
        page = check_answer(system.get(path, limit=limit, **parameters, **({"cursor": cursor} if cursor else {})))
        assert len(page[key]) <= limit
        items += page[key]
        cursor = page["next_cursor"]
        if cursor is None:
            return items
        assert len(page[key]) == limit and cursor not in seen
        seen.add(cursor)


def test_events_page_by_page(system, stored):
    plain, stories = stored
    found = all_pages(system, "/v1/events", "events", 7, host=HOST)
    expected = sorted(plain + [one for story in stories for one in story.events],
                      key=lambda one: (one["event"]["ts"], one["event"]["id"]), reverse=True)
    assert [one["event"]["id"] for one in found] == ids_of(expected)


def test_events_come_back_as_they_were_sent(system, stored):
    sent = {one["event"]["id"]: one for one in stored[1][0].events}
    found = all_pages(system, "/v1/events", "events", 100, session_id=stored[1][0].session_id)
    assert len(found) == len(sent)
    for one in found:
        original = sent[one["event_id"]]
        assert is_kept(original, envelope_of(one))
        assert (one["type"], one["ts"]) == (original["event"]["type"], original["event"]["ts"])


def test_new_events_do_not_disturb_a_reader_of_pages(system, stored):
    parameters = {"host": HOST, "event_type": "custom.page"}
    first = check_answer(system.get("/v1/events", limit=10, **parameters))
    source = {"framework": "other", "host": HOST}
    system.store([envelope("custom.page.late", source=source)])
    rest = check_answer(system.get("/v1/events", limit=500, cursor=first["next_cursor"], **parameters))["events"]
    assert sorted(one["event_id"] for one in first["events"] + rest) == sorted(ids_of(stored[0]))


@pytest.mark.parametrize("filters, count", [
    ({"event_type": "custom.page"}, 23),
    ({"event_type": "span.end"}, 5 * Story.SPANS),
    ({"event_type": "error", "framework": FRAMEWORK}, 5),
    ({"framework": FRAMEWORK}, 23 + 5 * Story.EVENTS),
    ({"framework": "nobody"}, 0),
    ({"event_type": "no.such"}, 0),
])
def test_event_filters_combine(system, stored, filters, count):
    assert len(all_pages(system, "/v1/events", "events", 500, host=HOST, **filters)) == count


def test_events_of_a_session(system, stored):
    story = stored[1][3]
    one_type = all_pages(system, "/v1/events", "events", 500, session_id=story.session_id, event_type="run.end")
    assert {one["run_id"] for one in one_type} == set(story.run_ids)
    assert all_pages(system, "/v1/events", "events", 500, session_id="nobody's") == []


def test_sessions_page_by_page(system, stored):
    stories = stored[1]
    found = all_pages(system, "/v1/sessions", "sessions", 2, host=HOST)
    assert [one["session_id"] for one in found] == [story.session_id for story in reversed(stories)]


def test_session_filters_combine(system, stored):
    stories = stored[1]

    def found(**parameters):
        return {one["session_id"] for one in all_pages(system, "/v1/sessions", "sessions", 500, **parameters)}
    everything = {story.session_id for story in stories}
    assert found(framework=FRAMEWORK) == everything
    assert found(framework=FRAMEWORK, status="success") == everything
    assert found(framework=FRAMEWORK, status="error") == set()
    late = {"from": events.moment(stories[2].begin)}
    assert found(framework=FRAMEWORK, **late) == {story.session_id for story in stories[2:]}
    between = {**late, "to": events.moment(stories[4].begin)}
    assert found(host=HOST, **between) == {story.session_id for story in stories[2:4]}


def test_a_sessions_runs_page(system, stored):
    story = stored[1][0]
    path = f"/v1/sessions/{story.session_id}"
    first = check_answer(system.get(path, limit=1))
    assert [run["run_id"] for run in first["runs"]] == [story.run_ids[1]]
    second = check_answer(system.get(path, limit=1, cursor=first["runs_next_cursor"]))
    assert [run["run_id"] for run in second["runs"]] == [story.run_ids[0]]
    assert first["counts"]["runs"] == second["counts"]["runs"] == 2


def search(system, q, **filters):
    return {one["event_id"] for one in all_pages(system, "/v1/events", "events", 500, q=q, **filters)}


def test_search_finds_words_in_payloads(system, stored):
    story = stored[1][1]
    openings = {story.event_id(1), story.event_id(7)}
    wait_until(lambda: openings <= search(system, story.tag), 20, "the story is in the index", poll=0.1)
    assert search(system, story.tag) <= set(ids_of(story.events))
    assert search(system, story.tag[:9], event_type="run.start") == openings, "the beginning of a word"
    with_failure = {one["event"]["id"] for one in story.events if "error" in one["payload"]}
    of_second_run = {one["event"]["id"] for one in story.events if one["correlation"].get("run_id") == story.run_ids[1]}
    assert with_failure <= search(system, '"no such file"', session_id=story.session_id) <= of_second_run
    assert search(system, f'{story.tag} -settings') <= set(ids_of(story.events)) - of_second_run
    assert search(system, story.tag, event_type="openclaw.snapshot") == set()
    assert search(system, "nowhere" + uuid.uuid4().hex) == set()


def test_search_pages(system, stored):
    """Words that all five stories hold, page by page: each event once, newest first."""
    tags = [story.tag for story in stored[1]]
    for tag in tags:
        wait_until(lambda tag=tag: search(system, tag), 20, "the stories are in the index", poll=0.1)
    found = all_pages(system, "/v1/events", "events", 3, q="settings", host=HOST, event_type="run.start")
    assert [one["event_id"] for one in found] == [story.event_id(7) for story in reversed(stored[1])]


def test_search_follows_what_comes_later(system):
    story = Story()
    system.store(story.events[:5])
    wait_until(lambda: search(system, story.tag), 20, "the first half is in the index", poll=0.1)
    system.store(story.events[5:])
    wait_until(lambda: story.event_id(7) in search(system, story.tag), 20, "the second half is in the index", poll=0.1)


WINDOWS = ("1h", "6h", "24h", "7d")
STATUSES = ("active", "waiting", "stale", "success", "error", "aborted", "ended")


@pytest.mark.parametrize("path, parameter, value, allowed", [
    ("/v1/events", "limit", "0", ("1", "500")),
    ("/v1/events", "limit", "501", ("1", "500")),
    ("/v1/events", "limit", "ten", ("1", "500")),
    ("/v1/events", "cursor", "%%%", ()),
    ("/v1/events", "event_typ", "span.end", ("event_type",)),
    ("/v1/sessions", "from", "yesterday", ("RFC 3339",)),
    ("/v1/sessions", "to", "2026-13-01T00:00:00Z", ("RFC 3339",)),
    ("/v1/sessions", "status", "sleeping", STATUSES),
    ("/v1/sessions", "status", "active,sleeping", STATUSES),
    ("/v1/sessions", "order", "oldest", ("newest", "attention")),
    ("/v1/runs", "status", "sleeping", STATUSES),
    ("/v1/runs", "q", "x", ("status",)),
    ("/v1/runs/any", "view", "short", ("full", "outline")),
    ("/v1/runs/any/spans/any", "span_id", "x", ()),
    ("/v1/events/any", "ts", "noon", ("RFC 3339",)),
    ("/v1/agents", "window", "2h", WINDOWS),
    ("/v1/agents", "to", "2026-01-01T00:00:00Z", ("from",)),
    ("/v1/stats/marks", "from", "2999-01-01T00:00:00Z", ("before",)),
    ("/v1/stats/timeseries", "from", "2001-01-01T00:00:00Z", ("400 days",)),
    ("/v1/stats/summary", "window", "1h", ()),
    ("/v1/stats/timeseries", "window", "2h", WINDOWS),
    ("/v1/stats/tools", "window", "1H", WINDOWS),
    ("/v1/stats/agents", "step", "60", ("window", "from", "to")),
    ("/v1/vms", "name", "zap", ()),
    ("/v1/vms/zap/samples", "window", "1d", WINDOWS),
    ("/v1/sessions/any", "limit", "-1", ("1", "500")),
    ("/v1/runs/any", "session", "x", ("session_id", "view")),
])
def test_wrong_parameters_are_named(system, path, parameter, value, allowed):
    answer = system.get(path, **{parameter: value})
    assert answer.status_code == 400
    message = check_answer(answer)["error"]["message"]
    assert parameter in message
    for word in allowed:
        assert word in message, message


def test_a_parameter_given_twice_is_told(system):
    answer = system.get("/v1/events", limit=["5", "6"])
    assert answer.status_code == 400 and "limit" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/sessions/%ff", "/v1/runs/a%00b", "/v1/vms/%c3/samples", "/v1/runs/a/spans/%ff"])
def test_an_id_that_is_no_text_is_refused(system, path):
    answer = system.get(path)
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/sessions/none", "/v1/runs/none", "/v1/vms/none/samples", "/v1/runs/a%2Fb",
                                  "/v1/runs/none/spans/none", "/v1/events/none", f"/v1/events/{uuid.uuid4()}"])
def test_unknown_ids(system, path):
    answer = system.get(path)
    assert answer.status_code == 404
    assert check_answer(answer)["error"]["code"] == "not_found"


def test_ids_may_hold_any_printable_character(system):
    session = f"a/b ?&=%+\"'é—{uuid.uuid4().hex}"
    system.store([envelope("session.start", correlation={"session_id": session})])
    path = "/v1/sessions/" + urllib.parse.quote(session, safe="")
    assert check_answer(system.get(path))["session_id"] == session
    assert len(all_pages(system, "/v1/events", "events", 10, session_id=session)) == 1


def test_a_run_id_of_two_sessions_is_told_apart(system):
    run = f"shared-{uuid.uuid4().hex}"
    sessions = [f"{run}-{letter}" for letter in "ab"]
    begin = events.now()
    system.store([envelope("run.start", begin + datetime.timedelta(milliseconds=number),
                           correlation={"session_id": session, "run_id": run})
                  for number, session in enumerate(sessions)])
    assert check_answer(system.get(f"/v1/runs/{run}"))["session_id"] == sessions[1], "the newest"
    for session in sessions:
        assert check_answer(system.get(f"/v1/runs/{run}", session_id=session))["session_id"] == session


def test_runs_page_by_page(system, stored):
    stories = stored[1]
    found = all_pages(system, "/v1/runs", "runs", 3, host=HOST)
    assert [one["run_id"] for one in found] == \
        [story.run_ids[1] for story in reversed(stories)] + [story.run_ids[0] for story in reversed(stories)]
    failed = all_pages(system, "/v1/runs", "runs", 500, framework=FRAMEWORK, status="error,aborted")
    assert {one["run_id"] for one in failed} == {story.run_ids[1] for story in stories}
    assert {one["title"] for one in failed} == {f"Read the settings ({story.tag})" for story in stories}


def test_sessions_are_searched_and_sorted_by_attention(system, stored):
    story = stored[1][2]
    path, key = "/v1/sessions", "sessions"
    wait_until(lambda: all_pages(system, path, key, 5, q=story.tag), 20, "the story is in the index", poll=0.1)
    found = all_pages(system, path, key, 5, q=f"{story.tag} settings")
    assert [(one["session_id"], one["title"]) for one in found] == \
        [(story.session_id, f"List the folder, please ({story.tag})")]
    assert all_pages(system, path, key, 5, q=story.session_id[:20].upper(), host=HOST) == found



def test_what_waits_comes_first_for_attention(system):
    host = f"host-{uuid.uuid4().hex}"
    story = Story(host=host, begin=events.now() - datetime.timedelta(seconds=20))
    waiting = envelope("session.waiting", events.now() - datetime.timedelta(minutes=1), source={"framework": "x", "host": host},
                       correlation={"session_id": f"waiting-{host}"})
    system.store([*story.events, waiting])
    newest = all_pages(system, "/v1/sessions", "sessions", 1, host=host)
    assert [one["status"] for one in newest] == ["success", "waiting"]
    ordered = all_pages(system, "/v1/sessions", "sessions", 1, host=host, order="attention")
    assert [one["status"] for one in ordered] == ["waiting", "success"]
    assert ordered[0]["waiting_since"] == waiting["event"]["ts"]
    assert check_answer(system.get("/v1/stats/summary"))["waiting_sessions"] >= 1


def test_an_outline_and_its_spans(system, stored):
    story = stored[1][0]
    run = story.run_ids[1]
    whole = check_answer(system.get(f"/v1/runs/{run}"))
    outline = check_answer(system.get(f"/v1/runs/{run}", view="outline"))
    assert [one["span_id"] for one in outline["spans"]] == [one["span_id"] for one in whole["spans"]]
    assert [one["event_id"] for one in outline["events"]] == [one["event_id"] for one in whole["events"]]
    assert outline["events"][0]["preview"] == f"Read the settings ({story.tag})"
    for span in whole["spans"]:
        path = f"/v1/runs/{run}/spans/{urllib.parse.quote(span['span_id'], safe='')}"
        detail = check_answer(system.get(path, session_id=story.session_id))
        assert detail["span"] == span
        assert {one["span_id"] for one in detail["events"]} == {span["span_id"]}
        for one in detail["events"]:
            assert check_answer(system.get(f"/v1/events/{one['event_id']}")) == one
            assert check_answer(system.get(f"/v1/events/{one['event_id']}", ts=one["ts"])) == one


def test_agents_tell_what_their_runs_did(system, stored):
    story = stored[1][0]
    answer = check_answer(system.get("/v1/agents", **{"from": events.moment(story.begin - datetime.timedelta(hours=1))}))
    mine = [one for one in answer["agents"] if one["framework"] == FRAMEWORK and one["client_id"] == HOST]
    assert len(mine) == 1
    agent, = mine
    assert (agent["name"], agent["sessions"], agent["runs"]) == (HOST, 5, 5 * Story.RUNS)
    assert (agent["failed_runs"], agent["tool_calls"], agent["errors"]) == \
        (5 * Story.FAILED_RUNS, 5 * Story.TOOL_CALLS, 5 * Story.ERRORS)
    assert agent["usage"]["input_tokens"] == 5 * Story.USAGE["input_tokens"]
    assert agent["busy_ms"] == 5 * (Story.FIRST_RUN_MS + Story.SECOND_RUN_MS)
    assert agent["current"] is None


def test_ranges_are_answered_like_windows(system, stored):
    begin = stored[1][0].begin.replace(second=0, microsecond=0)
    span = {"from": events.moment(begin), "to": events.moment(begin + datetime.timedelta(minutes=3))}
    series = check_answer(system.get("/v1/stats/timeseries", framework=FRAMEWORK, **span))
    assert (series["window"], series["from"], series["to"]) == (None, span["from"], span["to"])
    assert len(series["points"]) == 3
    assert sum(point["events"] for point in series["points"]) == \
        len(all_pages(system, "/v1/events", "events", 500, framework=FRAMEWORK, **span))
    assert check_answer(system.get("/v1/stats/tools", **span))["from"] == span["from"]
    assert check_answer(system.get("/v1/stats/marks", **span))["window"] is None
    steps = check_answer(system.get("/v1/stats/agents", **span))
    assert steps["step_seconds"] == series["step_seconds"]
    mine = [one for one in steps["agents"] if one["framework"] == FRAMEWORK]
    assert sum(point["tool_calls"] for one in mine for point in one["points"]) == \
        sum(point["tool_calls"] for point in series["points"])


def test_a_restart_of_a_machine_is_a_mark(system):
    name = f"vm-{uuid.uuid4().hex[:8]}"
    begin = events.now() - datetime.timedelta(minutes=1)
    system.store([events.snapshot(name, begin + datetime.timedelta(seconds=number), uptime_seconds=uptime)
                  for number, uptime in enumerate((100, 101, 3))])
    marks = [one for one in check_answer(system.get("/v1/stats/marks"))["marks"] if one["name"] == name]
    assert [(one["kind"], one["ts"]) for one in marks] == \
        [("vm_restart", events.moment(begin + datetime.timedelta(seconds=2)))]


def test_an_empty_window_is_filled_with_zeros(system, stored):
    for window, step in (("1h", 60), ("6h", 60), ("24h", 900), ("7d", 7200)):
        series = check_answer(system.get("/v1/stats/timeseries", window=window))
        assert series["step_seconds"] == step
        times = [datetime.datetime.fromisoformat(point["ts"].replace("Z", "+00:00")) for point in series["points"]]
        assert all((later - one).total_seconds() == step for one, later in zip(times, times[1:]))
        quiet = [point for point in series["points"] if point["runs"] == 0]
        assert all(point["input_tokens"] is None for point in quiet), "no run told any: unknown"
