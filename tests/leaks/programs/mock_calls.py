# SPDX-License-Identifier: Apache-2.0
"""A unittest.mock that has found its way into a long-running program remembers every call."""
import unittest.mock

import service

CLIENT = unittest.mock.MagicMock()


def handle(request):
    CLIENT.send(request)  # leak
    # repaired: CLIENT.send(request), CLIENT.reset_mock()


if __name__ == "__main__":
    service.start(rate=40, item_bytes=2200, kind="list", root_kind="module",
                  containers="[CLIENT.mock_calls, CLIENT.method_calls, CLIENT.send.mock_calls, CLIENT.send.call_args_list]",
                  owner=["CLIENT", "CLIENT.send"], count="len(CLIENT.send.mock_calls)", backlog=500)
    for arrived in service.requests():
        handle(arrived)
