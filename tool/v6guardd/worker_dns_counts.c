/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_dns_counts.c - what the resolver has counted by type, RCODE and time. */
#include <stdio.h>

#include "worker_private.h"

static void set(json_t *to, const char *key, uint64_t value)
{
	json_object_set_new(to, key, json_integer((json_int_t)value));
}

static json_t *types_value(const struct serve_counts *counts)
{
	json_t *value = json_object();

	for (unsigned i = COUNT_OTHER + 1; i < COUNT_TYPES; i++)
		set(value, count_type_name((enum count_type)i),
		    count_of_type(counts, (enum count_type)i));
	set(value, count_type_name(COUNT_OTHER), count_of_type(counts, COUNT_OTHER));
	return value;
}

static json_t *rcodes_value(const struct serve_counts *counts)
{
	json_t *value = json_object();
	uint64_t other = 0;

	for (unsigned i = 0; i < COUNT_RCODES; i++) {
		const uint64_t count = count_of_rcode(counts, i);
		if (count_rcode_name(i))
			set(value, count_rcode_name(i), count);
		else
			other += count;
	}
	set(value, "other", other);
	return value;
}

static json_t *said_value(const struct count_said *said)
{
	return json_pack("{s:I s:I s:I}", "asked", (json_int_t)said->asked, "servfail",
			 (json_int_t)said->servfail, "timeouts",
			 (json_int_t)said->timeouts);
}

/* A key is the time that its answers took less than, and no less than half of it. */
static json_t *latency_value(const struct serve_counts *counts)
{
	json_t *buckets = json_object();
	uint64_t count = 0;
	char key[24];

	for (unsigned i = 0; i < COUNT_TIMES; i++) {
		count += counts->took[i];
		snprintf(key, sizeof(key), "%u", 1U << i);
		set(buckets, i < COUNT_TIMES - 1 ? key : "inf", counts->took[i]);
	}
	return json_pack("{s:I s:I s:o}", "count", (json_int_t)count, "sum_ms",
			 (json_int_t)counts->took_ms, "below_ms", buckets);
}

/* More are not told of. */
#define TALLIES 256

static json_t *tally_value(const struct upstream_tally *tally)
{
	return json_pack("{s:I s:I s:I s:o s:b s:b}", "answers",
			 (json_int_t)tally->answers, "errors", (json_int_t)tally->errors,
			 "timeouts", (json_int_t)tally->timeouts, "ms",
			 tally->ms ? json_integer((json_int_t)tally->ms) : json_null(),
			 "dead", tally->is_dead, "first", tally->is_first);
}

static json_t *tallies_value(const struct worker *worker)
{
	static struct upstream_tally tallies[TALLIES];
	const size_t count =
		upstream_server_tallies(serve_upstream(worker->serve), tallies, TALLIES);
	json_t *value = json_object();

	for (size_t i = 0; i < count && i < TALLIES; i++) {
		json_t *name = server_value(worker, &tallies[i].server);
		json_object_set_new(value, json_string_value(name),
				    tally_value(&tallies[i]));
		json_decref(name);
	}
	return value;
}

void add_counts(const struct worker *worker, json_t *to)
{
	const struct serve_counts *counts = serve_counts(worker->serve);

	json_object_set_new(to, "types", types_value(counts));
	json_object_set_new(to, "rcodes", rcodes_value(counts));
	json_object_set_new(to, "upstream_a", said_value(&counts->a));
	json_object_set_new(to, "upstream_aaaa", said_value(&counts->aaaa));
	json_object_set_new(to, "latency", latency_value(counts));
	json_object_set_new(to, "servers", tallies_value(worker));
}
