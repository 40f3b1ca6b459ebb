#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Packets of more than 1000 bytes get lost on the way to the host: real programs hang, and the next
# go to IPv4. And a thousand connections that wait for other reasons, of which none is taken for
# that. Both at the same time.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
lab_host healthy mt
lab_host healthy or

ask() {
	on "$1" "$python" -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect("/run/v6guard/control.sock")
s.sendall(sys.argv[1].encode() + b"\n")
while True:
	part = s.recv(65536)
	if not part: break
	sys.stdout.write(part.decode())' "$2"
}
# of HOST ADDRESS: "VERDICT EVIDENCE".
of() {
	ask "$1" 'verdict list' | "$python" -c 'import json, sys
for v in json.load(sys.stdin)["verdicts"]:
	if v["prefix"] == sys.argv[1] + "/128":
		print(v["verdict"], v["evidence"])
		sys.exit()
print("unknown")' "$2"
}
is_broken() { [ "$(of "$1" "$2")" = 'broken stall' ]; }
begin() {
	guard "$@" '[log]' 'to = /run/events' && daemon "$1"
}

exec {ready}> >(cat >"$LAB_DIR/ordinary.ready")
"$python" "$here/ordinary.py" serve 3>&"$ready" &
until_true 10 test -s "$LAB_DIR/ordinary.ready" || lab_die "the servers did not start"

# page HOST URL SECONDS: the family it came over, and milliseconds; "- MS" if it did not.
page() {
	local start got
	start=$(now_ms)
	got=$(on "$1" timeout "$3" wget -q -t 1 -O - "$2" 2>/dev/null)
	got=${got##*.}
	case $got in *:*) got=6 ;; [0-9]*) got=4 ;; *) got=- ;; esac
	echo "$got $(($(now_ms) - start))"
}
# quick WHAT FAMILY "GOT MS"
quick() { check "$1" "$2 at once" "${3% *} $([ "${3#* }" -lt 1500 ] && echo at once || echo "after ${3#* } ms")"; }

# ---- the hole -----------------------------------------------------------------------------

# hangs NAME SECONDS CMD...: whether CMD on the host was still there, in $LAB_DIR/NAME.hangs
hangs() {
	local name=$1 seconds=$2
	shift 2
	on mt timeout "$seconds" "$@" >"$LAB_DIR/$name.out" 2>&1 </dev/null
	echo $? >"$LAB_DIR/$name.hangs"
}

prepare() {
	local dir=$LAB_DIR/git
	mkdir -p "$dir" "$LAB_DIR/tls"
	git init -q "$dir/r" && seq 300 >"$dir/r/f" && git -C "$dir/r" add f &&
		git -C "$dir/r" -c user.name=lab -c user.email=lab@lab.test commit -q -m "$(seq 2000)" &&
		git -C "$dir/r" update-server-info
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$LAB_DIR/tls/key" -out "$LAB_DIR/tls/cert" \
		-subj /CN=w3.lab.test -addext "subjectAltName=DNS:w3,DNS:w4" -days 2 2>/dev/null
	# A chain, as certificates have in the world: more than one packet of it.
	openssl s_server -accept '[::]:8443' -cert "$LAB_DIR/tls/cert" -cert_chain "$LAB_DIR/tls/cert" \
		-key "$LAB_DIR/tls/key" -www >/dev/null 2>&1 &
	(cd "$dir/r" && exec openssl s_server -accept '[::]:8444' -cert "$LAB_DIR/tls/cert" \
		-cert_chain "$LAB_DIR/tls/cert" -key "$LAB_DIR/tls/key" -WWW) >/dev/null 2>&1 &
	until_true 10 on mt nc -z -w 1 w3 8443
	until_true 10 on mt nc -z -w 1 w4 8444
}

s_hole() {
	local at hung=''
	prepare
	begin mt auto '[probe]' 'broken-ttl = 20s' || return
	quick "a healthy path: IPv6" 6 "$(page mt http://w6:8080/5000 5)"
	hole mt 1000
	# Each to a name of its own, all at once: 14 s are enough for each to be known.
	hangs wget 14 wget -q -t 1 -O - http://w1:8080/5000 &
	hung="$hung $!"
	hangs apart 14 wget -q -t 1 -O - http://p1:8080/5000/apart &
	hung="$hung $!"
	hangs curl 14 curl -s --cacert "$LAB_DIR/tls/cert" https://w3:8443/ &
	hung="$hung $!"
	hangs git 14 git -c http.sslCAInfo="$LAB_DIR/tls/cert" clone -q https://w4:8444/.git "$LAB_DIR/mt/run/clone" &
	hung="$hung $!"
	hangs all 14 wget -q -t 1 -O - http://w2:8080/500000 &
	hung="$hung $!"
	hangs large 14 wget -q -t 1 -O - http://w5:8080/500000/apart &
	hung="$hung $!"
	hangs ssh 14 ssh -o BatchMode=yes -o StrictHostKeyChecking=no p2 true &
	hung="$hung $!"
	at=$(now_ms)
	until_true 13 is_broken mt 2a01:1::1
	at=$(($(now_ms) - at))
	check "an answer whose end comes without its beginning: broken by a stall" 'broken stall' "$(of mt 2a01:1::1)"
	printf 'figure  known after %s ms\n' "$at"
	quick "the next one goes to IPv4" 4 "$(page mt http://w1:8080/5000 5)"
	until_true 3 is_broken mt 2a0a:a:a:1::1
	check "... with a header that came" 'broken stall' "$(of mt 2a0a:a:a:1::1)"
	until_true 3 is_broken mt 2a03:3::1
	check "... in a handshake of TLS" 'broken stall' "$(of mt 2a03:3::1)"
	until_true 3 is_broken mt 2a04:4::1
	check "... and of git" 'broken stall' "$(of mt 2a04:4::1)"
	check "where nothing small comes behind, it is not called ok" unknown "$(of mt 2a02:2::1)"
	check "... nor with a header that came" unknown "$(of mt 2a05:5::1)"
	on mt timeout 2 nc -z 2a01:1::1 8080
	on mt timeout 2 nc -z 2a01:1::1 22
	sleep 0.5
	check "a handshake does not clear it" 'broken stall' "$(of mt 2a01:1::1)"
	# shellcheck disable=SC2086
	wait $hung
	check "what hung: wget, twice, curl and git" '124 124 124 124 ' \
		"$(for at in wget apart curl git; do echo -n "$(cat "$LAB_DIR/$at.hangs") "; done)"
	check "closed by force, these are not ok either" 'unknown unknown' "$(of mt 2a02:2::1) $(of mt 2a05:5::1)"
	# Its first large packet is a single one.
	[ "$lab_ssh" != 'a real sshd' ] || check "nor ssh, in the middle of its handshake" '124 unknown' \
		"$(cat "$LAB_DIR/ssh.hangs") $(of mt 2a0a:a:a:1::2)"
	# A program that has the address already: that large packets come is a proof.
	is_broken mt 2a01:1::1 || page mt http://w1:8080/5000 12 >/dev/null
	hole mt
	quick "healed: what goes there all the same succeeds" 6 "$(page mt 'http://[2a01:1::1]:8080/5000' 5)"
	until_true 2 eval '[ "$(of mt 2a01:1::1)" = "ok connection" ]'
	check "... and the verdict is gone" 'ok connection' "$(of mt 2a01:1::1)"
	is_over6() { [ "$(page mt http://w3:8080/5000 3 | cut -d' ' -f1)" = 6 ]; }
	until_true 40 is_over6
	check "another one is gone by itself" 6 "$(page mt http://w3:8080/5000 3 | cut -d' ' -f1)"
}

# ---- nothing but slow ---------------------------------------------------------------------

s_ordinary() {
	local loss looking each=50 seconds=38
	${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -O1 -I"$top/libgaipolicy" -o "$LAB_DIR/evidence" "$here/evidence.c" \
		"$top"/libgaipolicy/guard/sockdiag*.c "$top/libgaipolicy/address/address.c" ||
		{ bad "evidence.c does not compile"; return; }
	# One packet in ten gets lost, both ways.
	loss='meta l4proto tcp numgen random mod 100 < 10 drop'
	ip link set dev "${lab_iface[or]}" gso_max_segs 1
	on or nft "table ip6 loss { chain in { type filter hook prerouting priority -300; $loss; };
		chain out { type filter hook output priority 0; $loss; }; }"
	begin or auto || return
	on or "$LAB_DIR/evidence" $((seconds + 1)) >"$LAB_DIR/evidence.out" 2>&1 &
	looking=$!
	on or "$python" "$here/ordinary.py" use 2a01:1::1 $each $seconds >"$LAB_DIR/ordinary.out" 2>&1 &
	# Lookups make v6guardd look, IPv4 answers all the time, and a server dies in the middle.
	(
		while [ ! -e "$LAB_DIR/or.stop" ]; do
			on or getent ahosts w1 >/dev/null
			on or getent ahosts w5 >/dev/null
			on or nc -z -w 1 203.0.113.1 8080
			sleep 1
		done
	) &
	on or "$python" "$here/ordinary.py" use 2a05:5::1 2 $((seconds - 2)) >"$LAB_DIR/dying.out" 2>&1 &
	sleep 8
	filter or 6 'ip6 daddr 2a05:5::1 drop'
	filter or 4 'ip daddr 203.0.113.5 drop'
	wait $looking
	: >"$LAB_DIR/or.stop"
	check "connections of $("$python" "$here/ordinary.py" kinds | wc -l) kinds" 1000 "$(cat "$LAB_DIR/ordinary.out")"
	check "all of them were looked at" yes "$(awk '{ n += $3 } END { print (n >= 1000 ? "yes" : n) }' <(grep sockets "$LAB_DIR/evidence.out"))"
	check "with a loss of 10 % both ways none of them stalls" '' "$(grep -v ' stalled 0 ' "$LAB_DIR/evidence.out")"
	check "no verdict came of it" '' "$(grep '"verdict"' "$LAB_DIR/or/run/events" 2>/dev/null)"
}

tell() {
	"s_$1"
	daemon_stop "$2"
} >"$LAB_DIR/$1.told" 2>&1
tell hole mt &
hole_pid=$!
tell ordinary or &
wait $hole_pid $!
for story in hole ordinary; do
	while IFS= read -r line; do
		case $line in
		'ok '*) ok "${line#ok      }" ;;
		'skip '*) skip "$story" "${line#skip    }" ;;
		'FAILED '*) bad "${line#FAILED  }" ;;
		'figure '*) printf '%s\n' "$line" ;;
		*) printf '        %s\n' "$line" ;;
		esac
	done <"$LAB_DIR/$story.told"
	grep -q '^ok ' "$LAB_DIR/$story.told" || bad "$story: nothing was checked"
done
lab_done
