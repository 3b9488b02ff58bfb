"""Writes the files that `agentmon hooks install` copies as a C++ table: embed.py OUTPUT NAME=PATH..."""

import pathlib
import sys


def escaped(byte):
    """A byte within a C++ string literal; three octal digits never run into what follows."""
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"


def literal(content):
    """A C++ string literal of pieces, one a line of text, or as long as one."""
    lines = (line[at : at + 128] for line in content.splitlines(keepends=True) for at in range(0, len(line), 128))
    return "\n".join(f'     "{"".join(map(escaped, line))}"' for line in lines) + "sv"


def main(output, *inputs):
    rows = []
    for each in inputs:
        name, path = each.split("=", 1)
        rows.append(f'    {{"{name}",\n{literal(pathlib.Path(path).read_bytes())}}},')
    table = "\n".join(rows)
    pathlib.Path(output).write_text(
        '#include "commands/hooks/bundled.hpp"\n\n'
        "namespace agentmon::hooks {\nnamespace {\n\nusing namespace std::string_view_literals;\n\n"
        f"constexpr bundled_file files[] = {{\n{table}\n}};\n\n"
        "} // namespace\n\n"
        "std::span<const bundled_file> bundled_files() { return files; }\n\n"
        "} // namespace agentmon::hooks\n",
        encoding="utf-8",
    )


main(*sys.argv[1:])
