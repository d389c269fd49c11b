# SPDX-License-Identifier: Apache-2.0
"""A batch program gathers its results in a local list of main() and never writes them out."""
import service


def main():
    results = []
    service.publish(container=id(results))
    for request in service.requests():
        results.append((request.number, request.headers))
        if len(results) == 100000000:  # leak
        # repaired: if len(results) == 10:
            results.clear()


if __name__ == "__main__":
    service.start(rate=150, item_bytes=420, kind="list", root_kind="local", writers=["main"])
    main()
