# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# dns_host.sh - a host `d` in the lab for what the resolver costs: v6guardd on it, behind it an
# authority that knows all names below w.bench, and a client; with bench_dns_cold, beside it
# unbound. Source it, call dns_enter first. Server on one CPU, the rest on another.
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lab.sh"
load=${top_builddir:-$top/build}/tests/bench/dns_load
ours=127.0.0.64 ours_port=53

dns_enter() {
	lab_enter "$@"
	[ -x "$load" ] || lab_die "no dns_load: run make check, or ./quickstart test unit"
	mapfile -t cpus < <("$python" -c 'import os
print(*(sorted(os.sched_getaffinity(0)) * 2)[:2], sep="\n")')
	lab_host v6only-noroute4 d
}

# authority PORT [DELAY-MS]: $! is it.
authority() {
	(exec nsenter -t "${lab_pid[d]}" -n -m -- taskset -c "${cpus[1]}" "$load" serve "$@") \
		>"$LAB_DIR/asked.$1" &
	until_true 5 on d bash -c "ss -Hlun 'sport = :$1' | grep -q ."
}

# ask ADDRESS PORT FIRST COUNT WINDOW TYPES: what dns_load says.
ask() { on d taskset -c "${cpus[1]}" "$load" ask "$@"; }

# resolver UPSTREAM-PORT CACHE-SIZE: v6guardd, of which $worker is the half that answers.
resolver() {
	mkdir -p "$LAB_DIR/d/etc/v6guard"
	printf '%s\n' '[resolver]' 'enable = yes' "upstream = 127.0.0.1@$1" "cache-size = $2" \
		"listen = $ours:$ours_port" '[nat64]' 'mode = on' 'prefix = 64:ff9b::/96' \
		>"$LAB_DIR/d/etc/v6guard/v6guard.conf"
	{ daemon d; } >&2 || exit 1
	worker=$(awk -v parent="$(daemon_pid d)" '$4 == parent { print $1 }' /proc/[0-9]*/stat 2>/dev/null)
	[ -n "$worker" ] || lab_die "there is no worker"
	taskset -cp "${cpus[0]}" "$worker" >/dev/null
}

# Nanoseconds on a CPU, and resident memory in KiB.
ran() { cut -d' ' -f1 "/proc/$1/schedstat"; }
resident() { sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"; }
