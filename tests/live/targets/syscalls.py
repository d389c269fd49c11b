# SPDX-License-Identifier: Apache-2.0
"""A C caller blocked in each of the system calls that README names, through ctypes: one thread a call, no retry.

The command x answers which of them have returned, with their errno's name: {"epoll_wait": "EINTR"}.
"""
import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import struct
import tempfile
import threading
import time

import truth

libc = ctypes.CDLL(None, use_errno=True)
for name in ("read", "write", "recv", "send", "msgrcv", "msgsnd", "syscall"):
    getattr(libc, name).restype = ctypes.c_ssize_t

RETURNED = {}
CALLS = {}
KEPT = []
BUFFER = ctypes.create_string_buffer(1 << 20)
SYS_IO_SETUP, SYS_IO_GETEVENTS, SYS_FUTEX, SYS_SEMTIMEDOP = 206, 208, 202, 220
FUTEX_WAIT = 0
LONG = 3600


def call(name):
    def register(function):
        CALLS[name] = function
        return function
    return register


def kept(value):
    KEPT.append(value)
    return value


def an_epoll():
    return libc.epoll_create1(0)


def a_pipe():
    return kept(os.pipe())


def a_full_pipe():
    fd = a_pipe()[1]
    os.set_blocking(fd, False)
    while libc.write(fd, BUFFER, 65536) > 0:
        pass
    os.set_blocking(fd, True)
    return fd


def a_socket(timeout=None, kind=socket.SOCK_STREAM):
    left, _ = pair = socket.socketpair(socket.AF_UNIX, kind)
    kept(pair)
    if timeout:
        left.setsockopt(socket.SOL_SOCKET, timeout, struct.pack("ll", LONG, 0))
    return left.fileno()


def a_full_socket(timeout=None):
    fd = a_socket(timeout)
    while libc.send(fd, BUFFER, 65536, 0x40) > 0:
        pass
    return fd


def a_listener(timeout=None):
    listener = kept(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    if timeout:
        listener.setsockopt(socket.SOL_SOCKET, timeout, struct.pack("ll", LONG, 0))
    return listener.fileno()


def a_file_locked_by_a_child():
    file = kept(tempfile.TemporaryFile())
    reader, writer = a_pipe()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        fcntl.lockf(file, fcntl.LOCK_EX)
        os.write(writer, b"x")
        time.sleep(LONG)
        os._exit(0)
    os.read(reader, 1)
    return file.fileno()


def timespec(seconds=LONG):
    return kept(ctypes.create_string_buffer(struct.pack("ll", seconds, 0)))


def an_fd_set(fd):
    bits = bytearray(128)
    bits[fd // 8] |= 1 << fd % 8
    return kept(ctypes.create_string_buffer(bytes(bits)))


def a_poll_fd(fd):
    return kept(ctypes.create_string_buffer(struct.pack("ihh", fd, 1, 0)))


def a_signal_set():
    return kept(ctypes.create_string_buffer(struct.pack("Q", 1 << (signal.SIGUSR2 - 1)) + bytes(120)))


call("epoll_wait")(lambda: libc.epoll_wait(an_epoll(), BUFFER, 1, -1))
call("epoll_pwait")(lambda: libc.epoll_pwait(an_epoll(), BUFFER, 1, -1, None))
call("poll")(lambda: libc.poll(a_poll_fd(a_pipe()[0]), 1, -1))
call("ppoll")(lambda: libc.ppoll(a_poll_fd(a_pipe()[0]), 1, timespec(), None))
call("select")(lambda: [fd := a_pipe()[0], libc.select(fd + 1, an_fd_set(fd), None, None, None)][1])
call("pselect")(lambda: [fd := a_pipe()[0], libc.pselect(fd + 1, an_fd_set(fd), None, None, timespec(), None)][1])
call("read")(lambda: libc.read(a_pipe()[0], BUFFER, 1))
call("write")(lambda: libc.write(a_full_pipe(), BUFFER, 1))
call("eventfd")(lambda: libc.read(libc.eventfd(0, 0), BUFFER, 8))
call("inotify")(lambda: libc.read(libc.inotify_init(), BUFFER, 4096))
call("nanosleep")(lambda: libc.nanosleep(timespec(), None))
call("clock_nanosleep")(lambda: -libc.clock_nanosleep(1, 0, timespec(), None))
call("pause")(lambda: libc.pause())
call("sigsuspend")(lambda: libc.sigsuspend(kept(ctypes.create_string_buffer(128))))
call("sigwaitinfo")(lambda: libc.sigwaitinfo(a_signal_set(), None))
call("sigtimedwait")(lambda: libc.sigtimedwait(a_signal_set(), None, timespec()))
call("recv")(lambda: libc.recv(a_socket(), BUFFER, 1, 0))
call("recv SO_RCVTIMEO")(lambda: libc.recv(a_socket(socket.SO_RCVTIMEO), BUFFER, 1, 0))
call("send")(lambda: libc.send(a_full_socket(), BUFFER, 1, 0))
call("send SO_SNDTIMEO")(lambda: libc.send(a_full_socket(socket.SO_SNDTIMEO), BUFFER, 1, 0))
call("accept")(lambda: libc.accept(a_listener(), None, None))
call("accept SO_RCVTIMEO")(lambda: libc.accept(a_listener(socket.SO_RCVTIMEO), None, None))


def a_full_queue():
    queue = libc.msgget(0, 0o1600)
    message = kept(ctypes.create_string_buffer(struct.pack("l", 1) + bytes(4096)))
    while libc.msgsnd(queue, message, 4096, 0o4000) == 0:
        pass
    return queue


def a_connect(timeout=None):
    """To a Unix socket whose backlog is full."""
    listener = kept(socket.socket(socket.AF_UNIX))
    name = b"\0heapspy-%d-%d" % (os.getpid(), listener.fileno())
    listener.bind(name)
    listener.listen(0)
    while True:
        other = kept(socket.socket(socket.AF_UNIX))
        other.setblocking(False)
        if other.connect_ex(name):
            break
    caller = kept(socket.socket(socket.AF_UNIX))
    if timeout:
        caller.setsockopt(socket.SOL_SOCKET, timeout, struct.pack("ll", LONG, 0))
    address = struct.pack("H", socket.AF_UNIX) + name
    return libc.connect(caller.fileno(), address, len(address))


call("connect")(lambda: a_connect())
call("connect SO_SNDTIMEO")(lambda: a_connect(socket.SO_SNDTIMEO))
call("msgsnd")(lambda: libc.msgsnd(a_full_queue(), kept(ctypes.create_string_buffer(struct.pack("l", 1) + bytes(4096))), 4096, 0))
call("semop")(lambda: libc.semop(libc.semget(0, 1, 0o1600), kept(ctypes.create_string_buffer(struct.pack("Hhh", 0, -1, 0))), 1))
call("semtimedop")(lambda: libc.semtimedop(libc.semget(0, 1, 0o1600), kept(ctypes.create_string_buffer(struct.pack("Hhh", 0, -1, 0))), 1,
                                           timespec()))
call("msgrcv")(lambda: libc.msgrcv(libc.msgget(0, 0o1600), BUFFER, 100, ctypes.c_long(0), 0))
call("sem_wait")(lambda: [semaphore := kept(ctypes.create_string_buffer(32)), libc.sem_init(semaphore, 0, 0), libc.sem_wait(semaphore)][2])
call("futex")(lambda: libc.syscall(SYS_FUTEX, kept(ctypes.create_string_buffer(8)), FUTEX_WAIT, 0, timespec(), None, 0))
call("waitpid")(lambda: libc.waitpid(a_child(), None, 0))
call("fcntl locks")(lambda: libc.fcntl(a_file_locked_by_a_child(), fcntl.F_SETLKW,
                                       kept(ctypes.create_string_buffer(struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)))))


@call("io_getevents")
def io_getevents():
    context = kept(ctypes.create_string_buffer(8))
    if libc.syscall(SYS_IO_SETUP, 1, context) != 0:
        return 0
    return libc.syscall(SYS_IO_GETEVENTS, ctypes.c_ulong(struct.unpack("Q", context.raw)[0]), ctypes.c_long(1), ctypes.c_long(1), BUFFER, None)


def a_child():
    child = os.fork()
    if child == 0:
        time.sleep(LONG)
        os._exit(0)
    kept(child)
    return child


STARTED = {}


def block_in(name):
    STARTED[name] = threading.get_native_id()
    ctypes.set_errno(0)
    result = CALLS[name]()
    RETURNED[name] = errno.errorcode.get(ctypes.get_errno(), "0") if result < 0 else "returned %d" % result


def end_with_parent():
    """The children and the System V objects of these calls must not outlive the target."""
    libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    if libc.unshare(0x08000000):  # CLONE_NEWIPC: queues and semaphores then end with this process
        for name in ("semop", "semtimedop", "msgrcv", "msgsnd"):
            del CALLS[name]
    os.register_at_fork(after_in_child=lambda: libc.prctl(1, signal.SIGKILL, 0, 0, 0))  # PR_SET_PDEATHSIG


def main():
    end_with_parent()
    for name in CALLS:
        threading.Thread(target=block_in, args=(name,), daemon=True).start()
    while len(STARTED) < len(CALLS):
        time.sleep(0.001)
    truth.serve(actions={b"x": lambda: json.dumps(RETURNED)}, ready="ready " + json.dumps(STARTED))


if __name__ == "__main__":
    main()
