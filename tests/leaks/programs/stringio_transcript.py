# SPDX-License-Identifier: Apache-2.0
"""What a shell says is gathered as text for whoever asks, and nobody does."""
import io

import service


class Shell:
    def __init__(self):
        self.transcript = io.StringIO()

    def say(self, text):
        self.transcript.write(text)
        self.transcript.tell()  # leak
        # repaired: self.transcript.seek(0), self.transcript.truncate()


SHELL = Shell()


if __name__ == "__main__":
    service.start(rate=150, item_bytes=0, kind="buffer", root_kind="module", container="SHELL.transcript", owner=["SHELL", "SHELL.transcript"],
                  writers=["Shell.say"], count="SHELL.transcript.tell() / 1200", backlog=1000)
    for arrived in service.requests():
        SHELL.say(arrived.body.ljust(400) * 3)
