"""Making access keys, and using them."""

import json

import websocket


def make(instance, name, *flags):
    """The text of a new key."""
    done = instance.command("keys", "create", name, *flags)
    assert done.returncode == 0, done.stderr
    key = done.stdout.strip()
    assert key.startswith("agentmon_") and key not in done.stderr
    return key


def listed(instance):
    """The keys by their names."""
    done = instance.command("keys", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def close_code(socket):
    """Reads until the other side closes."""
    opcode = None
    while opcode != websocket.ABNF.OPCODE_CLOSE:
        opcode, data = socket.recv_data(control_frame=True)
    return int.from_bytes(data[:2], "big")
