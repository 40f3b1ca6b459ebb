#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""replay_dns.py FOLDER CONF FILE WORD: a scenario (tests/unit/dns_scenario.h) for the real daemon.

Upstream is a name server here on 127.0.0.1:5300, FOLDER holds v6guard.conf and CONF, lines of
[resolver] that are there in each case. Of each case one line: its name, a tab, and "ok" or what was
wrong. In the daemon's stead stands more than in test_dns_replay: TTLs may be some seconds lower (the
clock goes on), libunbound may leave out what is neither answer nor SOA, and who was asked how often
is not looked at.
"""
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "AAAA": 28, "DNAME": 39,
         "OPT": 41, "RRSIG": 46, "NSEC": 47, "ANY": 255}
NAMES = {number: name for name, number in TYPES.items()}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
SECTIONS = ("answer", "authority", "additional")
# More than the daemon's clock and ours may differ by, as libunbound keeps answers from case to case.
SLACK = 20
folder, fixed, path, word = sys.argv[1:]


# ---- messages ----------------------------------------------------------------------------------

def name_bytes(name):
    labels = [label for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


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


def value_bytes(kind, value):
    if kind in ("A", "AAAA"):
        return socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, value[0])
    if kind == "SOA":
        return name_bytes("ns.example.") + name_bytes("host.example.") + struct.pack("!5I", 1, 2, 3, 4, int(value[0]))
    if kind == "MX":
        return struct.pack("!H", int(value[0])) + name_bytes(value[1])
    if kind == "RRSIG":
        return struct.pack("!HBBIIIH", TYPES[value[0]], 13, 2, 300, 2 ** 31 - 1, 0, 1) + name_bytes("example.") + b"none"
    if kind == "NSEC":
        return name_bytes(value[0]) + b"\0\1\x40"
    return name_bytes(value[0])


def value_text(kind, message, at, length):
    data = message[at:at + length]
    if kind in ("A", "AAAA"):
        return socket.inet_ntop(socket.AF_INET if kind == "A" else socket.AF_INET6, data)
    if kind == "SOA":
        return str(struct.unpack("!I", data[-4:])[0])
    if kind == "MX":
        return "%d %s" % (struct.unpack("!H", data[:2])[0], read_name(message, at + 2)[0])
    if kind == "HINFO":
        return data[1:1 + data[0]].decode()
    if kind == "RRSIG":
        return NAMES[struct.unpack("!H", data[:2])[0]]
    return read_name(message, at)[0]


def record_of(line):
    """(section, owner, ttl, type, value) of "[SECTION] OWNER TTL TYPE VALUE"."""
    words = line.split()
    section = words.pop(0) if words[0] in SECTIONS else "answer"
    owner, ttl, kind = words[:3]
    value = words[3:]
    if kind == "AAAA":
        value = [socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, value[0]))]
    return section, owner, int(ttl), kind, value


# ---- upstream ----------------------------------------------------------------------------------

says = {}


def reply_to(message, is_tcp):
    name, at = read_name(message, 12)
    kind = struct.unpack("!H", message[at:at + 2])[0]
    what, records = says.get((name.lower(), NAMES.get(kind)), ("NOERROR", []))
    if what == "silent":
        return None
    body, counts = b"", [0, 0, 0]
    for section, owner, ttl, rtype, value in records:
        data = value_bytes(rtype, value)
        body += name_bytes(owner) + struct.pack("!HHIH", TYPES[rtype], 1, ttl, len(data)) + data
        counts[SECTIONS.index(section)] += 1
    flags = 0x8180 | RCODES["NOERROR" if what in ("nothing", "round") else what]
    if not is_tcp and at + 4 + len(body) + 11 > 1232:
        flags, body, counts = flags | 0x0200, b"", [0, 0, 0]
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    return message[:2] + struct.pack("!5H", flags, 1, *counts[:2], counts[2] + 1) + message[12:at + 4] + body + opt


def serve_udp(sock):
    while True:
        message, peer = sock.recvfrom(4096)
        answer = reply_to(message, False)
        if answer:
            sock.sendto(answer, peer)


def serve_tcp(sock):
    while True:
        client = sock.accept()[0]
        client.settimeout(5)
        try:
            while True:
                head = client.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    break
                answer = reply_to(client.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL), True)
                if answer:
                    client.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            pass
        client.close()


def start_upstream():
    for kind, loop in ((socket.SOCK_DGRAM, serve_udp), (socket.SOCK_STREAM, serve_tcp)):
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 5300))
        if kind == socket.SOCK_STREAM:
            sock.listen(8)
        threading.Thread(target=loop, args=(sock,), daemon=True).start()


# ---- the daemon --------------------------------------------------------------------------------

in_force = None


def flush():
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect("/run/v6guard/control.sock")
        sock.sendall(b"resolver flush\n")
        sock.recv(4096)


def configure(lines):
    """The scenario's sections, each with what is FIXED for [resolver] in it."""
    global in_force
    text = "\n".join(lines) + "\n"
    text = text.replace("[resolver]\n", "[resolver]\n" + fixed + "\n") if "[resolver]\n" in text else \
        "[resolver]\n" + fixed + "\n" + text
    if text == in_force:
        flush()
        return
    with open(folder + "/v6guard.conf", "w") as conf:
        conf.write(text)
    subprocess.run(["v6guard", "-q", "apply"], check=True, stdin=subprocess.DEVNULL)
    in_force = text


# ---- clients -----------------------------------------------------------------------------------

def question(words):
    flags, opt, size, extra, klass = 0x0100, True, 1232, 0, 1
    for option in words[2:]:
        key, _, value = option.partition("=")
        if key in ("cd", "ad"):
            flags |= {"cd": 0x10, "ad": 0x20}[key]
        elif key == "no-rd":
            flags &= ~0x0100
        elif key == "do":
            extra = 0x8000
        elif key == "plain":
            opt = False
        elif key == "edns":
            size = int(value)
        elif key == "class":
            klass = int(value)
        elif key not in ("tcp", "from"):
            raise ValueError("ask: " + option)
    out = struct.pack("!6H", 4711, flags, 1, 0, 0, opt) + name_bytes(words[0]) + struct.pack("!2H", TYPES[words[1]], klass)
    return out + (b"\0" + struct.pack("!HHIH", 41, size, extra, 0) if opt else b"")


def ask(words):
    message = question(words)
    is_tcp, is_ipv6 = "tcp" in words, "from=::1" in words
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET,
                       socket.SOCK_STREAM if is_tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(8)
        sock.connect(("::1" if is_ipv6 else "127.0.0.64", 53))
        if not is_tcp:
            sock.send(message)
            return message, sock.recv(65535)
        sock.sendall(struct.pack("!H", len(message)) + message)
        return message, sock.recv(struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)


def read_answer(message):
    """(head, records): RCODE, flags and EDE as `answer` has them; records as record_of."""
    number, flags, _, *counts = struct.unpack("!6H", message[:12])
    at = read_name(message, 12)[1] + 4
    records, ede = [], None
    for section, count in zip(SECTIONS, counts):
        for _ in range(count):
            owner, at = read_name(message, at)
            kind, _, ttl, length = struct.unpack("!HHIH", message[at:at + 10])
            at += 10
            if kind == 41:
                for option in re.finditer(rb"(?s)\x00\x0f\x00.(..)", message[at:at + length]):
                    ede = struct.unpack("!H", option.group(1))[0]
            else:
                rtype = NAMES.get(kind, "TYPE%d" % kind)
                records.append((section, owner, ttl, rtype, value_text(rtype, message, at, length)))
            at += length
    head = {name for name, number in RCODES.items() if number == flags & 15}
    head |= {name for name, bit in (("aa", 0x400), ("tc", 0x200), ("ad", 0x20)) if flags & bit}
    return (head | {"ede=%d" % ede} if ede is not None else head), records


def differences(words, block, asked, got):
    """What is other than expected, or None."""
    head, records = read_answer(got)
    wanted_head = {w for w in words if not w.startswith(("after=", "size<=", "by="))}
    if not wanted_head & set(RCODES):
        wanted_head.add("NOERROR")
    wanted = [(s, o, t, k, " ".join(v)) for s, o, t, k, v in map(record_of, block)]
    limit = [int(w[6:]) for w in words if w.startswith("size<=")]
    if head != wanted_head:
        return "%s, and not %s" % (" ".join(sorted(head)), " ".join(sorted(wanted_head)))
    if got[12:12 + len(name_bytes(read_name(asked, 12)[0]))] != asked[12:12 + len(name_bytes(read_name(asked, 12)[0]))]:
        return "the question is spelled otherwise"
    if limit and len(got) > limit[0]:
        return "%d bytes" % len(got)
    # libunbound turns the records of a set round.
    must = sorted((r for r in wanted if r[0] == "answer" or r[3] == "SOA"), key=lambda r: r[:2] + r[3:])
    may = [r for r in wanted if r not in must]
    came = sorted((r for r in records if r[0] == "answer" or r[3] == "SOA"), key=lambda r: r[:2] + r[3:])
    rest = [r for r in records if r not in came]
    fits = len(must) == len(came) and all(
        a[:2] + a[3:] == b[:2] + b[3:] and a[2] - SLACK <= b[2] <= a[2] for a, b in zip(must, came))
    if not fits or any(r[:2] + r[3:] not in [m[:2] + m[3:] for m in may] for r in rest):
        return "got " + "; ".join("%s %s %d %s %s" % r for r in records)
    return None


# ---- scenarios ---------------------------------------------------------------------------------

def statements(lines):
    """(words, block) of each, the variable's word in its places."""
    out = []
    for line in lines:
        line = line.replace("$" + variable, word) if variable else line
        if not line.strip() or line.strip().startswith("#"):
            continue
        if line[0] in " \t":
            out[-1][1].append(line[4:] if line.startswith("    ") else line[1:])
        else:
            out.append((line.split(), []))
    return out


def run(lines):
    says.clear()
    conf, asked, got = None, None, None
    for words, block in statements(lines):
        verb, words = words[0], words[1:]
        if verb == "conf":
            conf = block
        elif verb == "upstream":
            says[words[0].lower(), words[1]] = words[2], [record_of(line) for line in block]
        elif verb == "wait":
            time.sleep(float(words[0][:-2]) / 1000 if words[0].endswith("ms") else float(words[0][:-1]))
        elif verb == "ask":
            if conf is not None:
                configure(conf)
                conf = None
            asked, got = ask(words)
        elif verb == "answer":
            wrong = differences(words, block, asked, got)
            if wrong:
                return wrong
        elif verb not in ("asked", "counters", "for", "case", "only"):
            raise ValueError(verb)
    return "ok"


with open(path) as file:
    text = file.read().split("\n")
variable = next((line.split()[1] for line in text if line.startswith("for ")), None)
starts = [i for i, line in enumerate(text) if line.startswith("case ")] + [len(text)]
start_upstream()
for start, end in zip(starts, starts[1:]):
    only = [line.split()[1] for line in text[start:end] if line.startswith("only ")]
    if only and word not in only:
        continue
    try:
        result = run(text[:starts[0]] + text[start:end])
    except (OSError, ValueError, struct.error, IndexError) as error:
        result = "%s: %s" % (type(error).__name__, error)
    print("%s\t%s" % (text[start][5:], result), flush=True)
