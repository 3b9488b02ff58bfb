"""A libvirtd of our own with emulated guests (guest.py); it needs no root, and root lends it the user nobody."""

import pathlib
import signal
import subprocess

import guest
import processes
from machines import Libvirtd, program
from waiting import wait_until

DOMAIN = """<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name><memory unit='MiB'>160</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>{folder}/vmlinuz</kernel><initrd>{folder}/initrd.gz</initrd>
    <cmdline>console=ttyS0 quiet panic=-1 no_timer_check guest={name}</cmdline></os>
  <features><acpi/></features>
  <devices>
    <emulator>{emulator}</emulator>
    <serial type='file'><source path='{console}'/></serial>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='virtio'><stats period='1'/></memballoon>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-netdev'/><qemu:arg value='user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22'/>
    <qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=n,addr=0x10'/>
  </qemu:commandline>
</domain>
"""


class Hypervisor(Libvirtd):
    """Use it in a with statement. guest.Unavailable: this machine cannot make the guests."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.key = self.folder / "key"
        self.known_hosts = self.folder / "known_hosts"
        self.ports = {}
        subprocess.run([program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True)
        self.host_key = guest.build(self.folder, self.key.with_suffix(".pub").read_text())
        settings = self.folder / "libvirt"
        settings.mkdir(mode=0o777)
        settings.chmod(0o777)  # libvirtd, another user, keeps its state there, too
        (settings / "qemu.conf").write_text('stdio_handler = "file"\ncgroup_controllers = []\n')
        super().__init__(self.folder, "qemu+unix:///session")

    def boot(self, *names, deadline=180):
        """Defines and starts domains, and waits until their SSH server and gateway run."""
        for name, port in zip(names, processes.free_ports(len(names))):
            description = self.folder / f"{name}.xml"
            description.write_text(DOMAIN.format(name=name, port=port, folder=self.folder, console=self._console(name),
                                                 emulator=program("qemu-system-x86_64")))
            self.virsh("define", description)
            self.ports[name] = port
            self.virsh("start", name)
        self.known_hosts.write_text("".join(f"[127.0.0.1]:{port} {self.host_key}\n" for port in self.ports.values()))
        for name in names:
            wait_until(lambda name=name: guest.READY in self._console(name).read_text(errors="replace"), deadline,
                       f"{name} has booted")

    def _console(self, name):
        return self.folder / f"{name}.console"

    def qemu(self, name):
        """The process id of its QEMU."""
        return int((self.folder / "libvirt" / "qemu" / "run" / f"{name}.pid").read_text())

    def inside(self, name, command):
        """Runs a command in the guest as the user of the gateway."""
        subprocess.run(
            [program("ssh"), "-F", "none", "-i", self.key, "-p", str(self.ports[name]), "-o",
             f"UserKnownHostsFile={self.known_hosts}", "-o", "BatchMode=yes", f"{guest.USER}@127.0.0.1", command],
            check=True, capture_output=True, timeout=60)

    def stop(self):
        for name in self.ports:
            try:
                processes.send_signal(self.qemu(name), signal.SIGKILL)
            except OSError:
                pass  # it does not run
        super().stop()

    def entry(self, name, **more):
        """Its entry in the registry."""
        return {"name": name, "libvirt": {"uri": self.uri, "domain": name}, "gateway": {"port": guest.GATEWAY_PORT},
                "ssh": {"host": "127.0.0.1", "port": self.ports[name], "user": guest.USER, "key": str(self.key),
                        "known_hosts": str(self.known_hosts)}, **more}
