"""Writes the guest probe, without its comments and indentation, as a C++ text: embed.py OUTPUT INPUT"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "scripts"))
from cpp_literal import literal  # noqa: E402


def main(output, script):
    lines = (line.strip() for line in pathlib.Path(script).read_bytes().splitlines())
    sent = b"".join(line + b"\n" for line in lines if line and not line.startswith(b"#"))
    pathlib.Path(output).write_text(
        '#include "monitor/probe.hpp"\n\n'
        "namespace agentmon::monitor {\n\n"
        f"std::string_view probe_script() {{\n  return\n{literal(sent)};\n}}\n\n"
        "} // namespace agentmon::monitor\n",
        encoding="utf-8",
    )


main(*sys.argv[1:])
