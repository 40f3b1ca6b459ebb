/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_gai.c - the prefixes known to be local, on their way to the steward, and what he
 * made of them. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "guard/chain.h"
#include "worker_private.h"

#define NSSWITCH "/etc/nsswitch.conf"

/* `v6guard enable` was here, and `disable` was not since. */
static bool is_enabled(void)
{
	static char bytes[64 * 1024];
	const int fd = open(NSSWITCH, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct gp_hosts_line hosts;
	ssize_t size;

	if (fd < 0)
		return false;
	size = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (size < 0)
		return false;
	gp_hosts_line_find(bytes, (size_t)size, &hosts);
	return hosts.enabled;
}

static bool may_keep(void)
{
	return may_act() && is_enabled();
}

void tell_known_local(struct worker *worker)
{
	struct message message = {.u.ula = {.count = 0}};

	if (worker->settings.known_local && may_keep())
		message.u.ula = netwatch_state(worker->net)->ula;
	if (worker->ula_told.count <= ULA_ROWS &&
	    ula_rows_are_same(&worker->ula_told, &message.u.ula))
		return;
	/* Else it is told with the next beat. */
	if (message_send(worker->files->steward_fd, MESSAGE_ULA, &message))
		worker->ula_told = message.u.ula;
}

void on_gai(struct worker *worker, const struct knownlocal_report *report)
{
	worker->gai = *report;
	eventlog_write(worker->log, EVENT_DOOR, report_known_local(report, "gai"));
}

struct knownlocal_report known_local(const struct worker *worker)
{
	struct knownlocal_report report = worker->gai;

	if (report.state != KNOWNLOCAL_ON || report.rows.count || may_keep())
		return report;
	report.state = KNOWNLOCAL_OFF;
	snprintf(report.detail, sizeof(report.detail),
		 "v6guard is off or not enabled, enforce = no, or no policy is in force");
	return report;
}
