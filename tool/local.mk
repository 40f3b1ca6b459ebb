# SPDX-License-Identifier: LGPL-2.1-or-later
bin_PROGRAMS += v6guard
v6guard_SOURCES = tool/v6guard/main.c
v6guard_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
v6guard_LDADD = libgpcore.la $(JANSSON_LIBS)
dist_man_MANS += tool/v6guard/v6guard.8
