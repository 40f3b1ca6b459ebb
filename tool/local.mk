# SPDX-License-Identifier: LGPL-2.1-or-later
# Built inside its folder: ./v6guard in the checkout is the script that runs the staged one.
bin_PROGRAMS += tool/v6guard/v6guard
tool_v6guard_v6guard_SOURCES = tool/v6guard/main.c
tool_v6guard_v6guard_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tool_v6guard_v6guard_LDADD = libgpcore.la $(JANSSON_LIBS)
dist_man_MANS += tool/v6guard/v6guard.8
