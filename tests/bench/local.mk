# SPDX-License-Identifier: LGPL-2.1-or-later
# Each prints one JSON line. Built by `make check`, run by `make bench`; never passed or failed
# by time.
if HAVE_CMOCKA
benches = \
	tests/bench/bench_dns \
	tests/bench/bench_nss \
	tests/bench/bench_preload \
	tests/bench/bench_reach \
	tests/bench/bench_rules \
	tests/bench/bench_sort
check_PROGRAMS += $(benches) tests/bench/dns_load
endif
EXTRA_DIST += tests/bench/RESULTS.md tests/bench/bench_daemon tests/bench/bench_dns_cold \
	tests/bench/bench_dns_hit tests/bench/bench_dns_memory tests/bench/bench_gaiconf tests/bench/dns64_row \
	tests/bench/dns_host.sh
tests_bench_bench_dns_LDADD = libgpdaemon.la
tests_bench_dns_load_LDADD = libgpdaemon.la
tests_bench_bench_nss_SOURCES = tests/bench/bench_nss.c tests/unit/stub.h
tests_bench_bench_nss_LDADD = libgpcore.la
tests_bench_bench_preload_LDADD = libgpcore.la
tests_bench_bench_rules_LDADD = libgpcore.la
tests_bench_bench_reach_LDADD = libgpcore.la
tests_bench_bench_sort_LDADD = libgpcore.la

bench: tool/v6guard/v6guard $(check_LTLIBRARIES) $(benches) tests/bench/dns_load libnss_v6guard.la libv6guard-preload.la
	$(AM_V_at)for program in $(benches); do \
		top_builddir='$(abs_top_builddir)' $$program $(BENCHFLAGS) || exit 1; \
	done; \
	top_builddir='$(abs_top_builddir)' $(srcdir)/tests/bench/bench_gaiconf $(BENCHFLAGS)
	for program in bench_dns_hit bench_daemon bench_dns_cold bench_dns_memory; do \
		top_builddir='$(abs_top_builddir)' $(srcdir)/tests/bench/$$program $(BENCHFLAGS) || \
			test $$? = 77 || exit 1; \
	done
.PHONY: bench
