/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status_print.c - what status found, in a few lines or as JSON. */
#include <string.h>

#include "status.h"

static const char *nss_state(const struct status *status)
{
	if (!status->is_enabled || status->is_off)
		return "off";
	return status->detail[0] ? "degraded" : "on";
}

static void add_door(struct out *out, const char *name, const char *state,
		     const char *detail)
{
	out_object(out, name);
	out_string(out, "state", NULL, state);
	out_string(out, "detail", NULL, detail);
	out_end(out);
}

/* A line, and what is to be said about it below. */
static void print_door(struct out *out, const char *label, const char *state,
		       const char *detail)
{
	out_styled(out, NULL, label, state,
		   !strcmp(state, "on") ? OUT_GREEN : OUT_YELLOW);
	if (detail[0])
		out_line(out, "%-*s%s\n", OUT_LABEL, "", detail);
}

static const char *preload_state(const struct status *status)
{
	const struct preload_use *use = &status->preload;

	if (!use->is_installed)
		return use->unit_count ? "degraded" : "absent";
	if (!use->unit_count && !use->processes)
		return "off";
	return status->is_off ? "off" : "on";
}

/* More than state and detail: what a monitoring would ask for. */
static void add_preload(struct out *out, const struct status *status, const char *detail)
{
	const struct preload_use *use = &status->preload;

	out_object(out, "preload");
	out_string(out, "state", NULL, preload_state(status));
	out_string(out, "detail", NULL, detail);
	out_list(out, "units");
	for (size_t i = 0; i < use->unit_count; i++)
		out_item(out, use->units[i]);
	out_end(out);
	if (use->has_looked)
		out_integer(out, "processes", NULL, (long long)use->processes);
	else
		out_string(out, "processes", NULL, NULL);
	out_bool(out, "all_processes", NULL, use->has_looked && use->is_all);
	out_end(out);
}

static void add_dns(struct out *out, const struct status *status, char state[KNOWN_WORD],
		    char why[1024])
{
	const json_t *dns = json_object_get(status->daemon.json, "dns");

	known_text(state, KNOWN_WORD, json_string_value(json_object_get(dns, "state")));
	known_text(why, 1024, json_string_value(json_object_get(dns, "detail")));
	add_door(out, "dns", state[0] ? state : "absent", why);
}

static void print_doors(struct out *out, const struct status *status)
{
	const json_t *rescue = json_object_get(status->daemon.json, "rescue");
	const char *detail = status->detail;
	char state[KNOWN_WORD], why[1024], use[STATUS_DETAIL];
	char dns_state[KNOWN_WORD], dns_why[1024];

	if (!status->is_enabled && !detail[0])
		detail = "not on the hosts: line: `v6guard enable`";
	else if (status->is_off && !detail[0])
		detail = "passes through, as v6guard is switched off: `v6guard on`";
	known_text(state, sizeof(state),
		   json_string_value(json_object_get(rescue, "state")));
	known_text(why, sizeof(why),
		   json_string_value(json_object_get(rescue, "detail")));
	if (status->wants_rescue && status->answer != DAEMON_ANSWERED) {
		snprintf(state, sizeof(state), "degraded");
		snprintf(why, sizeof(why), "only v6guardd frees connections: %s",
			 status->daemon.trouble);
	}
	out_object(out, "doors");
	add_door(out, "nss", nss_state(status), detail);
	add_preload(out, status, preload_story(&status->preload, use));
	add_door(out, "gai", status->gai.state, status->gai.detail);
	add_dns(out, status, dns_state, dns_why);
	add_door(out, "connect", "absent", "");
	add_door(out, "rescue", state[0] ? state : "absent", why);
	out_end(out);
	print_door(out, "door nss", nss_state(status), detail);
	if (use[0])
		print_door(out, "preload", preload_state(status), use);
	/* A host without rows of its own is as it comes. */
	if (strcmp(status->gai.state, "off") != 0)
		print_door(out, "door gai", status->gai.state, status->gai.detail);
	/* Nor is a resolver that nobody has asked for. */
	if (dns_state[0] && !strstr(dns_why, "enable = no"))
		print_door(out, "door dns", dns_state, dns_why);
	if (!state[0])
		return;
	/* That it is off is how it comes, and nothing to worry about. */
	if (!strcmp(state, "off") && !why[0])
		out_line(out, "%-*s%s\n", OUT_LABEL, "rescue", state);
	else
		print_door(out, "rescue", state, why);
}

/* What v6guardd keeps in gai.conf: "on: PREFIX, PREFIX". */
static void print_known_local(struct out *out, const struct status *status)
{
	const json_t *gai = json_object_get(status->daemon.json, "gai");
	const json_t *rows = json_object_get(gai, "known_local");
	char state[KNOWN_WORD], why[1024], line[1024];
	size_t used;

	known_text(state, sizeof(state),
		   json_string_value(json_object_get(gai, "state")));
	known_text(why, sizeof(why), json_string_value(json_object_get(gai, "detail")));
	if (!state[0]) {
		out_value(out, "known_local", NULL);
		return;
	}
	out_object(out, "known_local");
	out_string(out, "state", NULL, state);
	out_string(out, "detail", NULL, why);
	out_list(out, "prefixes");
	used = (size_t)snprintf(line, sizeof(line), "%s", state);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		char prefix[GP_PREFIX_TEXT];

		known_text(prefix, sizeof(prefix),
			   json_string_value(json_array_get(rows, i)));
		out_item(out, prefix);
		if (used < sizeof(line))
			used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
						 i ? ", " : ": ", prefix);
	}
	out_end(out);
	out_end(out);
	if (!strcmp(state, "off") && !why[0])
		return;
	out_styled(out, NULL, "known-local", line,
		   !strcmp(state, "on") ? OUT_PLAIN : OUT_YELLOW);
	if (why[0])
		out_line(out, "%-*s%s\n", OUT_LABEL, "", why);
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_network(struct out *out, const json_t *json)
{
	const json_t *ipv4 = json_object_get(json, "ipv4_usable");
	const json_t *ipv6 = json_object_get(json, "ipv6_default");

	if (!json_is_boolean(ipv4))
		return;
	out_line(out, "%-*sIPv4 %s", OUT_LABEL, "network",
		 json_is_true(ipv4) ? "usable" : "not usable: nothing is taken away");
	if (json_is_boolean(ipv6))
		out_line(out, ", %s IPv6 default route",
			 json_is_true(ipv6) ? "an" : "no");
	out_line(out, "\n");
}

/* What each rule came to, over all doors. */
static void print_rules(struct out *out, const json_t *rules)
{
	const char *label = "rules";
	char name[KNOWN_WORD];
	const json_t *one;
	size_t i;

	json_array_foreach(rules, i, one)
	{
		known_text(name, sizeof(name),
			   json_string_value(json_object_get(one, "rule")));
		if (name[0])
			out_line(out, "%-*s%s", OUT_LABEL, label, name);
		else
			out_line(out, "%-*spriority %lld", OUT_LABEL, label,
				 number(one, "priority"));
		known_text(name, sizeof(name),
			   json_string_value(json_object_get(one, "door")));
		out_line(out, " (%s): %lld answers changed, %lld would have been\n", name,
			 number(one, "acted"), number(one, "observed"));
		label = "";
	}
}

static void print_would(struct out *out, const json_t *would)
{
	const json_t *programs = json_object_get(would, "programs"), *one;
	char name[KNOWN_WORD];
	size_t i;

	if (!number(would, "lookups") && !number(would, "last_address_cases"))
		return;
	out_line(out,
		 "%-*s%lld answers would have been changed; in %lld cases the last "
		 "usable address was at stake",
		 OUT_LABEL, "dry run", number(would, "lookups"),
		 number(would, "last_address_cases"));
	json_array_foreach(programs, i, one)
	{
		known_text(name, sizeof(name), json_string_value(one));
		out_line(out, "%s%s", i ? ", " : "; of ", name);
	}
	out_line(out, "\n");
}

static void print_running(struct out *out, const struct status *status)
{
	const json_t *json = status->daemon.json;
	const json_t *counters = json_object_get(json, "counters");
	const json_t *reported = json_object_get(counters, "reported");
	char up[KNOWN_TIME], probe[KNOWN_WORD];
	const long long uptime = number(json, "uptime");

	known_text(probe, sizeof(probe),
		   json_string_value(json_object_get(json, "probe")));
	out_line(out, "%-*srunning for %s", OUT_LABEL, "daemon",
		 known_time(uptime > 0 ? uptime : 0, up));
	if (!strcmp(probe, "off"))
		out_line(out, ", probing nothing");
	out_line(out, "; %lld lookups, %lld changed, %lld rescued\n",
		 number(reported, "lookups"), number(reported, "changed"),
		 number(counters, "rescues"));
	print_rules(out, json_object_get(counters, "rules"));
	print_would(out, json_object_get(counters, "would"));
}

static void print_daemon(struct out *out, const struct status *status)
{
	static const char *const words[] = {"running", "absent", "failed", "failed"};

	out_string(out, "daemon", NULL, words[status->answer]);
	if (status->answer == DAEMON_ANSWERED)
		print_running(out, status);
	else
		out_styled(out, NULL, "daemon",
			   status->answer == DAEMON_ABSENT ? "not running"
							   : "not working",
			   status->is_degraded ? OUT_YELLOW : OUT_PLAIN);
	if (status->trouble[0])
		out_line(out, "%-*s%s\n", OUT_LABEL, "", status->trouble);
	print_network(out, status->daemon.json);
}

static void print_policy(struct out *out, const struct status *status)
{
	const struct policy *policy = &status->policy;
	const bool is_good = policy->state == POLICY_GOOD;

	out_string(out, "mode", "mode",
		   is_good ? gp_mode_name((enum gp_mode)policy->snapshot.guard.mode)
			   : NULL);
	if (is_good)
		out_integer(out, "generation", "generation",
			    (long long)policy->snapshot.generation);
	else
		out_string(out, "generation", "generation", NULL);
	out_string(out, "off", NULL, status->is_off ? status->off : NULL);
	if (status->is_off)
		out_styled(out, NULL, "OFF", status->off, OUT_RED);
	if (is_good) {
		out_bool(out, "enforce", NULL, policy->snapshot.guard.enforce);
		out_string(out, NULL, "backends", status->chain);
	} else {
		out_string(out, "enforce", NULL, NULL);
	}
	if (is_good && !policy->snapshot.guard.enforce)
		out_styled(out, NULL, "enforce",
			   "no: it decides and counts, and changes nothing", OUT_YELLOW);
}

/* Of another type than it should be: null. */
static const json_t *only(const json_t *value, bool is_right)
{
	return is_right ? value : NULL;
}

static void print_facts(struct out *out, const struct status *status, size_t max)
{
	const json_t *json = status->daemon.json;
	const json_t *epoch = json_object_get(json, "epoch");
	const json_t *usable = json_object_get(json, "ipv4_usable");
	const json_t *list = json_object_get(json, "verdicts");
	const json_t *nat64 = json_object_get(json, "nat64");
	const json_t *counters = json_object_get(json, "counters");
	const long long more = number(json, "more");

	out_value(out, "epoch", only(epoch, json_is_integer(epoch)));
	out_value(out, "ipv4_usable", only(usable, json_is_boolean(usable)));
	known_print(out, list, max, "verdicts", more > 0 ? more : 0);
	if (json && json_array_size(list) == 0)
		out_line(out, "%-*snothing is broken\n", OUT_LABEL, "verdicts");
	if (json_is_array(nat64)) {
		out_value(out, "nat64", nat64);
	} else {
		out_list(out, "nat64");
		out_end(out);
	}
	if (json_is_object(counters)) {
		out_value(out, "counters", counters);
	} else {
		out_object(out, "counters");
		out_end(out);
	}
}

void status_print(struct out *out, const struct status *status, size_t max)
{
	print_policy(out, status);
	print_doors(out, status);
	print_known_local(out, status);
	print_daemon(out, status);
	print_facts(out, status, max);
}
