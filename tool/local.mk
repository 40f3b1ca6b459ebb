# SPDX-License-Identifier: LGPL-2.1-or-later
# Built inside its folder: ./v6guard in the checkout is the script that runs the staged one.
bin_PROGRAMS += tool/v6guard/v6guard
tool_v6guard_v6guard_SOURCES = \
	tool/v6guard/attach.h \
	tool/v6guard/change.c \
	tool/v6guard/change.h \
	tool/v6guard/cli.h \
	tool/v6guard/cmd_apply.c \
	tool/v6guard/cmd_attach.c \
	tool/v6guard/cmd_config.c \
	tool/v6guard/cmd_enable.c \
	tool/v6guard/cmd_history.c \
	tool/v6guard/cmd_mode.c \
	tool/v6guard/cmd_nss.c \
	tool/v6guard/cmd_off.c \
	tool/v6guard/cmd_policy.c \
	tool/v6guard/cmd_policy_apply.c \
	tool/v6guard/cmd_policy_lint.c \
	tool/v6guard/cmd_policy_show.c \
	tool/v6guard/cmd_preset.c \
	tool/v6guard/cmd_resolver.c \
	tool/v6guard/cmd_resolver_enable.c \
	tool/v6guard/cmd_rule.c \
	tool/v6guard/cmd_run.c \
	tool/v6guard/cmd_status.c \
	tool/v6guard/cmd_stuck.c \
	tool/v6guard/cmd_verdict.c \
	tool/v6guard/cmd_watch.c \
	tool/v6guard/command.h \
	tool/v6guard/complete.c \
	tool/v6guard/confedit.c \
	tool/v6guard/confedit.h \
	tool/v6guard/daemon.c \
	tool/v6guard/daemon.h \
	tool/v6guard/dnsask.c \
	tool/v6guard/dnsask.h \
	tool/v6guard/events.c \
	tool/v6guard/events.h \
	tool/v6guard/gai.c \
	tool/v6guard/gai.h \
	tool/v6guard/guardpreset.c \
	tool/v6guard/guardpreset.h \
	tool/v6guard/known.c \
	tool/v6guard/known.h \
	tool/v6guard/main.c \
	tool/v6guard/managed.c \
	tool/v6guard/nssfile.c \
	tool/v6guard/nssfile.h \
	tool/v6guard/options.c \
	tool/v6guard/options.h \
	tool/v6guard/out.c \
	tool/v6guard/out.h \
	tool/v6guard/policy.c \
	tool/v6guard/policy.h \
	tool/v6guard/preset.c \
	tool/v6guard/preset.h \
	tool/v6guard/report.c \
	tool/v6guard/resolv.c \
	tool/v6guard/resolv.h \
	tool/v6guard/resolver.h \
	tool/v6guard/run.h \
	tool/v6guard/run_child.c \
	tool/v6guard/run_policy.c \
	tool/v6guard/run_seen.c \
	tool/v6guard/run_target.c \
	tool/v6guard/run_trace.c \
	tool/v6guard/status.c \
	tool/v6guard/status.h \
	tool/v6guard/status_gai.c \
	tool/v6guard/status_preload.c \
	tool/v6guard/status_print.c \
	tool/v6guard/running.c \
	tool/v6guard/running.h \
	tool/v6guard/screen.c \
	tool/v6guard/screen.h \
	tool/v6guard/stuck.c \
	tool/v6guard/stuck.h \
	tool/v6guard/unit.c \
	tool/v6guard/unit.h \
	tool/v6guard/unit_find.c \
	tool/v6guard/verify.c \
	tool/v6guard/verify.h
tool_v6guard_v6guard_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tool_v6guard_v6guard_LDADD = libgpcore.la $(JANSSON_LIBS) $(RESOLV_LIBS)
dist_man_MANS += tool/v6guard/v6guard.8
dist_man_MANS += tool/v6guardd/v6guardd.8

# v6guardd: all but main.c in an archive, for the tests.
noinst_LTLIBRARIES += libgpdaemon.la
libgpdaemon_la_SOURCES = \
	tool/v6guardd/control.c \
	tool/v6guardd/control.h \
	tool/v6guardd/control_line.c \
	tool/v6guardd/control_line.h \
	tool/v6guardd/dns/answer.c \
	tool/v6guardd/dns/answer.h \
	tool/v6guardd/dns/answer_block.c \
	tool/v6guardd/dns/answer_build.c \
	tool/v6guardd/dns/answer_cut.c \
	tool/v6guardd/dns/answer_filter.c \
	tool/v6guardd/dns/answer_local.c \
	tool/v6guardd/dns/answer_private.h \
	tool/v6guardd/dns/answer_ptr.c \
	tool/v6guardd/dns/cache.c \
	tool/v6guardd/dns/cache.h \
	tool/v6guardd/dns/dns_config.c \
	tool/v6guardd/dns/dns_config.h \
	tool/v6guardd/dns/dns_config_check.c \
	tool/v6guardd/dns/dns_config_private.h \
	tool/v6guardd/dns/dns_config_servers.c \
	tool/v6guardd/dns/health.c \
	tool/v6guardd/dns/health.h \
	tool/v6guardd/dns/health_rules.c \
	tool/v6guardd/dns/health_rules.h \
	tool/v6guardd/dns/listen.c \
	tool/v6guardd/dns/listen.h \
	tool/v6guardd/dns/listen_bind.c \
	tool/v6guardd/dns/listen_bind.h \
	tool/v6guardd/dns/listen_private.h \
	tool/v6guardd/dns/listen_tcp.c \
	tool/v6guardd/dns/listen_udp.c \
	tool/v6guardd/dns/own.c \
	tool/v6guardd/dns/own.h \
	tool/v6guardd/dns/outage.c \
	tool/v6guardd/dns/outage.h \
	tool/v6guardd/dns/question.c \
	tool/v6guardd/dns/question.h \
	tool/v6guardd/dns/resolvconf.c \
	tool/v6guardd/dns/resolvconf.h \
	tool/v6guardd/dns/serve.c \
	tool/v6guardd/dns/serve.h \
	tool/v6guardd/dns/serve_lookup.c \
	tool/v6guardd/dns/serve_private.h \
	tool/v6guardd/dns/tidy.c \
	tool/v6guardd/dns/tidy.h \
	tool/v6guardd/dns/ub_library.c \
	tool/v6guardd/dns/ub_library.h \
	tool/v6guardd/dns/ub_loop.c \
	tool/v6guardd/dns/ub_loop.h \
	tool/v6guardd/dns/upstream.c \
	tool/v6guardd/dns/upstream.h \
	tool/v6guardd/dns/upstream_config.c \
	tool/v6guardd/dns/upstream_config.h \
	tool/v6guardd/dns/upstream_context.c \
	tool/v6guardd/dns/upstream_context.h \
	tool/v6guardd/dns/upstream_servers.c \
	tool/v6guardd/dns/upstream_servers.h \
	tool/v6guardd/dns/wire.c \
	tool/v6guardd/dns/wire.h \
	tool/v6guardd/eventlog.c \
	tool/v6guardd/eventlog.h \
	tool/v6guardd/files.c \
	tool/v6guardd/files.h \
	tool/v6guardd/folder.c \
	tool/v6guardd/folder.h \
	tool/v6guardd/hints.c \
	tool/v6guardd/hints.h \
	tool/v6guardd/knownlocal.c \
	tool/v6guardd/knownlocal.h \
	tool/v6guardd/message.c \
	tool/v6guardd/message.h \
	tool/v6guardd/notify.c \
	tool/v6guardd/notify.h \
	tool/v6guardd/rescue.c \
	tool/v6guardd/rescue.h \
	tool/v6guardd/sandbox.c \
	tool/v6guardd/sandbox.h \
	tool/v6guardd/say.c \
	tool/v6guardd/say.h \
	tool/v6guardd/settings.c \
	tool/v6guardd/settings.h \
	tool/v6guardd/steward.c \
	tool/v6guardd/steward.h \
	tool/v6guardd/worker.c \
	tool/v6guardd/worker_control.c \
	tool/v6guardd/worker_dns.c \
	tool/v6guardd/worker_dns_status.c \
	tool/v6guardd/worker_gai.c \
	tool/v6guardd/worker_private.h \
	tool/v6guardd/worker_watch.c \
	tool/v6guardd/worker.h \
	tool/v6guardd/report.c \
	tool/v6guardd/report.h \
	tool/v6guardd/watch/netwatch.c \
	tool/v6guardd/watch/netwatch.h \
	tool/v6guardd/watch/netwatch_facts.c \
	tool/v6guardd/watch/netwatch_facts.h \
	tool/v6guardd/watch/netwatch_parse.c \
	tool/v6guardd/watch/prober.c \
	tool/v6guardd/watch/prober.h \
	tool/v6guardd/watch/suspects.c \
	tool/v6guardd/watch/suspects.h \
	tool/v6guardd/watch/ula.c \
	tool/v6guardd/watch/ula.h \
	tool/v6guardd/watch/verdict.c \
	tool/v6guardd/watch/verdict_area.c \
	tool/v6guardd/watch/verdict_ask.c \
	tool/v6guardd/watch/verdict_judge.c \
	tool/v6guardd/watch/verdict_private.h \
	tool/v6guardd/watch/verdict_table.c \
	tool/v6guardd/watch/verdict.h
libgpdaemon_la_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(EVENT_CFLAGS) $(CAP_CFLAGS) $(SECCOMP_CFLAGS) $(UNBOUND_CFLAGS)
libgpdaemon_la_LIBADD = libgpcore.la $(JANSSON_LIBS) $(EVENT_LIBS) $(CAP_LIBS) $(SECCOMP_LIBS)

sbin_PROGRAMS += tool/v6guardd/v6guardd
tool_v6guardd_v6guardd_SOURCES = tool/v6guardd/main.c
tool_v6guardd_v6guardd_LDADD = libgpdaemon.la
