# SPDX-License-Identifier: LGPL-2.1-or-later
# libnssdoor: the module's code, for itself and for tests that reach inside.
noinst_LTLIBRARIES += libnssdoor.la
libnssdoor_la_SOURCES = \
	nss/answer.c \
	nss/answer.h \
	nss/backend.c \
	nss/backend.h \
	nss/facts.c \
	nss/facts.h \
	nss/hold.c \
	nss/hold.h \
	nss/life.c \
	nss/life.h \
	nss/narrow.c \
	nss/narrow.h \
	nss/nss_v6guard.c \
	nss/own.c \
	nss/own.h \
	nss/pack.c \
	nss/pack.h \
	nss/route.c \
	nss/route.h \
	nss/searchlist.c \
	nss/searchlist.h \
	nss/slot.c \
	nss/slot.h \
	nss/tell.c \
	nss/tell.h \
	nss/thread.c \
	nss/thread.h
libnssdoor_la_CFLAGS = $(door_cflags)
libnssdoor_la_LIBADD = libgpdoor.la

nss_LTLIBRARIES += libnss_v6guard.la
libnss_v6guard_la_SOURCES =
libnss_v6guard_la_LIBADD = libnssdoor.la
# nodelete: a thread may be inside us when somebody closes the handle. No lazy binding:
# nothing may be missing at the first lookup. No --exclude-libs: the code comes from an
# archive, so it would hide the entry points as well; the map hides the rest.
libnss_v6guard_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shrext .so.2 -no-undefined \
	-Wl,--version-script=$(srcdir)/nss/libnss_v6guard.map -Wl,-z,nodelete
EXTRA_libnss_v6guard_la_DEPENDENCIES = nss/libnss_v6guard.map nss/local.mk
EXTRA_DIST += nss/libnss_v6guard.map
dist_man_MANS += nss/libnss_v6guard.8

# libpreloaddoor: the same for the preload door.
noinst_LTLIBRARIES += libpreloaddoor.la
libpreloaddoor_la_SOURCES = \
	nss/noaaaa.c \
	nss/noaaaa.h \
	nss/arrange.c \
	nss/arrange.h \
	nss/facts.c \
	nss/facts.h \
	nss/happy.c \
	nss/happy.h \
	nss/hold.c \
	nss/hold.h \
	nss/hosts_line.c \
	nss/hosts_line.h \
	nss/inline.c \
	nss/inline.h \
	nss/inline_known.c \
	nss/inline_private.h \
	nss/life.c \
	nss/life.h \
	nss/memo.c \
	nss/memo.h \
	nss/order.c \
	nss/order.h \
	nss/own.c \
	nss/own.h \
	nss/preload.c \
	nss/relink.c \
	nss/relink.h \
	nss/route.c \
	nss/route.h \
	nss/tell.c \
	nss/tell.h \
	nss/unfortified.h \
	nss/unclosed.c \
	nss/unclosed.h
libpreloaddoor_la_CFLAGS = $(door_cflags)
libpreloaddoor_la_LIBADD = libgpdoor.la

lib_LTLIBRARIES += libv6guard-preload.la
libv6guard_preload_la_SOURCES =
libv6guard_preload_la_LIBADD = libpreloaddoor.la
libv6guard_preload_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -no-undefined \
	-Wl,--version-script=$(srcdir)/nss/libv6guard-preload.map -Wl,-z,nodelete
EXTRA_libv6guard_preload_la_DEPENDENCIES = nss/libv6guard-preload.map nss/local.mk
EXTRA_DIST += nss/libv6guard-preload.map
dist_man_MANS += nss/libv6guard-preload.8
