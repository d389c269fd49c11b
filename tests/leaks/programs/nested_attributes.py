# SPDX-License-Identifier: Apache-2.0
"""Far from its root: a list six references below a module's name."""
import service


class Entries:
    def __init__(self):
        self.log = []


class Tenant:
    def __init__(self):
        self.audit = Entries()


class State:
    def __init__(self):
        self.regions = {"eu": [Tenant() for _ in range(5)], "us": [Tenant() for _ in range(5)]}


class App:
    def __init__(self):
        self.state = State()

    def note(self, request):
        log = self.state.regions["eu"][3].audit.log
        log.append(request)
        del log[:-100000000]  # leak
        # repaired: del log[:-200]


APP = App()


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1000, kind="list", root_kind="module", container="APP.state.regions['eu'][3].audit.log",
                  owner=["APP.state.regions['eu'][3].audit.log", "APP.state.regions['eu'][3].audit"], writers=["App.note"])
    for arrived in service.requests():
        APP.note(arrived)
