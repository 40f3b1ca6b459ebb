#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The unit of v6guardd as systemd reads it: no complaint, an exposure of 3.0 at most, and the
# program where it says. Nothing is started.
set -u
builddir=${top_builddir:-$(cd "$(dirname "$0")/../.." && pwd)/build}
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
unit=$builddir/etc/systemd/v6guardd.service
command -v systemd-analyze >/dev/null || { echo "skip    no systemd-analyze"; exit 77; }
[ -e "$unit" ] || { echo "FAILED  not built: $unit"; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0

try() { # WHAT COMMAND...
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok      $what"
	else
		echo "FAILED  $what"
		echo "$out" | tail -n 20 | sed 's/^/        /'
		bad=1
	fi
}

# Neither the programs nor the man pages need to be installed for it.
sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|; /^Documentation=/d' "$unit" >"$dir/v6guardd.service"
verified() {
	local out
	out=$(systemd-analyze verify --recursive-errors=no "$dir/v6guardd.service" 2>&1) || { echo "$out"; return 1; }
	! grep v6guardd.service <<<"$out"
}
try "the unit has no errors" verified
if systemd-analyze --help 2>/dev/null | grep -q -e --offline; then
	try "exposure is at most 3.0" systemd-analyze security --offline=true --threshold=30 "$dir/v6guardd.service"
else
	echo "skip    exposure: this systemd-analyze cannot work offline"
fi
try "the program's folder is in" grep -q '^ExecStart=/.*/v6guardd -f$' "$unit"
# What needs names waits for the target, which does nothing unless somebody asks for it.
try "it comes before what looks up names" grep -q '^Before=nss-lookup.target$' "$unit"
try "and sees that others wait for it" grep -q '^Wants=nss-lookup.target$' "$unit"
if command -v systemd-tmpfiles >/dev/null; then
	try "tmpfiles.d" systemd-tmpfiles --create --root="$dir" "$src/etc/systemd/tmpfiles.d/v6guard.conf"
	try "the folders are there" test -d "$dir/run/v6guard" -a -d "$dir/var/lib/v6guard"
fi
if command -v systemd-sysusers >/dev/null; then
	try "sysusers.d" systemd-sysusers --dry-run --root="$dir" "$src/etc/systemd/sysusers.d/v6guard.conf"
fi
exit $bad
