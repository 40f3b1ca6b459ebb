#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""corp_dns.py ADDRESS FOLDER ROLE: one of the name servers of a host that has several.

    corp     nN.corp.test has A 10.1.0.1 and AAAA 2001:db8:c0::1, failN.corp.test is SERVFAIL; every
             other name REFUSED
    public   nothing below corp.test (NXDOMAIN); every other name A 10.2.0.2, AAAA 2001:db8:c0::2
    mixed    as public, but below corp.test as corp with 10.2.0.2, and aN.corp.test has no AAAA
    lame     nothing: NOERROR, no RA, no AA; names that begin with r: a referral
    noa      as corp, but AAAA is SERVFAIL

What is asked is written to FOLDER/asked, one a line. FOLDER/mute: silence while it is there;
FOLDER/late: each answer comes so many seconds late.
"""
import os
import socket
import struct
import sys
import threading
import time

A, NS, SOA, AAAA = 1, 2, 6, 28
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
folder, role = sys.argv[2:4]
log = open(folder + "/asked", "a", buffering=1)
HOST = {"corp": 1, "noa": 1, "public": 2, "mixed": 2}.get(role)


def record(kind, data, owner=b"\xc0\x0c"):
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def decide(labels, kind):
    """RCODE, has it records."""
    is_corp = labels[-2:] == ["corp", "test"]
    if role in ("corp", "noa") and not is_corp:
        return 5, False
    if role == "public" and is_corp:
        return 3, False
    if labels[0].startswith("fail") or (role == "noa" and kind == AAAA):
        return 2, False
    return 0, kind in (A, AAAA) and not (kind == AAAA and labels[0].startswith("a"))


def answer(message):
    at, labels = 12, []
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin1").lower())
        at += 1 + message[at]
    kind = struct.unpack("!H", message[at + 1:at + 3])[0]
    log.write("%s %d\n" % (".".join(labels), kind))
    question, flags, records, authority = message[12:at + 5], 0x8180, [], []
    if role == "lame":
        flags = 0x8100
        if labels and labels[0].startswith("r"):
            authority = [record(NS, b"\2ns\4test\0", b"\4test\0")]
    elif not labels:
        authority = [record(SOA, b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 60), b"\0")]
    else:
        rcode, has_records = decide(labels, kind)
        flags |= rcode
        if has_records:
            data = bytes([10, HOST, 0, HOST]) if kind == A else socket.inet_pton(socket.AF_INET6, "2001:db8:c0::%d" % HOST)
            records = [record(kind, data)]
        elif rcode in (0, 3):
            authority = [record(SOA, b"\0\0" + struct.pack("!5I", 1, 2, 3, 4, 60), b"\4test\0")]
    return message[:2] + struct.pack("!5H", flags, 1, len(records), len(authority), 0) + question + b"".join(records + authority)


def reply(message, send):
    if os.path.exists(folder + "/mute"):
        return
    if os.path.exists(folder + "/late"):
        with open(folder + "/late") as late:
            time.sleep(float(late.read()))
    send(answer(message))


def serve_tcp(client):
    with client:
        try:
            while True:
                size = struct.unpack("!H", client.recv(2, socket.MSG_WAITALL))[0]
                reply(client.recv(size, socket.MSG_WAITALL), lambda r: client.sendall(struct.pack("!H", len(r)) + r))
        except (OSError, struct.error):
            pass


def listen_tcp(listener):
    while True:
        threading.Thread(target=serve_tcp, args=(listener.accept()[0],), daemon=True).start()


udp = socket.socket(family, socket.SOCK_DGRAM)
udp.bind((sys.argv[1], 53))
tcp = socket.socket(family, socket.SOCK_STREAM)
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind((sys.argv[1], 53))
tcp.listen(64)
threading.Thread(target=listen_tcp, args=(tcp,), daemon=True).start()
open(folder + "/ready", "w").close()
while True:
    packet, peer = udp.recvfrom(4096)
    threading.Thread(target=reply, args=(packet, lambda r, to=peer: udp.sendto(r, to)), daemon=True).start()
