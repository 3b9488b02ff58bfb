"""Writes the numbered *.sql files, in order, as a C++ table: embed.py OUTPUT INPUT..."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "scripts"))
from cpp_literal import literal  # noqa: E402


def main(output, *inputs):
    steps = []
    for path in sorted(map(pathlib.Path, inputs), key=lambda p: p.name):
        number = re.fullmatch(r"(\d{4})_\w+\.sql", path.name)
        if number is None or int(number[1]) != len(steps) + 1:
            sys.exit(f"{path.name}: migrations are named NNNN_words.sql and numbered from 0001 without gaps")
        steps.append(f'    {{{len(steps) + 1}, "{path.stem}",\n{literal(path.read_bytes())}}},')
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
