# SPDX-License-Identifier: Apache-2.0
"""Runs a command for which the kernel refuses ptrace and process_vm_readv with EPERM, as a security module would.

usage: deny_ptrace.py COMMAND ARGUMENT...
"""
import ctypes
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW, EPERM = 0x50000, 0x7fff0000, 1
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # classic BPF, words
PTRACE, PROCESS_VM_READV = 101, 310             # x86-64


class Program(ctypes.Structure):
    _fields_ = [("n", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def main():
    instructions = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 2, 0, PTRACE), (JUMP_IF_EQUAL, 1, 0, PROCESS_VM_READV),
                    (RETURN, 0, 0, SECCOMP_RET_ALLOW), (RETURN, 0, 0, SECCOMP_RET_ERRNO | EPERM)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *instruction) for instruction in instructions))
    program = Program(len(instructions), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0):
        sys.exit("deny_ptrace.py: %s" % os.strerror(ctypes.get_errno()))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
