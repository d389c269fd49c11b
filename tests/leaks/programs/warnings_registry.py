# SPDX-License-Identifier: Apache-2.0
"""Each warning has a text of its own, and the module remembers all that were shown."""
import warnings

import service


def check(request):
    text = "request %s is slow: %s" % (request.headers["X-Request-Id"], request.path)  # leak
    # repaired: text = "a request is slow"
    warnings.warn(text)


if __name__ == "__main__":
    warnings.showwarning = lambda *shown, **named: None
    service.start(rate=250, item_bytes=200, kind="registry", root_kind="module", container="__warningregistry__")
    for arrived in service.requests():
        check(arrived)
