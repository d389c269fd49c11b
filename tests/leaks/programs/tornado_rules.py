# SPDX-License-Identifier: Apache-2.0
"""Handlers are added to the application for each virtual host, and never taken away."""
import tornado.web

import service

APP = tornado.web.Application()
HOSTS = set()


class Shop(tornado.web.RequestHandler):
    pass


def serve(request):
    host = r"tenant%d\.example" % request.number  # leak
    # repaired: host = r"tenant%d\.example" % (request.number % 20)
    if host not in HOSTS:
        HOSTS.add(host)
        APP.add_handlers(host, [(r"/orders", Shop), (r"/stock", Shop)])


if __name__ == "__main__":
    service.start(rate=15, item_bytes=1800, kind="registry", root_kind="module", containers="[APP.default_router.rules, HOSTS]",
                  owner=["APP", "APP.default_router", "APP.default_router.rules", "HOSTS"],
                  writers=["serve", "RuleRouter.add_rules", "Application.add_handlers"], count="len(HOSTS)", backlog=200)
    for arrived in service.requests():
        serve(arrived)
