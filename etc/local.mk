# SPDX-License-Identifier: LGPL-2.1-or-later
confdir = $(sysconfdir)/v6guard
dist_conf_DATA = etc/v6guard.conf
dist_man_MANS += etc/v6guard.conf.5
