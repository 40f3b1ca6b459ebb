/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.h - what the worker says of itself, as JSON. Results are new references. */
#ifndef TOOL_V6GUARDD_REPORT_H
#define TOOL_V6GUARDD_REPORT_H

#include <jansson.h>

#include "guard/rules.h"
#include "hints.h"
#include "knownlocal.h"
#include "watch/netwatch.h"
#include "watch/verdict.h"

/** Verdicts that status carries at most; `verdict list` has them all. */
#define REPORT_VERDICTS 100

/** The parts of status that others know. */
struct report {
	const struct netwatch_state *net;
	const struct verdicts *verdicts;
	const struct hints *hints;
	const struct gp_rules *rules; /* that are in force, for their names; NULL: none */
	long long generation;         /* of the snapshot, -1: there is none */
	const char *probe;            /* "suspects" */
	bool rescue_wanted;
	const char *rescue_state, *rescue_detail;
	const struct knownlocal_report *known_local;
	const char *dns_state, *dns_detail;
	uint64_t probes, dumps, rescues;
	const char *config_error; /* "": the configuration in force is the files' */
	long long started_ms, now_ms;
};

json_t *report_status(const struct report *report);

/** {"verdicts": [...]}: at most MAX, prefixes first. */
json_t *report_verdicts(const struct verdicts *verdicts, size_t max, long long now_ms);

/** The fields of an event about VIEW. */
json_t *report_change(const struct verdict_view *view, long long now_ms);

/** State, rows and detail; DOOR (may be NULL) as the event about it has it. */
json_t *report_known_local(const struct knownlocal_report *known, const char *door);

json_t *report_address(const struct gp_addr *addr);

#endif
