/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_dns_tell.c - what the resolver's lookups came to: for verdicts, counters and
 * events. */
#include <string.h>

#include "dns/answer_private.h"
#include "dns/listen_bind.h"
#include "guard/clock.h"
#include "guard/qtype.h"
#include "guard/tally.h"
#include "worker_private.h"

/* Whose word it is that addresses were handed out together: nobody's of this host. */
#define TOLD_UID 65534
/* Events a second about single lookups, and addresses in one of them. */
#define EVENTS_RATE 50
#define EVENT_ADDRESSES 16

/* As a door hints it (hint.h), but for names that were asked for by DNS. */
void dns_handed_out(void *ctx, const struct gp_addr *addresses, const bool *withheld,
		    size_t count)
{
	struct worker *worker = ctx;

	verdict_hint(worker->verdicts, addresses, withheld, count, TOLD_UID,
		     gp_boot_ms());
	suspects_hinted(worker->suspects);
	tick_soon(worker);
}

/* ---- counters ---- */

static void add_rule(struct gp_hint *hint, uint16_t priority, bool acted)
{
	if (hint->rule_count < GP_HINT_RULES)
		hint->rules[hint->rule_count++] = (struct gp_hint_rule){
			.priority = priority, .observed = !acted, .acted = acted};
}

/* By the rule alone, or by [guard], whatever addresses there are. */
static void add_whole(struct gp_hint *hint, const struct answer_decision *decision)
{
	hint->counters[decision->enforce ? GP_COUNT_CHANGED : GP_COUNT_WOULD]++;
	hint->would.lookups += !decision->enforce;
	if (decision->priority)
		add_rule(hint, decision->priority, decision->enforce);
}

static void add_addresses(struct gp_hint *hint, const struct answer_decision *decision)
{
	const struct gp_outcome outcome = decision->outcome;
	const struct gp_tally tally =
		gp_tally(decision->candidates, decision->count, outcome);

	hint->counters[GP_COUNT_STRIPPED] += tally.stripped;
	hint->counters[GP_COUNT_WITHHELD] += tally.withheld;
	hint->counters[GP_COUNT_SPARED] += tally.is_spared;
	hint->counters[GP_COUNT_CHANGED] += outcome.acts;
	hint->counters[GP_COUNT_WOULD] += outcome.would;
	hint->would.lookups += outcome.would;
	hint->would.last_address += tally.is_last_address;
	for (size_t i = 0; i < decision->count; i++)
		if (gp_tally_rule(decision->candidates, decision->count, i))
			add_rule(hint, decision->candidates[i].priority,
				 decision->candidates[i].enforce);
}

static void count(struct worker *worker, const struct answer_decision *decision)
{
	struct gp_hint hint = {.door = GP_DOOR_DNS};

	if (!decision->count && !decision->is_whole)
		return;
	hint.counters[GP_COUNT_LOOKUPS] = 1;
	if (decision->count)
		add_addresses(&hint, decision);
	if (decision->is_whole)
		add_whole(&hint, decision);
	hints_count_own(worker->hints, &hint);
}

/* ---- events ---- */

/* More than a reader could want, or a disk should get, are only counted. */
static bool may_tell(struct worker *worker, enum event_kind kind)
{
	const long long now = gp_boot_ms();

	if (!eventlog_wants(worker->log, kind))
		return false;
	if (now - worker->dns_second_ms >= 1000) {
		worker->dns_second_ms = now;
		worker->dns_events = 0;
	}
	if (worker->dns_events++ < EVENTS_RATE)
		return true;
	eventlog_lose(worker->log, kind);
	return false;
}

/* Names as a zone file would have them, whatever bytes are in them (RFC 1035 5.1). */
static json_t *lookup_value(const struct serve_event *event)
{
	char name[WIRE_NAME_TEXT], end[WIRE_NAME_TEXT], type[GP_QTYPE_TEXT];
	const char *found = serve_found(event, end);
	json_t *fields = json_pack("{s:s s:s s:o}", "name",
				   wire_name_text(event->question->name, name), "type",
				   gp_qtype_name(event->question->type, type), "client",
				   report_address(event->client));

	if (fields && found)
		json_object_set_new(fields, "canonical", json_string(found));
	return fields;
}

static void tell(struct worker *worker, enum event_kind kind,
		 const struct serve_event *event, json_t *more)
{
	json_t *fields = lookup_value(event);

	if (fields && more)
		json_object_update(fields, more);
	json_decref(more);
	eventlog_write(worker->log, kind, fields);
}

/* Those that are left out, or that would be. */
static json_t *left_out(const struct answer_decision *decision, bool enforced,
			enum gp_reason *reason)
{
	json_t *list = json_array();

	for (size_t i = 0; i < decision->count; i++) {
		const struct gp_candidate *one = &decision->candidates[i];
		if (one->disposition != GP_STRIPPED || (one->enforce != 0) != enforced)
			continue;
		*reason = one->reason;
		if (json_array_size(list) < EVENT_ADDRESSES)
			json_array_append_new(list, report_address(&one->addr));
	}
	return list;
}

static void tell_stripped(struct worker *worker, const struct serve_event *event,
			  bool enforced)
{
	const struct answer_decision *decision = &event->answer->decision;
	enum gp_reason reason = GP_WHY_MODE;
	json_t *addresses;

	if (!may_tell(worker, EVENT_STRIPPED))
		return;
	addresses = left_out(decision, enforced, &reason);
	tell(worker, EVENT_STRIPPED, event,
	     json_pack("{s:s s:s s:b s:o}", "rule", decision->by, "reason",
		       gp_reason_name(reason), "enforced", enforced, "addresses",
		       addresses));
}

static void tell_blocked(struct worker *worker, const struct serve_event *event)
{
	static const char *const responses[GP_RESPONSE_COUNT] = {"nodata", "nxdomain",
								 "override"};
	const struct answer_decision *decision = &event->answer->decision;

	if (may_tell(worker, EVENT_BLOCKED))
		tell(worker, EVENT_BLOCKED, event,
		     json_pack("{s:s s:s s:b}", "rule", decision->by, "response",
			       responses[decision->response % GP_RESPONSE_COUNT],
			       "enforced", decision->enforce));
}

static json_t *prefix_of(const struct worker *worker, const struct gp_addr *addr)
{
	const struct dns_config *config = &worker->settings.dns;
	char text[GP_PREFIX_TEXT];

	for (size_t i = 0; i < config->prefix_count; i++)
		if (gp_prefix_match(&config->prefixes[i], addr))
			return json_string(gp_prefix_format(&config->prefixes[i], text));
	return json_null();
}

/* Whose decision had a part in what was made; NULL: nobody's. */
static const char *maker(const struct answer_decision *decision)
{
	const bool acts =
		decision->outcome.acts || (decision->is_whole && decision->enforce);

	return acts && decision->by[0] ? decision->by : NULL;
}

/* Made were AAAA; the PTR of a made address is none. */
static void tell_synthesized(struct worker *worker, const struct serve_event *event)
{
	const struct answer_reply made = {.packet = event->answer->bytes,
					  .size = event->answer->size};
	struct reply_walk walk = {.has_begun = false};
	struct gp_addr addr = {.family = AF_UNSPEC};
	struct reply reply;
	json_t *list;

	if (event->question->type != WIRE_AAAA || !reply_open(&made, &reply) ||
	    !may_tell(worker, EVENT_SYNTHESIZED))
		return;
	list = json_array();
	while (reply_next(&reply, &walk) && walk.section == ANSWER_ANSWER)
		if (rr_is_address(&walk.rr, &addr) &&
		    json_array_size(list) < EVENT_ADDRESSES)
			json_array_append_new(list, report_address(&addr));
	tell(worker, EVENT_SYNTHESIZED, event,
	     json_pack("{s:o s:o s:s*}", "prefix", prefix_of(worker, &addr), "addresses",
		       list, "rule", maker(&event->answer->decision)));
}

/* The first address that was taken out: of the other type where an AAAA was to be made.
 */
static void tell_rebind(struct worker *worker, const struct serve_event *event)
{
	const struct gp_addr *addr = &event->said[0]->rebound;

	if (!addr->family)
		addr = &event->said[1]->rebound;
	if (may_tell(worker, EVENT_REBIND))
		tell(worker, EVENT_REBIND, event,
		     json_pack("{s:o}", "address", report_address(addr)));
}

static void tell_decision(struct worker *worker, const struct serve_event *event)
{
	const struct answer_decision *decision = &event->answer->decision;

	if (decision->is_block)
		tell_blocked(worker, event);
	if (decision->is_whole && !decision->is_block)
		tell_stripped(worker, event, decision->enforce);
	if (decision->outcome.acts)
		tell_stripped(worker, event, true);
	if (decision->outcome.would)
		tell_stripped(worker, event, false);
}

void dns_decided(void *ctx, const struct serve_event *event)
{
	struct worker *worker = ctx;

	count(worker, &event->answer->decision);
	if (event->is_stale) {
		if (may_tell(worker, EVENT_STALE))
			tell(worker, EVENT_STALE, event, NULL);
		return;
	}
	if (event->answer->ede == ANSWER_EDE_BOGUS && may_tell(worker, EVENT_BOGUS))
		tell(worker, EVENT_BOGUS, event, NULL);
	if (event->answer->is_late && may_tell(worker, EVENT_LATE))
		tell(worker, EVENT_LATE, event, NULL);
	if (event->answer->is_rebound)
		tell_rebind(worker, event);
	if (event->answer->is_synthesized)
		tell_synthesized(worker, event);
	tell_decision(worker, event);
}

/* ---- the servers ---- */

static void tell_server(struct worker *worker, const struct dns_endpoint *server,
			const char *state)
{
	char text[LISTEN_TEXT];

	eventlog_write(
		worker->log, EVENT_UPSTREAM,
		json_pack("{s:o s:s}", "server",
			  server ? json_string(listen_format(server, text)) : json_null(),
			  "state", state));
}

/* What was last said of SERVER. */
static bool was_out(const struct worker *worker, const struct dns_endpoint *server)
{
	for (size_t i = 0; i < worker->dns_servers.count; i++)
		if (worker->dns_servers.list[i].port == server->port &&
		    gp_addr_equal(&worker->dns_servers.list[i].addr, &server->addr))
			return worker->dns_servers.is_out[i];
	return false;
}

/* While none answers none is left out, and nothing is said of each. */
static void tell_each(struct worker *worker)
{
	struct upstream *upstream = serve_upstream(worker->serve);
	struct dns_endpoint list[UPSTREAM_SERVERS];
	bool is_out[UPSTREAM_SERVERS];
	const size_t count = upstream_servers(upstream, list);

	for (size_t i = 0; i < count; i++) {
		is_out[i] = upstream_is_left_out(upstream, &list[i]);
		if (is_out[i] != was_out(worker, &list[i]))
			tell_server(worker, &list[i], is_out[i] ? "left out" : "back");
	}
	worker->dns_servers.count = count;
	memcpy(worker->dns_servers.list, list, count * sizeof(list[0]));
	memcpy(worker->dns_servers.is_out, is_out, count * sizeof(is_out[0]));
}

void dns_servers_changed(void *ctx)
{
	struct worker *worker = ctx;
	bool none;

	if (!worker->serve)
		return;
	none = upstream_none_answers(serve_upstream(worker->serve));
	if (none && !worker->dns_servers.none_answers)
		tell_server(worker, NULL, "none answers");
	worker->dns_servers.none_answers = none;
	if (!none)
		tell_each(worker);
}
