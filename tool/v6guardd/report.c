/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.c - status, verdicts and events as JSON. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

json_t *report_address(const struct gp_addr *addr)
{
	char text[GP_ADDR_TEXT];

	return addr->family ? json_string(gp_addr_format(addr, text)) : json_null();
}

/* Whole seconds; a test that is overdue waits in the prober's queue. */
static json_t *seconds_until(long long at_ms, long long now_ms)
{
	if (!at_ms)
		return json_null();
	return json_integer(at_ms > now_ms ? (at_ms - now_ms + 999) / 1000 : 0);
}

static json_t *prefix_value(const struct gp_prefix *prefix)
{
	char text[GP_PREFIX_TEXT];

	return json_string(gp_prefix_format(prefix, text));
}

static json_t *view_value(const struct verdict_view *view, long long now_ms)
{
	return json_pack("{s:o s:s s:s s:o s:o s:I s:o s:o}", "prefix",
			 prefix_value(&view->prefix), "verdict",
			 gp_verdict_name(view->verdict), "evidence",
			 verdict_evidence_name(view->evidence), "port",
			 view->port ? json_integer(view->port) : json_null(), "partner",
			 report_address(&view->partner), "age",
			 (json_int_t)((now_ms - view->since_ms) / 1000), "expires",
			 seconds_until(view->expires_ms, now_ms), "next_test",
			 seconds_until(view->next_test_ms, now_ms));
}

json_t *report_change(const struct verdict_view *view, long long now_ms)
{
	json_t *fields = view_value(view, now_ms);

	if (fields) {
		json_object_del(fields, "age");
		json_object_set_new(fields, "was",
				    json_string(gp_verdict_name(view->was)));
	}
	return fields;
}

/* ---- verdicts ---- */

struct listing {
	json_t *list;
	size_t max, more;
	long long now_ms;
	bool is_trouble_only;
};

static void list_one(void *ctx, const struct verdict_view *view)
{
	struct listing *listing = ctx;
	const bool is_trouble = view->verdict == GP_VERDICT_BROKEN ||
				view->verdict == GP_VERDICT_SLOW ||
				view->evidence == VERDICT_BY_OPERATOR;

	if (listing->is_trouble_only && !is_trouble)
		return;
	if (json_array_size(listing->list) < listing->max)
		json_array_append_new(listing->list, view_value(view, listing->now_ms));
	else
		listing->more++;
}

json_t *report_verdicts(const struct verdicts *verdicts, size_t max, long long now_ms)
{
	struct listing listing = {json_array(), max, 0, now_ms, false};

	if (!listing.list)
		return NULL;
	verdicts_each(verdicts, list_one, &listing);
	return json_pack("{s:o s:I}", "verdicts", listing.list, "more",
			 (json_int_t)listing.more);
}

/* ---- status ---- */

static json_t *counters_value(const uint64_t counters[GP_COUNTERS])
{
	json_t *value = json_object();

	for (int i = 0; value && i < GP_COUNTERS; i++)
		json_object_set_new(value, gp_counter_name((enum gp_counter)i),
				    json_integer((json_int_t)counters[i]));
	return value;
}

static json_t *reporter_value(const struct hints_reporter *reporter)
{
	json_t *value = counters_value(reporter->counters);

	json_object_set_new(value, "uid", json_integer(reporter->uid));
	json_object_set_new(value, "hints", json_integer((json_int_t)reporter->hints));
	json_object_set_new(value, "refused",
			    json_integer((json_int_t)reporter->refused));
	json_object_set_new(value, "malformed",
			    json_integer((json_int_t)reporter->malformed));
	return value;
}

/* Of all users together, at most so many: the answer has to stay short. */
#define RULES_SHOWN 32
#define PROGRAMS_SHOWN 16

static void add_rule(struct hints_rule *sum, size_t *count, const struct hints_rule *one)
{
	size_t i = 0;

	while (i < *count &&
	       (sum[i].priority != one->priority || sum[i].door != one->door))
		i++;
	if (i == RULES_SHOWN)
		return;
	if (i == *count)
		sum[(*count)++] =
			(struct hints_rule){.priority = one->priority, .door = one->door};
	sum[i].observed += one->observed;
	sum[i].acted += one->acted;
}

static json_t *rule_value(const struct report *report, const struct hints_rule *rule)
{
	static const char *const doors[] = {"nss", "preload", "dns"};
	struct gp_guard_rule known;
	const bool is_known = report->rules &&
			      gp_rules_by_priority(report->rules, rule->priority, &known);

	return json_pack("{s:o s:i s:s s:I s:I}", "rule",
			 is_known ? json_string(known.name) : json_null(), "priority",
			 rule->priority, "door", doors[rule->door], "observed",
			 (json_int_t)rule->observed, "acted", (json_int_t)rule->acted);
}

static void add_rules(struct hints_rule *sum, size_t *count,
		      const struct hints_reporter *reporter)
{
	for (size_t i = 0; i < reporter->rule_count; i++)
		add_rule(sum, count, &reporter->rules[i]);
}

static json_t *rules_value(const struct report *report)
{
	struct hints_rule sum[RULES_SHOWN];
	json_t *value = json_array();
	size_t reporters, count = 0;
	const struct hints_reporter *list = hints_reporters(report->hints, &reporters);

	for (size_t i = 0; i < reporters; i++)
		add_rules(sum, &count, &list[i]);
	add_rules(sum, &count, hints_own(report->hints));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(value, rule_value(report, &sum[i]));
	return value;
}

static bool has_string(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_string_value(json_array_get(list, i)), text))
			return true;
	return false;
}

static json_t *would_value(const struct report *report)
{
	const struct hints_reporter *own = hints_own(report->hints);
	uint64_t lookups = own->would_lookups, last = own->would_last;
	json_t *programs = json_array();
	size_t reporters;
	const struct hints_reporter *list = hints_reporters(report->hints, &reporters);

	for (size_t i = 0; i < reporters; i++) {
		lookups += list[i].would_lookups;
		last += list[i].would_last;
		for (size_t j = 0; j < list[i].program_count; j++)
			if (json_array_size(programs) < PROGRAMS_SHOWN &&
			    !has_string(programs, list[i].programs[j]))
				json_array_append_new(programs,
						      json_string(list[i].programs[j]));
	}
	return json_pack("{s:I s:o s:I}", "lookups", (json_int_t)lookups, "programs",
			 programs, "last_address_cases", (json_int_t)last);
}

static json_t *all_counters(const struct report *report)
{
	uint64_t sum[GP_COUNTERS] = {0}, hints = 0;
	json_t *reporters = json_array();
	size_t count;
	const struct hints_reporter *list = hints_reporters(report->hints, &count);

	memcpy(sum, hints_own(report->hints)->counters, sizeof(sum));
	for (size_t i = 0; i < count; i++) {
		hints += list[i].hints;
		for (size_t j = 0; j < GP_COUNTERS; j++)
			sum[j] += list[i].counters[j];
		json_array_append_new(reporters, reporter_value(&list[i]));
	}
	return json_pack("{s:I s:I s:I s:I s:o s:o s:o s:o}", "hints", (json_int_t)hints,
			 "probes", (json_int_t)report->probes, "dumps",
			 (json_int_t)report->dumps, "rescues",
			 (json_int_t)report->rescues, "reported", counters_value(sum),
			 "rules", rules_value(report), "would", would_value(report),
			 "reporters", reporters);
}

static long long resident_kb(void)
{
	long long total = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lld %lld", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static json_t *rescue_value(const struct report *report)
{
	return json_pack("{s:s s:s s:s}", "mode", report->rescue_wanted ? "on" : "off",
			 "state", report->rescue_state, "detail", report->rescue_detail);
}

json_t *report_known_local(const struct knownlocal_report *known, const char *door)
{
	json_t *rows = json_array(), *value;

	for (size_t i = 0; i < known->rows.count; i++)
		json_array_append_new(rows, prefix_value(&known->rows.rows[i]));
	value = json_pack("{s:s s:o s:s}", "state",
			  knownlocal_state_name((enum knownlocal_state)known->state),
			  "known_local", rows, "detail", known->detail);
	if (value && door)
		json_object_set_new(value, "door", json_string(door));
	return value;
}

json_t *report_status(const struct report *report)
{
	struct listing listing = {json_array(), REPORT_VERDICTS, 0, report->now_ms, true};
	json_t *generation =
		report->generation < 0 ? json_null() : json_integer(report->generation);

	verdicts_each(report->verdicts, list_one, &listing);
	return json_pack(
		"{s:i s:o s:I s:b s:b s:s s:o s:o s:{s:s s:s} s:o s:I s:o s:o s:I s:I}",
		"pid", (int)getpid(), "generation", generation, "epoch",
		(json_int_t)report->net->epoch, "ipv4_usable", report->net->ipv4_usable,
		"ipv6_default", report->net->ipv6_default, "probe", report->probe,
		"rescue", rescue_value(report), "gai",
		report_known_local(report->known_local, NULL), "dns", "state",
		report->dns_state, "detail", report->dns_detail, "verdicts", listing.list,
		"more", (json_int_t)listing.more, "counters", all_counters(report),
		"config_error",
		report->config_error[0] ? json_string(report->config_error) : json_null(),
		"uptime", (json_int_t)((report->now_ms - report->started_ms) / 1000),
		"rss_kb", (json_int_t)resident_kb());
}
