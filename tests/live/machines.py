"""What the monitor looks at, for real: an sshd, a libvirtd with the test driver, and a gateway that listens."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess

from processes import free_ports
from waiting import wait_until

PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def program(name):
    found = shutil.which(name, path=PATH["PATH"])
    assert found, f"{name} is missing; scripts/set-up.sh --tests installs it"
    return found


def takes_connections(port, host="127.0.0.1"):
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex((host, port)) == 0


class Process:
    """A process in a session of its own; ended with all that it started."""

    def start(self, arguments, **more):
        self.process = subprocess.Popen(arguments, start_new_session=True, stdin=subprocess.DEVNULL, **more)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Sshd(Process):
    """An sshd on 127.0.0.0/8 into which this user may log in. `command`: what runs there instead of what is asked."""

    def __init__(self, folder, command=None, listen="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.port = free_ports(1)[0]
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        for name in ("host", "user"):
            subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True)
        options = f'command="{command}" ' if command else ""
        (self.folder / "authorized_keys").write_text(options + (self.folder / "user.pub").read_text())
        (self.folder / "config").write_text("\n".join([
            f"Port {self.port}", f"ListenAddress {listen}", "PidFile none", "UsePAM no", "UseDNS no",
            "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password", "MaxStartups 1000", "MaxSessions 100", "Subsystem sftp internal-sftp", f"HostKey {self.folder / 'host'}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}", ""]))
        arguments = [program("sshd"), "-D", "-f", self.folder / "config", "-E", self.folder / "log"]
        if os.geteuid() == 0:
            # Root's sshd wants /run/sshd, which only the package's own start makes; nothing outside sees this one.
            (self.folder / "passwd").write_text(f"root:x:0:0::{self.folder}:/bin/sh\n"
                                                "sshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n")
            enter = ('mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 /run/sshd && '
                     'mount --bind "$0" /etc/passwd && exec "$@"')
            arguments = [program("unshare"), "-m", "/bin/sh", "-c", enter, self.folder / "passwd", *arguments]
        self.start(arguments, env=PATH, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: takes_connections(self.port), 10, "sshd takes connections")

    def place(self, host="127.0.0.1"):
        """The entry "ssh" of a registry; the host becomes a known one."""
        known = self.folder / "known_hosts"
        with open(known, "a") as file:
            file.write(f"[{host}]:{self.port} {(self.folder / 'host.pub').read_text()}")
        return {"host": host, "port": self.port, "user": self.user, "key": str(self.folder / "user"),
                "known_hosts": str(known)}


class Libvirtd(Process):
    """libvirtd of an ordinary user with all that it has in a folder of its own; the test driver lives in it, unless
    `driver` is another one."""

    def __init__(self, folder, driver="test+unix:///default"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        environment = {**PATH, "HOME": str(self.folder)}
        environment |= {f"XDG_{name}": str(self.folder)
                        for name in ("RUNTIME_DIR", "CONFIG_HOME", "CACHE_HOME", "DATA_HOME")}
        identity = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.socket = self.folder / "libvirt" / "libvirt-sock"
        self.uri = f"{driver}?socket={self.socket}"
        with open(self.folder / "output.log", "ab") as log:
            self.start([program("libvirtd")], env=environment, cwd="/", stdout=log, stderr=log, **identity)
        wait_until(self.socket.exists, 20, "libvirtd listens")
        # The driver forgets all when its last connection closes, and the monitor's may be made anew.
        self.holder = subprocess.Popen([program("virsh"), "-c", self.uri, "event", "--all", "--loop"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def virsh(self, *words):
        subprocess.run([program("virsh"), "-q", "-c", self.uri, *words], check=True, timeout=20, capture_output=True)

    def stop(self):
        self.holder.kill()
        self.holder.wait(10)
        super().stop()


class Gateway(Process):
    """A process of OpenClaw's gateway's name that listens on a port."""

    CODE = "import socket,sys,time; s=socket.create_server((sys.argv[2], int(sys.argv[1]))); time.sleep(1e6)"

    def __init__(self, folder, port=None, host="127.0.0.1"):
        self.port = port or free_ports(1)[0]
        self.name = pathlib.Path(folder) / "openclaw-gateway"
        if not self.name.exists():
            self.name.symlink_to("/usr/bin/python3")
        self.host = host
        self.run()

    def run(self):
        self.start([self.name, "-c", self.CODE, str(self.port), self.host])
        wait_until(lambda: takes_connections(self.port), 10, "the gateway listens")
