# SPDX-License-Identifier: LGPL-2.1-or-later
# Built inside its folder: ./v6guard in the checkout is the script that runs the staged one.
bin_PROGRAMS += tool/v6guard/v6guard
tool_v6guard_v6guard_SOURCES = \
	tool/v6guard/change.c \
	tool/v6guard/change.h \
	tool/v6guard/cli.h \
	tool/v6guard/cmd_apply.c \
	tool/v6guard/cmd_config.c \
	tool/v6guard/cmd_enable.c \
	tool/v6guard/cmd_history.c \
	tool/v6guard/cmd_mode.c \
	tool/v6guard/cmd_nss.c \
	tool/v6guard/cmd_off.c \
	tool/v6guard/cmd_status.c \
	tool/v6guard/main.c \
	tool/v6guard/managed.c \
	tool/v6guard/nscd.c \
	tool/v6guard/nscd.h \
	tool/v6guard/nssfile.c \
	tool/v6guard/nssfile.h \
	tool/v6guard/options.c \
	tool/v6guard/options.h \
	tool/v6guard/out.c \
	tool/v6guard/out.h \
	tool/v6guard/policy.c \
	tool/v6guard/policy.h \
	tool/v6guard/report.c \
	tool/v6guard/verify.c \
	tool/v6guard/verify.h
tool_v6guard_v6guard_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tool_v6guard_v6guard_LDADD = libgpcore.la $(JANSSON_LIBS)
dist_man_MANS += tool/v6guard/v6guard.8
