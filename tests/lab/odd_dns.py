#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""odd_dns.py ADDRESS FOLDER: a name server that misbehaves as the first label says.

    late          AAAA: silence; A is there          brief   A with a TTL of 1 s
    servfail refused formerr notimp   AAAA: that     mapped  AAAA ::ffff:192.0.2.1 alone
    aaaanx        AAAA: no such name                 mixed   that, and 2001:db8:64::1
    nosoa         AAAA: empty, without an SOA        mute    silence
    wrongid wrongname   an answer to something else  big     60 A, by TCP alone
    manyNN        NN A
    private       A 10.9.1.1                         first   silence to what is asked first
    twice         silence to what is asked first and then
    slow          AAAA 2001:db8:64::1, and silence when it is asked for the first three times
    six           AAAA 2001:db8:64::1, and no A
    alias         A: by a CNAME to late.odd.test; AAAA: silence

Every other name has A 198.51.100.1. Questions are written to FOLDER/asked, one a line; while
FOLDER/mute is there, nothing is answered.
"""
import os
import socket
import struct
import sys
import threading

A, CNAME, SOA, AAAA = 1, 5, 6, 28
RCODES = {"formerr": 1, "servfail": 2, "notimp": 4, "refused": 5}
folder = sys.argv[2]
log = open(folder + "/asked", "a", buffering=1)
seen = {}


def record(kind, ttl, data):
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def soa():
    data = b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 60)
    return b"\3odd\4test\0" + struct.pack("!HHIH", SOA, 1, 60, len(data)) + data


def answer(message, is_tcp):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin1").lower())
        at += 1 + message[at]
    kind = struct.unpack("!H", message[at + 1:at + 3])[0]
    question, number, first = message[12:at + 5], message[:2], labels[0] if labels else ""
    log.write("%s %d %s\n" % (".".join(labels), kind, "tcp" if is_tcp else "udp"))
    before = seen.get((first, kind), 0)
    seen[first, kind] = before + 1
    if os.path.exists(folder + "/mute") or first == "mute" or (first in ("late", "alias") and kind == AAAA) or (first == "slow" and kind == AAAA and before < 3) or \
            before < (first.startswith("first") or 2 * first.startswith("twice")):
        return None
    rcode, records, authority, flags = 0, [], [], 0x8180
    if kind == A and first != "six":
        ttl = 1 if first.startswith("brief") else 300
        address = "10.9.1.1" if first == "private" else "198.51.100.1"
        records = [record(A, ttl, socket.inet_aton(address))]
        if first == "alias":
            records = [record(CNAME, 300, b"\4late\3odd\4test\0"),
                       b"\4late\3odd\4test\0" + records[0][2:]]
        if first.startswith("many"):
            records = [record(A, ttl, bytes([198, 51, 100, i])) for i in range(int(first[4:]))]
        if first == "big":
            records = [record(A, ttl, bytes([198, 51, 100, i])) for i in range(60)] if is_tcp else []
            flags |= 0 if is_tcp else 0x200
    elif kind == AAAA and first in RCODES:
        rcode = RCODES[first]
    elif kind == AAAA and first in ("slow", "six"):
        records = [record(AAAA, 300, socket.inet_pton(socket.AF_INET6, "2001:db8:64::1"))]
    elif kind == AAAA and first == "aaaanx":
        rcode = 3
    elif kind == AAAA and first in ("mapped", "mixed"):
        records = [record(AAAA, 300, socket.inet_pton(socket.AF_INET6, "::ffff:192.0.2.1"))]
        if first == "mixed":
            records.append(record(AAAA, 300, socket.inet_pton(socket.AF_INET6, "2001:db8:64::1")))
    if not records and rcode in (0, 3) and first != "nosoa" and not flags & 0x200:
        authority = [soa()]
    if first == "wrongid":
        number = bytes([number[0] ^ 1, number[1]])
    if first == "wrongname":
        question = b"\5other" + question[1 + question[0]:]
    return number + struct.pack("!5H", flags | rcode, 1, len(records), len(authority), 0) + question + \
        b"".join(records + authority)


def serve_tcp(client):
    with client:
        try:
            while True:
                size = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
                reply = answer(client.recv(size, socket.MSG_WAITALL), True)
                if reply:
                    client.sendall(struct.pack("!H", len(reply)) + reply)
        except (OSError, struct.error):
            pass


def listen_tcp(listener):
    while True:
        threading.Thread(target=serve_tcp, args=(listener.accept()[0],), daemon=True).start()


family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.bind(socket.getaddrinfo(sys.argv[1], 53)[0][4])
tcp = socket.socket(family, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind(socket.getaddrinfo(sys.argv[1], 53)[0][4])
tcp.listen(64)
threading.Thread(target=listen_tcp, args=(tcp,), daemon=True).start()
open(folder + "/ready", "w").close()
while True:
    packet, peer = udp.recvfrom(4096)
    reply = answer(packet, False)
    if reply:
        udp.sendto(reply, peer)
