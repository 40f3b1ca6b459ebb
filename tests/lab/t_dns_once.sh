#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A name with 50 A and 50 AAAA does not fit glibc's first buffers, and each time a buffer is
# too small nss_dns asks the server again. Behind v6guard one getaddrinfo asks once.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy

# asks CMD...: "A AAAA found", what the server was asked meanwhile and how many addresses came.
asks() {
	local a aaaa found
	a=$(lab_asked A) aaaa=$(lab_asked AAAA)
	found=$(on healthy timeout 5 "$@" | awk '$2 == "STREAM"' | wc -l)
	echo "$(($(lab_asked A) - a)) A, $(($(lab_asked AAAA) - aaaa)) AAAA, $found addresses"
}
many() { asks getent ahosts many; }
transport() {
	sed -i '/^options/d' "$LAB_DIR/healthy/etc/resolv.conf"
	[ -z "$1" ] || echo "options $1" >>"$LAB_DIR/healthy/etc/resolv.conf"
}

# Over TCP a question is one message; over UDP the cut answer is asked for again by TCP.
transport use-vc
check "plain libc asks three times (else there is nothing to cure)" '3 A, 3 AAAA, 100 addresses' "$(many)"
guard healthy auto
plain=$(on healthy env V6GUARD=off getent ahosts many)
plain6=$(asks env V6GUARD=off getent ahostsv6 many)
# Where no answer could change, v6guard steps aside before anybody is asked.
check "auto: no question more than without v6guard" '3 A, 3 AAAA, 100 addresses' "$(many)"
check "auto: the same answer" "$plain" "$(on healthy getent ahosts many)"
guard healthy prefer-ipv4
check "prefer-ipv4: asked once" '1 A, 1 AAAA, 50 addresses' "$(many)"
check "prefer-ipv4: ahostsv4 asks for A once" '1 A, 0 AAAA, 50 addresses' "$(asks getent ahostsv4 many)"
check "prefer-ipv4: ahostsv6, which aaaa-only = keep leaves alone: as without v6guard" "$plain6" "$(asks getent ahostsv6 many)"
check "prefer-ipv4: a small answer is asked for once" '1 A, 1 AAAA, 1 addresses' "$(asks getent ahosts dual)"
guard healthy prefer-ipv4 'aaaa-only = strip'
check "aaaa-only = strip: an AAAA lookup asks for both once" '1 A, 1 AAAA' \
	"$(asks getent ahostsv6 many | sed 's/, [0-9]* addresses//')"
transport ''
guard healthy prefer-ipv4
check "over UDP: once by UDP, cut short, once by TCP" '2 A, 2 AAAA, 50 addresses' "$(many)"

# What is kept for the second, larger buffer must not answer a later lookup.
transport use-vc
count=$(on healthy "$python" -c 'import socket
print([len(socket.getaddrinfo("many", 1, 0, socket.SOCK_STREAM)) for i in range(5)])')
check "five lookups in one process" '[50, 50, 50, 50, 50]' "$count"
a=$(lab_asked A)
on healthy "$python" -c 'import socket
for i in range(5): socket.getaddrinfo("many", 1, 0, socket.SOCK_STREAM)'
check "five lookups in one process ask five times: nothing is cached" 5 "$(($(lab_asked A) - a))"
a=$(lab_asked A)
on healthy "$python" -c 'import socket, threading
def look():
	for i in range(10):
		assert len(socket.getaddrinfo("many", 1, 0, socket.SOCK_STREAM)) == 50
threads = [threading.Thread(target=look) for i in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]'
check "8 threads, 10 lookups each: 80 questions" 80 "$(($(lab_asked A) - a))"
lab_done
