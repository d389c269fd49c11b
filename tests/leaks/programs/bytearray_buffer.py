# SPDX-License-Identifier: Apache-2.0
"""A connection parses what it receives, but never cuts what it has parsed off its buffer."""
import service


class Connection:
    def __init__(self):
        self.buffer = bytearray()
        self.parsed = 0

    def feed(self, data):
        self.buffer += data
        end = len(self.buffer)
        self.parsed = end  # leak
        # repaired: del self.buffer[:end]


CONNECTION = Connection()


if __name__ == "__main__":
    service.start(rate=150, item_bytes=1200, kind="buffer", root_kind="module", container="CONNECTION.buffer", owner=["CONNECTION", "CONNECTION.buffer"],
                  writers=["Connection.feed"], count="len(CONNECTION.buffer) / 1200", backlog=1000)
    for arrived in service.requests():
        CONNECTION.feed(arrived.body.encode().ljust(400) * 3)
