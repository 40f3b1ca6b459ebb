# SPDX-License-Identifier: LGPL-2.1-or-later
# One program a source file, cases as data. A new test: a line in `units`, two below.
if HAVE_CMOCKA
units = \
	tests/unit/test_address \
	tests/unit/test_prefix \
	tests/unit/test_qtype \
	tests/unit/test_nat64 \
	tests/unit/test_chain \
	tests/unit/test_control \
	tests/unit/test_control_line \
	tests/unit/test_noaaaa \
	tests/unit/test_nscd \
	tests/unit/test_nsswitch \
	tests/unit/test_config \
	tests/unit/test_config_edit \
	tests/unit/test_config_errors \
	tests/unit/test_config_files \
	tests/unit/test_diff \
	tests/unit/test_dns_cache \
	tests/unit/test_dns_filter \
	tests/unit/test_dns_local \
	tests/unit/test_dns_config \
	tests/unit/test_dns_links \
	tests/unit/test_dns_ways \
	tests/unit/test_dns_denied \
	tests/unit/test_dns_large \
	tests/unit/test_dns_listen \
	tests/unit/test_dns_names \
	tests/unit/test_dns_outage \
	tests/unit/test_dns_question \
	tests/unit/test_dns_random \
	tests/unit/test_dns_rebind \
	tests/unit/test_dns_replay \
	tests/unit/test_dns_tidy \
	tests/unit/test_dns_trust \
	tests/unit/test_dns_upstream \
	tests/unit/test_dns_vectors \
	tests/unit/test_dns_walk \
	tests/unit/test_dns_worlds \
	tests/unit/test_document \
	tests/unit/test_edit \
	tests/unit/test_eventlog \
	tests/unit/test_facts \
	tests/unit/test_guard \
	tests/unit/test_guard_rules \
	tests/unit/test_happy \
	tests/unit/test_history \
	tests/unit/test_label \
	tests/unit/test_life \
	tests/unit/test_lint \
	tests/unit/test_live \
	tests/unit/test_live_rules \
	tests/unit/test_ask \
	tests/unit/test_nss \
	tests/unit/test_nss_ask \
	tests/unit/test_nss_auto \
	tests/unit/test_nss_failure \
	tests/unit/test_nss_trace \
	tests/unit/test_hint \
	tests/unit/test_hint_queue \
	tests/unit/test_hints \
	tests/unit/test_memo \
	tests/unit/test_message \
	tests/unit/test_netwatch \
	tests/unit/test_netwatch_facts \
	tests/unit/test_elf \
	tests/unit/test_oracle \
	tests/unit/test_oracle_errors \
	tests/unit/test_oracle_presets \
	tests/unit/test_promise \
	tests/unit/test_oracle_resolvconf \
	tests/unit/test_owner \
	tests/unit/test_pack \
	tests/unit/test_preload \
	tests/unit/test_preload_order \
	tests/unit/test_preload_race \
	tests/unit/test_prober \
	tests/unit/test_race \
	tests/unit/test_reach \
	tests/unit/test_reach_live \
	tests/unit/test_relink \
	tests/unit/test_rescue \
	tests/unit/test_answers \
	tests/unit/test_resolv \
	tests/unit/test_resolv_read \
	tests/unit/test_rules \
	tests/unit/test_rules_random \
	tests/unit/test_run_seen \
	tests/unit/test_sandbox \
	tests/unit/test_settings \
	tests/unit/test_snapshot \
	tests/unit/test_socket_evidence \
	tests/unit/test_sockdiag \
	tests/unit/test_sockdiag_kernel \
	tests/unit/test_sort \
	tests/unit/test_source \
	tests/unit/test_inside \
	tests/unit/test_store \
	tests/unit/test_stuck \
	tests/unit/test_suspects \
	tests/unit/test_table \
	tests/unit/test_trace \
	tests/unit/test_guard_preset \
	tests/unit/test_unit \
	tests/unit/test_block \
	tests/unit/test_ula \
	tests/unit/test_unclosed \
	tests/unit/test_undo \
	tests/unit/test_vendor \
	tests/unit/test_verdict \
	tests/unit/test_verdict_rounds \
	tests/unit/test_verdict_random \
	tests/unit/test_verdict_worlds \
	tests/unit/test_verdict_chance
check_PROGRAMS += $(units)
TESTS += $(units)
endif
unit_cppflags = $(AM_CPPFLAGS) -DTEST_DATA='"$(abs_top_srcdir)/tests/data"'
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
unit_libs = libgpcore.la $(CMOCKA_LIBS)
EXTRA_DIST += tests/data tests/unit/config_text.h tests/unit/sizes.h tests/unit/sanitized.h tests/unit/resident.h tests/unit/tsv.h tests/unit/netns.h tests/unit/hint_world.h tests/unit/dns_text.h tests/unit/dns_vectors.h \
	tests/unit/oracle_world.h tests/unit/oracle_ask.h tests/unit/gaiconf_tables.h tests/unit/seal.h tests/unit/held_clock.h

tests_unit_test_address_CPPFLAGS = $(unit_cppflags)
tests_unit_test_address_CFLAGS = $(unit_cflags)
tests_unit_test_address_LDADD = $(unit_libs)
tests_unit_test_prefix_CPPFLAGS = $(unit_cppflags)
tests_unit_test_prefix_CFLAGS = $(unit_cflags)
tests_unit_test_prefix_LDADD = $(unit_libs)
tests_unit_test_qtype_CPPFLAGS = $(unit_cppflags)
tests_unit_test_qtype_CFLAGS = $(unit_cflags)
tests_unit_test_qtype_LDADD = $(unit_libs)
tests_unit_test_nat64_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nat64_CFLAGS = $(unit_cflags)
tests_unit_test_nat64_LDADD = $(unit_libs)
tests_unit_test_chain_CPPFLAGS = $(unit_cppflags)
tests_unit_test_chain_CFLAGS = $(unit_cflags)
tests_unit_test_chain_LDADD = $(unit_libs)
tests_unit_test_label_CPPFLAGS = $(unit_cppflags)
tests_unit_test_label_CFLAGS = $(unit_cflags)
tests_unit_test_label_LDADD = $(unit_libs)
tests_unit_test_elf_CPPFLAGS = $(unit_cppflags)
tests_unit_test_elf_CFLAGS = $(unit_cflags)
tests_unit_test_elf_LDADD = $(unit_libs)
tests_unit_test_block_CPPFLAGS = $(unit_cppflags)
tests_unit_test_block_CFLAGS = $(unit_cflags)
tests_unit_test_block_LDADD = $(unit_libs)
tests_unit_test_ula_CPPFLAGS = $(unit_cppflags)
tests_unit_test_ula_CFLAGS = $(unit_cflags)
tests_unit_test_ula_LDADD = libgpdaemon.la $(CMOCKA_LIBS)
tests_unit_test_nscd_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nscd_CFLAGS = $(unit_cflags)
tests_unit_test_nscd_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=posix_spawn -Wl,--wrap=gp_boot_ms
tests_unit_test_nscd_LDADD = $(unit_libs)
tests_unit_test_nsswitch_CPPFLAGS = $(unit_cppflags)
tests_unit_test_nsswitch_CFLAGS = $(unit_cflags)
tests_unit_test_nsswitch_LDADD = $(unit_libs)
tests_unit_test_config_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_CFLAGS = $(unit_cflags)
tests_unit_test_config_LDADD = $(unit_libs)
tests_unit_test_config_edit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_edit_CFLAGS = $(unit_cflags)
tests_unit_test_config_edit_LDADD = $(unit_libs)
tests_unit_test_config_errors_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_errors_CFLAGS = $(unit_cflags)
tests_unit_test_config_errors_LDADD = $(unit_libs)
tests_unit_test_config_files_CPPFLAGS = $(unit_cppflags)
tests_unit_test_config_files_CFLAGS = $(unit_cflags)
tests_unit_test_config_files_LDADD = $(unit_libs)
tests_unit_test_diff_CPPFLAGS = $(unit_cppflags)
tests_unit_test_diff_CFLAGS = $(unit_cflags)
tests_unit_test_diff_LDADD = $(unit_libs)
tests_unit_test_document_CPPFLAGS = $(unit_cppflags)
tests_unit_test_document_CFLAGS = $(unit_cflags)
tests_unit_test_document_LDADD = $(unit_libs)
tests_unit_test_edit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_edit_CFLAGS = $(unit_cflags)
tests_unit_test_edit_LDADD = $(unit_libs)
tests_unit_test_lint_CPPFLAGS = $(unit_cppflags)
tests_unit_test_lint_CFLAGS = $(unit_cflags)
tests_unit_test_lint_LDADD = $(unit_libs)
tests_unit_test_guard_CPPFLAGS = $(unit_cppflags)
tests_unit_test_guard_CFLAGS = $(unit_cflags)
tests_unit_test_guard_LDADD = $(unit_libs)
tests_unit_test_ask_CPPFLAGS = $(unit_cppflags)
tests_unit_test_ask_CFLAGS = $(unit_cflags)
tests_unit_test_ask_LDADD = $(unit_libs)
tests_unit_test_guard_rules_CPPFLAGS = $(unit_cppflags)
tests_unit_test_guard_rules_CFLAGS = $(unit_cflags)
tests_unit_test_guard_rules_LDADD = $(unit_libs)
tests_unit_test_rules_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rules_CFLAGS = $(unit_cflags)
tests_unit_test_rules_LDADD = $(unit_libs)
tests_unit_test_rules_random_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rules_random_CFLAGS = $(unit_cflags)
tests_unit_test_rules_random_LDADD = $(unit_libs)
tests_unit_test_snapshot_CPPFLAGS = $(unit_cppflags)
tests_unit_test_snapshot_CFLAGS = $(unit_cflags)
tests_unit_test_snapshot_LDADD = $(unit_libs)
tests_unit_test_sort_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sort_CFLAGS = $(unit_cflags)
tests_unit_test_sort_LDADD = $(unit_libs)
tests_unit_test_source_CPPFLAGS = $(unit_cppflags)
tests_unit_test_source_CFLAGS = $(unit_cflags)
tests_unit_test_source_LDADD = $(unit_libs)
tests_unit_test_table_CPPFLAGS = $(unit_cppflags)
tests_unit_test_table_CFLAGS = $(unit_cflags)
tests_unit_test_table_LDADD = $(unit_libs)
tests_unit_test_oracle_CPPFLAGS = $(unit_cppflags)
tests_unit_test_oracle_CFLAGS = $(unit_cflags)
tests_unit_test_oracle_LDADD = $(unit_libs)
# Through the command as it was built.
tests_unit_test_oracle_presets_CPPFLAGS = $(unit_cppflags) -DTEST_BUILD='"$(abs_top_builddir)"'
tests_unit_test_oracle_presets_CFLAGS = $(unit_cflags)
tests_unit_test_oracle_presets_LDADD = $(unit_libs)
EXTRA_tests_unit_test_oracle_presets_DEPENDENCIES = tool/v6guard/v6guard$(EXEEXT)
tests_unit_test_undo_CPPFLAGS = $(unit_cppflags)
tests_unit_test_undo_CFLAGS = $(unit_cflags)
tests_unit_test_undo_LDADD = $(unit_libs)
tests_unit_test_promise_CPPFLAGS = $(unit_cppflags)
tests_unit_test_promise_CFLAGS = $(unit_cflags)
tests_unit_test_promise_LDADD = $(unit_libs)
# Through the real objects: it loads them from where they were built.
tests_unit_test_oracle_errors_SOURCES = tests/unit/test_oracle_errors.c tests/unit/error_calls.c \
	tests/unit/error_calls.h tests/unit/error_dns.h
tests_unit_test_oracle_errors_CPPFLAGS = $(unit_cppflags) -I$(srcdir)/nss -DTEST_BUILD='"$(abs_top_builddir)"'
tests_unit_test_oracle_errors_CFLAGS = $(unit_cflags)
tests_unit_test_oracle_errors_LDADD = $(unit_libs)
EXTRA_tests_unit_test_oracle_errors_DEPENDENCIES = libnss_v6guard.la libv6guard-preload.la
# With clocks of the test's own.
clock_ldflags = $(AM_LDFLAGS) -Wl,--wrap=gp_now_ms -Wl,--wrap=gp_boot_ms
tests_unit_test_hint_queue_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hint_queue_CFLAGS = $(unit_cflags)
tests_unit_test_hint_queue_LDFLAGS = $(clock_ldflags)
tests_unit_test_hint_queue_LDADD = $(unit_libs)
tests_unit_test_hint_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hint_CFLAGS = $(unit_cflags)
tests_unit_test_hint_LDFLAGS = $(clock_ldflags)
tests_unit_test_hint_LDADD = $(unit_libs)
tests_unit_test_reach_CPPFLAGS = $(unit_cppflags)
tests_unit_test_reach_CFLAGS = $(unit_cflags)
tests_unit_test_reach_LDADD = $(unit_libs)
tests_unit_test_reach_live_CPPFLAGS = $(unit_cppflags)
tests_unit_test_reach_live_CFLAGS = $(unit_cflags)
tests_unit_test_reach_live_LDFLAGS = $(clock_ldflags)
tests_unit_test_reach_live_LDADD = $(unit_libs)
store_tree = tests/unit/store_tree.c tests/unit/store_tree.h
tests_unit_test_history_SOURCES = tests/unit/test_history.c $(store_tree)
tests_unit_test_history_CPPFLAGS = $(unit_cppflags)
tests_unit_test_history_CFLAGS = $(unit_cflags)
tests_unit_test_history_LDADD = $(unit_libs)
tests_unit_test_inside_SOURCES = tests/unit/test_inside.c $(store_tree)
tests_unit_test_inside_CPPFLAGS = $(unit_cppflags)
tests_unit_test_inside_CFLAGS = $(unit_cflags)
tests_unit_test_inside_LDADD = $(unit_libs)
tests_unit_test_store_SOURCES = tests/unit/test_store.c $(store_tree)
tests_unit_test_store_CPPFLAGS = $(unit_cppflags)
tests_unit_test_store_CFLAGS = $(unit_cflags)
tests_unit_test_store_LDADD = $(unit_libs)
tests_unit_test_vendor_SOURCES = tests/unit/test_vendor.c $(store_tree)
tests_unit_test_vendor_CPPFLAGS = $(unit_cppflags)
tests_unit_test_vendor_CFLAGS = $(unit_cflags)
tests_unit_test_vendor_LDADD = $(unit_libs)

# The door from inside: its code linked in, the kernel's facts and the allocator replaced, and
# name services that say what a case wants.
stub_ldflags = $(AM_LDFLAGS) -module -avoid-version -shrext .so.2 -rpath /nowhere
stub_cppflags = $(AM_CPPFLAGS) -I$(srcdir)/nss
if HAVE_CMOCKA
check_LTLIBRARIES += libnss_v6gstub.la libnss_v6gold.la libnss_v6gbare.la
endif
libnss_v6gstub_la_SOURCES = tests/unit/stub.c tests/unit/stub.h
libnss_v6gstub_la_CPPFLAGS = $(stub_cppflags) -DSTUB_NAME=v6gstub -DSTUB_LEVEL=4
libnss_v6gstub_la_LDFLAGS = $(stub_ldflags)
libnss_v6gold_la_SOURCES = $(libnss_v6gstub_la_SOURCES)
libnss_v6gold_la_CPPFLAGS = $(stub_cppflags) -DSTUB_NAME=v6gold -DSTUB_LEVEL=2
libnss_v6gold_la_LDFLAGS = $(stub_ldflags)
libnss_v6gbare_la_SOURCES = $(libnss_v6gstub_la_SOURCES)
libnss_v6gbare_la_CPPFLAGS = $(stub_cppflags) -DSTUB_NAME=v6gbare -DSTUB_LEVEL=0
libnss_v6gbare_la_LDFLAGS = $(stub_ldflags)
# Under the names of resolvers, in a folder where no other program looks for libraries.
if HAVE_CMOCKA
check_LTLIBRARIES += tests/unit/stubs/libnss_dns.la tests/unit/stubs/libnss_resolve.la
endif
tests_unit_stubs_libnss_dns_la_SOURCES = $(libnss_v6gstub_la_SOURCES)
tests_unit_stubs_libnss_dns_la_CPPFLAGS = $(stub_cppflags) -DSTUB_NAME=dns -DSTUB_LEVEL=4
tests_unit_stubs_libnss_dns_la_LDFLAGS = $(stub_ldflags)
tests_unit_stubs_libnss_resolve_la_SOURCES = $(libnss_v6gstub_la_SOURCES)
tests_unit_stubs_libnss_resolve_la_CPPFLAGS = $(stub_cppflags) -DSTUB_NAME=resolve -DSTUB_LEVEL=4
tests_unit_stubs_libnss_resolve_la_LDFLAGS = $(stub_ldflags)

door_cppflags = $(stub_cppflags) -DTEST_BUILD='"$(abs_top_builddir)"'
door_ldflags = $(AM_LDFLAGS) -Wl,--wrap=facts_open -Wl,--wrap=malloc -Wl,--wrap=calloc
door_libs = libnssdoor.la libgpcore.la $(CMOCKA_LIBS)
world = tests/unit/nss_world.c tests/unit/nss_world.h
tests_unit_test_nss_SOURCES = tests/unit/test_nss.c $(world)
tests_unit_test_nss_CPPFLAGS = $(door_cppflags)
tests_unit_test_nss_CFLAGS = $(unit_cflags)
tests_unit_test_nss_LDFLAGS = $(door_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_nss_LDADD = $(door_libs)
tests_unit_test_nss_ask_SOURCES = tests/unit/test_nss_ask.c $(world)
tests_unit_test_nss_ask_CPPFLAGS = $(door_cppflags)
tests_unit_test_nss_ask_CFLAGS = $(unit_cflags)
tests_unit_test_nss_ask_LDFLAGS = $(door_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_nss_ask_LDADD = $(door_libs)
tests_unit_test_nss_auto_SOURCES = tests/unit/test_nss_auto.c $(world)
tests_unit_test_nss_auto_CPPFLAGS = $(door_cppflags)
tests_unit_test_nss_auto_CFLAGS = $(unit_cflags)
tests_unit_test_nss_auto_LDFLAGS = $(door_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_nss_auto_LDADD = $(door_libs)
tests_unit_test_nss_failure_SOURCES = tests/unit/test_nss_failure.c $(world)
tests_unit_test_nss_failure_CPPFLAGS = $(door_cppflags)
tests_unit_test_nss_failure_CFLAGS = $(unit_cflags)
tests_unit_test_nss_failure_LDFLAGS = $(door_ldflags)
tests_unit_test_nss_failure_LDADD = $(door_libs)
tests_unit_test_life_SOURCES = tests/unit/test_life.c $(world)
tests_unit_test_life_CPPFLAGS = $(door_cppflags)
tests_unit_test_life_CFLAGS = $(unit_cflags)
tests_unit_test_life_LDFLAGS = $(door_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_life_LDADD = $(door_libs)
tests_unit_test_nss_trace_SOURCES = tests/unit/test_nss_trace.c $(world)
tests_unit_test_nss_trace_CPPFLAGS = $(door_cppflags)
tests_unit_test_nss_trace_CFLAGS = $(unit_cflags)
tests_unit_test_nss_trace_LDFLAGS = $(door_ldflags)
tests_unit_test_nss_trace_LDADD = $(door_libs)
tests_unit_test_live_rules_SOURCES = tests/unit/test_live_rules.c $(world)
tests_unit_test_live_rules_CPPFLAGS = $(door_cppflags)
tests_unit_test_live_rules_CFLAGS = $(unit_cflags)
tests_unit_test_live_rules_LDFLAGS = $(door_ldflags)
tests_unit_test_live_rules_LDADD = $(door_libs)
tests_unit_test_live_SOURCES = tests/unit/test_live.c $(world)
tests_unit_test_live_CPPFLAGS = $(door_cppflags)
tests_unit_test_live_CFLAGS = $(unit_cflags)
tests_unit_test_live_LDFLAGS = $(door_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_live_LDADD = $(door_libs)
tests_unit_test_pack_CPPFLAGS = $(door_cppflags)
tests_unit_test_pack_CFLAGS = $(unit_cflags)
tests_unit_test_pack_LDADD = $(door_libs)

# The preload door; what comes behind it, and libc's nodes, are the test's.
preload_libs = libpreloaddoor.la libgpcore.la $(CMOCKA_LIBS)
tests_unit_test_relink_SOURCES = tests/unit/test_relink.c tests/unit/addrlist.h
tests_unit_test_relink_CPPFLAGS = $(unit_cppflags)
tests_unit_test_relink_CFLAGS = $(unit_cflags)
tests_unit_test_relink_LDADD = $(preload_libs)
# preload.c itself: a sanitizer's runtime has a getaddrinfo of its own, and the archive's would
# not be taken.
fake_race = tests/unit/fake_race.c tests/unit/fake_race.h
preload_world = nss/preload.c tests/unit/preload_world.c tests/unit/preload_world.h \
	tests/unit/addrlist.h $(fake_race) $(world)
preload_ldflags = $(door_ldflags) -Wl,--wrap=dlsym -Wl,--wrap=gp_source_facts \
	-Wl,--wrap=hosts_line_now
tests_unit_test_preload_SOURCES = tests/unit/test_preload.c $(preload_world)
tests_unit_test_preload_CPPFLAGS = $(door_cppflags)
tests_unit_test_preload_CFLAGS = $(unit_cflags)
tests_unit_test_preload_LDFLAGS = $(preload_ldflags)
tests_unit_test_preload_LDADD = $(preload_libs)
tests_unit_test_happy_SOURCES = tests/unit/test_happy.c $(fake_race)
tests_unit_test_happy_CPPFLAGS = $(unit_cppflags)
tests_unit_test_happy_CFLAGS = $(unit_cflags)
tests_unit_test_happy_LDADD = $(preload_libs)
tests_unit_test_memo_CPPFLAGS = $(unit_cppflags)
tests_unit_test_memo_CFLAGS = $(unit_cflags)
tests_unit_test_memo_LDADD = $(preload_libs)
tests_unit_test_noaaaa_CPPFLAGS = $(unit_cppflags)
tests_unit_test_noaaaa_CFLAGS = $(unit_cflags) -pthread
tests_unit_test_noaaaa_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=hosts_line_now \
	-Wl,--wrap=facts_open -Wl,--wrap=gp_now_ms
tests_unit_test_noaaaa_LDADD = $(preload_libs)
tests_unit_test_preload_order_SOURCES = tests/unit/test_preload_order.c $(preload_world)
tests_unit_test_preload_order_CPPFLAGS = $(door_cppflags)
tests_unit_test_preload_order_CFLAGS = $(unit_cflags)
tests_unit_test_preload_order_LDFLAGS = $(preload_ldflags)
tests_unit_test_preload_order_LDADD = $(preload_libs)
tests_unit_test_unclosed_SOURCES = tests/unit/test_unclosed.c $(preload_world)
tests_unit_test_unclosed_CPPFLAGS = $(door_cppflags)
tests_unit_test_unclosed_CFLAGS = $(unit_cflags)
tests_unit_test_unclosed_LDFLAGS = $(preload_ldflags)
tests_unit_test_unclosed_LDADD = $(preload_libs)
tests_unit_test_preload_race_SOURCES = tests/unit/test_preload_race.c $(preload_world)
tests_unit_test_preload_race_CPPFLAGS = $(door_cppflags)
tests_unit_test_preload_race_CFLAGS = $(unit_cflags)
tests_unit_test_preload_race_LDFLAGS = $(preload_ldflags) -Wl,--wrap=gp_now_ms
tests_unit_test_preload_race_LDADD = $(preload_libs)

# The daemon's parts.
daemon_libs = libgpdaemon.la libgpcore.la $(CMOCKA_LIBS)
driven_clock = tests/unit/driven_clock.c tests/unit/driven_clock.h
replay = tests/unit/replay.c tests/unit/replay.h
tests_unit_test_verdict_SOURCES = tests/unit/test_verdict.c $(replay)
tests_unit_test_verdict_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_CFLAGS = $(unit_cflags)
tests_unit_test_verdict_LDADD = $(daemon_libs)
tests_unit_test_verdict_rounds_SOURCES = tests/unit/test_verdict_rounds.c $(replay)
tests_unit_test_verdict_rounds_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_rounds_CFLAGS = $(unit_cflags)
tests_unit_test_verdict_rounds_LDADD = $(daemon_libs)
tests_unit_test_verdict_random_SOURCES = tests/unit/test_verdict_random.c $(replay)
tests_unit_test_verdict_random_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_random_CFLAGS = $(unit_cflags)
tests_unit_test_verdict_random_LDADD = $(daemon_libs)
verdict_world = tests/unit/world.c tests/unit/world_host.c tests/unit/world_program.c \
	tests/unit/world_trial.c tests/unit/world.h tests/unit/world_private.h tests/unit/world_trial.h
tests_unit_test_verdict_worlds_SOURCES = tests/unit/test_verdict_worlds.c $(verdict_world)
tests_unit_test_verdict_worlds_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_worlds_CFLAGS = $(unit_cflags)
tests_unit_test_verdict_worlds_LDADD = $(daemon_libs) -lm
tests_unit_test_verdict_chance_SOURCES = tests/unit/test_verdict_chance.c $(verdict_world)
tests_unit_test_verdict_chance_CPPFLAGS = $(unit_cppflags)
tests_unit_test_verdict_chance_CFLAGS = $(unit_cflags)
tests_unit_test_verdict_chance_LDADD = $(daemon_libs) -lm
tests_unit_test_netwatch_SOURCES = tests/unit/test_netwatch.c $(driven_clock)
tests_unit_test_netwatch_CPPFLAGS = $(unit_cppflags)
tests_unit_test_netwatch_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_netwatch_LDADD = $(daemon_libs) $(EVENT_LIBS)
# Its peers are who the test says.
tests_unit_test_control_SOURCES = tests/unit/test_control.c $(driven_clock)
tests_unit_test_control_CPPFLAGS = $(unit_cppflags)
tests_unit_test_control_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS) $(EVENT_CFLAGS)
tests_unit_test_control_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getsockopt -Wl,--wrap=event_add
tests_unit_test_control_LDADD = $(daemon_libs) $(JANSSON_LIBS) $(EVENT_LIBS)
tests_unit_test_control_line_CPPFLAGS = $(unit_cppflags)
tests_unit_test_control_line_CFLAGS = $(unit_cflags)
tests_unit_test_control_line_LDADD = $(daemon_libs)
tests_unit_test_prober_SOURCES = tests/unit/test_prober.c $(driven_clock)
tests_unit_test_prober_CPPFLAGS = $(unit_cppflags)
tests_unit_test_prober_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_prober_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_hints_SOURCES = tests/unit/test_hints.c $(driven_clock)
tests_unit_test_hints_CPPFLAGS = $(unit_cppflags)
tests_unit_test_hints_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_hints_LDFLAGS = $(clock_ldflags)
tests_unit_test_hints_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_socket_evidence_CPPFLAGS = $(unit_cppflags)
tests_unit_test_socket_evidence_CFLAGS = $(unit_cflags)
tests_unit_test_socket_evidence_LDADD = $(unit_libs)

tests_unit_test_sockdiag_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sockdiag_CFLAGS = $(unit_cflags)
tests_unit_test_sockdiag_LDADD = $(unit_libs)
tests_unit_test_owner_CPPFLAGS = $(unit_cppflags)
tests_unit_test_owner_CFLAGS = $(unit_cflags)
tests_unit_test_owner_LDADD = $(unit_libs)
tests_unit_test_suspects_SOURCES = tests/unit/test_suspects.c $(driven_clock)
tests_unit_test_suspects_CPPFLAGS = $(unit_cppflags)
tests_unit_test_suspects_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_suspects_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_stuck_SOURCES = tests/unit/test_stuck.c tool/v6guard/stuck.c
tests_unit_test_stuck_CPPFLAGS = $(unit_cppflags)
tests_unit_test_stuck_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_stuck_LDADD = $(unit_libs)
tests_unit_test_trace_SOURCES = tests/unit/test_trace.c tool/v6guard/run_ring.c
tests_unit_test_trace_CPPFLAGS = $(unit_cppflags)
tests_unit_test_trace_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS) -pthread
tests_unit_test_trace_LDADD = $(unit_libs)
tests_unit_test_run_seen_SOURCES = tests/unit/test_run_seen.c tool/v6guard/run_seen.c
tests_unit_test_run_seen_CPPFLAGS = $(unit_cppflags)
tests_unit_test_run_seen_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_run_seen_LDADD = $(unit_libs)
tests_unit_test_guard_preset_SOURCES = tests/unit/test_guard_preset.c tool/v6guard/guardpreset.c
tests_unit_test_guard_preset_CPPFLAGS = $(unit_cppflags)
tests_unit_test_guard_preset_CFLAGS = $(unit_cflags)
tests_unit_test_guard_preset_LDADD = $(unit_libs)
tests_unit_test_unit_SOURCES = tests/unit/test_unit.c tool/v6guard/unit.c tool/v6guard/unit_find.c $(store_tree)
tests_unit_test_unit_CPPFLAGS = $(unit_cppflags)
tests_unit_test_unit_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_unit_LDADD = $(unit_libs)
tests_unit_test_sockdiag_kernel_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sockdiag_kernel_CFLAGS = $(unit_cflags)
tests_unit_test_sockdiag_kernel_LDADD = $(unit_libs)
tests_unit_test_race_CPPFLAGS = $(unit_cppflags)
tests_unit_test_race_CFLAGS = $(unit_cflags)
tests_unit_test_race_LDADD = $(unit_libs)
tests_unit_test_netwatch_facts_CPPFLAGS = $(unit_cppflags)
tests_unit_test_netwatch_facts_CFLAGS = $(unit_cflags)
tests_unit_test_netwatch_facts_LDADD = $(daemon_libs)
tests_unit_test_message_CPPFLAGS = $(unit_cppflags)
tests_unit_test_message_CFLAGS = $(unit_cflags)
tests_unit_test_message_LDADD = $(daemon_libs)
tests_unit_test_sandbox_CPPFLAGS = $(unit_cppflags)
tests_unit_test_sandbox_CFLAGS = $(unit_cflags)
tests_unit_test_sandbox_LDADD = $(daemon_libs)
tests_unit_test_oracle_resolvconf_CPPFLAGS = $(unit_cppflags)
tests_unit_test_oracle_resolvconf_CFLAGS = $(unit_cflags)
tests_unit_test_oracle_resolvconf_LDADD = $(daemon_libs) $(RESOLV_LIBS)
tests_unit_test_settings_CPPFLAGS = $(unit_cppflags)
tests_unit_test_settings_CFLAGS = $(unit_cflags)
tests_unit_test_settings_LDADD = $(daemon_libs)
# Neither sockets nor processes are real.
tests_unit_test_rescue_CPPFLAGS = $(unit_cppflags)
tests_unit_test_rescue_CFLAGS = $(unit_cflags)
tests_unit_test_rescue_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gp_boot_ms -Wl,--wrap=gp_owner_find \
	-Wl,--wrap=gp_sockdiag_find -Wl,--wrap=gp_sockdiag_destroy
tests_unit_test_rescue_LDADD = $(daemon_libs)
tests_unit_test_dns_cache_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_cache_CFLAGS = $(unit_cflags)
tests_unit_test_dns_cache_LDADD = $(daemon_libs)
tests_unit_test_answers_SOURCES = tests/unit/test_answers.c tool/v6guard/answers.c \
	tool/v6guard/dnsask.c
tests_unit_test_answers_CPPFLAGS = $(unit_cppflags)
tests_unit_test_answers_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_answers_LDADD = $(unit_libs) $(RESOLV_LIBS)
tests_unit_test_resolv_read_SOURCES = tests/unit/test_resolv_read.c \
	tool/v6guard/resolv_read.c
tests_unit_test_resolv_read_CPPFLAGS = $(unit_cppflags)
tests_unit_test_resolv_read_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_resolv_read_LDADD = $(unit_libs)
tests_unit_test_resolv_SOURCES = tests/unit/test_resolv.c tool/v6guard/resolv.c
tests_unit_test_resolv_CPPFLAGS = $(unit_cppflags)
tests_unit_test_resolv_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_resolv_LDADD = $(unit_libs)
tests_unit_test_dns_filter_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_filter_CFLAGS = $(unit_cflags)
tests_unit_test_dns_filter_LDADD = $(daemon_libs)
tests_unit_test_dns_tidy_SOURCES = tests/unit/test_dns_tidy.c $(driven_clock)
tests_unit_test_dns_tidy_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_tidy_CFLAGS = $(unit_cflags)
tests_unit_test_dns_tidy_LDADD = $(daemon_libs)
tests_unit_test_dns_config_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_config_CFLAGS = $(unit_cflags)
tests_unit_test_dns_config_LDADD = $(daemon_libs)
tests_unit_test_dns_links_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_links_CFLAGS = $(unit_cflags)
tests_unit_test_dns_links_LDADD = $(daemon_libs)
tests_unit_test_dns_ways_SOURCES = tests/unit/test_dns_ways.c $(driven_clock)
tests_unit_test_dns_ways_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_ways_CFLAGS = $(unit_cflags)
tests_unit_test_dns_ways_LDADD = $(daemon_libs)
tests_unit_test_dns_large_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_large_CFLAGS = $(unit_cflags)
tests_unit_test_dns_large_LDADD = $(daemon_libs)
tests_unit_test_dns_listen_SOURCES = tests/unit/test_dns_listen.c $(driven_clock)
tests_unit_test_dns_listen_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_listen_CFLAGS = $(unit_cflags)
tests_unit_test_dns_listen_LDADD = $(daemon_libs)
tests_unit_test_dns_worlds_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_worlds_CFLAGS = $(unit_cflags)
tests_unit_test_dns_worlds_LDADD = $(daemon_libs)
tests_unit_test_dns_walk_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_walk_CFLAGS = $(unit_cflags)
tests_unit_test_dns_walk_LDADD = $(daemon_libs)
tests_unit_test_dns_outage_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_outage_CFLAGS = $(unit_cflags)
tests_unit_test_dns_outage_LDADD = $(daemon_libs)
tests_unit_test_dns_rebind_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_rebind_CFLAGS = $(unit_cflags)
tests_unit_test_dns_rebind_LDADD = $(daemon_libs)
tests_unit_test_dns_trust_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_trust_CFLAGS = $(unit_cflags)
tests_unit_test_dns_trust_LDADD = $(daemon_libs)
tests_unit_test_dns_question_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_question_CFLAGS = $(unit_cflags)
tests_unit_test_dns_question_LDADD = $(daemon_libs)
tests_unit_test_dns_names_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_names_CFLAGS = $(unit_cflags)
tests_unit_test_dns_names_LDADD = $(daemon_libs)
# No sockets, no libunbound, and a clock that goes when it is told to.
dns_world_ldflags = $(AM_LDFLAGS) -Wl,--wrap=gp_boot_ms -Wl,--wrap=time \
	-Wl,--wrap=event_new -Wl,--wrap=event_add -Wl,--wrap=event_del -Wl,--wrap=event_free \
	-Wl,--wrap=event_pending -Wl,--wrap=upstream_ask -Wl,--wrap=upstream_cancel \
	-Wl,--wrap=upstream_doubt -Wl,--wrap=upstream_heard_ms \
	-Wl,--wrap=listen_new -Wl,--wrap=listen_send -Wl,--wrap=listen_ignore
dns_world = tests/unit/dns_world.c tests/unit/dns_world.h tests/unit/dns_record.c tests/unit/dns_record.h
tests_unit_test_dns_replay_SOURCES = tests/unit/test_dns_replay.c $(dns_world) \
	tests/unit/dns_scenario.c tests/unit/dns_scenario_talk.c tests/unit/dns_scenario_answer.c \
	tests/unit/dns_scenario_file.c tests/unit/dns_scenario.h tests/unit/dns_scenario_private.h
tests_unit_test_dns_replay_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_replay_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_dns_replay_LDFLAGS = $(dns_world_ldflags)
tests_unit_test_dns_replay_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_dns_denied_SOURCES = tests/unit/test_dns_denied.c $(dns_world)
tests_unit_test_dns_denied_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_denied_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_dns_denied_LDFLAGS = $(dns_world_ldflags)
tests_unit_test_dns_denied_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_dns_random_SOURCES = tests/unit/test_dns_random.c $(dns_world)
tests_unit_test_dns_random_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_random_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS)
tests_unit_test_dns_random_LDFLAGS = $(dns_world_ldflags)
tests_unit_test_dns_random_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_dns_upstream_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_upstream_CFLAGS = $(unit_cflags) $(EVENT_CFLAGS) $(UNBOUND_CFLAGS)
tests_unit_test_dns_upstream_LDADD = $(daemon_libs) $(EVENT_LIBS)
tests_unit_test_dns_local_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_local_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_dns_local_LDADD = $(daemon_libs) $(JANSSON_LIBS)
tests_unit_test_dns_vectors_CPPFLAGS = $(unit_cppflags)
tests_unit_test_dns_vectors_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_dns_vectors_LDADD = $(daemon_libs) $(JANSSON_LIBS)
tests_unit_test_eventlog_CPPFLAGS = $(unit_cppflags)
tests_unit_test_eventlog_CFLAGS = $(unit_cflags) $(JANSSON_CFLAGS)
tests_unit_test_eventlog_LDADD = $(daemon_libs) $(JANSSON_LIBS)

tests_unit_test_facts_CPPFLAGS = $(door_cppflags)
tests_unit_test_facts_CFLAGS = $(unit_cflags)
tests_unit_test_facts_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=gp_now_ms
tests_unit_test_facts_LDADD = $(door_libs)
