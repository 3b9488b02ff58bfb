#!/usr/bin/python3
"""Prints the API for people to read, from schema/openapi.yaml: api_md.py > docs/api.md"""

import json
import pathlib
import re

import yaml

API = yaml.safe_load((pathlib.Path(__file__).resolve().parents[1] / "schema/openapi.yaml").read_text())
SCHEMAS = API["components"]["schemas"]


def cell(text):
    """Text for one cell of a table."""
    return re.sub(r"\s+", " ", str(text or "")).strip().replace("|", "\\|")


def anchor(title):
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def resolved(thing):
    """What a $ref leads to, for parameters and responses."""
    if "$ref" not in thing:
        return thing
    _, _, kind, name = thing["$ref"].split("/")
    return API["components"][kind][name]


def link(reference):
    name = reference.rsplit("/", 1)[-1]
    if name == "event.schema.json":
        return "[event](event.md)"
    return f"[{name}](#{name.lower()})"


def kind(schema):
    """The type in a word or two."""
    if "$ref" in schema:
        return link(schema["$ref"])
    for word in ("oneOf", "anyOf", "allOf"):
        if word in schema:
            return (" and " if word == "allOf" else " or ").join(dict.fromkeys(map(kind, schema[word])))
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " ".join(f"`{json.dumps(one)}`" if one is None else f"`{one}`" for one in schema["enum"])
    types = schema.get("type", "any")
    types = types if isinstance(types, list) else [types]
    words = []
    for one in types:
        if one == "array":
            words.append("array of " + kind(schema.get("items", {})))
        elif one == "object" and isinstance(schema.get("additionalProperties"), dict):
            words.append("object of " + kind(schema["additionalProperties"]))
        elif one == "object" and "properties" in schema:
            words.append("{" + ", ".join(f"`{name}`" for name in schema["properties"]) + "}")
        else:
            words.append("time" if schema.get("format") == "date-time" else one)
    return " or ".join(words)


def bounds(schema):
    """What a value must keep to, beyond its type."""
    told = [f"{low} to {high}" if low is not None and high is not None else f"at least {low}" if low is not None
            else f"at most {high}" for low, high in [(schema.get("minimum"), schema.get("maximum"))]
            if low is not None or high is not None]
    if "default" in schema:
        told.append(f"default {schema['default']}")
    return "; ".join(told)


def contents(answer):
    return ", ".join(kind(body["schema"]) if "schema" in body else media
                     for media, body in answer.get("content", {}).items())


def parameters(operation):
    rows = []
    for one in map(resolved, operation.get("parameters", [])):
        schema = one.get("schema", {})
        about = ". ".join(filter(None, [cell(one.get("description")).rstrip("."), bounds(schema)]))
        rows.append(f"| `{one['name']}` | {one['in']} | {kind(schema)} | {about} |")
    return ["", "| parameter | in | | |", "|---|---|---|---|", *rows] if rows else []


def operation(method, path, it):
    lines = [f"### {method.upper()} {path}", "", f"*{', '.join(it['tags'])}* · {cell(it['summary'])}"]
    if it.get("description"):
        lines += ["", it["description"].strip()]
    lines += parameters(it)
    if "requestBody" in it:
        lines += ["", "Body: " + contents(it["requestBody"])]
        for body in it["requestBody"]["content"].values():
            if "example" in body:
                lines += ["", "```json", json.dumps(body["example"], indent=1, ensure_ascii=False), "```"]
    lines += ["", "| answer | | |", "|---|---|---|"]
    for status, answer in it["responses"].items():
        if "$ref" not in answer:
            lines.append(f"| {status} | {contents(answer)} | {cell(answer['description'])} |")
    return lines + [""]


def common_answers(operations):
    """The answers that operations share, by status."""
    shared = {}
    for _, _, it in operations:
        for status, answer in it["responses"].items():
            if "$ref" in answer:
                shared[answer["$ref"]] = ("other" if status == "default" else status, resolved(answer))
    rows = sorted(f"| {status} | {cell(answer['description'])} |" for status, answer in shared.values())
    return ["Beside what is told with each request, with an [Error](#error) as body:", "", "| answer | |", "|---|---|", *rows, ""]


def shape(name, schema):
    lines = [f"### {name}", ""]
    if schema.get("description"):
        lines += [schema["description"].strip(), ""]
    properties = schema.get("properties", {})
    if not properties:
        return lines + [kind(schema) + ("; " + bounds(schema) if bounds(schema) else ""), ""]
    if "allOf" in schema:
        lines += ["All of " + " and ".join(map(kind, schema["allOf"])) + ", and:", ""]
    required = schema.get("required", [])
    lines += ["| key | | |", "|---|---|---|"]
    for key, value in properties.items():
        value = value if isinstance(value, dict) else {}
        about = "; ".join(filter(None, [cell(value.get("description")), bounds(value)]))
        lines.append(f"| `{key}`{'' if key in required else ' (may be absent)'} | {kind(value)} | {about} |")
    return lines + [""]


def main():
    info = API["info"]
    lines = ["<!-- Made by scripts/api_md.py from schema/openapi.yaml: change that, then run it again. -->", "# The HTTP API",
             "", info["summary"], "", info["description"].strip(), "", "| port | |", "|---|---|"]
    lines += [f"| {server['url']} | {cell(server['description'])} |" for server in API["servers"]]
    operations = [(method, path, it) for path, methods in API["paths"].items() for method, it in methods.items()]
    lines += ["", "## Requests", "", "| | port | |", "|---|---|---|"]
    for method, path, it in operations:
        title = f"{method.upper()} {path}"
        lines.append(f"| [{title}](#{anchor(title)}) | {', '.join(it['tags'])} | {cell(it['summary'])} |")
    lines += ["", *common_answers(operations)]
    for each in operations:
        lines += operation(*each)
    lines += ["## Shapes", ""]
    for name, schema in SCHEMAS.items():
        lines += shape(name, schema)
    print("\n".join(lines).rstrip())


if __name__ == "__main__":
    main()
