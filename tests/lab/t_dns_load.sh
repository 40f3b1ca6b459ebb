#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door under bad clients and bad times: random and mutated packets, slow TCP clients, the
# sizes that EDNS promises, an upstream that goes and comes under load, resolv.conf rewritten.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
odd=$LAB_DIR/odd
mkdir "$odd"
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
"$python" "$here/odd_dns.py" 2001:db8:53::54 "$odd" >"$odd/log" 2>&1 &
until_true 5 test -e "$odd/ready" || lab_die "the odd server did not start"
lab_host healthy h
mkdir -p "$LAB_DIR/h/etc/v6guard"
printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'allow = 127.0.0.0/8 ::1 2001:db8:1::/64 10.64.1.0/24' \
	'listen = 127.0.0.64:53 [2001:db8:1::2]:53 10.64.1.2:53' '[nat64]' 'mode = on' 'prefix = 2001:db8:46::/96' \
	>"$LAB_DIR/h/etc/v6guard/v6guard.conf"
printf 'nameserver 2001:db8:53::54\n' >"$LAB_DIR/h/etc/resolv.conf"
daemon h
h() { on h "$python" "$here/ask.py" 127.0.0.64 "$@"; }
alive() { check "$1: the resolver works" 'NOERROR; A 198.51.100.1' "$(h "after$RANDOM.odd.test" A)"; }

# ---- sizes (RFC 6891, DNS flag day 2020) ---------------------------------------------------

# Of COUNT addresses an answer has 12 + name and type + 28 each; from the server by the veth.
check "no reply is above what the client takes, nor above 1232 off loopback; TC says so" 'sizes: 66 right' \
	"$("$python" - <<-'END'
		import socket, struct
		right = 0
		for address in ("2001:db8:1::2", "10.64.1.2"):
		    for size in (0, 512, 1220, 1232, 1400, 1410, 1432, 1440, 1452, 1472, 4096):
		        for count in (1, 16, 60):
		            name = b"\6many%02d\3odd\4test\0" % count
		            query = struct.pack("!6H", 7, 0x100, 1, 0, 0, size > 0) + name + struct.pack("!2H", 28, 1)
		            query += b"\0" + struct.pack("!HHIH", 41, size, 0, 0) if size else b""
		            family = socket.AF_INET6 if ":" in address else socket.AF_INET
		            with socket.socket(family, socket.SOCK_DGRAM) as s:
		                s.settimeout(5); s.connect((address, 53)); s.send(query); reply = s.recv(65535)
		            whole = 12 + len(name) + 4 + 28 * count + (17 if size else 0)
		            limit = min(max(size, 512), 1232)
		            is_cut = bool(reply[2] & 2)
		            if len(reply) <= limit and is_cut == (whole > limit) and (is_cut or len(reply) == whole):
		                right += 1
		            else:
		                print(address, size, count, len(reply), is_cut, whole)
		print("sizes: %d right" % right)
	END
	)"

# ---- packets that are none -----------------------------------------------------------------

packets=20000
[ -z "${V6GUARD_LONG:-}" ] || packets=1000000
check "$packets random and mutated packets" 'no reply that is a question' \
	"$(on h "$python" - "$packets" <<-'END'
		import random, socket, struct, sys
		random.seed(7)
		good = struct.pack("!6H", 9, 0x100, 1, 0, 0, 1) + b"\4dual\3odd\4test\0\0\x1c\0\1\0\0\x29\x04\xd0\0\0\x80\0\0\0"
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.connect(("127.0.0.64", 53)); s.setblocking(False)
		bad = 0
		for i in range(int(sys.argv[1])):
		    if i % 2:
		        packet = random.randbytes(random.randrange(80))
		    else:
		        packet = bytearray(good[:random.randrange(len(good) + 1)] if i % 4 else good)
		        for _ in range(random.randrange(4)):
		            if packet: packet[random.randrange(len(packet))] = random.randrange(256)
		    try: s.send(bytes(packet))
		    except OSError: pass
		    while True:
		        try: reply = s.recv(4096)
		        except OSError: break
		        bad += not reply[2] & 0x80
		print("no reply that is a question" if not bad else bad)
	END
	)"
alive "after that"

# ---- TCP -----------------------------------------------------------------------------------

clients=300
[ -z "${V6GUARD_LONG:-}" ] || clients=900
check "$clients clients that send a byte and wait" 'others are answered' \
	"$(on h "$python" - "$clients" <<-'END'
		import socket, struct, sys
		held = []
		for i in range(int(sys.argv[1])):
		    try:
		        s = socket.create_connection(("127.0.0.64", 53), 2); s.send(b"\0"); held.append(s)
		    except OSError: pass
		query = struct.pack("!6H", 9, 0x100, 1, 0, 0, 0) + b"\4dual\3odd\4test\0\0\1\0\1"
		with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
		    s.settimeout(3); s.connect(("127.0.0.64", 53)); s.send(query); ok = len(s.recv(512)) > 12
		# Another address has places of its own.
		with socket.socket() as s:
		    s.settimeout(3); s.bind(("127.0.0.77", 0)); s.connect(("127.0.0.64", 53))
		    s.sendall(struct.pack("!H", len(query)) + query); ok &= len(s.recv(512)) > 12
		print("others are answered" if ok else "not answered")
	END
	)"
check "a connection is closed after 10 s of silence, not before 8" 'closed in time' \
	"$(on h "$python" -c 'import socket, time
s = socket.create_connection(("127.0.0.64", 53), 15); start = time.monotonic()
end = s.recv(1); took = time.monotonic() - start
print("closed in time" if end == b"" and 8 < took < 13 else (end, took))')"
check "a length that is no question's" 'closed' \
	"$(on h "$python" -c 'import socket
s = socket.create_connection(("127.0.0.64", 53), 5); s.sendall(b"\xff\xff" + b"x" * 3000)
try: print("closed" if s.recv(1) == b"" else "answered")
except ConnectionError: print("closed")')"
check "whoever closes its side still gets its answers" 3 \
	"$(on h "$python" -c 'import socket, struct
s = socket.create_connection(("127.0.0.64", 53), 8)
for c in b"abc":
	q = struct.pack("!6H", 9, 0x100, 1, 0, 0, 0) + b"\6later" + bytes([c]) + b"\3odd\4test\0\0\1\0\1"
	s.sendall(struct.pack("!H", len(q)) + q)
s.shutdown(socket.SHUT_WR); data = b""
while True:
	part = s.recv(4096)
	if not part: break
	data += part
print(data.count(bytes([198, 51, 100, 1])))')"
alive "after slow clients"

# ---- the server goes and comes, resolv.conf changes ----------------------------------------

on h "$python" - >"$LAB_DIR/load" <<-'END' &
	import socket, struct, time
	end, sent, wrong, good, last_bad = time.monotonic() + 12, 0, 0, 0, 0.0
	start = time.monotonic()
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.64", 53)); s.settimeout(0.01)
	while time.monotonic() < end:
	    sent += 1
	    s.send(struct.pack("!6H", sent & 0xffff, 0x100, 1, 0, 0, 0) + b"\6l%05d\3odd\4test\0\0\1\0\1" % (sent % 100000))
	    try:
	        while True:
	            reply = s.recv(512)
	            rcode = reply[3] & 15
	            if rcode == 0 and reply[-4:] != bytes([198, 51, 100, 1]): wrong += 1
	            if rcode == 0: good += 1
	            else: last_bad = time.monotonic() - start
	    except OSError: pass
	print(wrong, good > 100, last_bad < 11)
END
load=$!
sleep 1
: >"$odd/mute"
sleep 2
rm "$odd/mute"
for _ in 1 2 3 4 5 6; do
	printf 'nameserver 2001:db8:53::54\n# %s\n' "$RANDOM" >"$LAB_DIR/h/etc/resolv.conf.new"
	mv "$LAB_DIR/h/etc/resolv.conf.new" "$LAB_DIR/h/etc/resolv.conf"
	sleep 0.5
done
wait "$load"
check "2 s of silence and six resolv.confs under load: no wrong answer, and it comes back" '0 True True' "$(cat "$LAB_DIR/load")"
check "no server of resolv.conf: SERVFAIL at once" 'SERVFAIL; EDE 22' \
	"$(printf '# none\n' >"$LAB_DIR/h/etc/resolv.conf"; h still.odd.test A >/dev/null; sleep 2.5; h none.odd.test A >/dev/null; h nobody.odd.test A)"
printf 'nameserver 2001:db8:53::54\n' >"$LAB_DIR/h/etc/resolv.conf"
sleep 1.1
alive "with a server again"
daemon_stop h
check "nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
