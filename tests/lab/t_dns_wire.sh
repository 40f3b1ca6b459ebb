#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What libunbound makes of messages that are no answers, or too much of one, and what the resolver
# says then; OPT in whatever is refused.
. "$(dirname "$0")/lab.sh"
lab_enter "$@"
ip addr add 192.0.2.54/32 dev lo
lab_serve rude_dns.py 192.0.2.54 "$LAB_DIR/rude"
lab_host healthy h
mkdir -p "$LAB_DIR/h/etc/v6guard"
printf '%s\n' '[guard]' 'mode = off' '[log]' 'events = none' '[resolver]' 'enable = yes' 'upstream = 192.0.2.54' \
	'[nat64]' 'mode = on' 'prefix = 64:ff9b::/96' >"$LAB_DIR/h/etc/v6guard/v6guard.conf"
daemon h
ask() { on h "$python" "$here/ask.py" 127.0.0.64 "$@"; }

# RFC 1035 3.4.1, 3596 2.2: libunbound hands them over as they are.
for name in short long; do
	check "an A that is too $name: the server has failed" 'SERVFAIL; EDE 22' "$(ask $name.test A)"
	check "an AAAA that is too $name" 'SERVFAIL; EDE 22' "$(ask $name.test AAAA)"
done

# RFC 8914 4.1: servers were heard.
round='SERVFAIL; EDE 0 CNAMEs lead to no answer'
check "CNAMEs that go round, in one message" "$round" "$(ask ring.test A by)"
check "... in messages of their own" "$round" "$(ask ring1.test A by)"
check "... and kept" "$round" "$(ask ring.test A by)"
sleep 5.5
check "... or known to libunbound" "$round" "$(ask ring.test A by)"
check "AAAA that go round, as A do" "$round" "$(ask ring.more.test AAAA by)"
check "a chain of more than 11" "$round" "$(ask step1.test A by)"

# RFC 8767 4: 7 days.
check "a TTL of 7 days" 'ttl 604800' "$(ask week.test A ttl | grep -o 'ttl [0-9]*')"
check "one of a year" 'ttl 604800' "$(ask year.test A ttl | grep -o 'ttl [0-9]*')"

# 3000 A are 84 KB of AAAA.
check "3000 A by TCP" '3000' "$(ask huge.test A tcp | grep -o '45[.]' | wc -l)"
made=$(ask huge.test AAAA tcp)
check "as AAAA: NOERROR, made, and not cut" 'NOERROR EDE 29' "${made%%;*} ${made##*; }"
check "as many as fit" 2300 "$(grep -o '64:ff9b::' <<<"$made" | wc -l | awk '{ print $1 - $1 % 100 }')"
check "by UDP: TC" 'NOERROR TC; EDE 29' "$(ask huge.test AAAA)"

# RFC 6891 6.1.1.
refused() {
	on h "$python" - "$1" <<-'END'
		import socket, struct, sys
		opt = b"\0" + struct.pack("!HHBBHH", 41, 1232, 0, 0, 0x8000, 0)
		name = b"\1a\4test\0" + struct.pack("!2H", 1, 1)
		flags, questions, body = {"NOTIFY": (0x2000, 1, name), "none": (0x100, 0, b""),
		                          "two": (0x100, 2, name + name)}[sys.argv[1]]
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(5)
		s.sendto(struct.pack("!6H", 7, flags, questions, 0, 0, 1) + body + opt, ("127.0.0.64", 53))
		got = s.recv(512)
		ends = got[-11:]
		print(got[3] & 15, struct.unpack("!H", got[10:12])[0], ends[:3] == b"\0\0\x29", ends[7] >> 7)
	END
}
check "NOTIFY with OPT: NOTIMP with OPT and DO" '4 1 True 1' "$(refused NOTIFY)"
check "no question, with OPT: FORMERR with OPT" '1 1 True 1' "$(refused none)"
check "two questions, with OPT: FORMERR with OPT" '1 1 True 1' "$(refused two)"
check "nothing was said" '' "$(grep -v 'started: mode' "$LAB_DIR/h/daemon.log")"
lab_done
