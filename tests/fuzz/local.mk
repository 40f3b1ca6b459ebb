# SPDX-License-Identifier: LGPL-2.1-or-later
# A new target: fuzz_NAME.c, corpus/NAME, a line in `fuzzers` and three below. `make check`
# replays all corpora; ./configure --enable-fuzzing CC=clang makes the targets real fuzzers:
# tests/fuzz/fuzz_NAME -max_total_time=60 NEW-FOLDER ../tests/fuzz/corpus/NAME
fuzzers = \
	tests/fuzz/fuzz_argv \
	tests/fuzz/fuzz_block \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_control \
	tests/fuzz/fuzz_dns_answer \
	tests/fuzz/fuzz_dns_question \
	tests/fuzz/fuzz_dns_servers \
	tests/fuzz/fuzz_dns_wire \
	tests/fuzz/fuzz_edit \
	tests/fuzz/fuzz_gaiconf \
	tests/fuzz/fuzz_hint \
	tests/fuzz/fuzz_message \
	tests/fuzz/fuzz_nsswitch \
	tests/fuzz/fuzz_reach \
	tests/fuzz/fuzz_rtnetlink \
	tests/fuzz/fuzz_rules \
	tests/fuzz/fuzz_settings \
	tests/fuzz/fuzz_snapshot \
	tests/fuzz/fuzz_sockdiag \
	tests/fuzz/fuzz_source \
	tests/fuzz/fuzz_unit
check_PROGRAMS += $(fuzzers)
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/corpus
if FUZZING
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/main_replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif

tests_fuzz_fuzz_block_SOURCES = tests/fuzz/fuzz_block.c $(fuzz_main)
tests_fuzz_fuzz_block_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_block_LDADD = libgpcore.la
tests_fuzz_fuzz_rules_SOURCES = tests/fuzz/fuzz_rules.c $(fuzz_main)
tests_fuzz_fuzz_rules_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rules_LDADD = libgpcore.la
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c $(fuzz_main)
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDADD = libgpcore.la
tests_fuzz_fuzz_gaiconf_SOURCES = tests/fuzz/fuzz_gaiconf.c $(fuzz_main)
tests_fuzz_fuzz_gaiconf_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_gaiconf_LDADD = libgpcore.la
tests_fuzz_fuzz_edit_SOURCES = tests/fuzz/fuzz_edit.c $(fuzz_main)
tests_fuzz_fuzz_edit_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_edit_LDADD = libgpcore.la
tests_fuzz_fuzz_argv_SOURCES = tests/fuzz/fuzz_argv.c tool/v6guard/options.c \
	tool/v6guard/report.c $(fuzz_main)
tests_fuzz_fuzz_argv_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_argv_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_argv_LDADD = libgpcore.la
tests_fuzz_fuzz_nsswitch_SOURCES = tests/fuzz/fuzz_nsswitch.c $(fuzz_main)
tests_fuzz_fuzz_nsswitch_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_nsswitch_LDADD = libgpcore.la
tests_fuzz_fuzz_source_SOURCES = tests/fuzz/fuzz_source.c $(fuzz_main)
tests_fuzz_fuzz_source_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_source_LDADD = libgpcore.la
tests_fuzz_fuzz_snapshot_SOURCES = tests/fuzz/fuzz_snapshot.c $(fuzz_main)
tests_fuzz_fuzz_snapshot_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_snapshot_LDADD = libgpcore.la
tests_fuzz_fuzz_hint_SOURCES = tests/fuzz/fuzz_hint.c $(fuzz_main)
tests_fuzz_fuzz_hint_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_hint_LDADD = libgpcore.la
tests_fuzz_fuzz_reach_SOURCES = tests/fuzz/fuzz_reach.c $(fuzz_main)
tests_fuzz_fuzz_reach_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_reach_LDADD = libgpcore.la
tests_fuzz_fuzz_rtnetlink_SOURCES = tests/fuzz/fuzz_rtnetlink.c $(fuzz_main)
tests_fuzz_fuzz_rtnetlink_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_rtnetlink_LDADD = libgpdaemon.la
tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz_control.c $(fuzz_main)
tests_fuzz_fuzz_control_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_control_LDADD = libgpdaemon.la
tests_fuzz_fuzz_sockdiag_SOURCES = tests/fuzz/fuzz_sockdiag.c $(fuzz_main)
tests_fuzz_fuzz_sockdiag_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_sockdiag_LDADD = libgpcore.la
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz_message.c $(fuzz_main)
tests_fuzz_fuzz_message_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_message_LDADD = libgpdaemon.la
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz_settings.c $(fuzz_main)
tests_fuzz_fuzz_settings_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_settings_LDADD = libgpdaemon.la
tests_fuzz_fuzz_unit_SOURCES = tests/fuzz/fuzz_unit.c tool/v6guard/unit.c $(fuzz_main)
tests_fuzz_fuzz_unit_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_unit_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_unit_LDADD = libgpcore.la
tests_fuzz_fuzz_dns_answer_SOURCES = tests/fuzz/fuzz_dns_answer.c $(fuzz_main)
tests_fuzz_fuzz_dns_answer_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_answer_LDADD = libgpdaemon.la
tests_fuzz_fuzz_dns_question_SOURCES = tests/fuzz/fuzz_dns_question.c $(fuzz_main)
tests_fuzz_fuzz_dns_question_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_question_LDADD = libgpdaemon.la
tests_fuzz_fuzz_dns_servers_SOURCES = tests/fuzz/fuzz_dns_servers.c $(fuzz_main)
tests_fuzz_fuzz_dns_servers_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_servers_LDADD = libgpdaemon.la
tests_fuzz_fuzz_dns_wire_SOURCES = tests/fuzz/fuzz_dns_wire.c $(fuzz_main)
tests_fuzz_fuzz_dns_wire_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_dns_wire_LDADD = libgpdaemon.la
