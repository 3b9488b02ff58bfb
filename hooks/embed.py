"""Writes the files that `agentmon hooks install` copies as a C++ table: embed.py OUTPUT NAME=PATH..."""

import pathlib
import sys


def literal(text):
    """A C++ string literal of pieces, one a line."""
    lines = text.splitlines(keepends=True)
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("?", "\\?") for line in lines)
    return "\n".join(f'     "{line}"' for line in escaped)


def main(output, *inputs):
    rows = []
    for each in inputs:
        name, path = each.split("=", 1)
        rows.append(f'    {{"{name}",\n{literal(pathlib.Path(path).read_text(encoding="utf-8"))}}},')
    table = "\n".join(rows)
    pathlib.Path(output).write_text(
        '#include "commands/hooks/bundled.hpp"\n\n'
        "namespace agentmon::hooks {\nnamespace {\n\n"
        f"constexpr bundled_file files[] = {{\n{table}\n}};\n\n"
        "} // namespace\n\n"
        "std::span<const bundled_file> bundled_files() { return files; }\n\n"
        "} // namespace agentmon::hooks\n",
        encoding="utf-8",
    )


main(*sys.argv[1:])
