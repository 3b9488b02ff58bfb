"""A bare Debian 12 with systemd at work, in a container of systemd-nspawn without any network but its own loopback."""

import pathlib
import subprocess
import tempfile

import processes
from waiting import wait_until


def mirror():
    """Where this machine has its packages from."""
    said = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                           "Codename: bookworm"], text=True, capture_output=True, timeout=60, check=True)
    return said.stdout.split()[0]


class Machine:
    """Made by mmdebstrap, started by boot(). Use it in a with statement, as root."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agentmon-machine-"))
        self.root = self.folder / "root"
        self._container = None

    def make(self):
        # What it mounts there is nobody else's, and gone with it however it ends.
        # "bare": what Debian's installer puts on a server that nobody chose anything for, less its kernel.
        subprocess.run(["unshare", "--mount", "mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--include=systemd-sysv,dbus,adduser",
                        "--skip=cleanup/apt", "bookworm", self.root, f"deb {mirror()} bookworm main"],
                       check=True, timeout=900, stdin=subprocess.DEVNULL)

    def chroot(self, *command):
        """Runs a command with this machine's network; for what needs packages from outside."""
        subprocess.run(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--as-pid2", "--pipe", "-D", self.root,
                        *command], check=True, timeout=900, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def boot(self):
        with open(self.folder / "console.log", "wb") as log:
            self._container = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot", "-D", self.root,
                 "-M", "agentmon-test"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def init():
            assert self._container.poll() is None, (self.folder / "console.log").read_text(errors="replace")
            return processes.child(self._container.pid, "systemd")
        self._init = wait_until(init, 20, "the machine's init runs")
        wait_until(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"),
                   120, "the machine has started", poll=0.2)

    def run(self, *command, check=True, timeout=600, network_only=False):
        """Runs a command inside; with network_only one of ours in its network."""
        spaces = ["--net"] if network_only else ["--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd"]
        done = subprocess.run(["nsenter", "--target", str(self._init), *spaces, "--", *map(str, command)], text=True,
                              capture_output=True, timeout=timeout, env={
                                  "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def close(self):
        if self._container and self._container.poll() is None:
            self._container.terminate()
            try:
                self._container.wait(60)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait(20)
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
