/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lint_equal.c - IPv4 and IPv6 with one precedence, and what would put either first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaiconf/lint_private.h"
#include "gaiconf/promise.h"
#include "text.h"

#define IPV4_FIRST "# promise: ::ffff:0:0/96 before 2000::/3"
#define IPV6_FIRST "# promise: 2000::/3 before ::ffff:0:0/96"

/* "precedence ::ffff:0:0/96 100" and the like. */
static enum gp_status suggest(const struct gp_table *table, bool is_ipv4_first,
			      struct gp_sink *fix)
{
	const char *line = is_ipv4_first ? IPV4_FIRST : IPV6_FIRST;
	struct gp_promise promise;
	struct gp_promise_plan plan;
	struct gp_row wish;
	enum gp_status status = gp_promise_parse(line, strlen(line), &promise);

	if (status != GP_OK)
		return status;
	wish = is_ipv4_first ? promise.one : promise.other;
	wish.value = is_ipv4_first ? 100 : 10;
	status = gp_promise_plan(&promise, table, &wish, &plan);
	if (status != GP_OK)
		return status;
	for (size_t i = 0; i < plan.count; i++) {
		char prefix[GP_PREFIX_TEXT], text[GP_PREFIX_TEXT + 40];

		gp_row_format(GP_TABLE_PRECEDENCE, &plan.list[i].row, prefix);
		snprintf(text, sizeof(text), "%sprecedence %s %d", i ? "; " : "", prefix,
			 (int)plan.list[i].row.value);
		gp_sink_text(fix, text);
	}
	gp_promise_plan_free(&plan);
	return GP_OK;
}

/* The row of IPv4 that has the value of one of IPv6, or NULL. */
static const struct gp_decider *find_equal(const struct gp_deciders *ipv4,
					   const struct gp_deciders *ipv6)
{
	for (size_t i = 0; i < ipv4->count; i++)
		for (size_t j = 0; j < ipv6->count; j++)
			if (ipv4->list[i].row.value == ipv6->list[j].row.value)
				return &ipv4->list[i];
	return NULL;
}

static enum gp_status say_equal(struct gp_findings *findings,
				const struct gp_table *table,
				const struct gp_decider *equal)
{
	struct gp_lint_spot spot = {findings, 0, 0, GP_SEVERITY_WARNING,
				    "equal-precedence"};
	struct gp_sink fix = {.text = NULL};
	enum gp_status status = suggest(table, true, &fix);

	gp_sink_text(&fix, ", or ");
	if (status == GP_OK)
		status = suggest(table, false, &fix);
	gp_sink_text(&fix, " for IPv6 first");
	spot.line = equal->from && equal->from->line ? equal->from->line
						     : gp_lint_first_line(table);
	if (status == GP_OK && !fix.has_failed)
		gp_lint_add(&spot, fix.text,
			    "IPv4 and IPv6 have the same precedence, %d: which comes "
			    "first is left to chance",
			    (int)equal->row.value);
	findings->has_failed |= fix.has_failed;
	free(fix.text);
	return status;
}

enum gp_status gp_lint_equal(struct gp_findings *findings, const struct gp_table *table)
{
	struct gp_promise promise;
	struct gp_deciders ipv4 = {.list = NULL}, ipv6 = {.list = NULL};
	const struct gp_decider *equal;
	enum gp_status status =
		gp_promise_parse(IPV4_FIRST, strlen(IPV4_FIRST), &promise);

	if (table->is_builtin)
		return GP_OK;
	if (status == GP_OK)
		status =
			gp_deciders_find(GP_TABLE_PRECEDENCE, table, &promise.one, &ipv4);
	if (status == GP_OK)
		status = gp_deciders_find(GP_TABLE_PRECEDENCE, table, &promise.other,
					  &ipv6);
	equal = status == GP_OK ? find_equal(&ipv4, &ipv6) : NULL;
	if (equal)
		status = say_equal(findings, table, equal);
	gp_deciders_free(&ipv4);
	gp_deciders_free(&ipv6);
	return status;
}
