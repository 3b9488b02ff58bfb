"""The vectors of ../../vectors, and what only Python has: threads, tasks, forks, the decorator."""

import asyncio
import atexit
import contextvars
import json
import os
import pathlib
import sys
import tempfile
import threading
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "vectors"
sys.path.insert(0, str(HERE.parent))

from agentmon import Emitter, delivery, waiting  # noqa: E402


def vectors(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"), object_hook=expand)


def expand(value):
    return value["repeat"] * value["times"] if value.keys() == {"repeat", "times"} else value


class Recording(Emitter):
    """Keeps what it would send."""

    def __init__(self, url="http://127.0.0.1:9", capture="", **source):
        with mock.patch.dict(os.environ, AGENTMON_CAPTURE_CONTENT=capture), mock.patch.object(Emitter, "_say"):
            super().__init__(url=url, **source)
        atexit.unregister(self.close)  # nobody would send what it keeps

    def _wake(self):
        pass

    def _say(self, *_):
        pass

    def told(self):
        return [json.loads(event) for event in self._waiting.next()[0]]


def outline(events):
    """Types, correlations and payloads, with what differs from time to time taken out."""
    for one in events:
        payload = one["payload"]
        if payload.get("duration_ms", -1) >= 0:
            payload["duration_ms"] = "any"
        if "type" in payload.get("error", {}):
            payload["error"]["type"] = "any"
    return [{"type": one["event"]["type"], "correlation": one["correlation"], "payload": one["payload"]}
            for one in events]


class Vectors(unittest.TestCase):
    maxDiff = None

    def test_envelopes(self):
        for case in vectors("envelopes.json"):
            with self.subTest(case["name"]):
                emitter = Recording(**case["settings"])
                emitter.emit(**case["event"])
                if "dropped" in case:
                    self.assertEqual(emitter.dropped(), {case["dropped"]: 1})
                    continue
                (event,) = emitter.told()
                id = event["event"].pop("id")
                self.assertRegex(id, r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
                self.assertEqual(int(id.replace("-", "")[:12], 16), case["event"]["at_us"] // 1000)
                self.assertEqual(event, case["expected"])

    def test_scopes(self):
        for case in vectors("scopes.json"):
            with self.subTest(case["name"]):
                emitter = Recording(framework="test")
                for scope in case["scopes"]:
                    self.walk(emitter, scope)
                self.assertEqual(outline(emitter.told()), case["expected"])

    def walk(self, emitter, step):
        if "tells" in step:
            return emitter.emit(step["tells"])
        given = {key: step[key] for key in ("id", "kind", "name", "input") if key in step}
        try:
            with getattr(emitter, step["scope"])(**given) as scope:
                for inner in step["inside"]:
                    self.walk(emitter, inner)
                scope.output, scope.usage = step.get("output"), step.get("usage")
                if step["ends"] != "success":
                    raise ValueError("it broke") if step["ends"] == "error" else KeyboardInterrupt
        except (ValueError, KeyboardInterrupt):
            self.assertNotEqual(step["ends"], "success")

    def test_answers(self):
        for case in vectors("answers.json"):
            for kind in ("memory", "spool"):
                with self.subTest(case["name"], waiting=kind), tempfile.TemporaryDirectory() as folder:
                    self.deliver(case, waiting.Memory() if kind == "memory" else waiting.Spool(folder))

    def deliver(self, case, queue):
        for number in range(case["waiting"]):
            queue.add(json.dumps({"n": number, "filler": ""}).replace('""', '"%s"').encode() % (
                b"x" * (case.get("bytes_each", 22) - 22)))
        answers, requests, pauses, dropped = iter(case["answers"]), [], [], []

        def post(events):
            numbers = [json.loads(event)["n"] for event in events]
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
            requests.append([numbers[0], len(numbers)])
            answer = next(answers)
            if answer is None:
                raise ConnectionRefusedError
            return answer["status"], answer.get("retry_after"), answer["body"].encode()

        delivery.drain(queue, post, lambda seconds: pauses.append(seconds) or True, dropped.append, lambda *_: None)
        self.assertEqual(requests, case["requests"])
        self.assertEqual(len(pauses), len(case["pauses"]))
        for pause, (least, most) in zip(pauses, case["pauses"]):
            self.assertTrue(least <= pause <= most, f"{pause} is not within {least} and {most}")
            self.assertTrue(least == most or pause != least, "there is chance in it")
        self.assertEqual((len(queue), sum(dropped)), (0, case["dropped"]))


class Python(unittest.TestCase):
    def setUp(self):
        self.emitter = Recording(framework="test")

    def parents(self):
        return {one["payload"].get("name"): one["correlation"].get("parent_span_id") for one in self.emitter.told()}

    def test_tasks_have_their_own_scopes(self):
        async def work(name):
            with self.emitter.span("subagent", name, id=name):
                await asyncio.sleep(0)
                with self.emitter.span("tool", f"{name}-tool"):
                    await asyncio.sleep(0)

        async def main():
            with self.emitter.run():
                await asyncio.gather(*(work(f"a{number}") for number in range(5)))

        asyncio.run(main())
        parents = self.parents()
        for number in range(5):
            self.assertEqual((parents[f"a{number}"], parents[f"a{number}-tool"]), (None, f"a{number}"))

    def test_threads_are_given_their_scope_or_a_context(self):
        with self.emitter.run(), self.emitter.span("subagent", "a", id="a") as span:
            def named():
                with span.span("tool", "by-scope"):
                    pass

            def copied():
                with self.emitter.span("tool", "by-context"):
                    pass
            threads = [threading.Thread(target=named),
                       threading.Thread(target=contextvars.copy_context().run, args=(copied,))]
            for thread in threads:
                thread.start()
                thread.join()
        self.assertEqual((self.parents()["by-scope"], self.parents()["by-context"]), ("a", "a"))

    def test_decorated_tools(self):
        @self.emitter.tool
        def add(one, other=2):
            return one + other

        @self.emitter.tool
        async def fail():
            raise ValueError("no")
        with self.emitter.run():
            self.assertEqual(add(1), 3)
            self.assertRaises(ValueError, asyncio.run, fail())
        ends = [one["payload"] for one in self.emitter.told() if one["event"]["type"] == "span.end"]
        self.assertEqual([(end["name"], end["status"]) for end in ends], [("add", "success"), ("fail", "error")])
        self.assertEqual(ends[0]["output"], 3)

    def test_nothing_is_raised(self):
        class Trap:
            def __str__(self):
                raise RuntimeError("boom")
        circle = []
        circle.append(circle)
        for value in (Trap(), circle, float("nan"), {(1, 2): 3}):
            self.emitter.emit("custom.tick", {"value": value})
        self.emitter.emit("custom.tick", 7)
        self.emitter.emit(None, {"text": "half of a pair: \ud800"})
        self.assertEqual(self.emitter.dropped(), {"invalid": 5})

    def test_no_room(self):
        with mock.patch.object(waiting, "MEMORY_BYTES", 1000):
            for _ in range(10):
                self.emitter.emit("custom.tick")
        self.assertGreater(self.emitter.dropped()["full"], 5)

    def test_no_room_in_a_spool(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "earlier.jsonl"), "wb") as file:
                file.truncate(waiting.SPOOL_BYTES - 10)
            spool = waiting.Spool(folder)
            self.assertEqual((spool.add(b"123456789"), spool.add(b"1"), len(spool)), (True, False, 2))

    def test_closed(self):
        emitter = Emitter("test", url="http://127.0.0.1:9")
        with mock.patch.object(Emitter, "_say"):
            emitter.emit("custom.tick")
            emitter.close(timeout=0.01)
            emitter.emit("custom.tick")
        self.assertEqual(emitter.dropped(), {"closed": 2})

    def test_what_is_in_a_spool_outlives_the_process(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(Emitter, "_say"):
            emitter = Emitter("test", url="http://127.0.0.1:9", spool=folder)
            emitter.emit("custom.tick")
            emitter.close(timeout=0)
            self.assertEqual(emitter.dropped(), {})
            left = Emitter("test", url="http://127.0.0.1:9", spool=folder)
            self.assertEqual(len(left._waiting), 1)
            left.close(timeout=0)
            for each in (emitter, left):
                each._thread.join(20)  # it still had the folder in hand

    def test_a_forked_child_begins_anew(self):
        self.emitter.emit("custom.tick")
        child = os.fork()
        if child == 0:
            os._exit(len(self.emitter._waiting))
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)


if __name__ == "__main__":
    unittest.main()
