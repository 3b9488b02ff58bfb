"""Tells 10,000 events from 50 threads within some four seconds, and prints what was dropped: flood.py NAME"""

import json
import sys
import threading
import time

from agentmon import Emitter


def work(emitter, worker):
    for number in range(200):
        emitter.emit("flood.tick", {"worker": worker, "number": number})
        time.sleep(0.02)


emitter = Emitter(sys.argv[1])
threads = [threading.Thread(target=work, args=(emitter, worker)) for worker in range(50)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
emitter.close(timeout=60)
print(json.dumps(emitter.dropped()))
