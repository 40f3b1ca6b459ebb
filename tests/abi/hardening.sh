#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What protects the built programs from their own mistakes, and that nothing of it aborts a
# program that a door lives in. How large the doors may be.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$src/build}
cc=${CC:-cc}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0
say() { echo "ok      $*"; }
wrong() { echo "FAILED  $*"; bad=1; }
module=$build/.libs/libnss_v6guard.so.2 preload=$build/.libs/libv6guard-preload.so library=$build/.libs/libgaipolicy.so
imports() { nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $2); print $2 }'; }
for file in "$module" "$preload" "$library"; do
	[ -e "$file" ] || { echo "FAILED  not built: $file"; exit 1; }
done
if imports "$module" | grep -qE '^__(asan|ubsan|tsan)_'; then
	echo "skip    built with sanitizers"
	exit 77
fi
# Without optimization there is no _FORTIFY_SOURCE, and nothing is small.
if ! grep -q '^FORTIFY = -D' "$build/Makefile"; then
	echo "skip    _FORTIFY_SOURCE is not added by this configuration"
	exit 77
fi

for name in v6guard v6guardd; do
	program=$build/tool/$name/.libs/$name
	[ -e "$program" ] || program=$build/tool/$name/$name
	dynamic=$(readelf -dW "$program")
	grep -q 'FLAGS_1.*PIE' <<<"$dynamic" && say "$name: position independent" || wrong "$name: no PIE"
	grep -q 'FLAGS_1.*NOW' <<<"$dynamic" && say "$name: bound at start" || wrong "$name: lazy binding"
	readelf -lW "$program" | grep -q GNU_RELRO && say "$name: RELRO" || wrong "$name: no RELRO"
	imports "$program" | grep -qx __stack_chk_fail && say "$name: stack protector" || wrong "$name: no stack protector"
	imports "$program" | grep -q '_chk$' && say "$name: _FORTIFY_SOURCE" || wrong "$name: no _FORTIFY_SOURCE"
done
for file in "$module" "$preload" "$library"; do
	name=$(basename "$file")
	found=$(imports "$file" | grep '_chk$')
	[ -z "$found" ] && say "$name: no checked function, which would abort" || wrong "$name: would abort: $found"
done

# Whatever a package is built with: some distributions say it in CFLAGS, behind all of ours.
checked() { "$cc" -std=gnu11 -D_GNU_SOURCE -I"$src/libgaipolicy" -I"$src" -O2 "$@" -c "$src/nss/backend.c" -o "$tmp/o" && nm "$tmp/o" | grep -c '_chk$'; }
flags='-Wp,-D_FORTIFY_SOURCE=2'
[ "$(checked $flags)" -gt 0 ] || echo "skip    this compiler makes no checked function of backend.c"
[ "$(checked -include "$src/nss/unfortified.h" $flags)" = 0 ] && say "doors: no checked function with $flags either" ||
	wrong "doors: checked functions with $flags"
for lib in nss/local.mk:libnssdoor nss/local.mk:libpreloaddoor libgaipolicy/local.mk:libgpdoor; do
	grep -q "^${lib#*:}_la_CFLAGS = \$(door_cflags)" "$src/${lib%:*}" && say "${lib#*:} is built so" || wrong "${lib#*:} is not"
done

# Every process of a host maps them. Text and what is read only, bytes.
small() {
	local size
	size=$(size "$1" | awk 'NR == 2 { print $1 }')
	[ "$size" -le "$2" ] && say "$(basename "$1"): $size bytes of text, at most $2" || wrong "$(basename "$1"): $size bytes of text, more than $2"
}
case $(uname -m) in
x86_64) small "$module" 66000 && small "$preload" 80000 ;;
*) echo "skip    sizes are known for x86_64 alone" ;;
esac
exit $bad
