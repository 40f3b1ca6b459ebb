#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone: it goes by the clock.
# The dns door with 2 000 slow TCP clients, and when descriptors or memory run out: whoever asks well
# is answered, nobody wrongly, and nothing is left of it afterwards.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
ip -6 addr add 2001:db8:53::54/128 dev lo nodad
lab_serve rude_dns.py 2001:db8:53::54 "$LAB_DIR/rude"
for host in h few; do
	lab_host healthy $host
	mkdir -p "$LAB_DIR/$host/etc/v6guard"
	printf '%s\n' '[log]' 'events = none' '[resolver]' 'enable = yes' 'upstream = 2001:db8:53::54' '[nat64]' 'mode = off' \
		'[forward lab]' 'zones = lab.test' "upstream = $DNS6" >"$LAB_DIR/$host/etc/v6guard/v6guard.conf"
done
ask() { local host=$1; shift; on "$host" "$python" "$here/ask.py" 127.0.0.64 "$@"; }
worker() { pgrep -P "$(daemon_pid "$1")" | head -n 1; }
files() { find "/proc/$(worker "$1")/fd" -mindepth 1 | wc -l; }
are_files() { [ "$(files "$1")" -le "$2" ]; }
# Milliseconds of CPU that the worker has had.
cpu() { awk '{ print int($1 / 1000000) }' "/proc/$(worker "$1")/schedstat"; }
resolves() { ask few "$1" A | grep -q NOERROR; }
# silent COUNT: so many names that nobody answers, asked for at once; a socket each.
silent() {
	on few "$python" - "$1" <<-'END'
		import os, socket, struct, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.64", 53))
		for i in range(int(sys.argv[1])):
		    name = b"%s%d" % (os.urandom(4).hex().encode(), i)
		    s.send(struct.pack("!6H", i, 0x100, 1, 0, 0, 0) + b"\4stub" + bytes([len(name)]) + name + b"\4rude\4test\0\0\1\0\1")
	END
}
# during NAMES: cold names of a zone that is answered; how each went.
during() {
	on few "$python" "$here/ask_many.py" 127.0.0.64 lab.test "$@" | awk '{ print $2, $3 }' | sort | uniq -c | sed 's/^ *//'
}
not_wrong() { sed 's/^[0-9]* \(NOERROR 198.51.100.1\|NOERROR 203.0.113.[1-6]\|SERVFAIL -\|REFUSED -\)$/right or none/' | sort -u; }

# ---- 2 000 slow clients, while the other host has its own trouble -------------------------

daemon h
ask h good.rude.test A >/dev/null
slow_before=$(files h) slow_was=$(cpu h)
on h "$python" "$here/slow.py" 12 2000 >"$LAB_DIR/slow" &
slow=$!

# ---- few descriptors -----------------------------------------------------------------------

(ulimit -n 90 && exec nsenter -t "${lab_pid[few]}" -n -m -- v6guardd -f) >>"$LAB_DIR/few/daemon.log" 2>&1 &
lab_daemon[few]=$!
daemon_answers few "${lab_daemon[few]}" || bad "v6guardd does not come up with 90 descriptors"
before=$(files few) who=$(worker few)
was=$(cpu few) start=$(now_ms)
silent 400
got=$(during v4only w1 w2 w3 w4 w5 w6 dual)
check "90 descriptors, 400 names without an answer: no wrong one" 'right or none' "$(not_wrong <<<"$got")"
ok "which is: $(paste -sd, <<<"$got")"
sleep 5
took=$(($(now_ms) - start)) used=$(($(cpu few) - was))
check "it did not spin: $used ms of CPU in $took ms" little "$([ $((used * 4)) -lt $took ] && echo little || echo much)"
until_true 12 resolves far.lab.test
check "and it goes on" 'NOERROR; A 203.0.113.21' "$(ask few l1.lab.test A)"
check "the same process" "$who" "$(worker few)"
until_true 8 are_files few "$before"
check "no descriptor is left open" "$before" "$(files few)"
daemon_stop few

# ---- little memory -------------------------------------------------------------------------

daemon few
ask few v4only.lab.test A >/dev/null
ask few good.rude.test A >/dev/null
size=$(awk '/^VmPeak/ { print $2 }' "/proc/$(worker few)/status")
silent 1900
got=$(during w1 w2 w3 w4 w5 w6 dual)
check "all descriptors, 1 900 names without an answer: good ones have theirs" '7 right' \
	"$(awk '$2 == "NOERROR" { n += $1 } END { print n " right" }' <<<"$got"; not_wrong <<<"$got" | grep -v '^right')"
daemon_stop few
(ulimit -v $((size + 2000)) && exec nsenter -t "${lab_pid[few]}" -n -m -- v6guardd -f) >>"$LAB_DIR/few/daemon.log" 2>&1 &
lab_daemon[few]=$!
daemon_answers few "${lab_daemon[few]}" || bad "v6guardd does not come up with $size KiB"
ask few v4only.lab.test A >/dev/null
ask few good.rude.test A >/dev/null
who=$(worker few) before=$(files few)
silent 2000
got=$(during w0 w1 w2 w3 w4 w5 w6 dual)
check "2 MB more than it began with, 2 000 names under way: no wrong answer" 'right or none' "$(not_wrong <<<"$got")"
ok "which is: $(paste -sd, <<<"$got"); $size KiB, then $(awk '/^VmPeak/ { print $2 }' "/proc/$who/status")"
until_true 9 are_files few "$before"
check "when they are over it goes on" 'NOERROR; A 203.0.113.23' "$(ask few l3.lab.test A)"
check "the same process" "$who" "$(worker few)"
daemon_stop few

# ---- what became of the slow ones ----------------------------------------------------------

wait "$slow"
ok "$(paste -sd, "$LAB_DIR/slow"), $(($(cpu h) - slow_was)) ms of CPU"
check "good clients: all, at once" 'all within 300 ms' "$(awk '/^good/ { udp = $7; tcp = $10
	print ($2 == $4 && $2 > 100 && udp <= 300 && tcp <= 300 ? "all within 300 ms" : $0) }' FS='[ ,]+' "$LAB_DIR/slow")"
check "no more connections than there are places, and none is kept" '256 at most, 0 left' \
	"$(awk '/^most/ { print ($2 <= 256 && $2 > 200 ? "256 at most" : $2) ", " $4 " left" }' FS='[ ,]+' "$LAB_DIR/slow")"
check "10 s after they came, bytes or not" 'closed in time' \
	"$(awk '/^first/ { print ($4 >= 8 && $7 <= 11.9 ? "closed in time" : $0) }' FS='[ ,]+' "$LAB_DIR/slow")"
until_true 3 are_files h "$slow_before"
check "no descriptor is left open" "$slow_before" "$(files h)"
daemon_stop h
check "nothing was said" '' "$(grep -hv 'started: mode' "$LAB_DIR/h/daemon.log" "$LAB_DIR/few/daemon.log")"
lab_done
