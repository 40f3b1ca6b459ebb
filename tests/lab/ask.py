#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ask.py SERVER[@PORT] NAME TYPE [WORD...]: one DNS question, its answer in one line.

    tcp noedns do cd ad nord    how it is asked; edns=SIZE, version=N, option=CODE
    ttl size au ar ms by        what is shown beside RCODE, flags, answer and EDE; by: its text
    from=ADDRESS                which of the host's own asks
    times=N                     so many times over one TCP connection, pipelined

NAME may be an address: its PTR name is asked for then. No answer within 8 s: "silence".
"""
import socket
import struct
import sys
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "AAAA": 28,
         "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47, "HTTPS": 65, "ANY": 255, "AXFR": 252}
NAMES = {number: name for name, number in TYPES.items()}
RCODES = ["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]


def wire_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def read_name(message, at):
    labels, end = [], None
    while message[at]:
        if message[at] >= 0xC0:
            end = end or at + 2
            at = (message[at] & 0x3F) << 8 | message[at + 1]
            continue
        labels.append(message[at + 1:at + 1 + message[at]].decode("latin1"))
        at += 1 + message[at]
    return ".".join(labels) + ".", end or at + 1


def reverse(address):
    if ":" in address:
        return ".".join(reversed(socket.inet_pton(socket.AF_INET6, address).hex())) + ".ip6.arpa"
    return ".".join(reversed(address.split("."))) + ".in-addr.arpa"


def build(name, qtype, words, number=4660):
    flags = (0 if "nord" in words else 0x100) | (0x10 if "cd" in words else 0) | (0x20 if "ad" in words else 0)
    size = next((int(w[5:]) for w in words if w.startswith("edns=")), 1232)
    version = next((int(w[8:]) for w in words if w.startswith("version=")), 0)
    option = next((int(w[7:]) for w in words if w.startswith("option=")), None)
    message = struct.pack("!6H", number, flags, 1, 0, 0, "noedns" not in words)
    message += wire_name(name) + struct.pack("!2H", qtype, 1)
    if "noedns" not in words:
        data = b"" if option is None else struct.pack("!2H", option, 3) + b"abc"
        message += b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, 0x8000 if "do" in words else 0, len(data)) + data
    return message


def value(message, at, qtype, length):
    data = message[at:at + length]
    if qtype == 1:
        return socket.inet_ntoa(data)
    if qtype == 28:
        return socket.inet_ntop(socket.AF_INET6, data)
    if qtype in (2, 5, 12, 39):
        return read_name(message, at)[0]
    return "%d bytes" % length


def show(message, name, words):
    number, flags, questions, *counts = struct.unpack("!6H", message[:12])
    at, out, ede, extended = 12, [], [], 0
    for _ in range(questions):
        asked, at = read_name(message, at)
        at += 4
        if asked != name.rstrip(".") + ".":
            out.append("QUESTION " + asked)
    sections = []
    for count in counts:
        records = []
        for _ in range(count):
            owner, at = read_name(message, at)
            qtype, _, ttl, length = struct.unpack("!HHIH", message[at:at + 10])
            at += 10
            if qtype == 41:
                extended, p = ttl >> 24, at
                while p < at + length:
                    code, size = struct.unpack("!2H", message[p:p + 4])
                    if code == 15:
                        text = message[p + 6:p + 4 + size].decode() if "by" in words else ""
                        ede.append("EDE %d" % struct.unpack("!H", message[p + 4:p + 6]) + (text and " " + text))
                    p += 4 + size
            else:
                text = "%s %s" % (NAMES.get(qtype, qtype), value(message, at, qtype, length))
                records.append(text + (" ttl %d" % ttl if "ttl" in words else ""))
            at += length
        sections.append(records)
    if at != len(message):
        out.append("%d BYTES BEHIND" % (len(message) - at))
    rcode = flags & 15 | extended << 4
    head = [RCODES[rcode] if rcode < 6 else "RCODE %d" % rcode]
    head += [n for bit, n in ((0x400, "AA"), (0x200, "TC"), (0x20, "AD"), (0x10, "CD")) if flags & bit]
    head += [] if flags & 0x8080 == 0x8080 else ["NO QR OR RA"]
    out = [" ".join(head)] + out + sorted(sections[0])
    for label, section in (("au", sections[1]), ("ar", sections[2])):
        if label in words:
            out += ["%s %s" % (label, record) for record in sorted(section)]
    out += ede
    if "size" in words:
        out.append("%d bytes" % len(message))
    return "; ".join(out)


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise OSError("closed")
        data += part
    return data


def ask_tcp(stream, messages):
    stream.sendall(b"".join(struct.pack("!H", len(m)) + m for m in messages))
    return [read_exactly(stream, struct.unpack("!H", read_exactly(stream, 2))[0]) for _ in messages]


def main():
    server, _, port = sys.argv[1].partition("@")
    name, words = sys.argv[2], sys.argv[4:]
    if sys.argv[3] == "PTR" and not name.rstrip(".").endswith("arpa"):
        name = reverse(name)
    qtype = TYPES.get(sys.argv[3]) or int(sys.argv[3])
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    times = next((int(w[6:]) for w in words if w.startswith("times=")), 0)
    start = time.monotonic()
    with socket.socket(family, socket.SOCK_STREAM if "tcp" in words else socket.SOCK_DGRAM) as stream:
        stream.settimeout(8)
        for word in words:
            if word.startswith("from="):
                stream.bind((word[5:], 0))
        try:
            stream.connect(socket.getaddrinfo(server, int(port or 53))[0][4])
            if "tcp" in words:
                answers = ask_tcp(stream, [build(name, qtype, words, i) for i in range(times or 1)])
            else:
                stream.send(build(name, qtype, words))
                answers = [stream.recv(65535)]
        except OSError as error:
            print("silence" if isinstance(error, socket.timeout) else "no: %s" % error)
            return
    ms = (time.monotonic() - start) * 1000
    if times:
        numbers = sorted(struct.unpack("!H", a[:2])[0] for a in answers)
        print("%d answers, ids %s" % (len(answers), "complete" if numbers == list(range(times)) else numbers))
        return
    print(show(answers[0], name, words) + ("; %d ms" % ms if "ms" in words else ""))


main()
