# SPDX-License-Identifier: Apache-2.0
"""A logger for each connection: the logging module never forgets a name."""
import logging

import service


def connect(request):
    name = "connection-%d" % request.number  # leak
    # repaired: name = "connection-%d" % (request.number % 100)
    logging.getLogger(name).debug("connected from %s", request.headers["Host"])


if __name__ == "__main__":
    service.start(rate=80, item_bytes=550, kind="registry", root_kind="class", container="logging.root.manager.loggerDict",
                  owner=["logging.root.manager.loggerDict", "logging.root.manager", "logging.root"], writers=["Manager.getLogger"])
    for arrived in service.requests():
        connect(arrived)
