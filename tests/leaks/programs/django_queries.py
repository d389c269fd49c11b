# SPDX-License-Identifier: Apache-2.0
"""Django in debug mode keeps its last 9000 queries, and is on its way there."""
import django.conf
import django.db

import service

django.conf.settings.configure(DEBUG=True, DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})


def query(request):
    with django.db.connection.cursor() as cursor:
        cursor.execute("select %s", [request.headers["X-Request-Id"]])


if __name__ == "__main__":
    service.start(rate=80, item_bytes=350, verdict="bounded", kind="deque", root_kind="thread_local", backlog=1000)
    service.publish(container=id(django.db.connection.queries_log))
    for arrived in service.requests():
        query(arrived)
