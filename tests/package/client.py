"""Posts batches of 20 events until a line comes on standard input, sends again what was not answered 202, as every
client of agentmon does, and prints the ids of all that were accepted and the longest time that it had to wait."""

import json
import sys
import threading
import time

import requests

from events import envelope, ids_of

stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
http = requests.Session()
http.trust_env = False
accepted = []
longest = 0.0
while not stop.is_set():
    batch = [envelope() for _ in range(20)]
    began = time.monotonic()
    while True:
        try:
            answer = http.post("http://127.0.0.1:8080/v1/events", json=batch, timeout=10)
            if answer.status_code == 202:
                break
        except requests.RequestException:
            pass
        if time.monotonic() - began > 120:
            sys.exit("nobody answered for two minutes")
        stop.wait(0.1)  # the pause of a client between two tries
    longest = max(longest, time.monotonic() - began)
    accepted += ids_of(batch)
json.dump({"ids": accepted, "longest": longest}, sys.stdout)
