"""Validates what the hooks are expected to tell against schema/event.schema.json."""
import json
import pathlib
import sys

import jsonschema

here = pathlib.Path(__file__).parent
validator = jsonschema.Draft202012Validator(json.loads((here / "../../schema/event.schema.json").read_text()))
problems = 0
for file in sorted((here / "expected").glob("*.jsonl")):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        for error in validator.iter_errors(json.loads(line)):
            problems += 1
            print(f"{file.name}:{number}: {error.json_path}: {error.message}", file=sys.stderr)
sys.exit(1 if problems else 0)
