#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ask_many.py SERVER ZONE LABEL...: A of all LABEL.ZONE at once; a line each, in that order.

    LABEL RCODE[ TC] ADDRESSES MILLISECONDS      ADDRESSES: one, "N" of several, or "-"

EDNS 4096, from the host itself. No answer within 9 s: "silence". The time is that from its question
to its answer, measured here.
"""
import select
import socket
import struct
import sys
import time

RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]


def build(name, number):
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!6H", number, 0x100, 1, 0, 0, 1) + wire + struct.pack("!2H", 1, 1) + \
        b"\0" + struct.pack("!HHIH", 41, 4096, 0, 0)


def skip(message, at):
    while message[at] and message[at] < 0xC0:
        at += 1 + message[at]
    return at + (2 if message[at] else 1)


def show(message):
    flags, _, count = struct.unpack("!3H", message[2:8])
    at, found = skip(message, 12) + 4, []
    for _ in range(count):
        at = skip(message, at)
        kind, _, _, size = struct.unpack("!HHIH", message[at:at + 10])
        if kind == 1:
            found.append(socket.inet_ntoa(message[at + 10:at + 14]))
        at += 10 + size
    return RCODES[flags & 15] + (" TC" if flags & 0x200 else "") + " " + \
        (found[0] if len(found) == 1 else str(len(found)) if found else "-")


def main():
    server, zone, labels = sys.argv[1], sys.argv[2], sys.argv[3:]
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    asked, lines = {}, {}
    for i, label in enumerate(labels):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.connect((server, 53))
        s.send(build(label + "." + zone, i))
        asked[s] = (i, label, time.monotonic())
    end = time.monotonic() + 9
    while asked and time.monotonic() < end:
        for s in select.select(list(asked), [], [], max(0, end - time.monotonic()))[0]:
            i, label, start = asked.pop(s)
            took = (time.monotonic() - start) * 1000
            reply = s.recv(65535)
            lines[i] = "%s %s %d" % (label, show(reply), took)
    for i, label, _ in asked.values():
        lines[i] = "%s silence - 9000" % label
    for i in sorted(lines):
        print(lines[i])


main()
