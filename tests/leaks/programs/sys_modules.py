# SPDX-License-Identifier: Apache-2.0
"""Settings of each tenant, loaded as a module: sys.modules keeps every one."""
import sys
import types

import service


def load(request):
    name = "tenant_%d" % request.number  # leak
    # repaired: name = "tenant"
    module = types.ModuleType(name)
    module.HEADERS = request.headers
    module.LIMITS = [request.number, request.path]
    sys.modules[name] = module


if __name__ == "__main__":
    service.start(rate=40, item_bytes=970, kind="registry", root_kind="interpreter", container="sys.modules", writers=["load"], backlog=400)
    for arrived in service.requests():
        load(arrived)
