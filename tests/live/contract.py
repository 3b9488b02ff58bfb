"""Holds answers against schema/openapi.yaml, and envelopes and files against the schemas of schema/."""

import functools
import json
import re

import jsonschema
import yaml

from harness import ROOT

FORMATS = jsonschema.FormatChecker()


@functools.cache
def openapi():
    return yaml.safe_load((ROOT / "schema" / "openapi.yaml").read_text())


def _resolve(node):
    """Follows a reference within openapi.yaml."""
    while "$ref" in node:
        here = openapi()
        for step in node["$ref"].removeprefix("#/").split("/"):
            here = here[step.replace("~1", "/").replace("~0", "~")]
        node = here
    return node


def _schema_errors(schema, value):
    resolver = jsonschema.RefResolver("", openapi())
    validator = jsonschema.Draft202012Validator(schema, resolver=resolver, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message:.300}" for error in validator.iter_errors(value)]


def _template_of(path):
    """The path of openapi.yaml that `path` is an example of; literal ones win."""
    for template in sorted(openapi()["paths"], key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path):
            return template
    raise AssertionError(f"openapi.yaml knows no path {path}")


def check_answer(answer, path=None):
    """Fails unless a requests.Response is one that openapi.yaml promises; gives its JSON back."""
    path = path or answer.request.path_url.partition("?")[0]
    method = answer.request.method.lower()
    operation = openapi()["paths"][_template_of(path)].get(method)
    assert operation, f"openapi.yaml knows no {method} of {path}"
    responses = operation["responses"]
    promised = responses.get(str(answer.status_code)) or responses.get("default")
    assert promised, f"{method} {path}: openapi.yaml promises no {answer.status_code}"
    content = _resolve(promised).get("content", {})
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    assert media_type in content, f"{method} {path}: {answer.status_code} is {media_type!r}, not one of {list(content)}"
    if media_type != "application/json":
        return None
    errors = _schema_errors(content[media_type]["schema"], answer.json())
    assert not errors, f"{method} {path} {answer.status_code}: " + "\n".join(errors[:5])
    return answer.json()


def check_frame(frame, name):
    """Fails unless a WebSocket frame is as components/schemas/NAME says."""
    errors = _schema_errors({"$ref": f"#/components/schemas/{name}"}, frame)
    assert not errors, f"{name}: " + "\n".join(errors[:5]) + f"\n{json.dumps(frame):.500}"


@functools.cache
def _validator(name):
    schema = json.loads((ROOT / "schema" / name).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=FORMATS)


def schema_errors(name, value):
    """What a schema of schema/ finds wrong with a value; empty when it is valid."""
    return [f"{error.json_path}: {error.message:.200}" for error in _validator(name).iter_errors(value)]


def event_errors(event):
    """What event.schema.json finds wrong with an envelope; empty when it is valid."""
    return schema_errors("event.schema.json", event)
