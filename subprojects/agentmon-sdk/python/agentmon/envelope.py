"""The event as JSON text."""

import datetime
import json
import os

EVENT_BYTES = 250 * 1024  # the gateway refuses more than 256 KiB
TEXT_CHARACTERS = 16_384  # of a text that had to be cut; at most six bytes each
FIGURES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost_usd",
           "model")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class TooLarge(ValueError):
    """The gateway would refuse the event for its size."""


def uuid7(at_us):
    """A UUIDv7 of a time in microseconds since 1970."""
    bits = int.from_bytes(os.urandom(10), "big")
    head = (max(0, at_us) // 1000 & (1 << 48) - 1) << 80
    number = head | bits & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def encode(type, at_us, source, correlation, payload, attributes, capture):
    """The envelope in UTF-8. Raises TooLarge, and what json raises when something is not JSON."""
    payload = _complete(dict(payload or {}), capture)
    whole = {
        "schema": {"name": "agentmon.event", "version": 1},
        "event": {"id": uuid7(at_us), "type": type, "ts": _time_text(at_us), "source": source},
        "correlation": {key: value for key, value in correlation.items() if value is not None},
        "attributes": attributes or {},
        "payload": payload,
    }
    text = _json(whole)
    if len(text) > EVENT_BYTES:
        _shorten(payload)
        text = _json(whole)
    if len(text) > EVENT_BYTES:
        raise TooLarge(f"an event of type {type} has {len(text)} bytes")
    return text


def _complete(payload, capture):
    if isinstance(payload.get("usage"), dict):
        payload["usage"] = {**dict.fromkeys(FIGURES), **payload["usage"]}
    if not capture:
        payload.pop("input", None)
        payload.pop("output", None)
        if isinstance(payload.get("error"), dict):
            payload["error"] = {key: value for key, value in payload["error"].items() if key != "message"}
    return payload


def _shorten(payload):
    for key in ("input", "output"):
        value = payload.get(key)
        if isinstance(value, str) and len(value) <= TEXT_CHARACTERS:
            continue
        if isinstance(value, str):
            payload[key] = value[:TEXT_CHARACTERS]
        elif isinstance(value, (dict, list, tuple)):
            payload[key] = None
        else:
            continue
        payload[key + "_truncated"] = True


def _time_text(at_us):
    return (EPOCH + datetime.timedelta(microseconds=max(0, at_us))).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _json(value):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_describe)
    return text.encode("utf-8", "replace")


def _describe(value):
    """Of a value that is not JSON its words: arguments and results of tools are often objects."""
    return str(value)
