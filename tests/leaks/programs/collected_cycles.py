# SPDX-License-Identifier: Apache-2.0
"""No leak: cycles that the collector takes, late, for it has much to look at."""
import service


class Form:
    def __init__(self, request):
        self.request = request
        self.fields = [Field(self, name) for name in request.headers]


class Field:
    def __init__(self, form, name):
        self.form = form
        self.name = name


if __name__ == "__main__":
    service.start(rate=60, item_bytes=0, verdict=["none", "garbage"])
    for arrived in service.requests():
        Form(arrived)
