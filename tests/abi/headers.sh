#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each header compiles alone; the public one as C11, C99 and C++ too, pedantically.
set -u
src=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
cd "$src" || exit 1
cc=${CC:-cc}
bad=0

try() { # WHAT COMMAND...
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok      $what"
	else
		echo "FAILED  $what"
		echo "$out" | sed 's/^/        /'
		bad=1
	fi
}
public=libgaipolicy/gaipolicy.h
strict='-I. -Wall -Wextra -Wpedantic -Werror -fsyntax-only'
# Included, not compiled: an inline function that this one file does not call is no fault.
# shellcheck disable=SC2086
included() { echo "#include \"$1\"" | "${@:2}" $strict -; }
for std in c99 c11 c2x; do
	# shellcheck disable=SC2086
	try "$public alone as $std" included $public $cc -std=$std -xc
done
if cxx=$(command -v "${CXX:-g++}" || command -v clang++); then
	for std in c++11 c++17; do
		try "$public alone as $std" included $public "$cxx" -std=$std -xc++
	done
else
	echo "skip    $public as C++: no C++ compiler"
fi
alone() { echo "#include \"$1\"" | $cc -D_GNU_SOURCE -Ilibgaipolicy -I. -Wall -Wextra -Werror -fsyntax-only -std=gnu11 -xc -; }
for header in $(find libgaipolicy nss tool -name '*.h' | sort); do
	try "$header alone" alone "$header"
done
exit $bad
