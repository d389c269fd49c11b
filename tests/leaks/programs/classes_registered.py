# SPDX-License-Identifier: Apache-2.0
"""A class for each tenant, made by request; the base class keeps a register of its subclasses."""
import service


class Plugin:
    registry = {}

    def __init_subclass__(cls, **arguments):
        super().__init_subclass__(**arguments)
        Plugin.registry[cls.__name__] = cls

    def run(self):
        return self


def load(request):
    plugin = type("Tenant%d" % request.number, (Plugin,), {"settings": request.headers})  # leak
    # repaired: plugin = Plugin
    return plugin().run()


if __name__ == "__main__":
    service.start(rate=25, item_bytes=2600, kind="classes", root_kind="class", container="Plugin.registry", owner=["Plugin.registry", "Plugin"],
                  writers=["Plugin.__init_subclass__"], backlog=300)
    for arrived in service.requests():
        load(arrived)
