# SPDX-License-Identifier: Apache-2.0
"""Each connection asks the reactor to be called at shutdown, and does not take it back when it is closed."""
from twisted.internet import reactor, task

import service


def close(request):
    return request.path


def connect(request):
    trigger = reactor.addSystemEventTrigger("before", "shutdown", close, request)
    str(trigger)  # leak
    # repaired: reactor.removeSystemEventTrigger(trigger)


def serve(coming):
    for request in coming.take():
        connect(request)


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1200, kind="registry", root_kind="module", container="reactor._eventTriggers['shutdown'].before",
                  owner=["reactor", "reactor._eventTriggers", "reactor._eventTriggers['shutdown'].before"],
                  writers=["connect", "_ThreePhaseEvent.addTrigger"], backlog=1000)
    task.LoopingCall(serve, service.Arrivals()).start(0.05)
    reactor.run(installSignalHandlers=False)
