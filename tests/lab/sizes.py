#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sizes.py INTERFACE LIMIT ADDRESS...: every EDNS size against every size of answer, by a real wire.

Asks each ADDRESS for sizeN.rude.test (rude_dns.py) by UDP: no reply is above what the client takes,
nor above LIMIT; what would be has TC, no records, and comes whole by TCP. What passes INTERFACE
meanwhile is watched for fragments, but for what the rude server sends; datagrams of 3 000 bytes to
the first address of each family show that one would be seen.
"""
import socket
import struct
import sys

CLIENT = (0, 512, 1220, 1232, 1400, 1410, 1432, 1440, 1452, 1472, 4096)
ANSWER = (300, 511, 513, 1219, 1231, 1233, 1399, 1451, 1473, 4000)
OPT = 11
UPSTREAM = socket.inet_pton(socket.AF_INET6, "2001:db8:53::54")


def watch(interface):
    # ETH_P_ALL; without headers of the link.
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    wire.bind((interface, 3))
    wire.setblocking(False)
    return wire


def is_fragment(packet):
    if packet[0] >> 4 == 4:
        return struct.unpack("!H", packet[6:8])[0] & 0x3FFF != 0
    if packet[8:24] == UPSTREAM:
        return False
    at, header = 40, packet[6]
    while header in (0, 43, 60):
        header, at = packet[at], at + 8 * (packet[at + 1] + 1)
    return header == 44


def seen(wire):
    """Packets, and how many of them were fragments, since it was last asked."""
    packets = fragments = 0
    while True:
        try:
            packet = wire.recv(65535)
        except BlockingIOError:
            return packets, fragments
        packets += 1
        fragments += is_fragment(packet)


def build(name, size):
    query = struct.pack("!6H", 7, 0x100, 1, 0, 0, size > 0) + name + struct.pack("!2H", 16, 1)
    return query + (b"\0" + struct.pack("!HHIH", 41, size, 0, 0) if size else b"")


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask(address, query, kind):
    with socket.socket(family_of(address), kind) as s:
        s.settimeout(6)
        s.connect((address, 53))
        if kind == socket.SOCK_DGRAM:
            s.send(query)
            return s.recv(65535)
        s.sendall(struct.pack("!H", len(query)) + query)
        size = struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0]
        return s.recv(size, socket.MSG_WAITALL)


def cell(address, size, answer, limit):
    name = b"".join(bytes([len(label)]) + label for label in (b"size%d" % answer, b"rude", b"test")) + b"\0"
    query = build(name, size)
    whole = answer if size else answer - OPT
    most = min(max(size, 512), limit)
    reply = ask(address, query, socket.SOCK_DGRAM)
    is_cut = bool(reply[2] & 2)
    records = sum(struct.unpack("!2H", reply[6:10]))
    if len(reply) > most or is_cut != (whole > most) or (not is_cut and len(reply) != whole) or (is_cut and records):
        return "%d bytes, TC %d, %d records" % (len(reply), is_cut, records)
    if is_cut:
        reply = ask(address, query, socket.SOCK_STREAM)
        if len(reply) != whole or reply[2] & 2:
            return "by TCP %d bytes of %d" % (len(reply), whole)
    return None


def main():
    interface, limit, addresses = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    wire, right, cells = watch(interface), 0, 0
    for address in addresses:
        for size in CLIENT:
            for answer in ANSWER:
                cells += 1
                wrong = cell(address, size, answer, limit)
                right += not wrong
                if wrong:
                    print("%s takes %d, answer %d: %s" % (address, size, answer, wrong))
    packets, fragments = seen(wire)
    for address in {family_of(a): a for a in reversed(addresses)}.values():
        with socket.socket(family_of(address), socket.SOCK_DGRAM) as s:
            s.sendto(bytes(3000), (address, 9))
    control = seen(wire)[1]
    print("%d of %d right, %d fragments, %s" % (right, cells, fragments,
                                                "one would be seen" if control >= 4 else "none would be seen"))
    if packets < cells * 2:
        print("only %d packets seen" % packets)


main()
