"""A program at a terminal of its own, as a person has it: keys go in, and what is on the screen is looked for."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
KEYS = {"Tab": "\t", "Enter": "\r", "Up": "\x1b[A", "Ctrl+C": "\x03", "Ctrl+D": "\x04", "Ctrl+R": "\x12", "Ctrl+Z": "\x1a"}


class Terminal:
    """Everything that is shown is in `seen`, without what steers the terminal. Use it in a with statement."""

    def __init__(self, arguments, rows=60, columns=200, **options):
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_terminal,
                                        **options)
        os.close(slave)
        self._bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._master)

    @property
    def seen(self):
        return ESCAPES.sub("", self._bytes.decode(errors="replace"))

    def look(self, patience=0.05):
        if not select.select([self._master], [], [], patience)[0]:
            return
        try:
            self._bytes += os.read(self._master, 65536)
        except OSError:  # the program has ended
            time.sleep(patience)

    def wait_for(self, words, since=0, deadline=20):
        """Until the screen shows the words (text, or a pattern) behind the offset `since`; gives what is shown there."""
        pattern = words if isinstance(words, re.Pattern) else re.compile(re.escape(words))
        end = time.monotonic() + deadline
        while not pattern.search(self.seen, since):
            assert time.monotonic() < end, f"{pattern.pattern!r} was not shown within {deadline} s:\n{self.seen[since:]}"
            self.look()
        return self.seen[since:]

    def cook(self):
        """Lines and echo, as a program finds the terminal that another one had."""
        mode = termios.tcgetattr(self._master)
        mode[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(self._master, termios.TCSANOW, mode)

    def press(self, key):
        os.write(self._master, KEYS.get(key, key).encode())

    def enter(self, line):
        """Types a line; gives the offset behind its echo."""
        mark = len(self.seen)
        self.press(line)
        self.wait_for(line, mark)
        mark = len(self.seen)
        self.press("Enter")
        return mark

    def wait_end(self, deadline=20):
        """The exit status."""
        end = time.monotonic() + deadline
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it has not ended within {deadline} s:\n{self.seen}"
            self.look()
        self.look()
        return self.process.returncode
