#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pairs.py SERVER PATTERN COUNT [GAP [TIMEOUT]]: A and AAAA of COUNT names, at once for each name.

In PATTERN %d is a number. A line for each kind of outcome, the most frequent first: how many, what A
and AAAA were ("-": no address, NXDOMAIN, SERVFAIL, silence), and the slowest of them in ms.
GAP ms between two names: 0 is one after the other, as is what is asked when nothing is said.
"""
import collections
import select
import socket
import struct
import sys
import time

RCODES = {0: "-", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
server, pattern, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
gap = int(sys.argv[4]) / 1000 if len(sys.argv) > 4 else 0
limit = float(sys.argv[5]) if len(sys.argv) > 5 else 7
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((server, 53))


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def outcome(reply):
    if reply[3] & 15 or not struct.unpack("!H", reply[6:8])[0]:
        return RCODES.get(reply[3] & 15, "rcode %d" % (reply[3] & 15))
    at = 12
    while reply[at]:
        at += 1 + reply[at]
    size = struct.unpack("!H", reply[at + 15:at + 17])[0]
    data = reply[at + 17:at + 17 + size]
    return socket.inet_ntop(socket.AF_INET if size == 4 else socket.AF_INET6, data)


sent, got, start = {}, {}, time.monotonic()
i = 0
while True:
    now = time.monotonic()
    waiting = any(key not in got for key in sent)
    if i < count and (now >= start + i * gap if gap else not waiting):
        for kind in (1, 28):
            number = 2 * i + (kind == 28)
            s.send(struct.pack("!6H", number, 0x100, 1, 0, 0, 0) + wire(pattern % i) + struct.pack("!2H", kind, 1))
            sent[number] = time.monotonic()
        i += 1
    if select.select([s], [], [], 0.002)[0]:
        reply = s.recv(4096)
        number = struct.unpack("!H", reply[:2])[0]
        got.setdefault(number, (outcome(reply), (time.monotonic() - sent[number]) * 1000))
    for number, at in sent.items():
        if number not in got and now - at > limit:
            got[number] = ("silence", limit * 1000)
    if i == count and len(got) == 2 * count:
        break
kinds = collections.defaultdict(list)
for n in range(count):
    kinds[got[2 * n][0], got[2 * n + 1][0]].append(max(got[2 * n][1], got[2 * n + 1][1]))
for (a, aaaa), times in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
    print("%d: %s %s, %d ms" % (len(times), a, aaaa, max(times)))
