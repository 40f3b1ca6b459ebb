#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel tells of TCP sockets that close, as v6guardd hears it, and without its code.

Each case is a connection to an address of its own; one line a case: its name, then the
fields of tcp_info that evidence is made of. Needs no rights.
"""
import errno
import os
import socket
import struct
import threading
import time

SOCK_DIAG, MEMBERSHIP, GROUP_INET6_TCP_DESTROY, INET_DIAG_INFO = 4, 1, 3, 2
AWAY = "2001:db8:64::%x"  # dropped, all of them
ends = {}


def connect(address, port=80, limit=None):
    made = socket.socket(socket.AF_INET6)
    made.settimeout(limit)
    try:
        made.connect((address, port))
    except TimeoutError as error:
        return made, error.errno or "gave up"
    except OSError as error:
        return made, error.errno
    made.settimeout(None)
    return made, 0


def reset(made):
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def stall(address):
    """Beyond the handshake nothing gets through that is long."""
    made, _ = connect(address)
    made.send(b"x" * 1200)
    return made


def completed():
    made, _ = connect("2a01:1::1")
    made.close()


def with_data():
    made, _ = connect("2a06:6::1")
    made.send(b"GET / HTTP/1.0\r\n\r\n")
    while made.recv(4096):
        pass
    made.close()


def aborted():
    made, _ = connect("2a0a:a:a:1::1")
    reset(made)


def refused():
    made, ends["refused"] = connect("2a02:2::1", 99)
    made.close()


def prohibited():
    made, ends["prohibited"] = connect("2a04:4::1")
    made.close()


def gave_up_early():
    made, _ = connect(AWAY % 1, 80, 0.5)
    made.close()


def gave_up_late():
    made, _ = connect(AWAY % 2, 80, 3.6)
    made.close()


def timed_out(name, address, blocking):
    made = socket.socket(socket.AF_INET6)
    start = time.monotonic()
    made.setblocking(blocking)
    try:
        made.connect((address, 80))
    except BlockingIOError:
        import select
        poll = select.poll()
        poll.register(made, select.POLLOUT)
        poll.poll(60000)
        ends[name] = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except OSError as error:
        ends[name] = error.errno
    ends["seconds"] = round(time.monotonic() - start)
    made.close()


def stalled_then_aborted():
    made = stall("2a03:3::1")
    time.sleep(3)
    reset(made)


def stalled_then_timed_out():
    made = socket.socket(socket.AF_INET6)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2000)
    made.connect(("2a03:3::2", 80))
    made.send(b"x" * 1200)
    time.sleep(6)
    made.close()


CASES = {
    "completed": (completed, "2a01:1::1"),
    "with-data": (with_data, "2a06:6::1"),
    "aborted": (aborted, "2a0a:a:a:1::1"),
    "refused": (refused, "2a02:2::1"),
    "prohibited": (prohibited, "2a04:4::1"),
    "gave-up-early": (gave_up_early, AWAY % 1),
    "gave-up-late": (gave_up_late, AWAY % 2),
    "timed-out-blocking": (lambda: timed_out("timed-out-blocking", AWAY % 3, True), AWAY % 3),
    "timed-out-polling": (lambda: timed_out("timed-out-polling", AWAY % 4, False), AWAY % 4),
    "stalled-aborted": (stalled_then_aborted, "2a03:3::1"),
    "stalled-timed-out": (stalled_then_timed_out, "2a03:3::2"),
}


def fields(message):
    """inet_diag_msg: 4 bytes, sockid 48, 20 more; then attributes."""
    state = message[1]
    sport, dport = struct.unpack_from("!HH", message, 4)
    remote = socket.inet_ntop(socket.AF_INET6, message[24:40])
    uid, inode = struct.unpack_from("=II", message, 64)
    info, at = b"", 72
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        if length < 4:
            break
        if kind == INET_DIAG_INFO:
            info = message[at + 4:at + length]
        at += (length + 3) & ~3
    word = lambda offset: struct.unpack_from("=I", info, offset)[0]
    acked, received = struct.unpack_from("=QQ", info, 120)
    return remote, {
        "state": state, "retransmits": info[2], "rtt": word(68) > 0, "unacked": word(24),
        "acked": acked, "received": received, "sent": word(156) > 0,
        "answered": word(148) != 0xffffffff, "owner": bool(uid or inode),
        "port": dport > 0,
    }


def main():
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG)
    events.bind((0, 0))
    events.setsockopt(270, MEMBERSHIP, GROUP_INET6_TCP_DESTROY)
    events.settimeout(0.2)
    threads = [threading.Thread(target=case, daemon=True) for case, _ in CASES.values()]
    for thread in threads:
        thread.start()
    heard, end = {}, time.monotonic() + 40
    while len(heard) < len(CASES) and time.monotonic() < end:
        try:
            packet = events.recv(65536)
        except TimeoutError:
            continue
        remote, found = fields(packet[16:])
        for name, (_, address) in CASES.items():
            if socket.inet_pton(10, address) == socket.inet_pton(10, remote):
                heard[name] = found
    for name in CASES:
        found = heard.get(name)
        words = "nothing" if not found else " ".join(
            "%s=%d" % (key, value) for key, value in found.items())
        if isinstance(ends.get(name), int) and ends[name]:
            words += " errno=" + errno.errorcode[ends[name]]
        print(name, words)
    print("seconds", ends.get("seconds"), flush=True)
    os._exit(0)


main()
