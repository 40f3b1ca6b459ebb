# SPDX-License-Identifier: LGPL-2.1-or-later
# libgpdoor: the reading half, for code inside other people's processes. No inih, no stdio.
# libgpcore: all of it, for the programs and the tests. libgaipolicy: the public library.
noinst_LTLIBRARIES += libgpdoor.la libgpcore.la
libgpdoor_la_SOURCES = \
	libgaipolicy/gaipolicy.h \
	libgaipolicy/paths.h \
	libgaipolicy/text.h \
	libgaipolicy/address/address.c \
	libgaipolicy/address/prefix.c \
	libgaipolicy/address/nat64.c \
	libgaipolicy/address/sockaddr.c \
	libgaipolicy/address/sockaddr.h \
	libgaipolicy/gaiconf/read.c \
	libgaipolicy/gaiconf/read.h \
	libgaipolicy/rfc6724/netlink.c \
	libgaipolicy/rfc6724/netlink.h \
	libgaipolicy/rfc6724/profile.c \
	libgaipolicy/rfc6724/select.c \
	libgaipolicy/rfc6724/select.h \
	libgaipolicy/rfc6724/sort.c \
	libgaipolicy/rfc6724/sort.h \
	libgaipolicy/rfc6724/source.c \
	libgaipolicy/rfc6724/source.h \
	libgaipolicy/rfc6724/source_kernel.c \
	libgaipolicy/rfc6724/table.c \
	libgaipolicy/rfc6724/table.h \
	libgaipolicy/guard/ask.c \
	libgaipolicy/guard/ask.h \
	libgaipolicy/guard/chain.h \
	libgaipolicy/guard/clock.c \
	libgaipolicy/guard/clock.h \
	libgaipolicy/guard/crc32.c \
	libgaipolicy/guard/crc32.h \
	libgaipolicy/guard/filter.c \
	libgaipolicy/guard/filter.h \
	libgaipolicy/guard/guard.c \
	libgaipolicy/guard/hint.c \
	libgaipolicy/guard/hint.h \
	libgaipolicy/guard/hint_private.h \
	libgaipolicy/guard/words.c \
	libgaipolicy/guard/live.c \
	libgaipolicy/guard/live.h \
	libgaipolicy/guard/program.c \
	libgaipolicy/guard/program.h \
	libgaipolicy/guard/rules.c \
	libgaipolicy/guard/rules.h \
	libgaipolicy/guard/rules_name.c \
	libgaipolicy/guard/rules_private.h \
	libgaipolicy/guard/race.c \
	libgaipolicy/guard/race.h \
	libgaipolicy/guard/reach.c \
	libgaipolicy/guard/reach.h \
	libgaipolicy/guard/reach_live.c \
	libgaipolicy/guard/reach_private.h \
	libgaipolicy/guard/self.c \
	libgaipolicy/guard/self.h \
	libgaipolicy/guard/snapshot.c \
	libgaipolicy/guard/snapshot.h \
	libgaipolicy/guard/tally.c \
	libgaipolicy/guard/tally.h \
	libgaipolicy/guard/trace.c \
	libgaipolicy/guard/trace.h

libgpdoor_la_CFLAGS = $(door_cflags)

libgpcore_la_SOURCES = \
	libgaipolicy/diag.c \
	libgaipolicy/diag.h \
	libgaipolicy/nearest.c \
	libgaipolicy/nearest.h \
	libgaipolicy/text.c \
	libgaipolicy/guard/chain.c \
	libgaipolicy/guard/nsswitch.c \
	libgaipolicy/guard/nsswitch_edit.c \
	libgaipolicy/guard/config.c \
	libgaipolicy/guard/config.h \
	libgaipolicy/guard/config_cross.c \
	libgaipolicy/guard/config_edit.c \
	libgaipolicy/guard/config_files.c \
	libgaipolicy/guard/config_keys.c \
	libgaipolicy/guard/config_line.c \
	libgaipolicy/guard/config_net.c \
	libgaipolicy/guard/config_private.h \
	libgaipolicy/guard/config_read.c \
	libgaipolicy/guard/config_report.c \
	libgaipolicy/guard/config_type.c \
	libgaipolicy/guard/config_value.c \
	libgaipolicy/guard/elf.c \
	libgaipolicy/guard/elf.h \
	libgaipolicy/guard/hint_parse.c \
	libgaipolicy/guard/idna.c \
	libgaipolicy/guard/idna.h \
	libgaipolicy/guard/nscd.c \
	libgaipolicy/guard/nscd.h \
	libgaipolicy/guard/qtype.c \
	libgaipolicy/guard/qtype.h \
	libgaipolicy/guard/owner.c \
	libgaipolicy/guard/owner.h \
	libgaipolicy/guard/owner_private.h \
	libgaipolicy/guard/pool.c \
	libgaipolicy/guard/pool.h \
	libgaipolicy/guard/reach_write.c \
	libgaipolicy/guard/records.c \
	libgaipolicy/guard/records.h \
	libgaipolicy/guard/resolvconf.c \
	libgaipolicy/guard/resolvconf.h \
	libgaipolicy/guard/rules_build.c \
	libgaipolicy/guard/rules_build.h \
	libgaipolicy/guard/rules_build_private.h \
	libgaipolicy/guard/rules_index.c \
	libgaipolicy/guard/rules_ranges.c \
	libgaipolicy/guard/rules_report.c \
	libgaipolicy/guard/sockdiag.c \
	libgaipolicy/guard/sockdiag.h \
	libgaipolicy/guard/sockdiag_one.c \
	libgaipolicy/guard/sockdiag_parse.c \
	libgaipolicy/guard/sockdiag_private.h \
	libgaipolicy/guard/spawn.c \
	libgaipolicy/guard/spawn.h \
	libgaipolicy/gaiconf/block.c \
	libgaipolicy/gaiconf/block.h \
	libgaipolicy/gaiconf/cover.c \
	libgaipolicy/gaiconf/cover.h \
	libgaipolicy/gaiconf/diff.c \
	libgaipolicy/gaiconf/diff.h \
	libgaipolicy/gaiconf/document.c \
	libgaipolicy/gaiconf/document.h \
	libgaipolicy/gaiconf/edit.c \
	libgaipolicy/gaiconf/edit.h \
	libgaipolicy/gaiconf/edit_line.c \
	libgaipolicy/gaiconf/edit_private.h \
	libgaipolicy/gaiconf/edit_table.c \
	libgaipolicy/gaiconf/file.c \
	libgaipolicy/gaiconf/history.c \
	libgaipolicy/gaiconf/history_entry.c \
	libgaipolicy/gaiconf/index.c \
	libgaipolicy/gaiconf/index.h \
	libgaipolicy/gaiconf/inside.c \
	libgaipolicy/gaiconf/inside.h \
	libgaipolicy/gaiconf/lint.c \
	libgaipolicy/gaiconf/lint.h \
	libgaipolicy/gaiconf/lint_equal.c \
	libgaipolicy/gaiconf/lint_line.c \
	libgaipolicy/gaiconf/lint_private.h \
	libgaipolicy/gaiconf/promise.c \
	libgaipolicy/gaiconf/promise.h \
	libgaipolicy/gaiconf/path.c \
	libgaipolicy/gaiconf/store.c \
	libgaipolicy/gaiconf/store.h \
	libgaipolicy/gaiconf/store_private.h \
	libgaipolicy/gaiconf/undo.c \
	libgaipolicy/gaiconf/undo.h \
	libgaipolicy/gaiconf/vendor.c \
	libgaipolicy/gaiconf/vendor.h \
	libgaipolicy/rfc6724/label.c \
	libgaipolicy/rfc6724/label_set.c \
	libgaipolicy/rfc6724/label.h
libgpcore_la_CFLAGS = $(AM_CFLAGS) $(FORTIFY) $(INIH_CFLAGS) $(IDN2_CFLAGS)
libgpcore_la_LIBADD = libgpdoor.la $(INIH_LIBS) $(IDN2_LIBS)

lib_LTLIBRARIES += libgaipolicy.la
include_HEADERS += libgaipolicy/gaipolicy.h
libgaipolicy_la_SOURCES =
# current:revision:age. No ABI promise before 1.0.
libgaipolicy_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined \
	-Wl,--version-script=$(srcdir)/libgaipolicy/libgaipolicy.map
libgaipolicy_la_LIBADD = libgpdoor.la
EXTRA_libgaipolicy_la_DEPENDENCIES = libgaipolicy/libgaipolicy.map
EXTRA_DIST += libgaipolicy/libgaipolicy.map
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = libgaipolicy/libgaipolicy.pc
