"""Writes the numbered *.sql files, in order, as a C++ table: embed.py OUTPUT INPUT..."""

import pathlib
import re
import sys


def literal(text):
    """A C++ string literal of pieces that every compiler takes, one a line."""
    lines = text.replace("\r\n", "\n").splitlines(keepends=True)
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for line in lines)
    return "\n".join(f'     "{line}"' for line in escaped)


def main(output, *inputs):
    steps = []
    for path in sorted(map(pathlib.Path, inputs), key=lambda p: p.name):
        number = re.fullmatch(r"(\d{4})_\w+\.sql", path.name)
        if number is None or int(number[1]) != len(steps) + 1:
            sys.exit(f"{path.name}: migrations are named NNNN_words.sql and numbered from 0001 without gaps")
        steps.append(f'    {{{len(steps) + 1}, "{path.stem}",\n{literal(path.read_text(encoding="utf-8"))}}},')
    table = "\n".join(steps)
    pathlib.Path(output).write_text(
        '#include "store/migrate.hpp"\n\n'
        "namespace agentmon::store {\nnamespace {\n\n"
        f"constexpr migration steps[] = {{\n{table}\n}};\n\n"
        "} // namespace\n\n"
        "std::span<const migration> migrations() { return steps; }\n\n"
        "} // namespace agentmon::store\n",
        encoding="utf-8",
    )


main(*sys.argv[1:])
