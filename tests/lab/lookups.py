#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lookups.py PREFIX [AT-ONCE]: getaddrinfo() for 5 names below corp.test and 5 below pub.test.

The names are PREFIXc1.corp.test and so on, of which faces_dns.py knows; all at once, or so many. A
line for each: whom its addresses came from, or the error; milliseconds.

    2       A and AAAA from the second server     2A, 2AAAA    one of them alone
    2A+1AAAA   from two servers                   AGAIN NONAME NODATA FAIL   EAI_ of that name
"""
import ipaddress
import socket
import sys
import threading
import time

ERRORS = {socket.EAI_AGAIN: "AGAIN", socket.EAI_NONAME: "NONAME", socket.EAI_NODATA: "NODATA", socket.EAI_FAIL: "FAIL"}
names = ["%sc%d.corp.test" % (sys.argv[1], i) for i in range(1, 6)] + ["%sp%d.pub.test" % (sys.argv[1], i) for i in range(1, 6)]
places = threading.Semaphore(int(sys.argv[2]) if len(sys.argv) > 2 else len(names))
results = {}


def whose(text, name):
    """The kind of an address, and the server that it is from; the number must be the name's."""
    address, number = ipaddress.ip_address(text), int(name.split(".")[0][-1])
    if address.version == 4:
        server, n = divmod(int(address) & 255, 20)
        kind, is_known = "A", address in ipaddress.ip_network("198.51.100.0/24")
    else:
        server, n = int(address) >> 64 & 0xFFFF, int(address) & 0xFF
        kind, is_known = "AAAA", address in ipaddress.ip_network("2001:db8:64::/48")
    return (kind, str(server)) if is_known and n == number else (kind, "[%s]" % text)


def look_up(name):
    with places:
        start = time.monotonic()
        try:
            found = {whose(i[4][0], name) for i in socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)}
            a, aaaa = ("+".join(sorted(s for k, s in found if k == kind)) for kind in ("A", "AAAA"))
            said = a if a == aaaa else "+".join(s + k for s, k in ((a, "A"), (aaaa, "AAAA")) if s)
        except socket.gaierror as error:
            said = ERRORS.get(error.errno, str(error.errno))
        results[name] = "%s %d" % (said, (time.monotonic() - start) * 1000)


threads = [threading.Thread(target=look_up, args=(name,)) for name in names]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("\n".join(results[name] for name in names))
