"""The kernel and the initial file system of a small guest: BusyBox, Dropbear, qemu-ga and something like a gateway.

It boots without a disk, in seconds even where every instruction is emulated. Kernel and qemu-ga come from Debian's
archive, once, into a cache folder; the rest is on this machine already (scripts/set-up.sh --tests)."""

import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "agentmon-machines"
USER = "openclaw"
GATEWAY_PORT = 18789
READY = "agentmon-guest-ready"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
NEEDED = ("libvirtd", "virsh", "qemu-system-x86_64", "busybox", "dropbear", "dropbearkey", "ssh", "ssh-keygen", "apt-get",
          "apt-cache", "dpkg")

#: In the order in which they need one another.
MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover",
           "net_failover", "virtio_net", "virtio_console", "virtio_balloon")

GATEWAY = f"""#!/bin/sh
httpd -f -p 127.0.0.1:{GATEWAY_PORT} -h /run &
echo $$ $! > /tmp/gateway.pids
wait
"""
START_GATEWAY = "openclaw-gateway > /dev/null 2>&1 &"
KILL_GATEWAY = "kill -9 $(cat /tmp/gateway.pids)"

INIT = f"""#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox mkdir -p /proc /sys /dev /run /tmp /var/log
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run
mkdir -p /dev/pts; mount -t devpts pts /dev/pts; chmod 1777 /tmp
for module in {" ".join(MODULES)}; do insmod /lib/modules/$module.ko; done
hostname "$(sed 's/.*guest=\\([^ ]*\\).*/\\1/' /proc/cmdline)"
ip link set lo up; ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
qemu-ga -d -p /dev/vport*p1 -f /run/qga.pid -t /run
chown -R 1000:1000 /home/{USER}
su {USER} -c '{START_GATEWAY}'
dropbear -s -r /etc/dropbear/host_key
echo {READY} > /dev/console
while :; do sleep 3600; done
"""

FILES = {
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\n{USER}:x:1000:1000::/home/{USER}:/bin/sh\n",
    "etc/group": f"root:x:0:\n{USER}:x:1000:\n",
    "etc/shadow": f"root:*:19000:0:99999:7:::\n{USER}:*:19000:0:99999:7:::\n",
    "etc/shells": "/bin/sh\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n",
    "etc/os-release": 'PRETTY_NAME="BusyBox of the tests"\n',
    "usr/lib/node_modules/openclaw/package.json": '{\n  "name": "openclaw",\n  "version": "2026.1.0"\n}\n',
}
PROGRAMS = {
    "init": INIT,
    "usr/bin/openclaw-gateway": GATEWAY,
    "usr/lib/node_modules/openclaw/openclaw.mjs": "#!/bin/sh\n",
}


class Unavailable(Exception):
    """This machine cannot make the guest; says why."""


def _run(*arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def _packages():
    """The folder with the unpacked kernel and guest agent; fetches them when they are not in the cache."""
    ready = CACHE / "unpacked"
    if not ready.exists():
        depends = _run("apt-cache", "depends", "linux-image-cloud-amd64")
        kernel = re.search(r"Depends: (linux-image-\S+)", depends)
        if not kernel:
            raise Unavailable("apt knows no package linux-image-cloud-amd64; run apt-get update")
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
        _run("apt-get", "-qq", "download", kernel[1], "qemu-guest-agent", cwd=CACHE)
        for package in CACHE.glob("*.deb"):
            _run("dpkg", "-x", str(package), str(CACHE / "partial"))
            package.unlink()
        (CACHE / "partial").rename(ready)
    return ready


def _libraries(program):
    """What the dynamic linker loads for it, and what glibc loads to look up users."""
    listed = re.findall(r"/\S+", _run("ldd", str(program)))
    return {*listed, *(path for path in re.findall(r"=> (\S+)", _run("/sbin/ldconfig", "-p"))
                       if path.endswith("/libnss_files.so.2"))}


class Archive:
    """A file system for the kernel's initramfs (cpio, "newc"); all of it belongs to root."""

    def __init__(self):
        self._bytes = bytearray()
        self._folders = {""}

    def _entry(self, name, mode, data=b""):
        path = name.encode() + b"\0"
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        self._bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self._pad()
        self._bytes += data
        self._pad()

    def _pad(self):
        self._bytes += bytes(-len(self._bytes) % 4)

    def folder(self, name, mode=0o755):
        if name not in self._folders:
            self.folder(str(pathlib.PurePath(name).parent).removeprefix("."))
            self._folders.add(name)
            self._entry(name, stat.S_IFDIR | mode)

    def file(self, name, data, mode=0o644):
        self.folder(str(pathlib.PurePath(name).parent).removeprefix("."))
        self._entry(name, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def link(self, name, target):
        self.folder(str(pathlib.PurePath(name).parent).removeprefix("."))
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def program(self, name, source):
        """A program of this machine with its libraries."""
        self.file(name, pathlib.Path(source).read_bytes(), 0o755)
        for library in _libraries(source):
            if library not in self._folders:
                self._folders.add(library)
                self.file(library.lstrip("/"), pathlib.Path(library).resolve().read_bytes(), 0o755)

    def packed(self):
        self._entry("TRAILER!!!", 0)
        return gzip.compress(bytes(self._bytes), 1)


def build(folder, public_key):
    """Writes vmlinuz and initrd.gz; gives the host key as known_hosts has it: "ssh-ed25519 AAAA..."."""
    missing = [program for program in NEEDED if not shutil.which(program, path=PATH)]
    if missing:
        raise Unavailable(f"not installed: {' '.join(missing)} (scripts/set-up.sh --tests installs it)")
    tree = _packages()
    archive = Archive()
    for name, text in FILES.items():
        archive.file(name, text, 0o600 if name.endswith("shadow") else 0o644)
    for name, text in PROGRAMS.items():
        archive.file(name, text, 0o755)
    archive.link("usr/bin/openclaw", "../lib/node_modules/openclaw/openclaw.mjs")
    archive.file("bin/busybox", pathlib.Path("/bin/busybox").read_bytes(), 0o755)
    archive.link("bin/sh", "busybox")
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "sbin", "usr/sbin"):
        archive.folder(name)
    archive.folder(f"home/{USER}/.ssh", 0o700)
    archive.file(f"home/{USER}/.ssh/authorized_keys", public_key, 0o600)
    archive.program("usr/sbin/dropbear", "/usr/sbin/dropbear")
    archive.program("usr/sbin/qemu-ga", tree / "usr/sbin/qemu-ga")
    for module in MODULES:
        found = next((tree / "lib/modules").rglob(f"{module}.ko"), None)
        if found is None:
            raise Unavailable(f"the kernel of Debian's archive has no module {module}")
        archive.file(f"lib/modules/{module}.ko", found.read_bytes())
    key = folder / "host_key"
    told = _run("dropbearkey", "-t", "ed25519", "-f", str(key))
    archive.file("etc/dropbear/host_key", key.read_bytes(), 0o600)
    (folder / "initrd.gz").write_bytes(archive.packed())
    shutil.copy(next((tree / "boot").glob("vmlinuz-*")), folder / "vmlinuz")
    return re.search(r"ssh-ed25519 \S+", told)[0]
