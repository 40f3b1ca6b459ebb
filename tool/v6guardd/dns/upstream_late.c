/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_late.c - what UDP does not bring is asked for by TCP as well. */
#include "guard/clock.h"
#include "upstream_private.h"

/* libunbound has asked three times by then. Where TCP has brought what UDP did not, it is
 * asked when one doubts, for so long. */
#define LATE_MS 1400
#define NARROW_FOR_MS (5 * 60 * 1000LL)
/* Connections that are begun in one turn. */
#define LATE_AT_ONCE 64

/* The twin ends itself. What it could not bring either is the end of both. */
static void on_twin(void *ctx, const struct answer_reply *reply)
{
	struct upstream_query *query = ctx;

	query->twin = NULL;
	if (upstream_has_failed(reply) && query->is_waiting)
		return;
	if (query->is_waiting) {
		query->upstream->narrow_ms = gp_boot_ms();
		ub.cancel(query->context->ctx, query->id);
	}
	query->is_over = true;
	query->done(query->ctx, reply);
	upstream_query_end(query);
}

/* There are ways that lose all that is above some size; libunbound asks by TCP only when
 * TC tells it to. QUERY may be over, and gone, when this returns. */
static void ask_by_tcp(struct upstream_query *query)
{
	struct upstream *upstream = query->upstream;
	struct context *context =
		upstream_context_for(upstream, query->name, query->type, query->cd, true);
	struct upstream_query *twin =
		context ? upstream_query_new(upstream, query->name, on_twin, query)
			: NULL;

	query->is_late = true;
	if (!twin)
		return;
	twin->type = query->type;
	twin->class = query->class;
	twin->cd = query->cd;
	twin->is_tcp = twin->is_late = true;
	query->twin = twin;
	if (!upstream_resolve(twin, context) && !twin->is_over)
		query->twin = NULL;
	else if (!twin->is_over)
		return;
	upstream_query_end(twin);
}

static bool is_late(const struct upstream_query *query, long long now)
{
	const struct upstream *upstream = query->upstream;
	const bool is_narrow =
		upstream->narrow_ms && now - upstream->narrow_ms < NARROW_FOR_MS;

	return !query->is_late &&
	       now - query->asked_ms >= (is_narrow ? DOUBT_MS : LATE_MS);
}

/* Who recurses is late for many reasons, and TLS is by TCP already. */
static bool may_ask_by_tcp(const struct upstream *upstream)
{
	return !upstream->config.is_recursive &&
	       !(upstream->servers.count && upstream->servers.list[0].tls);
}

void upstream_ask_late_ones(struct upstream *upstream, long long now)
{
	struct upstream_query *query = upstream->oldest;
	unsigned count = 0;

	while (may_ask_by_tcp(upstream) && query && count < LATE_AT_ONCE &&
	       now - query->asked_ms >= DOUBT_MS) {
		if (!is_late(query, now)) {
			query = query->newer;
			continue;
		}
		ask_by_tcp(query);
		query = upstream->oldest;
		count++;
	}
}
