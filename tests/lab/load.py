#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""load.py SERVER SECONDS FILE: 100 names a second, and what became of each, a line in FILE:

    SENT TOOK KIND WHAT

SENT is when it was asked, in ms since 1970; TOOK ms; KIND is known (one of 20 names, briefK) or
new (asked for the first time); WHAT is ok, stale (EDE 3), failed (SERVFAIL, EDE 22), silent
(no answer within 6 s), or what else came.

load.py about FILE [KILLED RETURNED]: the same in one line: how many were silent or other, and when
the server was away from KILLED to RETURNED: how many of those known that were asked while it was,
but for the first 2.5 s, got something else than a stale answer; how many new ones something else
than a failure; what a failure took at most; and after how many ms of being back the last question
was asked that was not answered as usual.
"""
import select
import socket
import struct
import sys
import time

RATE, KNOWN = 100, 20


def ede_of(opt):
    """Of an OPT record with one option, RFC 8914 2."""
    code, _, info = struct.unpack("!3H", opt[11:17]) if len(opt) >= 17 else (0, 0, 0)
    return info if code == 15 else None


def outcome(reply, name):
    rcode, answers = reply[3] & 15, struct.unpack("!H", reply[6:8])[0]
    if reply[12:12 + len(name)] != name:
        return "another-name"
    end = 12 + len(name) + 4
    if rcode == 2 and not answers:
        return "failed" if ede_of(reply[end:]) == 22 else "failed-otherwise"
    if rcode or answers != 1 or reply[end + 12:end + 16] != b"\xc6\x33\x64\x01":
        return "wrong-%d" % rcode
    return "stale" if ede_of(reply[end + 16:]) == 3 else "ok"


def run(server, seconds, path):
    end, started, sent, waiting = time.time() + seconds, time.time(), 0, {}
    log = open(path, "w")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((server, 53))
    s.setblocking(False)
    while time.time() < end or waiting:
        now = time.time()
        while now < end and sent < (now - started) * RATE:
            kind = "known" if sent % 2 else "new"
            label = b"brief%d" % (sent // 2 % KNOWN) if sent % 2 else b"n%d" % sent
            name = bytes([len(label)]) + label + b"\3odd\4test\0"
            s.send(struct.pack("!6H", sent, 0x100, 1, 0, 0, 1) + name + b"\0\1\0\1\0\0\x29\x04\xd0\0\0\0\0\0\0")
            waiting[sent] = (now, kind, name)
            sent += 1
        if not select.select([s], [], [], 0.005)[0]:
            for number in [n for n, w in waiting.items() if now - w[0] > 6]:
                at, kind, _ = waiting.pop(number)
                log.write("%d 6000 %s silent\n" % (at * 1000, kind))
            continue
        try:
            while True:
                reply = s.recv(4096)
                at, kind, name = waiting.pop(struct.unpack("!H", reply[:2])[0], (0, "nobodys", b""))
                log.write("%d %d %s %s\n" % (at * 1000, (time.time() - at) * 1000, kind, outcome(reply, name)))
        except OSError:
            pass


def about(path, killed, returned):
    lines = [(int(a), int(b), kind, what) for a, b, kind, what in (line.split() for line in open(path))]
    usual = ("ok", "stale", "failed")
    away = [x for x in lines if killed <= x[0] < returned]
    late = [x for x in away if x[0] >= killed + 2500]
    unusual = [x[0] - returned for x in lines if x[0] >= returned and x[3] != "ok"]
    if unusual and lines and max(x[0] for x in lines) - returned < max(unusual) + 1000:
        unusual.append(999999)  # and for who knows how long
    print("asked=%d silent=%d other=%d" % (len(lines), sum(x[3] == "silent" for x in lines),
                                          sum(x[3] not in usual and x[3] != "silent" for x in lines)), end="")
    if killed:
        print(" known=%d not_stale=%d new=%d not_failed=%d longest=%d back=%d" % (
            sum(x[2] == "known" for x in late), sum(x[2] == "known" and x[3] != "stale" for x in late),
            # Whoever is asked again when it is back is answered after all.
            sum(x[2] == "new" for x in away),
            sum(x[2] == "new" and x[3] != "failed" and x[0] + x[1] < returned for x in away),
            max(x[1] for x in away),
            max([0] + unusual)), end="")
    else:
        print(" failed=%d stale=%d longest=%d" % (sum(x[3] == "failed" for x in lines),
                                                  sum(x[3] == "stale" for x in lines), max(x[1] for x in lines)), end="")
    print()


if sys.argv[1] == "about":
    about(sys.argv[2], *([int(a) for a in sys.argv[3:5]] or (0, 0)))
else:
    run(sys.argv[1], float(sys.argv[2]), sys.argv[3])
