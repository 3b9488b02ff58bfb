"""A private CA for nodes, made by deploy/ca.sh, and what openssl can make of it that ca.sh would not."""

import subprocess

from harness import ROOT

SCRIPT = ROOT / "deploy/ca.sh"


class Authority:
    def __init__(self, folder):
        self.folder = folder / "ca"
        self._run("create")
        self.revoked = self.folder / "revoked.pem"

    def _run(self, action, *more):
        subprocess.run([SCRIPT, action, self.folder, *more], check=True, capture_output=True, text=True)

    def settings(self, name):
        """The environment of a node of that name; signs its certificate when there is none."""
        certificate = self.folder / "nodes" / f"{name}.crt"
        if not certificate.exists():
            self._run("sign", name)
        return {"AGENTMON_CONTROL_CERT": str(certificate), "AGENTMON_CONTROL_KEY": str(certificate.with_suffix(".key")),
                "AGENTMON_CONTROL_CA": str(self.folder / "ca.crt"), "AGENTMON_CONTROL_REVOKED": str(self.revoked)}

    def rotate(self, name):
        self._run("sign", name)

    def revoke(self, name):
        self._run("revoke", name)

    def expired(self, name):
        """As settings, with a certificate that was valid for a day in 2020."""
        settings = self.settings(name)
        request = self.folder / "request.pem"
        subprocess.run(["openssl", "req", "-new", "-key", settings["AGENTMON_CONTROL_KEY"], "-subj", f"/CN={name}", "-out",
                        request], check=True, capture_output=True)
        subprocess.run(["openssl", "ca", "-config", self.folder / "openssl.cnf", "-batch", "-notext", "-in", request,
                        "-startdate", "20200101000000Z", "-enddate", "20200102000000Z", "-out",
                        settings["AGENTMON_CONTROL_CERT"]], check=True, capture_output=True)
        return settings
