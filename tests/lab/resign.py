#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""resign.py ZONEFILE KEYFOLDER OWNER TYPE ADDRESS DAYS: the RRSIG that covers OWNER's one A or
AAAA record is made anew with knot's own ECDSA key (algorithm 13), but its time was over DAYS ago
(RFC 4034 3.1.8.1, RFC 6605). By openssl, as python has no such signatures of its own."""
import base64
import glob
import socket
import struct
import subprocess
import sys
import time

TYPES = {"A": (1, socket.AF_INET), "AAAA": (28, socket.AF_INET6)}


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.lower().rstrip(".").split(".")) + b"\0"


def openssl(*words, data=b""):
    return subprocess.run(["openssl", *words], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout


def key_tag(key):
    """RFC 4034 B, of a zone-signing key; its public half ends what openssl prints."""
    rdata = struct.pack("!HBB", 256, 3, 13) + openssl("ec", "-in", key, "-pubout", "-outform", "DER")[-64:]
    total = sum(byte << 8 if i % 2 == 0 else byte for i, byte in enumerate(rdata))
    return total + (total >> 16) & 0xFFFF


def numbers(der):
    """SEQUENCE of two INTEGERs to 32 bytes each."""
    at, out = 2, b""
    for _ in range(2):
        length = der[at + 1]
        out += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big")
        at += 2 + length
    return out


def sign(words, address, days, folder):
    """WORDS: owner, TTL, RRSIG, type, algorithm, labels, TTL, expiration, inception, tag, signer."""
    number, family = TYPES[words[3]]
    end = int(time.time()) - 86400 * days
    ttl, tag = int(words[6]), int(words[9])
    key = next(path for path in glob.glob(folder + "/**/*.pem", recursive=True) if key_tag(path) == tag)
    data = struct.pack("!HBBIIIH", number, 13, int(words[5]), ttl, end, end - 86400 * 14, tag) + wire_name(words[10])
    rdata = socket.inet_pton(family, address)
    data += wire_name(words[0]) + struct.pack("!HHIH", number, 1, ttl, len(rdata)) + rdata
    words[7], words[8] = (time.strftime("%Y%m%d%H%M%S", time.gmtime(t)) for t in (end, end - 86400 * 14))
    return words[:11] + [base64.b64encode(numbers(openssl("dgst", "-sha256", "-sign", key, data=data))).decode()]


def main():
    path, folder, owner, kind, address, days = sys.argv[1:]
    lines = open(path).readlines()
    at = [i for i, line in enumerate(lines) if line.split()[:1] + line.split()[2:4] == [owner, "RRSIG", kind]]
    if len(at) != 1 or lines[at[0]].split()[4] != "13":
        sys.exit("no one RRSIG %s of %s, algorithm 13" % (kind, owner))
    lines[at[0]] = " ".join(sign(lines[at[0]].split(), address, int(days), folder)) + "\n"
    open(path, "w").writelines(lines)


main()
