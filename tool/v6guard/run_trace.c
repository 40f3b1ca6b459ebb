/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_trace.c - what the doors of a program say that they decided. */
#include <string.h>
#include <strings.h>

#include "known.h"
#include "run.h"

/* Other reasons hold whatever rule there is. */
static bool is_by_rule(enum gp_reason reason)
{
	return reason == GP_WHY_NOTHING || reason == GP_WHY_MODE ||
	       reason == GP_WHY_LAST_ADDRESS || reason == GP_WHY_NO_USABLE_IPV4 ||
	       reason == GP_WHY_NO_USABLE_IPV6 || reason == GP_WHY_BROKEN ||
	       reason == GP_WHY_SLOW || reason == GP_WHY_UNTESTED ||
	       reason == GP_WHY_NO_ROUTE;
}

/* "mode", "rule partner: mode"; of an address that a rule leaves alone "rule partner". */
static void why_of(const struct gp_rules *rules, const struct gp_trace *message,
		   unsigned i, char *text, size_t size)
{
	const enum gp_reason reason = (enum gp_reason)message->addresses[i].reason;
	const char *name = gp_reason_name(reason);
	const unsigned priority = is_by_rule(reason) ? message->addresses[i].rule : 0;
	struct gp_guard_rule rule;

	if (!name)
		name = "?";
	if (reason == GP_WHY_NOTHING)
		name = "";
	if (!priority)
		snprintf(text, size, "%s", name);
	else if (rules && gp_rules_by_priority(rules, priority, &rule))
		snprintf(text, size, "rule %s%s%s", rule.name, name[0] ? ": " : "", name);
	else
		snprintf(text, size, "rule of priority %u%s%s", priority,
			 name[0] ? ": " : "", name);
}

static void print_address(const struct gp_rules *rules, const struct gp_trace *message,
			  unsigned i)
{
	struct gp_addr addr = {.family = message->addresses[i].family,
			       .scope_id = message->addresses[i].scope_id};
	const char *what = gp_disposition_name(
		(enum gp_disposition)message->addresses[i].disposition);
	char text[GP_ADDR_TEXT], why[GP_RULE_NAME + 64];

	memcpy(addr.bytes, message->addresses[i].bytes, sizeof(addr.bytes));
	fprintf(stderr, "%s %s", i ? "," : "", gp_addr_format(&addr, text));
	why_of(rules, message, i, why, sizeof(why));
	if (why[0])
		fprintf(stderr, " %s (%s)", what ? what : "?", why);
}

static void keep_address(struct run_names *names, const struct gp_trace *message,
			 unsigned i)
{
	struct gp_addr addr = {.family = message->addresses[i].family};

	memcpy(addr.bytes, message->addresses[i].bytes, sizeof(addr.bytes));
	for (size_t j = 0; j < names->count; j++)
		if (names->list[j].family == addr.family &&
		    !memcmp(names->list[j].bytes, addr.bytes, sizeof(addr.bytes)))
			return;
	if (names->count < sizeof(names->list) / sizeof(names->list[0]))
		names->list[names->count++] = addr;
}

static size_t length_of(const char *name)
{
	const size_t length = strlen(name);

	return length && name[length - 1] == '.' ? length - 1 : length;
}

/* " (dual.example)": what was found, if that is another name than was asked for. */
static void found_text(const struct gp_trace *message, char *text, size_t size)
{
	const size_t length = length_of(message->found);
	char found[GP_TRACE_NAME];

	text[0] = '\0';
	if (!length || (length == length_of(message->name) &&
			!strncasecmp(message->name, message->found, length)))
		return;
	known_text(found, sizeof(found), message->found);
	snprintf(text, size, " (%s)", found);
}

static void print(const struct gp_rules *rules, const struct gp_trace *message, long pid)
{
	const char *mode = gp_mode_name((enum gp_mode)message->mode);
	const char *outcome = message->acts      ? "changed"
			      : message->differs ? "would be changed (enforce = no)"
						 : "unchanged";
	char name[GP_TRACE_NAME], found[GP_TRACE_NAME + 4];

	known_text(name, sizeof(name), message->name);
	found_text(message, found, sizeof(found));
	if (!message->count) {
		fprintf(stderr, "v6guard: [%ld] %s%s: %s: left alone\n", pid, name, found,
			mode ? mode : "?");
		return;
	}
	fprintf(stderr, "v6guard: [%ld] %s%s: %s: %s:", pid, name, found,
		mode ? mode : "?", outcome);
	for (unsigned i = 0; i < message->count && i < GP_TRACE_ADDRESSES; i++)
		print_address(rules, message, i);
	if (message->count > GP_TRACE_ADDRESSES)
		fprintf(stderr, " and %u more",
			(unsigned)message->count - GP_TRACE_ADDRESSES);
	fputc('\n', stderr);
}

void run_trace_note(struct run_trace *trace, struct gp_trace *message, long pid)
{
	for (unsigned i = 0; i < message->count && i < GP_TRACE_ADDRESSES; i++)
		keep_address(&trace->names, message, i);
	if (trace->is_shown)
		print(trace->rules, message, pid);
}
