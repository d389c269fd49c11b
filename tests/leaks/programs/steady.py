# SPDX-License-Identifier: Apache-2.0
"""No leak: the traffic around all other programs, and nothing else."""
import service


def handle(request):
    return len(request.body)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=0, verdict="none")
    for arrived in service.requests():
        handle(arrived)
