# SPDX-License-Identifier: Apache-2.0
"""A log of all statements, written by sqlite3 itself through a trace callback."""
import sqlite3

import service

STATEMENTS = []
DATABASE = sqlite3.connect(":memory:")
DATABASE.set_trace_callback(STATEMENTS.append)  # leak
# repaired: DATABASE.set_trace_callback(len)


def query(request):
    return DATABASE.execute("select '%s', %d" % (request.headers["X-Request-Id"], request.number)).fetchone()


if __name__ == "__main__":
    service.start(rate=250, item_bytes=100, kind="list", root_kind="module", container="STATEMENTS")
    for arrived in service.requests():
        query(arrived)
