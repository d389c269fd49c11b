# SPDX-License-Identifier: Apache-2.0
"""A database in memory that grows: the memory is SQLite's."""
import sqlite3

import service

DATABASE = sqlite3.connect(":memory:")
DATABASE.execute("create table visits (number integer, path text, body text)")


def visit(request):
    DATABASE.execute("insert into visits values (?, ?, ?)", (request.number, request.path, request.body * 10))


if __name__ == "__main__":
    service.start(rate=100, item_bytes=0, verdict="native")
    for arrived in service.requests():
        visit(arrived)
