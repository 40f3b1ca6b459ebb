#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""table_dns.py ADDRESS FOLDER: a name server that answers, or does not, by a table.

FOLDER/table has a record a line, "NAME TYPE VALUE", read again for each question:

    NAME A ADDRESS, NAME AAAA ADDRESS, NAME CNAME NAME      *.NAME: all names below that have no line
    NAME TYPE drop | servfail | MILLISECONDS                silence; SERVFAIL; a delay
    NAME TXT x                                              the name is there

Other names do not exist. Questions are written to FOLDER/asked as "NAME TYPE".
"""
import socket
import struct
import sys
import threading

TYPES = {"A": 1, "CNAME": 5, "TXT": 16, "AAAA": 28}
NAMES = {number: name for name, number in TYPES.items()}
folder = sys.argv[2]
log = open(folder + "/asked", "a", buffering=1)


def table():
    lines = {}
    with open(folder + "/table") as file:
        for name, kind, value in (line.split() for line in file if line.strip()):
            lines.setdefault(name, []).append((kind, value))
    return lines


def records_of(lines, name):
    if name in lines:
        return lines[name]
    labels = name.split(".")
    for i in range(1, len(labels)):
        found = lines.get("*." + ".".join(labels[i:]))
        if found:
            return found
    return None


def wire(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def record(owner, kind, value):
    data = wire(value) if kind == "CNAME" else socket.inet_pton(
        socket.AF_INET if kind == "A" else socket.AF_INET6, value)
    return wire(owner) + struct.pack("!HHIH", TYPES[kind], 1, 300, len(data)) + data


def answer(message):
    """The reply, or None, and after how many milliseconds."""
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin1"))
        at += 1 + message[at]
    name, number = ".".join(labels).lower(), struct.unpack("!H", message[at + 1:at + 3])[0]
    kind, lines = NAMES.get(number, str(number)), table()
    log.write("%s %s\n" % (name, kind))
    found, out, delay, rcode = records_of(lines, name), [], 0, 0
    owner = name
    for _ in range(8):
        for what, value in found or []:
            if what == kind and value == "drop":
                return None, 0
            if what == kind and value == "servfail":
                rcode = 2
            elif what == kind and value.isdigit():
                delay += int(value)
            elif what == kind and kind in ("A", "AAAA"):
                out.append(record(owner, kind, value))
        alias = next((value for what, value in found or [] if what == "CNAME"), None)
        if not alias:
            break
        out.append(record(owner, "CNAME", alias))
        owner, found = alias, records_of(lines, alias)
    if found is None:
        rcode = 3
    return message[:2] + struct.pack("!5H", 0x8180 | rcode, 1, 0 if rcode == 2 else len(out), 0, 0) + \
        message[12:at + 5] + (b"" if rcode == 2 else b"".join(out)), delay


udp = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 53))
open(folder + "/ready", "w").close()
while True:
    packet, peer = udp.recvfrom(4096)
    reply, after = answer(packet)
    if reply and after:
        threading.Timer(after / 1000, udp.sendto, (reply, peer)).start()
    elif reply:
        udp.sendto(reply, peer)
