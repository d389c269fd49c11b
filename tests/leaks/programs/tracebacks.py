# SPDX-License-Identifier: Apache-2.0
"""Exceptions kept for a later report: each holds the frames it came through, and all that was local to them."""
import service


class Importer:
    failures = []

    def parse(self, request):
        payload = request.body * 20
        raise ValueError("cannot parse %d bytes" % len(payload))

    def load(self, request):
        try:
            self.parse(request)
        except ValueError as error:
            self.failures.append(error)
            error.with_traceback(error.__traceback__)  # leak
            # repaired: self.failures.clear()


if __name__ == "__main__":
    service.start(rate=50, item_bytes=7200, kind="frames", root_kind="class", container="Importer.failures",
                  owner=["Importer.failures", "Importer"], writers=["Importer.load"], backlog=500)
    importer = Importer()
    for arrived in service.requests():
        importer.load(arrived)
