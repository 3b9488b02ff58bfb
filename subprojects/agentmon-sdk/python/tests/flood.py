"""Tells 10,000 events from 50 threads, in three parts; before the second and the third it waits for a line. Prints what
was dropped. flood.py NAME [SPOOL]"""

import json
import sys
import threading
import time

from agentmon import Emitter


def work(emitter, worker, numbers):
    for number in numbers:
        emitter.emit("flood.tick", {"worker": worker, "number": number})
        time.sleep(0.02)


emitter = Emitter(sys.argv[1], spool=sys.argv[2] if len(sys.argv) > 2 else None)
for part in (range(80), range(80, 160), range(160, 200)):
    if part.start > 0:
        sys.stdin.readline()
    threads = [threading.Thread(target=work, args=(emitter, worker, part)) for worker in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
emitter.close(timeout=60)
print(json.dumps(emitter.dropped()))
