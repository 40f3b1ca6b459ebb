#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""many.py SERVER PATTERN COUNT TYPES [WORD...]: one client that looks many names up, and how
long that took, in one line of KEY=VALUE.

PATTERN has a %d, the number of the name. TYPES is A, AAAA, or A+AAAA: both at once and one
lookup, as glibc asks. At most window=N (1) lookups at a time; skip=N leaves the first N out of
the times. Said are how many lookups were answered, were not within 6 s (silent), had an RCODE
other than NOERROR or no address (bad), one that is not the lab's (wrong), and the times of the
answered ones in ms.
"""
import select
import socket
import struct
import sys
import time

PATIENCE = 6
TYPES = {"A": 1, "AAAA": 28}
RIGHT = {1: b"\xc6\x33\x64", 28: b"\x20\x01\x0d\xb8"}


def wire_name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


class Client:
    def __init__(self, server, pattern, types):
        self.pattern, self.types = pattern, types
        self.socket = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.connect((server, 53))
        self.socket.setblocking(False)
        self.waiting, self.times, self.number = {}, [], 0
        self.bad = self.wrong = self.silent = 0

    def start(self, index):
        name, lookup = wire_name(self.pattern % index), {"index": index, "left": len(self.types)}
        lookup["start"] = time.monotonic()
        for kind in self.types:
            self.number = (self.number + 1) & 0xffff
            self.waiting[self.number] = (lookup, kind, name)
            self.socket.send(struct.pack("!6H", self.number, 0x100, 1, 0, 0, 0) + name + struct.pack("!2H", kind, 1))

    def take(self, reply):
        """True: a lookup is over."""
        number, flags, _, answers = struct.unpack("!4H", reply[:8])
        lookup, kind, name = self.waiting.pop(number, (None, 0, b""))
        if not lookup or reply[12:12 + len(name)] != name:
            self.wrong += 1
            return False
        if flags & 15 or not answers:
            self.bad += 1
        elif reply[-4 if kind == 1 else -16:][:len(RIGHT[kind])] != RIGHT[kind]:
            self.wrong += 1
        lookup["left"] -= 1
        if lookup["left"]:
            return False
        self.times.append((lookup["index"], (time.monotonic() - lookup["start"]) * 1000))
        return True

    def receive(self):
        """How many lookups are over."""
        done = 0
        if select.select([self.socket], [], [], 0.1)[0]:
            try:
                while True:
                    done += self.take(self.socket.recv(4096))
            except BlockingIOError:
                pass
        now = time.monotonic()
        late = {id(w[0]) for w in self.waiting.values() if now - w[0]["start"] > PATIENCE} if not done else ()
        for number in [n for n, w in self.waiting.items() if id(w[0]) in late]:
            del self.waiting[number]
        self.silent += len(late)
        return done + len(late)


def main():
    server, pattern, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    words = dict(word.split("=") for word in sys.argv[5:])
    window, skip = int(words.get("window", 1)), int(words.get("skip", 0))
    client = Client(server, pattern, [TYPES[t] for t in sys.argv[4].split("+")])
    begun = open_lookups = 0
    while begun < count or open_lookups:
        while begun < count and open_lookups < window:
            client.start(begun)
            begun += 1
            open_lookups += 1
        open_lookups -= client.receive()
    times = sorted(ms for index, ms in client.times if index >= skip) or [0.0]
    print("answered=%d silent=%d bad=%d wrong=%d p50=%.1f p99=%.1f max=%.1f" % (
        len(client.times), client.silent, client.bad, client.wrong, times[len(times) // 2],
        times[max(-(-len(times) * 99 // 100) - 1, 0)], times[-1]))


main()
