#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# `v6guard run`: real programs with the preload door, on hosts where nothing was enabled: which
# family they end up with in each mode, what the door cannot reach, and the exit statuses.
# shellcheck disable=SC2016
. "$(dirname "$0")/lab.sh"
lab_enter "$@"

# ---- programs: each prints the address that it reached, or from which it did --------------

p_curl() { "$@" curl -s http://dual/; }
p_wget() { "$@" wget -q -t 1 -O - http://dual/; }
p_python() {
	"$@" "$python" -c 'import urllib.request as u
print(u.urlopen("http://dual/").read().decode())'
}
p_nc() { "$@" nc dual 7; }
p_perl() {
	"$@" perl -MIO::Socket::IP -e '
		$s = IO::Socket::IP->new(PeerHost => "dual", PeerPort => 7, Type => SOCK_STREAM)
			or exit 1; print <$s>'
}
p_bash() { "$@" bash -c 'exec 3<>/dev/tcp/dual/7 && cat <&3'; }
p_ssh() {
	"$@" ssh -v -F none -o BatchMode=yes -o StrictHostKeyChecking=no -o GlobalKnownHostsFile=/dev/null \
		-o UserKnownHostsFile=/dev/null -o PreferredAuthentications=none nobody@dual true 2>&1 |
		sed -n '/Connecting to/h; /Connection established/{ x; p; q }'
}
p_git() { GIT_CURL_VERBOSE=1 "$@" git ls-remote http://dual/x 2>&1 | sed -n 's/.*Connected to//p'; }
p_psql() { PGCONNECT_TIMEOUT=3 "$@" psql 'host=dual port=7 sslmode=disable' -c '' 2>&1 | tail -n 1; }
# What the server says is the start of an answer here, as a dump.
p_openssl() {
	"$@" openssl s_client -connect dual:7 -debug </dev/null 2>/dev/null |
		sed -n '/^read from/,/^0000/s/^0000 - \([0-9a-f -]*\).*/\1/p' | head -n 1 |
		sed 's/3a.*/2001:db8::/; s/.*2e.*/198.51.100.0/'
}
p_node() {
	"$@" node -e 'require("net").connect(7, "dual").on("data", d => console.log(String(d)))
		.on("error", () => process.exit(1))'
}
# Java puts IPv4 first whatever the order is, unless it is told not to.
p_java() {
	"$@" java -Xshare:auto -XX:TieredStopAtLevel=1 -Djava.net.preferIPv6Addresses=system "$LAB_DIR/Reach.java"
}
cat >"$LAB_DIR/Reach.java" <<'END'
public class Reach {
	public static void main(String[] args) throws Exception {
		for (java.net.InetAddress address : java.net.InetAddress.getAllByName("dual"))
			try (java.net.Socket s = new java.net.Socket()) {
				s.connect(new java.net.InetSocketAddress(address, 7), 2000);
				System.out.println(new String(s.getInputStream().readAllBytes()));
				return;
			} catch (java.io.IOException e) {
			}
	}
}
END
# The method that apt downloads with.
apt=/usr/lib/apt/apt-helper
p_apt() {
	rm -f "$LAB_DIR/apt"
	"$@" $apt -q -o APT::Sandbox::User=root -o Acquire::Retries=0 -o Acquire::http::Proxy=DIRECT \
		download-file http://dual/ "$LAB_DIR/apt" >/dev/null 2>&1
	cat "$LAB_DIR/apt"
}

programs=
for program in curl wget python nc perl bash ssh git psql openssl node java apt; do
	tool=$program
	[ $program != python ] || tool=$python
	[ $program != apt ] || tool=$apt
	if command -v "$tool" >/dev/null; then
		programs="$programs $program"
	else
		skip "$program" "not installed"
	fi
done

family() {
	case $(grep -oE '([0-9a-f]+:+){2,}[0-9a-f]*|([0-9]+\.){3}[0-9]+' | head -n 1) in
	*:*) echo 6 ;;
	*.*) echo 4 ;;
	*) echo - ;;
	esac
}

on_time() { local host=$1; shift; on "$host" timeout -k 1 15 "$@"; }
guarded() { on_time "$1" v6guard run -q ${2:+--mode $2} -- "${@:3}"; }

# reach HOST MODE FAMILY: every program, over that family, without waiting.
reach() {
	local program got start ms limit wrong=
	for program in $programs; do
		start=$(now_ms)
		got=$("p_$program" guarded "$1" "$2" 2>&1 | family)
		ms=$(($(now_ms) - start))
		# java takes its time to start, on a busy machine seconds; stuck is 133 s.
		[ $program = java ] && limit=12000 || limit=2500
		[ "$got" = "$3" ] && [ "$ms" -lt $limit ] || wrong="$wrong $program:$got:${ms}ms"
	done
	check "$1: ${2:-as configured}: over IPv$3:$programs" '' "$wrong"
}

for kind in healthy blackhole v4only; do
	lab_host $kind
done

check "blackhole: without v6guard nc hangs" 124 "$(on blackhole timeout 1 nc dual 7 >/dev/null; echo $?)"
for mode in off auto prefer-ipv6 strip-a; do
	reach healthy $mode 6
done
for mode in prefer-ipv4 strip-aaaa; do
	reach healthy $mode 4
	reach blackhole $mode 4
done
reach blackhole auto 4 # they race: t_race.sh
for mode in off prefer-ipv6 strip-a; do
	reach v4only $mode 4
done
# RFC 6724 5, rule 1, before any preference: nothing goes behind what cannot be reached. Java and
# others try one address.
for family in 4 6; do
	lab_host healthy noroute$family
	on noroute$family ip -$family route del default
done
sed -i "s/$DNS4/$DNS6/" "$LAB_DIR/noroute4/etc/resolv.conf"
all_programs=$programs programs=$(for program in wget node java; do
	[[ " $programs " != *" $program "* ]] || echo -n " $program"
done)
reach noroute4 prefer-ipv4 6
reach noroute4 strip-aaaa 6
reach noroute6 prefer-ipv6 4
programs=$all_programs

# ---- auto, by what v6guardd knows ---------------------------------------------------------

mkdir -p "$LAB_DIR/blackhole/etc/v6guard"
printf '[guard]\nmode = auto\n' >"$LAB_DIR/blackhole/etc/v6guard/v6guard.conf"
on blackhole v6guard -q apply >/dev/null
out=$(on blackhole v6guard run --no-probe -- getent ahosts dual 2>&1 >/dev/null)
check "auto without v6guardd and probes: says so" 'v6guard: nothing was changed: mode auto needs v6guardd, which is not there' "$out"
if daemon blackhole; then
	on blackhole v6guard -q verdict set 2001:db8:64::/48 broken >/dev/null
	reach blackhole '' 4
	check "auto: IPv6 goes behind, and stays" '198.51.100.1 2001:db8:64::1 ' \
		"$(guarded blackhole '' getent ahosts dual | awk '$2 == "STREAM" { printf "%s ", $1 }')"
	check "auto: an IPv6-only name is left as it is" '2001:db8:64::1 ' \
		"$(guarded blackhole '' getent ahosts v6only | awk '$2 == "STREAM" { printf "%s ", $1 }')"
	on blackhole v6guard -q off >/dev/null
	check "v6guard off is obeyed" 'v6guard: nothing was changed: v6guard is off on this host' \
		"$(on blackhole v6guard run --mode prefer-ipv4 -- getent ahosts dual 2>&1 >/dev/null)"
	on blackhole v6guard -q on >/dev/null
	daemon_stop blackhole
fi

# ---- distrust: what is put behind the others is tested, as no program tries it ------------

lab_host healthy rollout
mkdir -p "$LAB_DIR/rollout/etc/v6guard"
printf '[guard]\nmode = auto\nunknown = distrust\n' >"$LAB_DIR/rollout/etc/v6guard/v6guard.conf"
on rollout v6guard -q apply >/dev/null
if daemon rollout; then
	nc_family() { guarded rollout '' nc dual 7 | family; }
	over_ipv6() { [ "$(nc_family)" = 6 ]; }
	check "distrust: the first connect goes over IPv4" 4 "$(nc_family)"
	check "distrust: v6guardd tests the address, and IPv6 is back" yes \
		"$(until_true 20 over_ipv6 && echo yes)"
	daemon_stop rollout
fi

# ---- both doors in one program ------------------------------------------------------------

lab_host healthy both
guard both prefer-ipv4 && {
	check "both: the NSS door strips, the preload has nothing left to order" '198.51.100.1 ' \
		"$(guarded both '' getent ahosts dual | awk '$2 == "STREAM" { printf "%s ", $1 }')"
	check "both: --mode is for both" '2001:db8:64::1 198.51.100.1 ' \
		"$(guarded both prefer-ipv6 getent ahosts dual | awk '$2 == "STREAM" { printf "%s ", $1 }')"
	check "both: off for the one program" '2001:db8:64::1 198.51.100.1 ' \
		"$(guarded both off getent ahosts dual | awk '$2 == "STREAM" { printf "%s ", $1 }')"
}

# ---- order = rfc6724 ------------------------------------------------------------------------

# A unique local address on the link: libc has ::/0 for it, precedence 40; RFC 6724 2.1 has
# fc00::/7 with 3, behind IPv4 with 35.
lab_host healthy sorted
printf '%s\n' 'fd00:64::80 site.lab.test' '198.51.100.1 site.lab.test' >>"$LAB_DIR/sorted/etc/hosts"
on sorted ip -6 addr add fd00:64::1/64 nodad dev "$(on sorted ip -o -6 route show default | sed 's/.* dev \([^ ]*\).*/\1/')"
printf '[preload]\norder = rfc6724\n' >"$LAB_DIR/order.conf"
sorted_by() { # CONFIG-OPTIONS PROGRAM: the addresses of `site`
	on_time sorted v6guard run -q $1 -- "${@:2}" | awk '$2 == "STREAM" || NF == 1 { printf "%s ", $1 }'
}
addresses="import socket
for a in socket.getaddrinfo('site.lab.test', 80, type=socket.SOCK_STREAM): print(a[4][0])"
check "order = libc: the unique local address is first" 'fd00:64::80 198.51.100.1 ' \
	"$(sorted_by '' getent ahosts site.lab.test)"
check "order = rfc6724: getent" '198.51.100.1 fd00:64::80 ' \
	"$(sorted_by "--config $LAB_DIR/order.conf" getent ahosts site.lab.test)"
check "order = rfc6724: python" '198.51.100.1 fd00:64::80 ' \
	"$(sorted_by "--config $LAB_DIR/order.conf" "$python" -c "$addresses")"
check "order = rfc6724, then the mode" 'fd00:64::80 198.51.100.1 ' \
	"$(sorted_by "--config $LAB_DIR/order.conf --mode prefer-ipv6" getent ahosts site.lab.test)"
check "order = rfc6724: not with mode off" 'fd00:64::80 198.51.100.1 ' \
	"$(sorted_by "--config $LAB_DIR/order.conf --mode off" getent ahosts site.lab.test)"
check "order = rfc6724: --trace says it" \
	'site.lab.test: auto: changed: 198.51.100.1 kept (order), fd00:64::80 kept (order)' \
	"$(on sorted v6guard run --trace --config "$LAB_DIR/order.conf" -- getent ahosts site.lab.test 2>&1 >/dev/null |
		sed -n 's/^v6guard: \[[0-9]*\] //p')"

check "order = rfc6724, then prefer-ipv4 without a way to IPv4" '2001:db8:64::1 198.51.100.1 ' \
	"$(on_time noroute4 v6guard run -q --config "$LAB_DIR/order.conf" --mode prefer-ipv4 getent ahosts dual |
		awk '$2 == "STREAM" { printf "%s ", $1 }')"
check "... and --trace says why" \
	'dual (dual.lab.test): prefer-ipv4: unchanged: 2001:db8:64::1 kept (no-usable-ipv4), 198.51.100.1' \
	"$(on noroute4 v6guard run --trace --mode prefer-ipv4 getent ahosts dual 2>&1 >/dev/null |
		sed -n 's/^v6guard: \[[0-9]*\] //p')"

# ---- flags of the nodes: what the caller asked for, whatever we ask for in addition -----------

cat >"$LAB_DIR/flags.c" <<-'END'
	#include <netdb.h>
	#include <stdio.h>
	static void show(const struct addrinfo *hints) {
		struct addrinfo *list = NULL;
		if (getaddrinfo("dual.lab.test", "7", hints, &list)) return;
		for (struct addrinfo *node = list; node; node = node->ai_next)
			printf(" %x%s", (unsigned)node->ai_flags, node->ai_canonname ? "c" : "");
		freeaddrinfo(list);
	}
	int main(void) {
		struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
		show(NULL);
		show(&hints);
		hints.ai_flags = AI_CANONNAME | AI_ADDRCONFIG;
		show(&hints);
		hints.ai_family = AF_INET6;
		hints.ai_flags = AI_V4MAPPED;
		show(&hints);
		return 0;
	}
END
printf '[guard]\nmode = prefer-ipv6\n[rule x]\npriority = 1\ndomains = other.example\naction = prefer-ipv4\n' \
	>"$LAB_DIR/flags.conf"
if ${CC:-gcc} -D_GNU_SOURCE -o "$LAB_DIR/flags" "$LAB_DIR/flags.c" 2>/dev/null; then
	check "flags and names of the nodes are the caller's" "$(on healthy "$LAB_DIR/flags")" \
		"$(on healthy v6guard run -q --config "$LAB_DIR/flags.conf" "$LAB_DIR/flags")"
else
	skip "flags of the nodes" "no compiler"
fi

# ---- a service: its drop-in, as far as that goes without systemd ---------------------------

mkdir -p "$LAB_DIR/healthy/etc/systemd/system"
printf '[Service]\nExecStart=/usr/bin/getent\nEnvironment=LD_PRELOAD=/nowhere/first.so\n' \
	>"$LAB_DIR/healthy/etc/systemd/system/lab.service"
check "attach: no policy yet" 'policy.snap is not there: nothing is changed until `v6guard apply`' \
	"$(on healthy v6guard -q attach lab --mode prefer-ipv4 2>&1 >/dev/null | sed 's/.*policy/policy/')"
on healthy v6guard -q apply >/dev/null
dropin=$LAB_DIR/healthy/etc/systemd/system/lab.service.d/zz-v6guard.conf
mapfile -t environment < <(sed -n 's/^Environment=//p' "$dropin" | tr -d '"')
check "attach: behind what the unit preloads" '/nowhere/first.so libv6guard-preload.so' \
	"$(sed -n 's/.*LD_PRELOAD=\([^:]*\):.*\/\([^"]*\)"$/\1 \2/p' "$dropin")"
check "attach: started with that environment it is guarded" '198.51.100.1 2001:db8:64::1 ' \
	"$(on healthy env "${environment[@]}" getent ahosts dual 2>/dev/null |
		awk '$2 == "STREAM" { printf "%s ", $1 }')"
on healthy v6guard -q detach lab >/dev/null
rm -r "$LAB_DIR/healthy/lib/v6guard"
check "detach: nothing is left" lab.service "$(ls "$LAB_DIR/healthy/etc/systemd/system" | grep '^lab')"

# ---- status counts who has it loaded --------------------------------------------------------

loaded() { on healthy v6guard --json status | "$python" -c 'import json, sys
door = json.load(sys.stdin)["doors"]["preload"]
print(door["state"], door["processes"])'; }
check "status: nobody has it" 'off 0' "$(loaded)"
on healthy v6guard run -q -- sh -c 'echo $$; exec sleep 20' >"$LAB_DIR/sleeper" 2>/dev/null &
sleeper=$!
until_true 5 grep -q . "$LAB_DIR/sleeper"
check "status: one process has it" 'on 1' "$(loaded)"
check "status: in words" 'loaded in 1 process' "$(on healthy v6guard status | sed -n '/^preload/{ n; s/^ *//p; }')"
kill "$(cat "$LAB_DIR/sleeper")"
wait "$sleeper" 2>/dev/null

# ---- --trace, --compare, --config -----------------------------------------------------------

traced() { on healthy v6guard run --trace "$@" 2>&1 >/dev/null | sed -n 's/^v6guard: \[[0-9]*\] //p'; }
check "--trace: what was decided, and why" \
	'dual (dual.lab.test): prefer-ipv4: changed: 198.51.100.1, 2001:db8:64::1 demoted (mode)' \
	"$(traced --mode prefer-ipv4 -- getent ahosts dual)"
check "--trace: what was left alone" 'localhost: prefer-ipv4: left alone' \
	"$(traced --mode prefer-ipv4 -- getent ahosts localhost)"
check "--trace: enforce = no" \
	'dual (dual.lab.test): prefer-ipv4: would be changed (enforce = no): 2001:db8:64::1 demoted (mode), 198.51.100.1' \
	"$(printf '[guard]\nmode = prefer-ipv4\nenforce = no\n' >"$LAB_DIR/dry.conf"
		traced --config "$LAB_DIR/dry.conf" -- getent ahosts dual)"
# ssh closes every descriptor that it did not open, forks, and is heard of all the same.
check "--trace: ssh" 'dual (dual.lab.test): prefer-ipv4: changed: 198.51.100.1, 2001:db8:64::1 demoted (mode)' \
	"$(traced --mode prefer-ipv4 -- ssh -F none -o BatchMode=yes nobody@dual true | grep changed | head -n 1)"
# A program's own seccomp filter kills it for AF_UNIX, for getpid() and for opening to write.
if ${CC:-gcc} -o "$LAB_DIR/sealed" "$here/sealed.c" 2>/dev/null; then
	# With a daemon there is a map, and hints are sent to it.
	on healthy v6guard -q apply >/dev/null
	daemon healthy
	for when in after before; do
		for mode in prefer-ipv4 strip-aaaa; do
			out=$(on healthy v6guard run --trace --mode $mode "$LAB_DIR/sealed" dual.lab.test $when 2>"$LAB_DIR/sealed.err")
			check "$mode: a program that restricts itself $when its first lookup lives, and is traced" "0 $(
				[ $when = after ] && echo 3 3 || echo 2 2) 198.51.100.1" \
				"$? $(echo "$out" | grep -c .) $(grep -c 'dual.*: changed' "$LAB_DIR/sealed.err") $(echo "$out" | sort -u)"
		done
	done
	on healthy v6guard -q verdict set 2001:db8:64::/48 broken >/dev/null
	check "auto, by verdict: it lives" '0 198.51.100.1' \
		"$(out=$(on healthy v6guard run -q "$LAB_DIR/sealed" dual.lab.test after); echo "$? $(echo "$out" | sort -u)")"
	daemon_stop healthy
else
	skip "a program that restricts itself" "no compiler"
fi
compared() { sed -n 's/^v6guard: \(plain\|guarded\) .* s  //p' | tr -s ' '; }
out=$(on blackhole v6guard run --mode prefer-ipv4 --compare --limit 1s -- wget -q -O - http://dual/ 2>&1)
check "--compare: plain is cut short, guarded is not; where both were" \
	'cut short 2001:db8:64::1 port 80: no answer
status 0 198.51.100.1 port 80' "$(echo "$out" | compared)"
# Some are over within a few milliseconds, and none may be missed.
short='for i in 1 2 3; do wget -q -O /dev/null http://dual/; done'
wrong=
for i in 1 2 3 4 5; do
	out=$(on healthy v6guard run --mode prefer-ipv4 --compare -- wget -q -O /dev/null http://dual/ 2>&1 | compared)
	[ "$out" = $'status 0 2001:db8:64::1 port 80\nstatus 0 198.51.100.1 port 80' ] || wrong="$wrong $out"
done
check "--compare: short connections" '' "$wrong"
check "--compare: of the program's children" $'status 0 2001:db8:64::1 port 80\nstatus 0 198.51.100.1 port 80' \
	"$(on healthy v6guard run --mode prefer-ipv4 --compare -- bash -c "$short" 2>&1 | compared)"
check "--compare: not known, as it connects nowhere" $'status 0 -\nstatus 0 -' \
	"$(on healthy v6guard run --mode prefer-ipv4 --compare -- getent ahosts dual 2>&1 | compared)"
if on healthy setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	check "--compare: without rights" $'status 0 2001:db8:64::1 port 80\nstatus 0 198.51.100.1 port 80' \
		"$(on healthy setpriv --reuid 65534 --clear-groups env HOME=/ v6guard run --mode prefer-ipv4 --compare -- \
			wget -q -O /dev/null http://dual/ 2>&1 | compared)"
fi
out=$(on blackhole v6guard run --mode prefer-ipv4 --compare --limit 1s -- wget -q -O - http://dual/ 2>&1)
check "--compare: the output is the guarded one's" 1 "$(echo "$out" | grep -c '^10\.64\.')"
# A limit that is over before anything began, and what the plain one left in the background.
check "--compare: a limit that is over at once" '2 1' "$(on blackhole timeout 10 v6guard run --mode prefer-ipv4 \
	--compare --limit 1ms -- sh -c 'sleep 20 & echo $!' 2>&1 | awk '/^v6guard: (plain|guarded)/ { n++ } /^[0-9]+$/ { p++ }
		END { print n, p }')"
on blackhole v6guard run -q --compare --limit 300ms -- sh -c \
	"[ -n \"\$LD_PRELOAD\" ] || { sleep 20 & echo \$! >$LAB_DIR/left; wait; }" 2>/dev/null
check "--compare: nothing of the plain one stays" yes "$(until_true 2 lab_gone "$(cat "$LAB_DIR/left")" && echo yes)"
check "--config: an error names the line" 125 \
	"$(printf '[guard]\nmode = x\n' >"$LAB_DIR/bad.conf"
		on healthy v6guard run --config "$LAB_DIR/bad.conf" -- true 2>/dev/null; echo $?)"

# ---- installed, not staged ------------------------------------------------------------------

installed() {
	on healthy unshare --mount bash -c 'mount -t overlay lab -o "lowerdir=$1/usr:/usr" /usr || exit 77
		shift; PATH=/usr/bin:$PATH; exec "$@"' - "$STAGE" "$@"
}
if installed true 2>/dev/null; then
	check "installed: the loader finds the one of the program's word size" '/usr/$LIB/libv6guard-preload.so' \
		"$(installed v6guard run -q -- sh -c 'echo "$LD_PRELOAD"')"
	check "installed: it works" '198.51.100.1 2001:db8:64::1 ' \
		"$(installed v6guard run -q --mode prefer-ipv4 -- getent ahosts dual | awk '$2 == "STREAM" { printf "%s ", $1 }')"
else
	skip "installed" "no overlay file system here"
fi

# ---- what it cannot reach, and says so ------------------------------------------------------

refused() { # WHAT PROGRAM WORD
	local out status
	out=$(on healthy v6guard run -- "$2" 2>&1)
	status=$?
	case $out in
	*"$3"*) check "$1: refused, with the reason" 126 "$status" ;;
	*) bad "$1: refused, with the reason" "$status: $out" ;;
	esac
}
echo 'int main(void) { return 0; }' >"$LAB_DIR/small.c"
if ${CC:-gcc} -static -o "$LAB_DIR/static" "$LAB_DIR/small.c" 2>/dev/null; then
	refused "a static program" "$LAB_DIR/static" 'it is static'
	printf '#!%s\n' "$LAB_DIR/static" >"$LAB_DIR/script" && chmod +x "$LAB_DIR/script"
	refused "a script of a static interpreter" "$LAB_DIR/script" 'it is static'
else
	skip "a static program" "no compiler for one"
fi
go=$(PATH=$PATH:/usr/local/bin command -v docker || PATH=$PATH:/usr/local/bin command -v containerd)
if [ -n "$go" ] && ! readelf -l "$go" 2>/dev/null | grep -q INTERP; then
	refused "a Go program ($(basename "$go"))" "$go" 'it is static'
else
	skip "a Go program" "none found; one without cgo is static, others have their own resolver"
fi
cp "$(command -v id)" "$LAB_DIR/id" 2>/dev/null
if chown 1:1 "$LAB_DIR/id" 2>/dev/null; then
	chmod 4755 "$LAB_DIR/id" && refused "a setuid program" "$LAB_DIR/id" 'it is setuid'
	chmod 2755 "$LAB_DIR/id" && refused "a setgid program" "$LAB_DIR/id" 'it is setgid'
else
	skip "setuid and setgid programs" "only one user in this namespace"
fi
# What runs others for somebody else: with the words to say instead.
advice() { on healthy "$@" 2>&1 >/dev/null | sed -n 's/^v6guard: run: say //p'; }
mkdir -p "$LAB_DIR/bin"
for program in sudo doas pkexec run0; do
	cp "$(command -v id)" "$LAB_DIR/bin/$program"
	check "$program: refused, with what to say" "\`$program v6guard run -- wget -q http://dual/\` instead" \
		"$(advice env PATH="$LAB_DIR/bin:$PATH" v6guard run -- $program wget -q http://dual/)"
done
check "sudo with options of its own" '`sudo v6guard run -- CMD` instead' \
	"$(advice env PATH="$LAB_DIR/bin:$PATH" v6guard run sudo -u somebody wget http://dual/)"
refused "sudo" "$LAB_DIR/bin/sudo" 'an environment of its own'
cp "$(command -v id)" "$LAB_DIR/bin/su" && chmod 4755 "$LAB_DIR/bin/su"
if chown 1:1 "$LAB_DIR/bin/su" 2>/dev/null && chmod 4755 "$LAB_DIR/bin/su"; then
	check "su, with rights to gain" "\`su -c 'v6guard run -- CMD'\` instead" "$(advice v6guard run "$LAB_DIR/bin/su" -c x)"
	check "... without it is run" 0 "$(on healthy setpriv --no-new-privs v6guard run -q "$LAB_DIR/bin/su" >/dev/null 2>&1; echo $?)"
fi
# Lookups that stay inside libc, or do not go through it.
check "gethostbyname() is not reached" 'unchanged' "$(on healthy v6guard run --mode strip-a -- "$python" -c '
import socket; print(socket.gethostbyname("dual"))' 2>&1 | grep -q '^198' && echo unchanged)"
if command -v node >/dev/null; then
	check "node: its own resolver (c-ares) is not reached" 2001:db8:64::1 "$(on_time healthy v6guard run -q --mode strip-aaaa -- \
		node -e 'require("dns").resolve6("dual.lab.test", (e, a) => console.log(e ? e.code : a[0]))' 2>&1)"
fi

# ---- exit statuses, and what stays behind -----------------------------------------------------

status_of() { on healthy v6guard run -q "$@" >/dev/null 2>&1; echo $?; }
check "status: the program's" '0 7' "$(echo "$(status_of -- true)" "$(status_of -- sh -c 'exit 7')")"
check "status: 128+N for signal N" 137 "$(status_of -- sh -c 'kill -KILL $$')"
check "status: 127, no such program" 127 "$(status_of -- no-such-program)"
check "status: 126, not executable" 126 "$(status_of -- /etc/passwd)"
check "status: 125, our own trouble" '125 125' "$(echo "$(status_of --mode nonsense -- true)" "$(status_of)")"
check "without --: the first word that is no option is the program" '0 7 -q --mode' \
	"$(echo "$(status_of wget http://dual/ -q -O /dev/null)" "$(status_of --mode off sh -c 'exit 7')" \
		"$(on healthy v6guard -q run --mode=off echo -q --mode)")"
check "the program's own options are its own" '--mode -x --' \
	"$(on healthy v6guard run -q -- echo --mode -x --)"
check "standard input is the program's" hello "$(echo hello | on healthy v6guard run -q -- cat)"
check "an LD_PRELOAD that is there stays, and comes first" "first.so" \
	"$(on healthy env LD_PRELOAD=/nowhere/first.so v6guard run -q -- \
		sh -c 'echo "$LD_PRELOAD"' 2>/dev/null | sed 's/.*\(first\.so\):.*libv6guard-preload\.so$/\1/')"
check "a signal goes on to the program" 'got it' "$(on healthy bash -c '
	v6guard run -q -- bash -c "trap \"echo got it; exit 3\" TERM; echo up; while :; do sleep 0.05; done" \
		>"$1/words" & until grep -q up "$1/words" 2>/dev/null; do sleep 0.02; done
	kill -TERM $!; wait $!; tail -n 1 "$1/words"' - "$LAB_DIR")"
check "nobody reads what it says: the program goes on" 'done' "$(on healthy v6guard run --trace -- sh -c \
	'getent ahosts dual >/dev/null; sleep 0.1; getent ahosts dual >/dev/null; echo done' 2> >(true))"
check "SIGPIPE is the program's" 141 "$(on healthy bash -c 'v6guard run -q -- yes | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}')"
if ${CC:-gcc} -fsanitize=address -o "$LAB_DIR/asan" "$LAB_DIR/small.c" 2>/dev/null &&
	on healthy env ASAN_OPTIONS=detect_leaks=0 "$LAB_DIR/asan" 2>/dev/null; then
	check "a program with AddressSanitizer starts" 0 \
		"$(on healthy env ASAN_OPTIONS=detect_leaks=0 v6guard run -q -- "$LAB_DIR/asan" >/dev/null 2>&1; echo $?)"
else
	skip "a program with AddressSanitizer" "it does not run here"
fi
check "no private policy is left behind" '' "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'v6guard-run.*' -newer "$LAB_DIR/small.c" 2>/dev/null)"
lab_done
