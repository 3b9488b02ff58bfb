"""WebSocket clients: an orderly one, a viewer that collects what it is sent, and one that may break every rule."""

import asyncio
import base64
import json
import os
import socket
import struct
import threading

import websockets

from waiting import wait_until

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Socket:
    """A WebSocket connection, used one call after the other."""

    def __init__(self, url, headers=None):
        self._loop = asyncio.new_event_loop()

        async def connect():
            return await websockets.connect(url, extra_headers=headers, max_size=None, ping_interval=None,
                                            open_timeout=10)
        try:
            self._connection = self._run(connect())
        except BaseException:
            self._loop.close()
            raise

    def _run(self, awaitable):
        return self._loop.run_until_complete(asyncio.wait_for(awaitable, 20))

    def send(self, message):
        """Sends text as it is, bytes as a binary message, anything else as JSON."""
        self._run(self._connection.send(message if isinstance(message, (str, bytes)) else json.dumps(message)))

    def receive(self):
        return json.loads(self._run(self._connection.recv()))

    def ask(self, message):
        self.send(message)
        return self.receive()

    def close(self):
        self._run(self._connection.close())
        self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Viewer:
    """Follows a live feed on a thread of its own and keeps every frame."""

    def __init__(self, url, headers=None):
        self.frames = []
        self.ended = None  # the close code, once the connection is closed
        self._opened = threading.Event()
        self._failure = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._follow, args=(url, headers), daemon=True)
        self._thread.start()
        self._opened.wait(20)
        if self._failure:
            raise self._failure

    def _follow(self, url, headers):
        async def follow():
            async with websockets.connect(url, extra_headers=headers, max_size=None, max_queue=None,
                                          ping_interval=None, open_timeout=10) as connection:
                self._connection = connection
                self._opened.set()
                async for message in connection:
                    self.frames.append(json.loads(message))
                self.ended = connection.close_code

        try:
            self._loop.run_until_complete(follow())
        except websockets.ConnectionClosed as closed:
            self.ended = closed.code
        except Exception as failure:  # handed to the thread that made us
            self._failure = failure
        finally:
            self._opened.set()

    def hello(self):
        return self.wait_for(lambda frames: next((f for f in frames if "hello" in f), None), "the hello frame")

    def envelopes(self):
        return [one for frame in list(self.frames) for one in frame.get("events", [])]

    def event_ids(self):
        return [one["event"]["id"] for one in self.envelopes()]

    def wait_for(self, condition, what, deadline=15):
        """Until `condition(frames)` gives something true."""
        return wait_until(lambda: condition(list(self.frames)), deadline, f"the viewer sees {what}")

    def wait_for_events(self, ids, deadline=15):
        wanted = set(ids)
        wait_until(lambda: wanted <= set(self.event_ids()), deadline, f"the viewer sees {len(wanted)} events")

    def close(self):
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._connection.close(), self._loop)
            self._thread.join(20)
        if not self._thread.is_alive():
            self._loop.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class RawSocket:
    """Bytes as we like them: a plain connection, and WebSocket frames without a library's good manners."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self._file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """(status, headers with lower-case names, body) of one HTTP response with a Content-Length."""
        status = int(self._file.readline().split()[1])
        headers = {}
        for line in iter(self._file.readline, b"\r\n"):
            name, _, value = line.decode().partition(":")
            headers[name.strip().lower()] = value.strip()
        return status, headers, self._file.read(int(headers.get("content-length", 0)))

    def open_websocket(self, path):
        key = base64.b64encode(os.urandom(16)).decode()
        self.send(f"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        status, _, body = self.answer()
        assert status == 101, f"the handshake was answered {status}: {body[:300]}"
        return self

    def send_frame(self, opcode, payload=b"", final=True, masked=True, reserved=0, claimed_length=None):
        length = len(payload) if claimed_length is None else claimed_length
        head = bytes([(0x80 if final else 0) | reserved | opcode])
        bit = 0x80 if masked else 0
        if length < 126:
            head += bytes([bit | length])
        elif length < 65536:
            head += bytes([bit | 126]) + struct.pack("!H", length)
        else:
            head += bytes([bit | 127]) + struct.pack("!Q", length)
        if masked:
            mask = os.urandom(4)
            head += mask
            payload = bytes(b ^ m for b, m in zip(payload, mask * (len(payload) // 4 + 1)))
        self.send(head + payload)

    def receive_frame(self):
        """(opcode, payload), or None when the connection has ended."""
        try:
            head = self._file.read(2)
            if len(head) < 2:
                return None
            length = head[1] & 0x7F
            if length == 126:
                length = struct.unpack("!H", self._file.read(2))[0]
            elif length == 127:
                length = struct.unpack("!Q", self._file.read(8))[0]
            return head[0] & 0x0F, self._file.read(length)
        except ConnectionError:
            return None

    def close_code(self):
        """The code of the close frame that the server sends, past any other frame; None when it just hangs up."""
        while (frame := self.receive_frame()) is not None:
            if frame[0] == CLOSE:
                return struct.unpack("!H", frame[1][:2])[0]
        return None

    def ended(self):
        """Waits for the server to close the connection; fails when it stays open."""
        try:
            while self._file.read(65536):
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return False
        return True

    def close(self):
        self._file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
