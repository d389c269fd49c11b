# SPDX-License-Identifier: Apache-2.0
"""Objects are added to a session that is never flushed."""
import sqlalchemy
import sqlalchemy.orm

import service

Base = sqlalchemy.orm.declarative_base()


class Order(Base):
    __tablename__ = "orders"
    number = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    path = sqlalchemy.Column(sqlalchemy.String)


SESSION = sqlalchemy.orm.Session(sqlalchemy.create_engine("sqlite://"), autoflush=False)


def handle(request):
    order = Order(number=request.number, path=request.path)
    SESSION.add(order)
    SESSION.is_modified(order)  # leak
    # repaired: SESSION.expunge(order)


if __name__ == "__main__":
    service.start(rate=50, item_bytes=1100, kind="dict", root_kind="module", container="SESSION._new", owner=["SESSION", "SESSION._new"],
                  writers=["handle", "Session._save_impl"], backlog=1000)
    for arrived in service.requests():
        handle(arrived)
