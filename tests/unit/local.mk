# SPDX-License-Identifier: LGPL-2.1-or-later
# One program a source file, cases as data. A new test: a line in `units`, two below.
if HAVE_CMOCKA
units = \
	tests/unit/test_address \
	tests/unit/test_prefix \
	tests/unit/test_nat64 \
	tests/unit/test_chain \
	tests/unit/test_nsswitch \
	tests/unit/test_config \
	tests/unit/test_diff \
	tests/unit/test_guard \
	tests/unit/test_live \
	tests/unit/test_nss \
	tests/unit/test_pack \
	tests/unit/test_snapshot \
	tests/unit/test_store
check_PROGRAMS += $(units)
TESTS += $(units)
endif
unit_cppflags = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
unit_libs = libgpcore.la $(CMOCKA_LIBS)
EXTRA_DIST += tests/data

tests_unit_test_address_CPPFLAGS = $(unit_cppflags)
tests_unit_test_address_CFLAGS = $(unit_cflags)
tests_unit_test_address_LDADD = $(unit_libs)
tests_unit_test_prefix_CPPFLAGS = $(unit_cppflags)
tests_unit_test_prefix_CFLAGS = $(unit_cflags)
tests_unit_test_prefix_LDADD = $(unit_libs)
tests_unit_test_nat64_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nat64_CFLAGS = $(unit_cflags)
tests_unit_test_nat64_LDADD = $(unit_libs)
tests_unit_test_chain_CPPFLAGS = $(unit_cppflags)
tests_unit_test_chain_CFLAGS = $(unit_cflags)
tests_unit_test_chain_LDADD = $(unit_libs)
tests_unit_test_nsswitch_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nsswitch_CFLAGS = $(unit_cflags)
tests_unit_test_nsswitch_LDADD = $(unit_libs)
tests_unit_test_config_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_CFLAGS = $(unit_cflags)
tests_unit_test_config_LDADD = $(unit_libs)
tests_unit_test_diff_CPPFLAGS = $(unit_cppflags)
tests_unit_test_diff_CFLAGS = $(unit_cflags)
tests_unit_test_diff_LDADD = $(unit_libs)
tests_unit_test_guard_CPPFLAGS = $(unit_cppflags)
tests_unit_test_guard_CFLAGS = $(unit_cflags)
tests_unit_test_guard_LDADD = $(unit_libs)
tests_unit_test_snapshot_CPPFLAGS = $(unit_cppflags)
tests_unit_test_snapshot_CFLAGS = $(unit_cflags)
tests_unit_test_snapshot_LDADD = $(unit_libs)
tests_unit_test_store_CPPFLAGS = $(unit_cppflags)
tests_unit_test_store_CFLAGS = $(unit_cflags)
tests_unit_test_store_LDADD = $(unit_libs)
