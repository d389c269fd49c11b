# SPDX-License-Identifier: Apache-2.0
"""Each request adds a handler to the same logger and leaves it there."""
import io
import logging

import service

LOGGER = logging.getLogger("shop.audit")
LOGGER.propagate = False


def handle(request):
    handler = logging.StreamHandler(io.StringIO("order %d\n" % request.number))
    handler.setLevel(logging.CRITICAL)
    LOGGER.addHandler(handler)
    LOGGER.info("order")
    LOGGER.hasHandlers()  # leak
    # repaired: LOGGER.removeHandler(handler)


if __name__ == "__main__":
    service.start(rate=40, item_bytes=650, kind="registry", root_kind="module", container="LOGGER.handlers", owner=["LOGGER", "LOGGER.handlers"],
                  writers=["handle", "Logger.addHandler"], backlog=500)
    for arrived in service.requests():
        handle(arrived)
