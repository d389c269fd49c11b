# SPDX-License-Identifier: Apache-2.0
"""Every message's id is remembered for ever, to find those that come twice."""
import service


class Deduplicator:
    seen = set()

    def is_new(self, request):
        key = request.headers["X-Request-Id"]
        if key in self.seen:
            return False
        self.remember(key)
        return True

    def remember(self, key):
        self.seen.add(key)  # leak
        # repaired: self.seen.discard(key)


if __name__ == "__main__":
    service.start(rate=500, item_bytes=81, kind="set", root_kind="class", container="Deduplicator.seen", owner=["Deduplicator.seen", "Deduplicator"],
                  writers=["Deduplicator.remember"])
    deduplicator = Deduplicator()
    for arrived in service.requests():
        deduplicator.is_new(arrived)
