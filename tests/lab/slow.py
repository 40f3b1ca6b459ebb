#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""slow.py SECONDS CLIENTS: slow TCP clients of 127.0.0.64, and good ones beside them.

CLIENTS connections from 40 addresses: every other one says nothing, the others a byte each second.
Meanwhile a client from 127.0.0.9 asks by UDP and by a connection of its own, again and again. Prints

    good N of N, slowest udp N ms, tcp N ms          what they got
    most N connections, N left                       by status; the slow ones that are still open
    first closed after N s, last N s                 of the 128 that came last
"""
import json
import os
import resource
import socket
import struct
import sys
import threading
import time

QUERY = struct.pack("!6H", 9, 0x100, 1, 0, 0, 0) + b"\4good\4rude\4test\0\0\1\0\1"
RIGHT = bytes([198, 51, 100, 1])


def status():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/run/v6guard/control.sock")
        s.sendall(b"resolver status\n")
        data = b""
        while not data.endswith(b"\n"):
            data += s.recv(65536)
    return json.loads(data)


def by_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect(("127.0.0.64", 53))
        s.send(QUERY)
        return s.recv(512)


def by_tcp():
    with socket.socket() as s:
        s.settimeout(3)
        s.bind(("127.0.0.9", 0))
        s.connect(("127.0.0.64", 53))
        s.sendall(struct.pack("!H", len(QUERY)) + QUERY)
        size = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0]
        return s.recv(size, socket.MSG_WAITALL)


class Good(threading.Thread):
    def __init__(self):
        super().__init__(daemon=True)
        self.asked = self.right = self.most = 0
        self.slowest = {by_udp: 0, by_tcp: 0}
        self.end = False

    def run(self):
        while not self.end:
            for way in (by_udp, by_tcp):
                start = time.monotonic()
                self.asked += 1
                try:
                    self.right += way()[-4:] == RIGHT
                except (OSError, struct.error):
                    pass
                self.slowest[way] = max(self.slowest[way], (time.monotonic() - start) * 1000)
            self.most = max(self.most, status()["connections"])
            time.sleep(0.05)


def is_closed(s):
    try:
        return s.recv(16, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main():
    seconds, count = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 200,) * 2)
    good, held = Good(), []
    good.start()
    for i in range(count):
        s = socket.socket()
        s.bind(("127.0.1.%d" % (1 + i * 40 // count), 0))
        s.setblocking(False)
        try:
            s.connect(("127.0.0.64", 53))
        except BlockingIOError:
            pass
        held.append(s)
        if i % 50 == 49:
            time.sleep(0.02)
    start, last, closed = time.monotonic(), held[-128:], {}
    # A message of 96 bytes, so far.
    for byte in (b"\0\x60" + bytes(96))[:seconds]:
        for s in held[1::2]:
            try:
                s.send(bytes([byte]))
            except OSError:
                pass
        tick = time.monotonic() + 1
        while time.monotonic() < tick:
            for s in last:
                if s not in closed and is_closed(s):
                    closed[s] = time.monotonic() - start
            time.sleep(0.05)
    good.end = True
    good.join(10)
    print("good %d of %d, slowest udp %d ms, tcp %d ms" % (good.right, good.asked, good.slowest[by_udp], good.slowest[by_tcp]))
    print("most %d connections, %d left" % (good.most, sum(not is_closed(s) for s in held)))
    if closed:
        print("first closed after %.1f s, last %.1f s" % (min(closed.values()), max(closed.values())))
    sys.stdout.flush()
    os._exit(0)


main()
