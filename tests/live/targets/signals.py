# SPDX-License-Identifier: Apache-2.0
"""A target that counts its signals, and with the argument `spawning` one whose threads start and end all the time.

Besides truth.py's commands it knows w: answers how many SIGRTMINs were delivered so far. The interpreter's C handler writes
a byte for each into a pipe, so none is counted twice or merged with another.
"""
import os
import signal
import sys
import threading

import truth


def main():
    control, reply, _, arguments = truth.arguments()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.signal(signal.SIGRTMIN, lambda number, frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=True)
    seen = 0
    if arguments == ["spawning"]:
        def spawn():
            while True:
                brief = threading.Thread(target=sum, args=([1, 2],))
                brief.start()
                brief.join()
        threading.Thread(target=spawn, daemon=True).start()
    os.write(reply, b"ready\n")
    while True:
        command = os.read(control, 1)
        if command in (b"", b"q"):
            sys.stdout.flush()
            os._exit(0)
        if command == b"p":
            os.write(reply, ("pong %d\n" % truth.compute()).encode())
        elif command == b"w":
            try:
                while True:
                    seen += len(os.read(reader, 65536))
            except BlockingIOError:
                os.write(reply, ("%d\n" % seen).encode())


if __name__ == "__main__":
    main()
