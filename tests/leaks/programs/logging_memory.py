# SPDX-License-Identifier: Apache-2.0
"""A MemoryHandler with a capacity that is never reached, and no target to flush to."""
import logging
import logging.handlers

import service

HANDLER = logging.handlers.MemoryHandler(capacity=10**9, flushLevel=logging.CRITICAL)
LOGGER = logging.getLogger("shop")
LOGGER.propagate = False
LOGGER.addHandler(HANDLER)


def handle(request):
    LOGGER.warning("slow: %s", request)  # leak
    # repaired: LOGGER.debug("slow: %s", request)


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1600, kind="list", root_kind="module", container="HANDLER.buffer", owner=["HANDLER", "HANDLER.buffer"],
                  writers=["BufferingHandler.emit"])
    for arrived in service.requests():
        handle(arrived)
