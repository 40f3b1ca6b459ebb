#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""faces_dns.py FOLDER ADDRESS=FACE...: name servers of many faces, each known by its answers.

The Nth server says A 198.51.100.(20 N + n) and AAAA 2001:db8:64:N::n, where n is the number at the
end of a name's first label. A face is words with `+` between them; each may begin with `v6`, which
is for AAAA alone:

    right                     everything is there
    corp                      what is below corp.test is there; of the rest it says REFUSED
    public                    what is below corp.test does not exist
    flaky                     SERVFAIL for names with the number 3
    moody                     SERVFAIL to the first question for each name and type
    mute                      no answer for names with the numbers 2, 3 and 4
    nx none                   no such name; nothing of that type; both with an SOA
    servfail refused notimp formerr   to each question
    noedns                    FORMERR to whoever comes with EDNS
    lame referral             empty, no SOA, RA and AA clear; a referral, likewise
    lamepub                   lame for what is not below corp.test
    bare                      empty, no SOA, RA set
    late=SECONDS              each answer comes so much later
    silent closed             no answer; no socket
    lossy                     the first packet of each question is lost
    back                      silent until FOLDER/back is there
    cut cutclosed             truncated; TCP has it, or closes the connection
    short long                an A of 3 or 5 bytes, an AAAA of 15 or 17
    otherport wrongid wrongname   what comes is no answer to what was asked
    spoofed                   first an answer with another id, of server 9
    alias halfalias           corp.test: a CNAME to the same label in pub.test, with its addresses or without
    mapped                    AAAA ::ffff:192.0.2.n
    turning                   one A of 200, another one each time

Questions are written to FOLDER/asked: server, name, type, udp or tcp.
"""
import os
import re
import socket
import struct
import sys
import threading
import time

A, NS, CNAME, SOA, AAAA = 1, 2, 5, 6, 28
RCODES = {"formerr": 1, "servfail": 2, "nx": 3, "notimp": 4, "refused": 5}
folder = sys.argv[1]
turn = [0]
log = open(folder + "/asked", "a", buffering=1)


def wire(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.split(".") if l) + b"\0"


def record(owner, kind, data):
    return wire(owner) + struct.pack("!HHIH", kind, 1, 300, len(data)) + data


def parse(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin1").lower())
        at += 1 + message[at]
    return ".".join(labels), struct.unpack("!H", message[at + 1:at + 3])[0], at + 5


def addresses(server, name, kind, words):
    number = int((re.findall(r"\d+$", name.split(".")[0]) or ["1"])[0])
    if kind == A:
        turn[0] += 1
        last = turn[0] % 200 + 1 if "turning" in words else 20 * server + number
        data = socket.inet_aton("198.51.100.%d" % last)
    elif kind == AAAA:
        data = socket.inet_pton(socket.AF_INET6, "::ffff:192.0.2.%d" % number if "mapped" in words else
                                "2001:db8:64:%d::%d" % (server, number))
    else:
        return []
    if "short" in words or "long" in words:
        data = data[:-1] if "short" in words else data + b"\0"
    return [record(name, kind, data)]


def soa(name):
    data = b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 60)
    return record(".".join(name.split(".")[-2:]), SOA, data)


def is_lame(name, words):
    return "lamepub" in words and not name.endswith("corp.test")


def content(server, name, kind, words):
    """RCODE, answer and authority."""
    corporate, there = name.endswith("corp.test"), re.search(r"\.(corp|pub)\.test$", name)
    for word in ("servfail", "refused", "notimp", "formerr"):
        if word in words:
            return RCODES[word], [], []
    if "corp" in words and not corporate and "lamepub" not in words:
        return RCODES["refused"], [], []
    if ("flaky" in words and "3." in name) or "now-moody" in words:
        return RCODES["servfail"], [], []
    if "nx" in words or ("public" in words and corporate) or not (there or name == "ipv4only.arpa"):
        return RCODES["nx"], [], [soa(name)]
    if {"lame", "bare"} & words or is_lame(name, words):
        return 0, [], []
    if "referral" in words:
        return 0, [], [record("test", NS, wire("a.nic.test"))]
    if "none" in words or not there:
        return 0, [], [soa(name)]
    head = []
    if corporate and ("alias" in words or "halfalias" in words):
        target = name.replace("corp", "pub")
        head = [record(name, CNAME, wire(target))]
        if "halfalias" in words:
            return 0, head, []
        name = target
    records = addresses(server, name, kind, words)
    return 0, head + records, [] if records else [soa(name)]


def build(server, message, words, is_tcp, twist=0):
    name, kind, end = parse(message)
    edns = message[10:12] != b"\0\0"
    rcode, answer, authority = content(server, name, kind, words)
    is_open = not {"lame", "referral"} & words and not is_lame(name, words)
    flags, question = 0x8100 | 0x80 * is_open, message[12:end]
    if "noedns" in words and edns:
        rcode, answer, authority, edns = 1, [], [], False
    if {"cut", "cutclosed"} & words and not is_tcp:
        answer, authority, flags = [], [], flags | 0x200
    if "wrongname" in words:
        question = b"\1x" + question[1 + question[0]:]
    extra = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0) if edns else b""
    return bytes([message[0] ^ twist, message[1]]) + struct.pack(
        "!5H", flags | rcode, 1, len(answer), len(authority), bool(extra)) + question + \
        b"".join(answer + authority) + extra


class Server:
    def __init__(self, number, address, face):
        self.number, self.address = number, address
        self.words = {w for w in face.split("+") if not w.startswith("v6")}
        self.words_v6 = self.words | {w[2:] for w in face.split("+") if w.startswith("v6")}
        self.seen = set()
        if "closed" in self.words:
            return
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.other = socket.socket(family, socket.SOCK_DGRAM)
        self.other.bind((address, 0))
        self.tcp = socket.socket(family, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, 53))
        self.tcp.listen(64)
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.accept, daemon=True).start()

    def heard(self, message, proto):
        """The words for this question; None: say nothing."""
        name, kind, _ = parse(message)
        log.write("%d %s %d %s\n" % (self.number, name, kind, proto))
        words = self.words_v6 if kind == AAAA else self.words
        is_first = (name, kind) not in self.seen
        self.seen.add((name, kind))
        if "moody" in words and is_first:
            return words | {"now-moody"}
        if "silent" in words or ("lossy" in words and is_first) or \
                ("mute" in words and re.match(r"[^.]*[234]\.", name)) or \
                ("back" in words and not os.path.exists(folder + "/back")):
            return None
        return words

    def late(self, words):
        return next((float(w[5:]) for w in words if w.startswith("late=")), 0)

    def send(self, message, peer, words):
        if "spoofed" in words:
            self.udp.sendto(build(9, message, words, False, 1), peer)
        twist = 1 if "wrongid" in words else 0
        (self.other if "otherport" in words else self.udp).sendto(build(self.number, message, words, False, twist), peer)

    def serve_udp(self):
        while True:
            message, peer = self.udp.recvfrom(4096)
            words = self.heard(message, "udp")
            if words is None:
                continue
            if self.late(words):
                threading.Timer(self.late(words), self.send, (message, peer, words)).start()
            else:
                self.send(message, peer, words)

    def accept(self):
        while True:
            client = self.tcp.accept()[0]
            if "cutclosed" in self.words:
                client.close()
            else:
                threading.Thread(target=self.serve_tcp, args=(client,), daemon=True).start()

    def serve_tcp(self, client):
        with client:
            try:
                while True:
                    size = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
                    message = client.recv(size, socket.MSG_WAITALL)
                    words = self.heard(message, "tcp")
                    if words is None:
                        continue
                    time.sleep(self.late(words))
                    reply = build(self.number, message, words, True)
                    client.sendall(struct.pack("!H", len(reply)) + reply)
            except (OSError, struct.error):
                pass


for number, argument in enumerate(sys.argv[2:], 1):
    Server(number, *argument.split("=", 1))
open(folder + "/ready", "w").close()
threading.Event().wait()
