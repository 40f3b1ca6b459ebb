/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* events.c - comparing two looks at the host. */
#include <stdarg.h>
#include <string.h>

#include "events.h"

static void add(struct events *events, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct events *events, const char *format, ...)
{
	const size_t at = events->count++ % EVENTS_KEPT;
	va_list args;

	events->fresh++;
	events->list[at].when = time(NULL);
	va_start(args, format);
	vsnprintf(events->list[at].text, sizeof(events->list[at].text), format, args);
	va_end(args);
}

/* ---- policy ---- */

static void compare_policy(struct events *events, const struct status *before,
			   const struct status *now)
{
	const bool was_good = before->policy.state == POLICY_GOOD;
	char text[1024];

	if (now->policy.state != POLICY_GOOD) {
		if (was_good)
			add(events, "the policy %s", now->policy.trouble);
		return;
	}
	if (!was_good ||
	    before->policy.snapshot.generation != now->policy.snapshot.generation) {
		policy_summary(&now->policy.snapshot, text, sizeof(text));
		add(events, "%.120s", text);
	}
	if (before->is_off && !now->is_off)
		add(events, "on again");
	else if (now->is_off && strcmp(before->off, now->off) != 0)
		add(events, "switched off: %s", now->off);
}

/* ---- the daemon ---- */

static const json_t *member(const struct status *status, const char *key)
{
	return json_object_get(status->daemon.json, key);
}

static long long number(const struct status *status, const char *key)
{
	return json_integer_value(member(status, key));
}

static long long rescues(const struct status *status)
{
	return json_integer_value(json_object_get(member(status, "counters"), "rescues"));
}

static void compare_facts(struct events *events, const struct status *before,
			  const struct status *now)
{
	const json_t *usable = member(now, "ipv4_usable");
	const char *error = json_string_value(member(now, "config_error"));
	const char *old_error = json_string_value(member(before, "config_error"));
	char text[120];

	if (number(before, "epoch") != number(now, "epoch"))
		add(events, "another network: what was found out is void (epoch %lld)",
		    number(now, "epoch"));
	if (json_is_boolean(usable) &&
	    json_is_true(usable) != json_is_true(member(before, "ipv4_usable")))
		add(events, "IPv4 is %susable", json_is_true(usable) ? "" : "not ");
	if (error && (!old_error || strcmp(error, old_error) != 0)) {
		known_text(text, sizeof(text), error);
		add(events, "settings refused: %s", text);
	} else if (!error && old_error) {
		add(events, "the settings are in force again");
	}
	if (rescues(now) > rescues(before))
		add(events, "freed %lld stuck connection%s",
		    rescues(now) - rescues(before),
		    rescues(now) == rescues(before) + 1 ? "" : "s");
}

static bool find(const json_t *list, const char *prefix, struct known *out)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (known_read(item, out) && !strcmp(out->prefix, prefix))
			return true;
	}
	return false;
}

static void compare_verdicts(struct events *events, const struct status *before,
			     const struct status *now)
{
	const json_t *old = member(before, "verdicts"), *list = member(now, "verdicts");
	struct known known, other;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (!known_read(item, &known))
			continue;
		const bool was_there = find(old, known.prefix, &other);
		if (!was_there)
			add(events, "%s is %s (%s)", known.prefix, known.verdict,
			    known.evidence);
		else if (strcmp(known.verdict, other.verdict) != 0)
			add(events, "%s is %s (%s), was %s", known.prefix, known.verdict,
			    known.evidence, other.verdict);
	}
	/* Of a list that was cut nothing can be missed. */
	if (number(now, "more") > 0)
		return;
	json_array_foreach(old, i, item)
	{
		if (known_read(item, &known) && !find(list, known.prefix, &other))
			add(events, "%s is no longer %s", known.prefix, known.verdict);
	}
}

void events_add(struct events *events, const struct status *before,
		const struct status *now)
{
	events->fresh = 0;
	compare_policy(events, before, now);
	if (now->answer != DAEMON_ANSWERED) {
		if (before->answer != now->answer)
			add(events, "%s", now->daemon.trouble);
		return;
	}
	if (before->answer != DAEMON_ANSWERED) {
		add(events, "v6guardd is running");
		return;
	}
	if (number(before, "pid") != number(now, "pid"))
		add(events, "v6guardd was started again");
	else
		compare_facts(events, before, now);
	compare_verdicts(events, before, now);
}

void events_print(struct out *out, const struct events *events)
{
	unsigned long long kept =
		events->count < EVENTS_KEPT ? events->count : EVENTS_KEPT;

	out_list(out, "events");
	for (unsigned long long i = 0; i < kept; i++) {
		const size_t at = (events->count - 1 - i) % EVENTS_KEPT;
		const char *text = events->list[at].text;
		char when[16] = "";
		struct tm local;

		if (localtime_r(&events->list[at].when, &local))
			strftime(when, sizeof(when), "%H:%M:%S", &local);
		out_line(out, "%-*s%s\n", OUT_LABEL, when, text);
		if (i < events->fresh)
			out_item(out, text);
	}
	out_end(out);
}
