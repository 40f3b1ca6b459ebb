#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the shared objects export, import and need. The NSS module and the preload live in other
# people's programs: they may not print, exit, change the environment or bring libraries along.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$src/build}
module=$build/.libs/libnss_v6guard.so.2
preload=$build/.libs/libv6guard-preload.so
library=$(readlink -f "$build/.libs/libgaipolicy.so")
bad=0

say() { echo "ok      $*"; }
wrong() { echo "FAILED  $*"; bad=1; }
same() { # WHAT EXPECTED GOT
	if [ "$2" = "$3" ]; then
		say "$1"
	else
		wrong "$1"
		diff <(echo "$2") <(echo "$3") | sed -n 's/^</        expected/p; s/^>/        got     /p'
	fi
}

for file in "$module" "$preload" "$library"; do
	[ -e "$file" ] || { echo "FAILED  not built: $file"; exit 1; }
done
# A sanitizer brings imports and constructors of its own.
if nm -D "$module" | grep -qE ' (__asan|__ubsan|__tsan)_'; then
	echo "skip    built with sanitizers"
	exit 77
fi

exports() { nm -D --defined-only "$1" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort; }
imports() { nm -D --undefined-only "$1" | awk '{ sub(/@.*/, "", $2); print $2 }' | sort; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | sort; }
# The functions of libc that neither may reach.
banned='v?(f|s|d|sn|vs|vsn|as)?w?printf(_chk)?|__.*printf_chk|v?dprintf|puts|fputs|fputc|putc|putchar|putw
fwrite|write|writev|pwrite|fopen|fopen64|fdopen|freopen|fclose|fgets|getline|getdelim|fread|stdout|stderr|stdin|perror|psignal
error|v?err|v?errx|v?warn|v?warnx|v?syslog|__v?syslog_chk|openlog
exit|_exit|_Exit|quick_exit|abort|atexit|on_exit|__assert_fail|__assert|__assert_perror_fail
getenv|setenv|unsetenv|putenv|clearenv|setlocale|uselocale
system|popen|execl.*|execv.*|fexecve|fork|vfork|posix_spawnp?|clone
signal|sigaction|sigprocmask|sigqueue|raise|kill|alarm|setitimer
chdir|fchdir|umask|setuid|setgid|seteuid|setegid
getaddrinfo|gethostby.*|sleep|usleep|nanosleep|srand|rand|random'

same "the module exports what glibc and nscd look up, and nothing else" \
	"$(sed -n 's/^[\t ]*\(_nss_[a-z0-9_]*\);/\1/p' "$src/nss/libnss_v6guard.map" | sort)" \
	"$(exports "$module")"
same "... six of them" 6 "$(exports "$module" | wc -l)"
same "the preload exports getaddrinfo, and nothing else" 'getaddrinfo' "$(exports "$preload")"
same "... and asks for no version of it" '' "$(readelf -VW "$preload" | grep 'Version definition')"
for file in "$module" "$preload"; do
	name=$(basename "$file")
	same "$name imports nothing that prints, exits, or changes the process" '' \
		"$(imports "$file" | grep -xE "$(echo "$banned" | tr '\n' '|' | sed 's/|$//')")"
	same "$name needs libc and its loader only" '' \
		"$(needed "$file" | grep -vE '^(libc\.so\.6|ld-linux.*\.so\.[0-9]+)$')"
	grep -qE 'NODELETE' <<<"$(readelf -dW "$file")" && say "$name stays loaded (NODELETE)" ||
		wrong "$name may be unloaded under a thread"
done
# musl refuses to start a program whose preload lacks a symbol: what only glibc has is weak.
same "the preload imports nothing that only glibc has, but weakly" '' \
	"$(nm -D --undefined-only "$preload" | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' |
		grep -E '^(gnu_|__pthread|__isoc|__libc_|.*_chk$|__res_|__ctype_b)')"
same "the library needs libc and its loader only" '' \
	"$(needed "$library" | grep -vE '^(libc\.so\.6|ld-linux.*\.so\.[0-9]+)$')"
same "the library exports gp_ only" '' \
	"$(exports "$library" | grep -vE '^gp_|^GAIPOLICY_[0-9]+$')"
same "the library exports each function that gaipolicy.h declares" \
	"$(sed -n 's/^GP_EXPORT.*[ *]\(gp_[a-z0-9_]*\)(.*/\1/p' "$src/libgaipolicy/gaipolicy.h" | sort)" \
	"$(exports "$library" | grep '^gp_')"

for file in "$module" "$preload" "$library"; do
	name=$(basename "$file")
	dynamic=$(readelf -dW "$file") segments=$(readelf -lW "$file") sections=$(readelf -SW "$file")
	grep -qE 'FLAGS.*NOW' <<<"$dynamic" && say "$name: bound at load (NOW)" ||
		wrong "$name: lazy binding"
	grep -q GNU_RELRO <<<"$segments" && say "$name: RELRO" || wrong "$name: no RELRO"
	grep -E 'GNU_STACK' <<<"$segments" | grep -q 'RWE' && wrong "$name: executable stack" ||
		say "$name: no executable stack"
	grep -q TEXTREL <<<"$dynamic" && wrong "$name: text relocations" || say "$name: no text relocations"
	grep -qE 'RPATH|RUNPATH' <<<"$dynamic" && wrong "$name: has an rpath" || say "$name: no rpath"
	grep -q ' TLS ' <<<"$segments" && wrong "$name: has a TLS segment" || say "$name: no TLS segment"
	# gcc's own frame_dummy is the one entry that every object has. The preload has one more: under
	# `v6guard run` it opens what it writes its decisions down in, before the program restricts itself.
	constructors=8
	[ "$file" != "$preload" ] || constructors=16
	count=$(awk '$0 ~ /\.(init_array|ctors) / { for (i = 1; i < NF; i++) if ($i ~ /^(INIT_ARRAY|PROGBITS)$/) size = $(i + 3) }
		END { print size }' <<<"$sections")
	[ $((16#${count:-0})) -le $constructors ] && say "$name: no constructor but those" ||
		wrong "$name: constructors ($count bytes)"
done

if [ -n "${V6GUARD_STAGE:-}" ]; then
	same "no .la file is installed" '' "$(find "$V6GUARD_STAGE" -name '*.la')"
	same "the module is installed under its one name" 'libnss_v6guard.so.2' \
		"$(find "$V6GUARD_STAGE" -name 'libnss_v6guard*' ! -name '*.8*' -printf '%f\n')"
fi
exit $bad
