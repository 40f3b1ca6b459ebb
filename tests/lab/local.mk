# SPDX-License-Identifier: LGPL-2.1-or-later
# Not part of `make check`: it needs namespaces and a staged install (./quickstart build).
EXTRA_DIST += \
	tests/lab/ask.py \
	tests/lab/ask_many.py \
	tests/lab/demo.sh \
	tests/lab/fake_control.py \
	tests/lab/flood_hints.c \
	tests/lab/lab.sh \
	tests/lab/load.py \
	tests/lab/man_examples.py \
	tests/lab/nat64.sh \
	tests/lab/many.py \
	tests/lab/odd_dns.py \
	tests/lab/on_terminal.py \
	tests/lab/cares.c \
	tests/lab/closed.py \
	tests/lab/process.c \
	tests/lab/resign.py \
	tests/lab/rain.c \
	tests/lab/rude_dns.py \
	tests/lab/replay_dns.py \
	tests/lab/run.sh \
	tests/lab/server.py \
	tests/lab/sizes.py \
	tests/lab/slow.py \
	tests/lab/t_cli.sh \
	tests/lab/t_clients.sh \
	tests/lab/t_completions.sh \
	tests/lab/t_crash.sh \
	tests/lab/t_daemon.sh \
	tests/lab/t_distros.sh \
	tests/lab/t_dns.sh \
	tests/lab/t_dns_apply.sh \
	tests/lab/t_dns_cli.sh \
	tests/lab/t_dns_crash.sh \
	tests/lab/t_dns_enable.sh \
	tests/lab/t_dns_deep.sh \
	tests/lab/t_dns_conform.sh \
	tests/lab/t_dns_links.sh \
	tests/lab/t_dns_flood.sh \
	tests/lab/t_dns_listen.sh \
	tests/lab/t_dns_faults.sh \
	tests/lab/t_dns_load.sh \
	tests/lab/t_dns_nat64.sh \
	tests/lab/t_dns_odd.sh \
	tests/lab/t_dns_rules.sh \
	tests/lab/t_dns_path.sh \
	tests/lab/t_dns_rude.sh \
	tests/lab/t_dns_slow.sh \
	tests/lab/t_dns_sec.sh \
	tests/lab/t_dns_time.sh \
	tests/lab/t_dns_once.sh \
	tests/lab/t_dns_start.sh \
	tests/lab/t_evidence.sh \
	tests/lab/t_healing.sh \
	tests/lab/t_hints.sh \
	tests/lab/t_kernel.sh \
	tests/lab/t_policy.sh \
	tests/lab/t_preload.sh \
	tests/lab/t_process.sh \
	tests/lab/t_race.sh \
	tests/lab/t_rules.sh \
	tests/lab/t_running.sh \
	tests/lab/t_status.sh \
	tests/lab/t_stuck.sh \
	tests/lab/t_ula.sh

check-lab:
	$(srcdir)/tests/lab/run.sh
.PHONY: check-lab
