#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The dns door under a rain of random and mutated messages, 10^5 of them (10^7 with V6GUARD_LONG):
# no crash, no wrong answer between them or after, and the counters add up.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
packets=100000 streams=4000
[ -z "${V6GUARD_LONG:-}" ] || packets=10000000 streams=400000
# shellcheck disable=SC2086
${CC:-gcc} -O2 -o "$LAB_DIR/rain" "$here/rain.c" || lab_die "cannot compile rain.c"
lab_host healthy h
mkdir -p "$LAB_DIR/h/etc/v6guard"
printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' "upstream = $DNS6" 'cache-size = 1m' '[nat64]' 'mode = on' \
	'prefix = 2001:db8:46::/96' >"$LAB_DIR/h/etc/v6guard/v6guard.conf"
daemon h
worker() { pgrep -P "$(daemon_pid h)" | head -n 1; }
h() { on h "$python" "$here/ask.py" 127.0.0.64 "$@"; }
# counted WORD...: the resolver's counters, whether they add up, and what is under way.
counted() {
	on h "$python" - "$@" <<-'END'
		import json, socket, sys
		with socket.socket(socket.AF_UNIX) as s:
		    s.connect("/run/v6guard/control.sock"); s.sendall(b"resolver status\n"); data = b""
		    while not data.endswith(b"\n"):
		        data += s.recv(65536)
		s = json.loads(data)
		c = s["counters"]
		print(*(c[w] for w in sys.argv[1:]), "adds up" if c["questions"] == c["malformed"] + c["refused"] + c["answers"] else c,
		      s["lookups"], s["connections"])
	END
}
quiet() { [[ $(counted) == *' 0 0' ]]; }
seed=${V6GUARD_SEED:-$((RANDOM * 32768 + RANDOM))}
before=$(worker)
start=$(now_ms)
got=$(on h "$LAB_DIR/rain" 127.0.0.64 udp $packets $seed 2>"$LAB_DIR/rain.log")
took=$(($(now_ms) - start))
ok "$got, $took ms"
check "none was wrong" '0 wrong' "$(echo "$got" | sed 's/.*, //'; head -n 5 "$LAB_DIR/rain.log")"
until_true 7 quiet
sent=$(echo "$got" | sed 's/.*: \([0-9]*\) sent.*/\1/')
check "each was counted, once" "$sent adds up 0 0" "$(counted questions)"
got=$(on h "$LAB_DIR/rain" 127.0.0.64 tcp $streams $seed)
ok "by TCP, ${got%%, *}"
until_true 15 quiet
check "nothing is left of them" 'adds up 0 0' "$(counted)"
check "the same process" "$before" "$(worker)"
check "the resolver works" 'NOERROR; A 198.51.100.1' "$(h dual.lab.test A)"
check "what nobody asked for yet as well" 'NOERROR; AAAA 2001:db8:46::c633:6401; EDE 29' "$(h v4only.lab.test AAAA)"
daemon_stop h
check "nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
