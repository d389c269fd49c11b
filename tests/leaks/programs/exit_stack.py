# SPDX-License-Identifier: Apache-2.0
"""Callbacks for an ExitStack that is closed when the program ends."""
import contextlib

import service

STACK = contextlib.ExitStack()


def release(request):
    return request.path


def handle(request):
    STACK.callback(release, request)
    STACK.enter_context(contextlib.nullcontext())  # leak
    # repaired: STACK.close()


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1900, kind="deque", root_kind="module", container="STACK._exit_callbacks", owner=["STACK", "STACK._exit_callbacks"],
                  writers=["handle", "_BaseExitStack._push_exit_callback"], count="len(STACK._exit_callbacks) / 2")
    for arrived in service.requests():
        handle(arrived)
