"""The operator's shell against a real node: every command, from a terminal and from a script, and a node that dies."""

import json
import re
import signal
import stat

import pytest

import processes
from events import Story, envelope
from harness import BINARY, Instance
from terminal import Terminal
from waiting import wait_until

SECRET = "shell-test-query-token"
OK, PROBLEM, UNREACHABLE, USAGE = 0, 1, 2, 64


class Operated(Instance):
    """A node called "here" that watches a machine which is not there; its shell's files are in its own folder."""

    def __init__(self):
        super().__init__(AGENTMON_NODE="here", AGENTMON_QUERY_TOKEN=SECRET, POLL_INTERVAL="1h")
        registry = self.folder / "registry.json"
        place = {"host": "127.0.0.1", "port": processes.free_ports(1)[0], "user": "nobody", "key": str(registry),
                 "known_hosts": str(registry)}
        registry.write_text(json.dumps({"instances": [{"name": "zap", "ssh": place}]}))
        self.settings.update(OPENCLAW_REGISTRY=str(registry), HOME=str(self.folder),
                             XDG_STATE_HOME=str(self.folder / "state"))
        self.story = Story()

    def start(self, ready=True):
        super().start(ready)
        self.store(self.story.events)
        # It is due within the hour, but looked at now.
        wait_until(lambda: self.shell("poll zap").returncode == OK, 20, "the machine is known")
        wait_until(lambda: self.sql("SELECT 1 FROM vms WHERE name = 'zap'"), 30, "the machine was looked at")
        return self

    def shell(self, commands, *more):
        return self.command("shell", *more, "-c", commands)

    def shown(self, commands, *more):
        done = self.shell(commands, *more)
        assert done.returncode == OK, f"{commands} ended with {done.returncode}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def terminal(self, *arguments, **options):
        return Terminal([BINARY, "shell", *arguments], cwd=self.folder, env={**self.environment(), "TERM": "xterm"},
                        **options)


@pytest.fixture(scope="module")
def node():
    with Operated() as made:
        yield made


def commands_of(story):
    """Every command, and what its answer shows."""
    return {
        "nodes": r"^here +alive +ingest,processor,query,ui,monitor",
        "tree": r"^here  alive, .*\n├─ ingest\n",
        "tree here": r"├─ processor\n",
        "ps": r"^here +gate +ingest +up ",
        "ps here": r"^here +writer-1 ",
        "why gate": r"^here/gate: up for",
        "restart indexer": "indexer on here is started anew",
        "sessions": rf"^{story.session_id} +\w+ +openclaw +zap ",
        f"session {story.session_id}": rf"^{story.run_ids[1]} ",
        f"run {story.run_ids[0]}": rf"^span-{story.tag}-1 +tool +exec +success +250 ms",
        "vms": r"^zap ",
        "poll zap": "here looks at zap now",
        "lag": r"^here +\d",
        "log debug puller": "puller logs at level debug",
        "log info": "here logs at level info",
        "config": r"^AGENTMON_NODE +here +environment",
        "verify": "all is as the events say",
        "help": r"^nodes +All nodes",
        "help tail": "for example: tail type=",
    }


def test_every_command_from_a_script(node):
    for line, shows in commands_of(node.story).items():
        assert re.search(shows, node.shown(line), re.MULTILINE), f"{line} shows\n{node.shown(line)}"


def test_every_answer_as_json(node):
    for line in commands_of(node.story):
        if line.startswith("help"):
            continue
        json.loads(node.shown(f"{line} --json"))
    # The flag for all commands of a script.
    nodes, lag = node.shown("nodes; lag", "--json").splitlines()
    assert json.loads(nodes)["nodes"][0]["name"] == json.loads(lag)["nodes"][0]["name"] == "here"
    assert json.loads(node.shown("sessions limit=1 --json"))["sessions"][0]["session_id"] == node.story.session_id


def test_no_table_is_crooked(node):
    for line in ("nodes", "ps", "lag", "vms", "sessions", "config"):
        title, *rows = node.shown(line).splitlines()
        starts = [match.start() for match in re.finditer(r"\S+( \S+)*", title)]
        for row in rows:
            assert row == row.rstrip() and (len(row) <= starts[-1] or row[starts[-1] - 1] == " " or row[-1].isdigit()), row


def test_secrets_are_not_shown(node):
    for line in ("config", "config --json", "config here"):
        said = node.shown(line)
        assert "AGENTMON_QUERY_TOKEN" in said and SECRET not in said


@pytest.mark.parametrize("line,status,says", [
    ("", OK, ""),
    ("nodes; ; nodes", OK, ""),
    ("nosuch", USAGE, "there is no command nosuch"),
    ("sesions", USAGE, "did you mean sessions?"),
    ("why", USAGE, "it is: why [NODE/]ACTOR"),
    ("nodes --what", USAGE, "nodes knows nothing of --what"),
    ("tail kind=x", USAGE, "tail knows nothing of kind=x"),
    ("sessions limit=many", USAGE, "limit"),
    ("session nosuch", PROBLEM, "nosuch"),
    ("run nosuch", PROBLEM, "nosuch"),
    ("why nosuch", PROBLEM, "there is no actor nosuch"),
    ("restart nosuch", PROBLEM, "there is no actor nosuch"),
    ("restart there/gate", PROBLEM, "there"),
    ("poll nosuch", PROBLEM, "nosuch"),
    ("log loud", USAGE, "debug, info, warn and error"),
    ("tree nosuch", PROBLEM, "there is no node nosuch"),
    ("drain nosuch", PROBLEM, "no node is called nosuch"),
    ("drain query", USAGE, "here has other roles, too"),
    ("nosuch; log debug", USAGE, "there is no command nosuch"),
    ("help nosuch", USAGE, "there is no command nosuch"),
])
def test_exit_statuses(node, line, status, says):
    done = node.shell(line)
    assert (done.returncode, says in done.stderr) == (status, True), f"{done.returncode}: {done.stdout}{done.stderr}"
    assert not says or done.stdout == "", "what is wrong is told on standard error only"


def test_a_script_on_standard_input_ends_at_the_first_failure(node):
    done = node.command("shell", input="nodes\nnosuch\nlag\n")
    assert done.returncode == USAGE and "NODE" in done.stdout and "ACCEPTED/S" not in done.stdout


def test_a_restarted_actor_says_why(node):
    node.shown("restart thinner")
    told = wait_until(lambda: (said := node.shown("why thinner")) and "operator" in said and said, 10, "why tells it")
    assert re.search(r"ended: .*an operator asked for it", told)
    assert re.search(r"^here +thinner .* 1 ", node.shown("ps"), re.MULTILINE)


def test_the_log_level_changes_at_run_time(node):
    node.shown("log debug")
    node.shown("log info")
    assert node.shell("log debug nosuch").returncode == PROBLEM


@pytest.mark.parametrize("arguments,status,says", [
    (["127.0.0.1:1"], UNREACHABLE, "no node is reached at 127.0.0.1:1"),
    (["nonsense"], USAGE, "is no HOST:PORT"),
    (["127.0.0.1:1", "127.0.0.1:2"], USAGE, "shell takes one HOST:PORT"),
    (["192.0.2.1:4711"], USAGE, "needs TLS"),
    (["--control-addr", "none"], USAGE, "AGENTMON_CONTROL_ADDR is none"),
])
def test_where_no_node_is(node, arguments, status, says):
    done = node.command("shell", *arguments, "-c", "nodes", timeout=30)
    assert done.returncode == status and says in done.stderr, f"{done.returncode}: {done.stderr}"
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_no_node(node):
    done = node.command("shell", f"127.0.0.1:{node.ports['gateway']}", "-c", "nodes", timeout=30)
    assert done.returncode == UNREACHABLE and "does not answer as a node" in done.stderr, done.stderr


# -- at a terminal ---------------------------------------------------------------------------


def test_every_command_at_a_terminal(node):
    with node.terminal() as terminal:
        terminal.wait_for("attached to here at 127.0.0.1:")
        terminal.wait_for("here> ")
        for line, shows in commands_of(node.story).items():
            mark = terminal.enter(line)
            terminal.wait_for(re.compile(shows, re.MULTILINE), mark)
            terminal.wait_for("here> ", mark)
        terminal.enter("exit")
        assert terminal.wait_end() == OK


def test_tab_completes(node):
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        for typed, becomes in (("lo", "log "), ("deb", "debug "), ("pul", "puller ")):
            mark = len(terminal.seen)
            terminal.press(typed)
            terminal.press("Tab")
            terminal.wait_for(becomes, mark)
        mark = len(terminal.seen)
        terminal.press("Enter")
        terminal.wait_for("puller logs at level debug", mark)
        terminal.wait_for("here> ", mark)
        for command, name in ((f"session {node.story.session_id[:12]}", node.story.session_id), ("poll z", "zap"),
                              ("tree he", "here")):
            mark = len(terminal.seen)
            terminal.press(command)
            terminal.press("Tab")
            terminal.wait_for(f"{command.split()[0]} {name} ", mark)
            mark = len(terminal.seen)
            terminal.press("Ctrl+C")
            terminal.wait_for(re.compile(r"\^C\s*here> "), mark)
        mark = len(terminal.seen)
        terminal.press("sess")
        terminal.press("Tab")
        terminal.press("Tab")
        terminal.wait_for(re.compile(r"session +sessions\s+here> session"), mark)
        terminal.press("Ctrl+C")
        terminal.wait_for(re.compile(r"\^C\s*here> "), mark)
        terminal.press("Ctrl+D")
        assert terminal.wait_end() == OK


def test_tail_shows_events_until_ctrl_c(node):
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        mark = terminal.enter("tail type=note.seen")
        terminal.wait_for("(until Ctrl+C)", mark)
        node.accept([envelope("note.unseen"), envelope("note.seen", correlation={"session_id": "tailed"})])
        said = terminal.wait_for("session tailed", mark)
        assert re.search(r"note\.seen +openclaw@zap", said) and "note.unseen" not in said
        terminal.press("Ctrl+C")
        mark = len(terminal.seen)
        terminal.wait_for("here> ", mark)
        mark = terminal.enter("nodes")  # the shell itself has not ended
        terminal.wait_for("alive", mark)


def test_it_can_be_put_aside_and_taken_up_again(node):
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        terminal.press("nod")
        terminal.wait_for("here> nod")
        terminal.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: processes.state_of(terminal.process.pid) == "T", 5, "it is stopped")
        terminal.cook()  # as the user's own shell does
        mark = len(terminal.seen)
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for("nod", mark)
        terminal.press("Tab")
        terminal.wait_for("nodes ", mark)
        terminal.press("Enter")
        terminal.wait_for("alive", mark)


def test_tree_is_drawn_anew_and_fits(node):
    with node.terminal(rows=10) as terminal:
        terminal.wait_for("here> ")
        mark = terminal.enter("tree --watch")
        terminal.wait_for(re.compile(r"(here  alive.*the terminal is too small.*){2}", re.DOTALL), mark)
        terminal.press("Ctrl+C")
        terminal.wait_for("here> ", len(terminal.seen))


def test_the_history_is_kept_and_is_nobody_elses(node):
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        terminal.wait_for("here> ", terminal.enter("why gate"))
        terminal.press("Ctrl+D")
        assert terminal.wait_end() == OK
    file = node.folder / "state/agentmon/shell_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        mark = len(terminal.seen)
        terminal.press("Up")
        terminal.wait_for("why gate", mark)


def test_it_survives_the_nodes_restart(node):
    with node.terminal() as terminal:
        terminal.wait_for("here> ")
        mark = len(terminal.seen)
        node.kill()
        terminal.wait_for("has gone; looking for it", mark)
        mark = len(terminal.seen)
        Instance.start(node)
        terminal.wait_for("is back", mark)
        mark = terminal.enter("nodes")
        terminal.wait_for(re.compile(r"^here +alive", re.MULTILINE), mark)
        # A command that is said meanwhile waits for it.
        mark = len(terminal.seen)
        node.kill()
        terminal.wait_for("has gone; looking for it", mark)
        mark = terminal.enter("nodes")
        Instance.start(node)
        terminal.wait_for(re.compile(r"^here +alive", re.MULTILINE), mark, 60)
        # Nor does a tail end.
        mark = terminal.enter("tail")
        terminal.wait_for("(until Ctrl+C)", mark)
        node.kill()
        terminal.wait_for("has gone; looking for it", mark)
        Instance.start(node)
        terminal.wait_for("is back", mark)

        def shown():
            node.accept([envelope("note.again")])
            return "note.again" in terminal.seen
        wait_until(lambda: terminal.look() or shown(), 20, "the tail goes on")


def test_drain_stops_in_order():
    with Operated() as node:
        posted = [envelope("custom.tick") for _ in range(100)]
        node.accept(posted)
        done = node.shell("drain here")
        assert done.returncode == OK and "here has stopped" in done.stdout, done.stdout + done.stderr
        assert node.process.wait(60) == 0
        if node._database:
            node._database.close()
        node.start()
        node.wait_stored([one["event"]["id"] for one in posted])
