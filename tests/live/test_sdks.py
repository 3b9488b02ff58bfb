"""The clients of subprojects/agentmon-sdk and a real gateway: their READMEs' examples, and kill -9 under a flood."""

import collections
import json
import re
import subprocess
import uuid

import psycopg2
import pytest

import sdk_programs
from harness import Instance, plain_environment
from waiting import wait_until

LANGUAGES = list(sdk_programs.MAKERS)
EVENTS = 10_000
TOKEN = "token-of-the-gateway"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """programs(LANGUAGE): its three commands; skips when it cannot be built here."""
    made = {}

    def make(language):
        if language not in made:
            made[language] = sdk_programs.MAKERS[language](tmp_path_factory.mktemp(language))
        return made[language]
    return make


def environment(gateway, **more):
    return {**plain_environment(), "AGENTMON_INGEST_URL": gateway, **more}


def events_of(command, system):
    """Runs an example: what it printed, and the (type, session) of the nine events that came of it."""
    name = f"vm-{uuid.uuid4().hex[:8]}"
    done = subprocess.run(command, env=environment(system.url("gateway"), AGENTMON_VM_NAME=name), text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip(), wait_until(lambda: (lambda found: found if len(found) == 9 else None)(system.sql(
        "SELECT type, session_id FROM events WHERE client_id = %s ORDER BY ts, event_id", name)), 15, "nine events")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readme_tells_its_story(programs, system, language):
    printed, rows = events_of(programs(language)[0], system)
    assert printed in ("{}", "map[]", ""), "nothing was dropped"
    assert sorted(row[0] for row in rows) == [
        "my_agent.mood", "run.end", "run.start", "session.end", "session.start", "span.end", "span.end", "span.start",
        "span.start"]
    (session,) = {row[1] for row in rows}
    (run,) = system.json(f"/v1/sessions/{session}")["runs"]
    assert (run["status"], run["usage"]["input_tokens"], run["usage"]["cost_usd"]) == ("success", 12, None)
    assert run["title"] == "Why is the disk full?"
    spans = system.json(f"/v1/runs/{run['run_id']}", session_id=session)["spans"]
    assert [(span["kind"], span["name"], span["status"]) for span in spans] == [
        ("model", "planner", "success"), ("tool", "search", "success")]


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "go"])
def test_the_end_of_the_program_closes(programs, system, language):
    events_of(programs(language)[2], system)


def counts(instance):
    """How many events of each client are stored; nothing while the database is away."""
    try:
        return collections.Counter(dict(instance.sql("SELECT source_framework, count(*) FROM events GROUP BY 1")))
    except psycopg2.OperationalError:
        return collections.Counter()


def go_on(running):
    for process in running.values():
        process.stdin.write("\n")
        process.stdin.flush()


@pytest.fixture(scope="module")
def flooded(programs):
    """All clients at once tell 10,000 events each, in three parts, to a gateway that is killed in the first and in the
    second, and away while they begin the third: (instance, what each printed, what was stored at the kills)."""
    commands = {}
    for language in LANGUAGES:
        try:
            commands[language] = programs(language)[1]
        except pytest.skip.Exception:
            continue
    with Instance(AGENTMON_INGEST_TOKEN=TOKEN) as instance:
        told = environment(instance.url("gateway"), AGENTMON_INGEST_TOKEN=TOKEN)
        running = {language: subprocess.Popen([*command, language], env=told, text=True, stdin=subprocess.PIPE,
                                              stdout=subprocess.PIPE) for language, command in commands.items()}

        def stored_more_than(least):
            return wait_until(lambda: (lambda now: all(now[one] > least for one in running) and now)(counts(instance)),
                              60, f"each client has more than {least} events stored")
        try:
            kills = [stored_more_than(0)]
            instance.kill()
            instance.start()
            go_on(running)
            kills.append(stored_more_than(EVENTS * 2 // 5))
            instance.kill()
            go_on(running)
            instance.start()
            printed = {language: process.communicate(timeout=90)[0] for language, process in running.items()}
        finally:
            for process in running.values():
                process.kill()
        yield instance, printed, kills


@pytest.mark.parametrize("language", LANGUAGES)
def test_killed_twice_none_is_lost_and_none_is_double(programs, flooded, language):
    programs(language)
    instance, printed, kills = flooded
    assert 0 < kills[0][language] < kills[1][language] < EVENTS, "both kills were in the middle of it"
    assert json.loads(printed[language]) == {}, "nothing was dropped"
    wait_until(lambda: counts(instance)[language] >= EVENTS, 30, f"{EVENTS} events stored")
    assert instance.sql(
        "SELECT count(*), count(DISTINCT event_id), count(DISTINCT (payload->>'worker', payload->>'number')) "
        "FROM events WHERE source_framework = %s", language) == [(EVENTS, EVENTS, EVENTS)]


def accepted(system):
    return sum(float(value) for value in re.findall(r"^agentmon_events_accepted_total (\S+)",
                                                    system.get("/metrics", "gateway").text, re.MULTILINE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_processes_on_one_spool_send_each_event_once(programs, language, tmp_path):
    command = programs(language)[1]
    with Instance() as instance:
        told = environment(instance.url("gateway"))
        running = [subprocess.Popen([*command, language, tmp_path], env=told, text=True, stdin=subprocess.PIPE,
                                    stdout=subprocess.PIPE) for _ in range(2)]
        try:
            printed = [process.communicate("\n\n", timeout=120)[0] for process in running]
        finally:
            for process in running:
                process.kill()
        assert [json.loads(one) for one in printed] == [{}, {}], "nothing was dropped"
        assert not list(tmp_path.glob("*.jsonl"))
        assert accepted(instance) == 2 * EVENTS, "what is sent twice is accepted twice"


def test_all_sums_agree(flooded):
    flooded[0].verify()
