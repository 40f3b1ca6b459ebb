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

void add_counts(const struct worker *worker, json_t *to)
{
	const struct serve_counts *counts = serve_counts(worker->serve);

	json_object_set_new(to, "types", types_value(counts));
	json_object_set_new(to, "rcodes", rcodes_value(counts));
	json_object_set_new(to, "upstream_a", said_value(&counts->a));
	json_object_set_new(to, "upstream_aaaa", said_value(&counts->aaaa));
	json_object_set_new(to, "latency", latency_value(counts));
}
