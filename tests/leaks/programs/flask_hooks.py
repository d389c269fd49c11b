# SPDX-License-Identifier: Apache-2.0
"""A view registers a hook with the application where it meant one for this request."""
import functools

import flask

import service

APP = flask.Flask("shop")


def add_header(headers, response):
    response.headers["X-Request-Id"] = headers["X-Request-Id"]
    return response


@APP.route("/order/<int:number>")
def order(number):
    hook = functools.partial(add_header, flask.request.environ["shop.request"].headers)
    APP.after_request_funcs.setdefault(None, []).append(hook)  # leak
    # repaired: flask.after_this_request(hook)
    return "order %d" % number


if __name__ == "__main__":
    service.start(rate=10, item_bytes=660, kind="registry", root_kind="module", container="APP.after_request_funcs[None]",
                  owner=["APP", "APP.after_request_funcs"], writers=["order"], count="len(APP.after_request_funcs.get(None, ()))", backlog=300)
    client = APP.test_client()
    for arrived in service.requests():
        client.get("/order/%d" % arrived.number, environ_base={"shop.request": arrived}).close()
