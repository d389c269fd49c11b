# SPDX-License-Identifier: Apache-2.0
"""A default argument is made once, and this one is a list."""
import service


def audit(request, trail=[]):
    trail.append(request)
    if len(trail) > 1000000:  # leak
    # repaired: if len(trail) > 1000:
        trail.pop(0)
    return trail[-1]


if __name__ == "__main__":
    service.start(rate=90, item_bytes=1000, kind="list", root_kind="default", container="audit.__defaults__[0]", owner=["audit", "audit.__defaults__[0]"],
                  writers=["audit"])
    for arrived in service.requests():
        audit(arrived)
