"""A disk that is too small, and one that is full."""

import os
import pathlib
import subprocess
import tempfile

import pytest

MIB = 1 << 20
PAGE = 4096


class SmallDisk:
    """A file system of its own in memory, mounted at a folder and with what is in it; the test is skipped where
    mounting is not allowed."""

    def __init__(self, folder, mebibytes):
        self.folder = pathlib.Path(folder)
        self._size = mebibytes
        self._ballast = self.folder / "ballast"

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as aside:
            subprocess.run(["cp", "-a", f"{self.folder}/.", aside], check=True)
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self._size}m", "tmpfs", self.folder],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.skip(f"this needs the right to mount a small disk: {done.stderr.strip()}")
            subprocess.run(["cp", "-a", f"{aside}/.", self.folder], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.folder], check=True)

    def free_bytes(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def fill(self):
        """Takes all room there is."""
        with open(self._ballast, "ab") as ballast:
            size, step = 0, 64 * MIB
            while step >= PAGE:
                try:
                    os.posix_fallocate(ballast.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2

    def make_room(self):
        self._ballast.unlink()
