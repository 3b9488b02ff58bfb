"""A program on a terminal, as a human uses it."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading

from waiting import wait_until

#: What a terminal is asked, and what it answers.
ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;c", b"\x1b[?u": b"\x1b[?0u",
           b"\x1b]10;?": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\", b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\"}


class Terminal:
    """Runs a program and reads what it shows until it ends; as a context, ends it."""

    def __init__(self, words, cwd, environment):
        self.raw = b""
        self.pid, self.keys = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(words[0], [str(word) for word in words], {**environment, "TERM": "xterm-256color"})
        fcntl.ioctl(self.keys, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        with contextlib.suppress(OSError):  # the program has ended
            while piece := os.read(self.keys, 65536):
                self.raw += piece
                for asked, answer in ANSWERS.items():
                    if asked in piece:
                        os.write(self.keys, answer)

    def shown(self):
        """The words that it has shown so far."""
        text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", self.raw.decode(errors="replace"))
        return " ".join(re.sub(r"\x1b[\[(][0-9;?<>=]*[ -/]*[@-~]", " ", text).split())

    def wait_for(self, words, deadline=120):
        wait_until(lambda: words in self.shown(), deadline, f"it shows: {words}")

    def type(self, keys):
        os.write(self.keys, keys.encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.keys)
        self.reader.join(30)
