/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_lookup.c - one lookup's life: who waits for it, what was asked, and when it is
 * over. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer_private.h"
#include "guard/clock.h"
#include "serve_private.h"

static size_t bucket_of(const struct question *question, uint16_t type)
{
	return (question->hash ^ type) % BUCKETS;
}

/* The same answer serves both; were QUESTION one of TYPE. */
static bool is_same(const struct lookup *lookup, const struct question *question,
		    uint16_t type, const struct answer_context *context)
{
	const struct question *other = &lookup->question;

	return !lookup->is_telling && other->type == type &&
	       other->class == question->class &&
	       other->dnssec_ok == question->dnssec_ok &&
	       (other->flags & WIRE_CD) == (question->flags & WIRE_CD) &&
	       lookup->context.synthesizes == context->synthesizes &&
	       lookup->context.lacks_ipv6 == context->lacks_ipv6 &&
	       lookup->variant == answer_variant(question, context) &&
	       other->name_length == question->name_length &&
	       !memcmp(other->name, question->name, question->name_length);
}

/* What is asked of the servers of a configuration before is nothing to who asks now. */
static struct lookup *find(const struct serve *serve, const struct question *question,
			   uint16_t type, const struct answer_context *context,
			   uint32_t era)
{
	struct lookup *lookup = serve->buckets[bucket_of(question, type)];

	while (lookup &&
	       !(lookup->era == era && is_same(lookup, question, type, context)))
		lookup = lookup->next;
	return lookup;
}

struct lookup *lookup_find(struct serve *serve, const struct question *question,
			   const struct answer_context *context)
{
	return find(serve, question, question->type, context, serve->era);
}

struct lookup *lookup_partner(const struct lookup *lookup, uint16_t type)
{
	return find(lookup->serve, &lookup->question, type, &lookup->context,
		    lookup->era);
}

void lookup_drop(struct half *half)
{
	union {
		const uint8_t *readable;
		void *pointer;
	} packet = {half->reply.packet};

	if (half->query)
		upstream_cancel(half->query);
	free(packet.pointer);
	*half = (struct half){.query = NULL};
}

static void free_waiters(struct lookup *lookup)
{
	while (lookup->waiters) {
		struct waiter *waiter = lookup->waiters;
		lookup->waiters = waiter->next;
		lookup->serve->waiter_count--;
		free(waiter);
	}
}

/* All the time that there is went by, and it did not come. */
static void count_silence(const struct lookup *lookup)
{
	struct serve_counts *counts = &lookup->serve->counts;

	if (gp_boot_ms() - lookup->started_ms < SERVE_LIMIT_MS)
		return;
	if (lookup->main.query)
		count_said(counts, lookup->main_type, NULL);
	if (lookup->other.query)
		count_said(counts, lookup->other_type, NULL);
}

void lookup_free(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;
	struct lookup **at =
		&serve->buckets[bucket_of(&lookup->question, lookup->question.type)];

	count_silence(lookup);
	while (*at && *at != lookup)
		at = &(*at)->next;
	if (*at)
		*at = lookup->next;
	serve->lookup_count--;
	lookup_drop(&lookup->main);
	lookup_drop(&lookup->other);
	if (lookup->timer)
		event_free(lookup->timer);
	free_waiters(lookup);
	free(lookup);
}

struct cache_key serve_key(const struct question *question,
			   const struct answer_context *context)
{
	return (struct cache_key){
		.name = question->name,
		.hash = question->hash,
		.name_length = question->name_length,
		.type = question->type,
		.dnssec_ok = question->dnssec_ok,
		.cd = question->flags & WIRE_CD,
		.synthesizes = context->synthesizes,
		.lacks_ipv6 = context->lacks_ipv6,
		.variant = answer_variant(question, context),
	};
}

/* What was made is kept; where nothing could be had, what there was before is better. */
static bool take_stale(struct lookup *lookup, struct cache_hit *hit)
{
	struct serve *serve = lookup->serve;
	const struct answer *answer = &serve->answer;
	const struct cache_key key = serve_key(&lookup->question, &lookup->context);
	const long long now = gp_boot_ms();

	if ((serve_is_failure(answer->flags) || answer->is_late) &&
	    answer->ede != ANSWER_EDE_BOGUS &&
	    cache_get(serve->cache, &key, now, serve->config.serve_stale_ms, hit)) {
		if (!lookup->is_late)
			cache_set_failed(serve->cache, &key, now, SERVE_STALE_AGAIN_MS);
		return true;
	}
	/* It may be what another configuration would not have asked for, or believed. */
	if (lookup->era == serve->era && !lookup->is_counting &&
	    !(lookup->is_unasked && serve_is_failure(answer->flags)))
		cache_put(serve->cache, &key, answer, now);
	return false;
}

/* Go by the policy that is in force now, until serve_release. */
static void refresh(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;

	serve_hold(serve);
	lookup->context.guard = serve->has_policy ? &serve->policy.guard : NULL;
	lookup->context.rules = serve->policy.rules;
	lookup->context.synthesizes &= !serve->policy.is_off;
	lookup->context.now = serve->policy.rules ? time(NULL) : 0;
	lookup->context.has_broken = serve->ops.has_broken(serve->ops.ctx);
	rebind_again(lookup);
}

/* It was asked for what the policy now in force would ask for as well. */
static bool is_still_asked(const struct lookup *lookup)
{
	uint8_t target[WIRE_NAME];

	if ((lookup->context.lead || lookup->is_by_rule) &&
	    lookup->lead_generation != lookup->serve->policy.generation)
		return false;
	return lookup->main_type ==
		       answer_main_type(&lookup->question, &lookup->context) &&
	       lookup->has_other_target ==
		       answer_other_target(&lookup->question, &lookup->context, target) &&
	       lookup->has_target ==
		       answer_target(&lookup->question, &lookup->context, target);
}

static bool is_complete(const struct lookup *lookup)
{
	return lookup->main.is_done && (!lookup->other_type || lookup->other.is_done);
}

/* RFC 8767 5: who waited has an old answer, or one without AAAA. The new one is still on
 * its way: were it not taken a server that needs two seconds would never be heard again.
 */
static bool goes_on(struct lookup *lookup)
{
	if (lookup->is_late || is_complete(lookup) ||
	    gp_boot_ms() - lookup->started_ms >= SERVE_LIMIT_MS)
		return false;
	lookup->is_late = true;
	free_waiters(lookup);
	lookup->limit_ms = lookup->started_ms + SERVE_LIMIT_MS;
	lookup->late_ms = 0;
	late_wait(lookup, SERVE_LIMIT_MS);
	return true;
}

/* Nobody said anything to either question. */
static bool is_silence(const struct lookup *lookup)
{
	return !lookup->main.reply.packet && !lookup->other.reply.packet;
}

/* The policy is another one by now, and something else has to be known: within the same
 * time. Not out of one of libunbound's callbacks. */
static void ask_again(struct lookup *lookup)
{
	lookup_drop(&lookup->main);
	lookup_drop(&lookup->other);
	lookup->context.lead = lookup->context.other_lead = 0;
	lookup->is_counting = false;
	lookup->has_looked = lookup->is_refutable = lookup->is_partner_awaited = false;
	lookup->partner_ms = 0;
	lookup->is_again = true;
	late_wait(lookup, 0);
}

static void reply_all(const struct lookup *lookup, const struct cache_hit *hit)
{
	if (lookup->waiters)
		count_time(&lookup->serve->counts, gp_boot_ms() - lookup->started_ms);
	for (struct waiter *waiter = lookup->waiters; waiter; waiter = waiter->next)
		serve_reply(lookup->serve, &waiter->client, &waiter->question,
			    &hit->image, hit->age);
}

/* Once the servers that are listed first answer again, they may say otherwise. */
static void cap(struct lookup *lookup)
{
	const struct answer_reply *said[] = {&lookup->main.reply, &lookup->other.reply};

	for (size_t i = 0; i < 2; i++)
		if (said[i]->holds_s)
			answer_cap(&lookup->serve->answer, said[i]->holds_s);
}

/* A dry run makes nobody wait: what the other type is for is counted when it comes. */
static void give_and_count(struct lookup *lookup)
{
	struct answer *answer = &lookup->serve->answer;
	struct cache_hit hit = {.age = 0};

	answer_make(&lookup->question, &lookup->context, &lookup->main.reply, NULL,
		    answer);
	cap(lookup);
	take_stale(lookup, &hit);
	hit = (struct cache_hit){.image = answer_image(answer)};
	reply_all(lookup, &hit);
	free_waiters(lookup);
	lookup->is_counting = true;
}

static bool is_only_counted(const struct lookup *lookup)
{
	return lookup->main.is_done && lookup->other_type && !lookup->is_counting &&
	       !lookup->is_late && is_still_asked(lookup) &&
	       answer_is_only_counted(&lookup->question, &lookup->context,
				      &lookup->main.reply);
}

static void finish(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;
	struct serve_event event = {.question = &lookup->question,
				    .client = &lookup->client,
				    .answer = &serve->answer,
				    .said = {&lookup->main.reply, &lookup->other.reply}};
	struct cache_hit hit = {.age = 0};
	const bool has_waiters = lookup->waiters || lookup->is_counting;

	if (lookup->is_telling) {
		other_tell(lookup);
		lookup_free(lookup);
		return;
	}
	if (lookup->has_stood_in && late_brought_nothing(lookup)) {
		lookup_free(lookup);
		return;
	}
	if (!is_still_asked(lookup)) {
		ask_again(lookup);
		return;
	}
	lookup->context.is_overdue = late_is_over(lookup) || lookup->has_stood_in;
	lookup->context.has_failed = late_has_failed(lookup);
	/* What was asked for and did not come is a reply without a packet, which is
	 * another thing than a question that nobody asked. */
	answer_make(&lookup->question, &lookup->context, &lookup->main.reply,
		    lookup->other_type ? &lookup->other.reply : NULL, &serve->answer);
	cap(lookup);
	if (is_silence(lookup))
		outage_silence(serve_outage(serve, lookup->question.name),
			       lookup->started_ms, gp_boot_ms());
	serve->counters.rebound += serve->answer.is_rebound;
	event.is_stale = take_stale(lookup, &hit);
	if (!event.is_stale)
		hit.image = answer_image(&serve->answer);
	reply_all(lookup, &hit);
	if (!event.is_stale || has_waiters)
		serve->ops.decided(serve->ops.ctx, &event);
	if (!event.is_stale && has_waiters && !other_tells(lookup))
		serve_tell_answer(serve, &lookup->question, &lookup->context,
				  &serve->answer);
	if (!event.is_stale && lookup->question.type == WIRE_A)
		late_tell_partner(lookup);
	lookup->has_stood_in = !event.is_stale && late_is_over(lookup);
	if (lookup->is_telling) {
		free_waiters(lookup);
		late_wait(lookup, SERVE_LIMIT_MS);
		return;
	}
	if (!(event.is_stale || lookup->has_stood_in) || !goes_on(lookup))
		lookup_free(lookup);
}

static void ask_late(struct lookup *lookup);

static bool is_enough(const struct lookup *lookup)
{
	const struct question *question = &lookup->question;

	if (!lookup->main.is_done)
		return lookup->other.is_done &&
		       answer_is_settled(question, &lookup->context,
					 &lookup->other.reply);
	return lookup->other.is_done ||
	       (!lookup->is_refutable &&
		answer_is_enough(question, &lookup->context, &lookup->main.reply));
}

static void consider_held(struct lookup *lookup)
{
	if (lookup->is_held && lookup->other.is_done && !is_enough(lookup))
		late_release(lookup);
	if (lookup->main.is_done)
		ask_late(lookup);
	late_look_for_partner(lookup);
	if (is_still_asked(lookup))
		other_consider(lookup);
	if (is_enough(lookup)) {
		finish(lookup);
		return;
	}
	if (is_only_counted(lookup))
		give_and_count(lookup);
	late_consider(lookup);
}

void lookup_consider(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;

	if (lookup->is_beginning)
		return;
	refresh(lookup);
	consider_held(lookup);
	serve_release(serve);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *lookup = arg;
	struct serve *serve = lookup->serve;

	(void)fd, (void)what;
	refresh(lookup);
	if (lookup->is_again)
		lookup_begin(lookup);
	else if (late_is_doubt(lookup)) {
		late_doubt(lookup);
		consider_held(lookup);
	} else if (late_is_vain(lookup))
		late_go_on(lookup);
	else
		finish(lookup);
	serve_release(serve);
}

void lookup_take(struct half *half, const struct answer_reply *reply, long long now)
{
	uint8_t *copy = reply->packet ? malloc(reply->size) : NULL;

	half->query = NULL;
	half->is_done = true;
	half->done_ms = now;
	half->reply = *reply;
	half->reply.packet = copy;
	if (copy)
		memcpy(copy, reply->packet, reply->size);
}

/* An error is what those who answer say when nobody answers them; what is there at once
 * was kept by libunbound. */
static void note_answer(struct lookup *lookup, struct half *half,
			const struct answer_reply *reply)
{
	struct outage *outage = serve_outage(lookup->serve, lookup->question.name);
	const long long now = gp_boot_ms();
	const uint8_t *packet = reply->packet;

	count_said(&lookup->serve->counts,
		   half == &lookup->main ? lookup->main_type : lookup->other_type,
		   packet);
	half->is_fresh = packet && !lookup->is_beginning;
	if (half->is_fresh && !serve_is_failure(packet[3]) &&
	    outage_answered(outage, now))
		cache_recovered(lookup->serve->cache, now);
	rebind_take(lookup, half, reply, now);
	half->took_ms = now - lookup->started_ms;
}

void lookup_on_main(void *ctx, const struct answer_reply *reply)
{
	struct lookup *lookup = ctx;

	note_answer(lookup, &lookup->main, reply);
	lookup_consider(lookup);
}

void lookup_on_other(void *ctx, const struct answer_reply *reply)
{
	struct lookup *lookup = ctx;

	note_answer(lookup, &lookup->other, reply);
	lookup_consider(lookup);
}

void lookup_ask(struct lookup *lookup, const uint8_t *name, uint16_t type,
		upstream_done_fn *done, struct half *half)
{
	const struct answer_reply nothing = {.packet = NULL};
	const bool cd = lookup->question.flags & WIRE_CD;

	if (!upstream_ask(lookup->serve->upstream, name, type, lookup->question.class, cd,
			  done, lookup, &half->query)) {
		lookup->is_unasked = true;
		lookup_take(half, &nothing, gp_boot_ms());
	}
}

static void follow_lead(struct lookup *lookup, unsigned lead, const uint8_t *target)
{
	lookup_drop(&lookup->main);
	lookup->main = (struct half){.query = NULL};
	lookup->context.lead = lead;
	lookup->lead_generation = lookup->serve->policy.generation;
	lookup->has_target = true;
	lookup_ask(lookup, target, lookup->main_type, lookup_on_main, &lookup->main);
	other_lead(lookup);
}

/* The reply shows that something else is to be asked for. */
static void ask_late(struct lookup *lookup)
{
	const struct question *question = &lookup->question;
	uint8_t target[WIRE_NAME];
	unsigned lead;

	if (!is_still_asked(lookup))
		return;
	lookup->is_beginning = true;
	lead = answer_lead(question, &lookup->context, &lookup->main.reply, target);
	if (lead)
		follow_lead(lookup, lead, target);
	else if (!lookup->other_type && !lookup->has_target) {
		lookup->other_type = answer_late_type(question, &lookup->context,
						      &lookup->main.reply, target);
		if (lookup->other_type)
			other_ask(lookup, target);
	}
	lookup->is_beginning = false;
}

/* RFC 8767 5: who has an old answer waits less for the new one. */
static long long patience(struct lookup *lookup)
{
	const struct cache_key key = serve_key(&lookup->question, &lookup->context);
	struct serve *serve = lookup->serve;
	struct cache_hit hit;

	return cache_get(serve->cache, &key, lookup->started_ms,
			 serve->config.serve_stale_ms, &hit)
		       ? SERVE_STALE_MS
		       : SERVE_LIMIT_MS;
}

void lookup_begin(struct lookup *lookup)
{
	const struct question *question = &lookup->question;
	uint8_t target[WIRE_NAME];

	lookup->is_beginning = true;
	lookup->is_again = false;
	lookup->other_type = answer_other_type(question, &lookup->context);
	lookup->main_type = answer_main_type(question, &lookup->context);
	lookup->has_target = answer_target(question, &lookup->context, target);
	lookup->has_other_target = lookup->is_by_rule = false;
	lookup->is_held = lookup->other_type &&
			  answer_asks_partner_first(question, &lookup->context);
	lookup->has_doubted = lookup->main_type != WIRE_AAAA || lookup->has_target ||
			      (lookup->other_type && !lookup->is_held);
	lookup->late_ms = 0;
	lookup->limit_ms = lookup->started_ms + patience(lookup);
	late_wait(lookup, lookup->limit_ms - lookup->started_ms);
	if (!lookup->is_held)
		lookup_ask(lookup, lookup->has_target ? target : question->name,
			   lookup->main_type, lookup_on_main, &lookup->main);
	if (lookup->other_type && !(lookup->is_held && late_take_kept(lookup)))
		other_ask(lookup, question->name);
	lookup->is_beginning = false;
	lookup_consider(lookup);
}

struct lookup *lookup_new(struct serve *serve, const struct question *question,
			  const struct answer_context *context)
{
	const size_t bucket = bucket_of(question, question->type);
	struct lookup *lookup;

	if (serve->lookup_count == SERVE_LOOKUPS)
		return NULL;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return NULL;
	lookup->serve = serve;
	lookup->question = *question;
	lookup->context = *context;
	lookup->client = *context->client;
	lookup->context.client = &lookup->client;
	lookup->variant = answer_variant(question, context);
	lookup->era = serve->era;
	lookup->started_ms = gp_boot_ms();
	lookup->timer = evtimer_new(serve->base, on_timer, lookup);
	if (!lookup->timer) {
		free(lookup);
		return NULL;
	}
	lookup->next = serve->buckets[bucket];
	serve->buckets[bucket] = lookup;
	serve->lookup_count++;
	tidy_more(serve->tidy);
	return lookup;
}

bool lookup_add(struct lookup *lookup, const struct listen_client *client,
		const struct question *question)
{
	struct serve *serve = lookup->serve;
	struct waiter *waiter;

	if (serve->waiter_count == SERVE_WAITERS)
		return false;
	waiter = malloc(sizeof(*waiter));
	if (!waiter)
		return false;
	*waiter = (struct waiter){lookup->waiters, *client, *question};
	lookup->waiters = waiter;
	serve->waiter_count++;
	return true;
}
