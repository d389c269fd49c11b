# SPDX-License-Identifier: Apache-2.0
"""A target that counts its SIGWINCHs, and with the argument `spawning` one whose threads start and end all the time.

Besides truth.py's commands it knows w: waits until one more SIGWINCH than at the last w was seen.
"""
import os
import signal
import sys
import threading

import truth


def main():
    control, reply, _, arguments = truth.arguments()
    seen = [0]

    def count(number, frame):
        seen[0] += 1
    signal.signal(signal.SIGWINCH, count)
    if arguments == ["spawning"]:
        def spawn():
            while True:
                brief = threading.Thread(target=sum, args=([1, 2],))
                brief.start()
                brief.join()
        threading.Thread(target=spawn, daemon=True).start()
    wanted = 0
    os.write(reply, b"ready\n")
    while True:
        command = os.read(control, 1)
        if command in (b"", b"q"):
            sys.stdout.flush()
            os._exit(0)
        if command == b"p":
            os.write(reply, ("pong %d\n" % truth.compute()).encode())
        elif command == b"w":
            wanted += 1
            while seen[0] < wanted:
                signal.sigtimedwait([], 0.0005)
            os.write(reply, ("seen %d\n" % seen[0]).encode())


if __name__ == "__main__":
    main()
