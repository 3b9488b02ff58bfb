"""Stands between an agent's hooks and the gateway: can be slow, and remembers what was sent."""

import contextlib
import http.server
import json
import threading
import time

import requests


class Relay:
    """Passes what is posted on to the gateway, each answer so many seconds late; one that is away is away here, too."""

    def __init__(self):
        self.gateway = None  #: its URL
        self.delay = 0.0
        self.sent = []  #: ids of the events that the gateway took, in the order in which they were sent
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                relay.answer(self)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, request):
        body = request.rfile.read(int(request.headers["content-length"]))
        time.sleep(self.delay)
        try:
            answer = requests.post(self.gateway + request.path, data=body, timeout=30,
                                   headers={"Content-Type": "application/json"})
        except requests.ConnectionError:
            request.close_connection = True
            return
        if answer.status_code == 202:
            self.sent += [one["event"]["id"] for one in json.loads(body)]
        with contextlib.suppress(OSError):  # who asked may have gone
            request.send_response(answer.status_code)
            request.send_header("Content-Type", "application/json")
            request.send_header("Content-Length", str(len(answer.content)))
            request.end_headers()
            request.wfile.write(answer.content)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
