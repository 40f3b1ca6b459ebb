#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Arrows point down only (HACKING.md): which folder's headers a folder may include, and what
# the doors, which live in other people's processes, may not include at all.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$src" || exit 1
bad=0

# FOLDER: the folders of ours it may include besides itself.
allowed() {
	case $1 in
	libgaipolicy/address) echo 'libgaipolicy' ;;
	libgaipolicy/rfc6724) echo 'libgaipolicy libgaipolicy/address' ;;
	libgaipolicy/gaiconf) echo 'libgaipolicy libgaipolicy/rfc6724' ;;
	# gaiconf: files below --root are read by its calls.
	libgaipolicy/guard) echo 'libgaipolicy libgaipolicy/rfc6724 libgaipolicy/address libgaipolicy/gaiconf' ;;
	libgaipolicy) echo '' ;;
	nss | tool/v6guard | tool/v6guardd/watch | tool/v6guardd/dns) echo 'libgaipolicy libgaipolicy/address libgaipolicy/rfc6724 libgaipolicy/gaiconf libgaipolicy/guard' ;;
	tool/v6guardd) echo "$(allowed nss) tool/v6guardd/watch tool/v6guardd/dns" ;;
	*) return 1 ;;
	esac
}

# Where an #include "NAME" of a file in FOLDER leads, as the build's -I options have it.
folder_of() {
	local dir
	for dir in "$1/" libgaipolicy/ ''; do
		[ ! -e "$dir$2" ] || { dirname "$dir$2"; return; }
	done
	echo '?'
}

files=$(find libgaipolicy nss tool -name '*.[ch]' | sort)
[ -n "$files" ] || { echo "FAILED  no sources below $src"; exit 1; }
count=0
for file in $files; do
	folder=$(dirname "$file")
	may=$(allowed "$folder") || { echo "FAILED  $file: no rule for its folder"; bad=1; continue; }
	for name in $(sed -n 's/^[ \t]*#[ \t]*include[ \t]*"\(.*\)".*/\1/p' "$file"); do
		count=$((count + 1))
		[ "$name" != config.h ] || continue
		target=$(folder_of "$folder" "$name")
		case " $folder $may " in
		*" $target "*) ;;
		*) echo "FAILED  $file includes $name of $target"; bad=1 ;;
		esac
	done
done
[ "$count" -gt 10 ] || { echo "FAILED  only $count includes seen"; bad=1; }
[ $bad -ne 0 ] || echo "ok      $count includes point down"

# The doors' sources: nss/, and the library's reading half as libgaipolicy/local.mk lists it.
doors="$(find nss -name '*.[ch]') $(sed -n '/^libgpdoor_la_SOURCES/,/[^\\]$/p' libgaipolicy/local.mk |
	grep -o 'libgaipolicy/[^ ]*\.[ch]')"
found=$(for file in $doors; do
	grep -HnE '#[ \t]*include[ \t]*[<"](stdio|syslog|err|error|assert|ini|jansson|locale|signal)\.h' "$file"
	grep -HnE '\b(assert|abort|exit|printf|getenv)[ \t]*\(' "$file" | grep -vE '[^_](_Static_assert|secure_getenv)|^[^:]*:[0-9]+:[ \t]*(/?\*|//)'
done)
if [ -z "$found" ]; then
	echo "ok      the doors include no stdio, inih, jansson, signal, locale ($(echo "$doors" | wc -w) files)"
else
	echo "FAILED  the doors may not:"
	echo "$found" | sed 's/^/        /'
	bad=1
fi
exit $bad
