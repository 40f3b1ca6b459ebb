# SPDX-License-Identifier: LGPL-2.1-or-later
# What the shared objects export, import and need; who may include whom. On what is built;
# `make check-abi` says it again with what is staged below build/stage.
abi_tests = \
	tests/abi/hardening.sh \
	tests/abi/headers.sh \
	tests/abi/includes.sh \
	tests/abi/symbols.sh \
	tests/abi/systemd.sh
TESTS += $(abi_tests)
EXTRA_DIST += $(abi_tests)

check-abi: all
	$(AM_V_at)$(AM_TESTS_ENVIRONMENT) for test in $(abi_tests); do \
		$(srcdir)/$$test || test $$? = 77 || exit 1; \
	done
.PHONY: check-abi
