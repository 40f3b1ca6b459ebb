# SPDX-License-Identifier: LGPL-2.1-or-later
# `make check`: all that needs no namespaces beyond what a test makes and skips without.
# `make check-long`: the full sizes.
AM_TESTS_ENVIRONMENT = top_srcdir='$(abs_top_srcdir)'; top_builddir='$(abs_top_builddir)'; \
	CC='$(CC)'; nssdir='$(nssdir)'; export top_srcdir top_builddir CC nssdir;
include tests/unit/local.mk
include tests/abi/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk
include tests/lab/local.mk
