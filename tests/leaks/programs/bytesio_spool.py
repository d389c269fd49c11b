# SPDX-License-Identifier: Apache-2.0
"""A spool in memory is written to and read from, and what was read is never cut off."""
import io

import service


class Spool:
    def __init__(self):
        self.stream = io.BytesIO()

    def write(self, data):
        self.stream.write(data)
        self.stream.tell()  # leak
        # repaired: self.stream.seek(0), self.stream.truncate()


SPOOL = Spool()


if __name__ == "__main__":
    service.start(rate=150, item_bytes=1200, kind="buffer", root_kind="module", container="SPOOL.stream", owner=["SPOOL", "SPOOL.stream"],
                  writers=["Spool.write"], count="SPOOL.stream.getbuffer().nbytes / 1200", backlog=1000)
    for arrived in service.requests():
        SPOOL.write(arrived.body.encode().ljust(400) * 3)
