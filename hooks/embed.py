"""Writes the files that `agentmon hooks install` copies as a C++ table: embed.py OUTPUT NAME=PATH..."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "scripts"))
from cpp_literal import literal  # noqa: E402


def main(output, *inputs):
    rows = []
    for each in inputs:
        name, path = each.split("=", 1)
        rows.append(f'    {{"{name}",\n{literal(pathlib.Path(path).read_bytes())}sv}},')
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
