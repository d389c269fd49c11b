# SPDX-License-Identifier: Apache-2.0
"""An audit trail in a module's list that nothing empties."""
import service

EVENTS = []


def handle(request):
    EVENTS.append({"order": request.number, "request": request})  # leak
    # repaired: EVENTS[:] = [{"order": request.number, "request": request}]


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1200, kind="list", root_kind="module", container="EVENTS", writers=["handle"])
    for arrived in service.requests():
        handle(arrived)
