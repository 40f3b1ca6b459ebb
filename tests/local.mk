# SPDX-License-Identifier: LGPL-2.1-or-later
# `make check`: all that needs no namespaces beyond what a test makes and skips without.
# `make check-long`: the full sizes.
AM_TESTS_ENVIRONMENT = V6GUARD_LONG='$(V6GUARD_LONG)'; top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	CC='$(CC)'; nssdir='$(nssdir)'; export V6GUARD_LONG top_srcdir top_builddir CC nssdir;
include tests/unit/local.mk
include tests/abi/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/lab/local.mk
include tests/fresh/local.mk

# The random tests at full size, a minute of each fuzzer (where they are built as such), the
# lab, and more rounds of the benchmarks.
check-long: all
	$(MAKE) $(AM_MAKEFLAGS) check V6GUARD_LONG=1
	$(MAKE) $(AM_MAKEFLAGS) check-lab
	$(MAKE) $(AM_MAKEFLAGS) bench BENCHFLAGS=--long
