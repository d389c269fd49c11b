# SPDX-License-Identifier: Apache-2.0
"""Counters as attributes with made-up names: every name is interned and stays in the instance."""
import service


class Statistics:
    pass


STATISTICS = Statistics()


def count(request):
    setattr(STATISTICS, "visits_of_%s" % request.headers["X-Request-Id"], request.number)  # leak
    # repaired: setattr(STATISTICS, "visits", request.number)


if __name__ == "__main__":
    service.start(rate=400, item_bytes=150, kind="dict", root_kind="module", containers="[STATISTICS, vars(STATISTICS)]", owner="STATISTICS",
                  count="len(vars(STATISTICS))")
    for arrived in service.requests():
        count(arrived)
