/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_late.c - of A and AAAA one is late: when the other is asked for because of that,
 * and for how long there is patience. */
#include <string.h>

#include "guard/clock.h"
#include "serve_private.h"

/* What takes longer is looked at: after so long servers are asked again as well. */
#define DOUBT_MS 350
/* Whoever goes without AAAA has to have heard somebody: upstream_doubt asks. */
#define DEAF_MS 200
/* While so many wait nothing more is asked: libunbound has room for twice as many. */
#define MANY (SERVE_LOOKUPS / 2)

static long long doubt_ms(const struct lookup *lookup)
{
	const uint32_t patience = lookup->serve->config.aaaa_timeout_ms;

	return lookup->started_ms + (patience < DOUBT_MS ? patience : DOUBT_MS);
}

bool late_is_doubt(const struct lookup *lookup)
{
	return !lookup->has_doubted && doubt_ms(lookup) < lookup->due_ms;
}

void late_wait(struct lookup *lookup, long long after_ms)
{
	long long left;
	struct timeval delay;

	lookup->due_ms = lookup->started_ms + after_ms;
	left = (late_is_doubt(lookup) ? doubt_ms(lookup) : lookup->due_ms) - gp_boot_ms();
	if (left < 0)
		left = 0;
	delay = (struct timeval){left / 1000, left % 1000 * 1000};
	evtimer_add(lookup->timer, &delay);
}

/* ---- asking ---- */

/* Out of no callback of libunbound's that is under way: it may be over at once. */
static void ask(struct lookup *lookup, uint16_t type, upstream_done_fn *done,
		struct half *half)
{
	const bool was_beginning = lookup->is_beginning;

	lookup->is_beginning = true;
	lookup_ask(lookup, lookup->question.name, type, done, half);
	lookup->is_beginning = was_beginning;
}

void late_release(struct lookup *lookup)
{
	lookup->is_held = false;
	lookup->has_doubted = true;
	ask(lookup, lookup->main_type, lookup_on_main, &lookup->main);
}

/* What somebody's own question for A was answered, AGE seconds ago. */
static void take_partner(struct lookup *lookup, const struct answer_image *image,
			 uint32_t age, uint32_t server)
{
	uint8_t *bytes = lookup->serve->out;
	const struct answer_reply reply = {.packet = bytes,
					   .size = image->size,
					   .is_secure = image->is_secure,
					   .server = server};

	memcpy(bytes, image->bytes, image->size);
	answer_set_ttls(image, age, bytes);
	lookup->other_type = WIRE_A;
	/* It may have been asked for meanwhile. */
	lookup_drop(&lookup->other);
	lookup_take(&lookup->other, &reply, gp_boot_ms());
	if (!lookup->partner_ms)
		return;
	/* Since AAAA were asked for: it is known when. */
	lookup->other.done_ms = lookup->partner_ms;
	lookup->other.took_ms = lookup->partner_took_ms;
	lookup->other.is_fresh = true;
}

bool late_take_kept(struct lookup *lookup)
{
	struct cache_key key = serve_key(&lookup->question, &lookup->context);
	struct cache_hit hit;

	key.type = WIRE_A;
	if (!cache_get(lookup->serve->cache, &key, gp_boot_ms(), 0, &hit))
		return false;
	take_partner(lookup, &hit.image, hit.age, hit.server);
	return true;
}

/* Until then it is only noted: most AAAA come in time, and need none. */
void late_tell_partner(const struct lookup *lookup)
{
	const struct answer_image image = answer_image(&lookup->serve->answer);
	struct lookup *partner = lookup_partner(lookup, WIRE_AAAA);

	if (!partner || partner->has_target ||
	    (partner->main.is_done && !partner->is_partner_awaited))
		return;
	partner->partner_ms = gp_boot_ms();
	partner->partner_took_ms = partner->partner_ms - lookup->started_ms;
	if (!partner->is_partner_awaited)
		return;
	partner->is_partner_awaited = false;
	take_partner(partner, &image, 0, lookup->serve->answer.server);
	lookup_consider(partner);
}

void late_doubt(struct lookup *lookup)
{
	lookup->has_doubted = true;
	late_wait(lookup, lookup->due_ms - lookup->started_ms);
	if (lookup->is_held)
		late_release(lookup);
	if (lookup->main.is_done || lookup->other_type || lookup->has_target ||
	    !answer_may_do_without(&lookup->question, &lookup->context) ||
	    (lookup->partner_ms && late_take_kept(lookup)))
		return;
	lookup->is_partner_awaited = lookup_partner(lookup, WIRE_A) != NULL;
	if (lookup->is_partner_awaited || lookup->serve->lookup_count > MANY)
		return;
	lookup->other_type = WIRE_A;
	ask(lookup, WIRE_A, lookup_on_other, &lookup->other);
	if (lookup->other.is_done && !lookup->other.is_fresh)
		upstream_doubt(lookup->serve->upstream, lookup->question.name);
}

void late_look_for_partner(struct lookup *lookup)
{
	long long end = gp_boot_ms() + lookup->serve->config.aaaa_timeout_ms;

	if (lookup->has_looked || !lookup->main.is_done || lookup->has_target ||
	    !answer_is_doubtful(&lookup->question, &lookup->context, &lookup->main.reply))
		return;
	lookup->has_looked = lookup->has_doubted = true;
	lookup->context.has_one_server =
		upstream_has_one(lookup->serve->upstream, lookup->question.name);
	if (lookup->other.is_done || (!lookup->other_type && late_take_kept(lookup)))
		return;
	if (!lookup->other_type)
		lookup->is_partner_awaited = lookup_partner(lookup, WIRE_A) != NULL;
	lookup->is_refutable = lookup->other_type || lookup->is_partner_awaited;
	if (!lookup->is_refutable)
		return;
	if (end > lookup->limit_ms)
		end = lookup->limit_ms;
	late_wait(lookup, end - lookup->started_ms);
}

/* ---- patience ---- */

/* An AAAA can be made of the A, the client gets along without, or what is there can be
 * handed out undecided. */
static bool is_standing_in(const struct lookup *lookup)
{
	const struct question *question = &lookup->question;
	const struct answer_reply *other = &lookup->other.reply;

	if (lookup->main.is_done)
		return answer_has_records(question, &lookup->main.reply);
	return lookup->other.is_done &&
	       (answer_can_stand_in(question, &lookup->context, other) ||
		answer_can_deny(question, &lookup->context, other) ||
		answer_can_do_without(question, &lookup->context, other));
}

/* Of slow servers the second answer takes no less than the first. */
static long long end_of_patience(const struct lookup *lookup)
{
	const long long patience = lookup->serve->config.aaaa_timeout_ms;
	const long long there_ms =
		lookup->main.is_done ? lookup->main.done_ms : lookup->other.done_ms;
	const long long twice =
		2 * (lookup->main.is_done ? lookup->main.took_ms : lookup->other.took_ms);

	return there_ms + (twice > patience ? twice : patience);
}

void late_consider(struct lookup *lookup)
{
	long long end;

	if (!is_standing_in(lookup))
		return;
	end = end_of_patience(lookup);
	if (end >= lookup->limit_ms)
		end = lookup->limit_ms;
	else if (!lookup->main.is_done)
		lookup->late_ms = end;
	late_wait(lookup, end - lookup->started_ms);
}

bool late_is_over(const struct lookup *lookup)
{
	return !lookup->main.is_done && lookup->late_ms &&
	       lookup->late_ms == lookup->due_ms;
}

/* An A may be there that libunbound has kept, while all servers are dead. */
static bool has_heard(const struct lookup *lookup)
{
	struct serve *serve = lookup->serve;
	const struct outage *outage = serve_outage(serve, lookup->question.name);

	if (lookup->other.is_fresh)
		return true;
	/* Each name has servers of its own; that all are dead shows elsewhere. */
	if (serve->config.is_recursive && outage == serve->outages)
		return !outage->is_there;
	return outage->answered_ms >= lookup->started_ms ||
	       upstream_heard_ms(serve->upstream, lookup->question.name) >=
		       lookup->started_ms;
}

bool late_has_failed(const struct lookup *lookup)
{
	return lookup->main.is_done && (lookup->main.is_fresh || has_heard(lookup));
}

bool late_is_vain(const struct lookup *lookup)
{
	return late_is_over(lookup) &&
	       (!is_standing_in(lookup) ||
		(!has_heard(lookup) &&
		 !answer_can_stand_in(&lookup->question, &lookup->context,
				      &lookup->other.reply)));
}

bool late_brought_nothing(const struct lookup *lookup)
{
	const struct answer_reply *reply = &lookup->main.reply;

	return !lookup->waiters && !reply->is_bogus &&
	       (!reply->packet || serve_is_failure(reply->packet[3]));
}

void late_go_on(struct lookup *lookup)
{
	const long long end =
		is_standing_in(lookup) ? gp_boot_ms() + DEAF_MS : lookup->limit_ms;
	const bool is_last = end >= lookup->limit_ms;

	upstream_doubt(lookup->serve->upstream, lookup->question.name);
	lookup->late_ms = is_last ? 0 : end;
	late_wait(lookup, (is_last ? lookup->limit_ms : end) - lookup->started_ms);
}
