#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door in bad times: odd TCP clients, an upstream that goes and comes under load,
# resolv.conf rewritten.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
odd=$LAB_DIR/odd
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve odd_dns.py 2001:db8:53::54 "$odd"
lab_host healthy h
mkdir -p "$LAB_DIR/h/etc/v6guard"
printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'allow = 127.0.0.0/8 ::1 2001:db8:1::/64 10.64.1.0/24' \
	'listen = 127.0.0.64:53 [2001:db8:1::2]:53 10.64.1.2:53' '[nat64]' 'mode = on' 'prefix = 2001:db8:46::/96' \
	>"$LAB_DIR/h/etc/v6guard/v6guard.conf"
printf 'nameserver 2001:db8:53::54\n' >"$LAB_DIR/h/etc/resolv.conf"
daemon h
h() { on h "$python" "$here/ask.py" 127.0.0.64 "$@"; }
alive() { check "$1: the resolver works" 'NOERROR; A 198.51.100.1' "$(h "after$RANDOM.odd.test" A)"; }

# ---- TCP -----------------------------------------------------------------------------------

# tcp WORD...: questions in one go over one connection, the names' first labels in the order of the
# answers, and the last answer's keepalive (RFC 7828: an option without a time asks for it).
tcp() {
	on h "$python" - "$@" <<-'END'
		import socket, struct, sys
		s = socket.create_connection(("127.0.0.64", 53), 8); out = b""
		for i, word in enumerate(sys.argv[1:]):
		    q = struct.pack("!6H", i, 0x100, 1, 0, 0, 1) + bytes([len(word)]) + word.encode() + b"\3odd\4test\0\0\x1c\0\1"
		    q += b"\0" + struct.pack("!HHIH", 41, 1232, 0, 4) + struct.pack("!2H", 11, 0)
		    out += struct.pack("!H", len(q)) + q
		s.sendall(out); order = []
		for _ in sys.argv[1:]:
		    reply = s.recv(struct.unpack("!H", s.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL)
		    order.append(reply[13:13 + reply[12]].decode())
		at = reply.rfind(struct.pack("!2H", 11, 2))
		print(*order, "keepalive %.1f s" % (struct.unpack("!H", reply[at + 4:at + 6])[0] / 10) if at > 0 else "no keepalive")
	END
}
check "answers come as they are there (RFC 7766 6.2.1.1), and say how long they may wait for more (RFC 7828)" \
	'quick late keepalive 10.0 s' "$(tcp late quick)"
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
alive "after these clients"

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
	"$(printf '# none\n' >"$LAB_DIR/h/etc/resolv.conf"; sleep 0.3; h still.odd.test A >/dev/null; sleep 2.5; h none.odd.test A >/dev/null; h nobody.odd.test A)"
printf 'nameserver 2001:db8:53::54\n' >"$LAB_DIR/h/etc/resolv.conf"
sleep 1.1
alive "with a server again"
daemon_stop h
check "nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
