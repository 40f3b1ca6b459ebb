#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rude_dns.py ADDRESS FOLDER: a name server that has its own idea of the protocol, by first label.

    sizeN        TXT: N bytes with an OPT of 11 bytes behind, whoever asks
  it knows no EDNS, or not how to say so
    formerr notimp servfail refused     that, if the question has an OPT
    bare         FORMERR, a header alone
    badvers      BADVERS, if the question has an OPT
    droppy       silence, if the question has an OPT
    narrow       25 A (409 bytes); narrower: 50 A (809); wide: 80 A (1289): by UDP what is above
                 512 bytes never arrives (of wide: no TC either); by TCP all does
  it lies
    tcmute*      TC; by TCP silence            tcshut       TC; by TCP the end
    tcagain      TC; by TCP TC again           tcgood       TC; by TCP its A
    stranger     a record of victim alone
    more         its A, and another one of victim beside it
    othername othertype otherclass otherid     the question, or id, is another one
    garbage      random bytes behind the id    stub         its first 5 bytes
    counts       50 records promised, one there
    selfloop     CNAME to itself               pointers     a name that points to itself
    asked        the question comes back as it is
    forged       60 answers with wrong ids, then its own
    elsewhere    an answer from another port, then its own
    short long   A of 3 and 5 bytes, AAAA of 15 and 17
    ring gnir    CNAMEs that go round, in one message
    stepN        CNAME of stepN+1 alone; ringN: of ringN+1, and from ring3 on of ring1
    week year    TTLs of 7 days, and of 365
    huge         3000 A, by TCP alone

Any other name has A 198.51.100.1, victim too, and no AAAA. FOLDER/ready is made when it listens.
"""
import os
import random
import socket
import struct
import sys
import threading
import time

A, SOA, TXT, AAAA, OPT = 1, 6, 16, 28, 41
WITH_OPT = {"formerr": 1, "servfail": 2, "notimp": 4, "refused": 5}
MANY = {"narrow": 25, "narrower": 50, "wide": 80}
GOOD, BAD = "198.51.100.1", "6.6.6.6"
SOA_OWNER = b"\4test\0"
rng = random.Random(11)


def record(kind, data, owner=b"\xc0\x0c", ttl=300):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def address(text, owner=b"\xc0\x0c"):
    return record(A, socket.inet_aton(text), owner)


def text_of(size):
    """RDATA of a TXT, SIZE bytes in all."""
    out = b""
    while len(out) < size:
        length = min(255, size - len(out) - 1)
        out += bytes([length]) + b"x" * length
    return out


class Question:
    def __init__(self, message):
        at, self.labels = 12, []
        while message[at]:
            self.labels.append(message[at + 1:at + 1 + message[at]].decode("latin1").lower())
            at += 1 + message[at]
        self.wire, self.number, self.message = message[12:at + 5], message[:2], message
        self.name_size = at + 1 - 12
        self.kind = struct.unpack("!H", message[at + 1:at + 3])[0]
        self.size = 0
        if message[10:12] != b"\0\0":
            self.size = struct.unpack("!H", message[at + 5 + 3:at + 5 + 5])[0]
        self.first = self.labels[0] if self.labels else ""

    def reply(self, records=(), rcode=0, flags=0, number=None, wire=None, more=(), counts=None):
        authority = [] if records or rcode else [self.soa()]
        head = struct.pack("!5H", 0x8180 | flags | rcode, 1, counts or len(records), len(authority),
                           len(more))
        return (number or self.number) + head + (wire or self.wire) + b"".join(list(records) + authority + list(more))

    def soa(self):
        return record(SOA, b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 60), SOA_OWNER)

    def addresses(self):
        if self.kind != A:
            return []
        return [address("198.51.100.%d" % (i % 250 + 1)) for i in range(MANY.get(self.first, 1))]


def lie(q, is_tcp):
    """Messages that are sent one after the other; None: none of its lies."""
    victim = b"\6victim" + q.wire[1 + q.wire[0]:q.name_size]
    bad = [address(BAD)]
    if q.first == "tcgood" and is_tcp:
        return [q.reply(q.addresses())]
    if q.first.startswith("tc"):
        if is_tcp and q.first != "tcagain":
            return []
        return [q.reply(flags=0x200, records=[])]
    if q.first == "stranger":
        return [q.reply([address(BAD, victim)])]
    if q.first == "more":
        return [q.reply(q.addresses(), more=[address(BAD, victim)])]
    if q.first == "othername":
        return [q.reply(bad, wire=victim + q.wire[q.name_size:])]
    if q.first == "othertype":
        return [q.reply(bad, wire=q.wire[:-4] + struct.pack("!2H", TXT, 1))]
    if q.first == "otherclass":
        return [q.reply(bad, wire=q.wire[:-2] + b"\0\3")]
    if q.first == "otherid":
        return [q.reply(bad, number=bytes([q.number[0] ^ 1, q.number[1]]))]
    if q.first == "garbage":
        return [q.number + b"\x81\x80" + rng.randbytes(60) for _ in range(5)]
    if q.first == "stub":
        return [q.reply(bad)[:5]]
    if q.first == "counts":
        return [q.reply(q.addresses() or bad, counts=50)]
    if q.first == "selfloop":
        return [q.reply([record(5, b"\xc0\x0c")])]
    if q.first == "pointers":
        here = 12 + len(q.wire)
        return [q.reply([address(BAD, struct.pack("!H", 0xC000 | here))])]
    if q.first == "asked":
        return [q.message]
    if q.first in ("short", "long") and q.kind in (A, AAAA):
        size = (4 if q.kind == A else 16) + (1 if q.first == "long" else -1)
        return [q.reply([record(q.kind, b"\x2d" * size)])]
    if q.first in ("ring", "gnir"):
        name = b"\4" + q.first[::-1].encode() + q.wire[5:q.name_size]
        return [q.reply([record(5, name), record(5, b"\xc0\x0c", name)])]
    if q.first[:4] in ("step", "ring"):
        kind, number = q.first[:4], int(q.first[4:]) + 1
        label = ("%s%d" % (kind, 1 if kind == "ring" and number > 3 else number)).encode()
        return [q.reply([record(5, bytes([len(label)]) + label + q.wire[1 + q.wire[0]:q.name_size])])]
    if q.first in ("week", "year") and q.kind == A:
        days = 7 if q.first == "week" else 365
        return [q.reply([record(A, socket.inet_aton(GOOD), ttl=days * 86400)])]
    if q.first == "huge" and q.kind == A:
        many = [address("45.1.%d.%d" % (i // 250, i % 250 + 1)) for i in range(3000)]
        return [q.reply(many) if is_tcp else q.reply(flags=0x200)]
    if q.first == "forged":
        return [q.reply(bad, number=struct.pack("!H", (struct.unpack("!H", q.number)[0] + 1 + i) & 0xFFFF))
                for i in range(60)] + [q.reply(q.addresses())]
    return None


def answer(q, is_tcp):
    if q.size and q.first in WITH_OPT:
        return [q.reply(rcode=WITH_OPT[q.first])]
    if q.size and q.first == "bare":
        return [q.number + struct.pack("!5H", 0x8181, 0, 0, 0, 0)]
    if q.size and q.first == "badvers":
        head = q.number + struct.pack("!5H", 0x8180, 1, 0, 0, 1)
        return [head + q.wire + b"\0" + struct.pack("!HHBBHH", OPT, 512, 1, 0, 0, 0)]
    if q.size and q.first == "droppy":
        return []
    lies = lie(q, is_tcp)
    if lies is not None:
        return lies
    if q.first.startswith("size") and q.kind == TXT:
        room = int(q.first[4:]) - 11 - 12 - len(q.wire) - 12
        whole = q.reply([record(TXT, text_of(room))])
        return [whole if is_tcp or len(whole) <= max(512, q.size) else q.reply(flags=0x200)]
    whole = q.reply(q.addresses())
    if not is_tcp and len(whole) > 512:
        return []
    return [whole]


def serve_tcp(client):
    with client:
        try:
            while True:
                size = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
                q = Question(client.recv(size, socket.MSG_WAITALL))
                for reply in answer(q, True):
                    client.sendall(struct.pack("!H", len(reply)) + reply)
                if q.first == "tcshut":
                    return
        except (OSError, struct.error):
            pass


def listen_tcp(listener):
    while True:
        threading.Thread(target=serve_tcp, args=(listener.accept()[0],), daemon=True).start()


def elsewhere(udp, q, peer):
    with socket.socket(udp.family, socket.SOCK_DGRAM) as other:
        other.bind((sys.argv[1], 0))
        other.sendto(q.reply([address(BAD)]), peer)
    time.sleep(0.05)
    udp.sendto(q.reply(q.addresses()), peer)


def main():
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    udp.bind((sys.argv[1], 53))
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind((sys.argv[1], 53))
    tcp.listen(64)
    threading.Thread(target=listen_tcp, args=(tcp,), daemon=True).start()
    open(sys.argv[2] + "/ready", "w").close()
    while True:
        packet, peer = udp.recvfrom(4096)
        q = Question(packet)
        if q.first == "elsewhere" and q.kind == A:
            elsewhere(udp, q, peer)
            continue
        for reply in answer(q, False):
            udp.sendto(reply, peer)


main()
