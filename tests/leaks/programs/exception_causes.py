# SPDX-License-Identifier: Apache-2.0
"""A poller that raises each error from the last one: a chain of exceptions, with frames and their locals."""
import service


class PollError(Exception):
    pass


class Poller:
    def __init__(self):
        self.last_error = None
        self.failures = 0

    def ask(self, request):
        answer = [request.path, request.headers]
        raise PollError("no answer to %s" % answer[0]) from self.last_error

    def poll(self, request):
        try:
            self.ask(request)
        except PollError as error:
            self.failures += 1
            self.last_error = error  # leak
            # repaired: self.last_error = None


POLLER = Poller()


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1800, kind="chain", root_kind="module", container="POLLER", owner=["POLLER", "POLLER.last_error"],
                  writers=["Poller.poll"], count="POLLER.failures if POLLER.last_error else 0", backlog=1000)
    for arrived in service.requests():
        POLLER.poll(arrived)
