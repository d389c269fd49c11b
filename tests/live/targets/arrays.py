# SPDX-License-Identifier: Apache-2.0
"""numpy arrays that hold objects and views of others; "skipped" where there is no numpy. Tells the ids as JSON."""
import json

import edges
import truth


def main():
    try:
        import numpy
    except ImportError:
        truth.serve(ready="skipped: no numpy")
    items = [[i] for i in range(500)] + ["item %d" % i for i in range(500)]
    objects = numpy.empty((10, 110), dtype=object)
    for i, item in enumerate(items):
        objects.flat[i] = item
    for i in range(100):
        objects.flat[1000 + i] = items[0]
    base = numpy.zeros(1000)
    views = [base[i:] for i in range(10)] + [base.reshape(10, 100).T]
    told = {"objects": id(objects), "items": [id(item) for item in objects.flat], "views": [[id(view), id(view.base)] for view in views],
            "counted": [id(item) for item in items[:500]] + [id(base)]}
    del item, i
    truth.serve(keep=(items, objects, base, views), actions=edges.ACTIONS, ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
