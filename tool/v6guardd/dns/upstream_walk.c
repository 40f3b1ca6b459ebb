/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* upstream_walk.c - see upstream_walk.h. */
#include "upstream_walk.h"

size_t walk_size(size_t count)
{
	return sizeof(struct walk) + count * sizeof(struct walk_one);
}

void walk_begin(struct walk *walk, size_t count, struct walk_pair *pair, unsigned family,
		long long now_ms)
{
	walk->pair = pair;
	walk->family = family;
	walk->count = count;
	walk->started_ms = now_ms;
	if (pair)
		pair->walks[family] = walk;
}

void walk_end(struct walk *walk)
{
	for (size_t i = 0; walk->pair && i < 2; i++)
		if (walk->pair->walks[i] == walk)
			walk->pair->walks[i] = NULL;
	walk->pair = NULL;
}

void walk_reply(struct walk *walk, size_t at, enum walk_way way, enum walk_kind got)
{
	struct walk_one *one = &walk->list[at];

	one->open &= (uint8_t) ~(1U << way);
	if (got > one->got)
		one->got = got;
}

/* ---- questions ---- */

static const struct walk *partner_of(const struct walk *walk)
{
	return walk->pair ? walk->pair->walks[!walk->family] : NULL;
}

static const struct walk_one *find(const struct walk *walk, uint16_t server)
{
	for (size_t i = 0; i < walk->asked; i++)
		if (walk->list[i].server == server)
			return &walk->list[i];
	return NULL;
}

/* Nothing can come from it any more. */
static bool is_through(const struct walk_one *one)
{
	return one->got == WALK_ERROR || (!one->got && !one->open);
}

/* It may have an answer yet, which would count for more than a later one's denial. */
static bool may_overrule(const struct walk_one *one, long long now_ms)
{
	return !is_through(one) && now_ms < one->asked_ms + one->pace.hold_ms;
}

/* ---- the end ---- */

static bool is_taken(const struct walk *walk, size_t at, long long now_ms)
{
	if (walk->list[at].got == WALK_POSITIVE)
		return true;
	for (size_t i = 0; i < at; i++)
		if (may_overrule(&walk->list[i], now_ms))
			return false;
	return true;
}

/* The first good answer, if it is one that is taken; else walk->count. */
static size_t find_answer(const struct walk *walk, long long now_ms)
{
	for (size_t i = 0; i < walk->asked; i++)
		if (walk->list[i].got == WALK_POSITIVE)
			return i;
	for (size_t i = 0; i < walk->asked; i++)
		if (walk->list[i].got == WALK_NEGATIVE && is_taken(walk, i, now_ms))
			return i;
	return walk->count;
}

static size_t find_got(const struct walk *walk, enum walk_kind got)
{
	size_t i = 0;

	while (i < walk->asked && walk->list[i].got != got)
		i++;
	return i < walk->asked ? i : walk->count;
}

static struct walk_step fail(size_t at)
{
	return (struct walk_step){.what = WALK_FAIL, .at = at};
}

/* A name that is asked for again and again would never get back to the first server, were
 * each choice a reason for the next. */
static struct walk_step give(struct walk *walk, size_t at, long long now_ms)
{
	struct walk_pair *pair = walk->pair;

	if (pair) {
		pair->has_good[walk->family] = true;
		pair->good[walk->family] = walk->list[at].server;
		pair->chosen_ms[walk->family] =
			walk->follows ? pair->chosen_ms[!walk->family] : now_ms;
	}
	return (struct walk_step){.what = WALK_GIVE, .at = at};
}

/* Nobody is left who may answer. With an error at hand whoever is dead is not waited for.
 */
static bool is_hopeless(const struct walk *walk)
{
	const bool has_error = find_got(walk, WALK_ERROR) < walk->count;

	for (size_t i = 0; i < walk->asked; i++) {
		const struct walk_one *one = &walk->list[i];
		if (one->got > WALK_ERROR ||
		    (!is_through(one) && !(has_error && one->is_dead && one->is_passed)))
			return false;
	}
	return walk->asked == walk->count;
}

/* ---- asking ---- */

static struct walk_step ask(struct walk *walk, size_t at, enum walk_way way,
			    long long now_ms)
{
	struct walk_one *one = &walk->list[at];

	if (way == WALK_FIRST) {
		one->asked_ms = now_ms;
		walk->asked = at + 1;
	}
	one->asked |= (uint8_t)(1U << way);
	one->open |= (uint8_t)(1U << way);
	return (struct walk_step){.what = WALK_ASK, .at = at, .way = way};
}

static long long due_ms(const struct walk_one *one, enum walk_way way)
{
	const uint16_t after = way == WALK_AGAIN ? one->pace.again_ms
			       : way == WALK_TCP ? one->pace.tcp_ms
						 : one->pace.last_ms;

	if (one->asked & 1U << way || !after)
		return -1;
	return one->asked_ms + after;
}

static void sooner(long long *until, long long ms)
{
	if (ms < *until)
		*until = ms;
}

/* Is a server that is still waited for to be asked in another way? Else *UNTIL is when.
 */
static bool asks_once_more(struct walk *walk, size_t at, long long now_ms,
			   long long *until, struct walk_step *out)
{
	struct walk_one *one = &walk->list[at];

	if (is_through(one) || one->got)
		return false;
	if (one->is_back && !(one->asked & 1U << WALK_ANEW)) {
		*out = ask(walk, at, WALK_ANEW, now_ms);
		return true;
	}
	for (enum walk_way way = WALK_AGAIN; way <= WALK_LAST; way++) {
		const long long due = due_ms(one, way);
		if (due >= 0 && now_ms >= due) {
			*out = ask(walk, at, way, now_ms);
			return true;
		}
		if (due >= 0)
			sooner(until, due);
	}
	return false;
}

/* RFC 4074, 6147 5.1.2: a server may fail with AAAA alone. Whether it does shows when the
 * other one of the pair is heard; an error that stands alone is a reason to go on. */
static bool waits_for_partner(const struct walk *walk, const struct walk_one *one,
			      long long now_ms, long long *until)
{
	const struct walk *partner = partner_of(walk);
	const struct walk_one *other = partner ? find(partner, one->server) : NULL;
	long long end;

	if (!other || is_through(other))
		return false;
	end = other->asked_ms + other->pace.patience_ms;
	if (other->got || (now_ms < end && !other->is_dead)) {
		sooner(until, other->got ? now_ms + WALK_LIMIT_MS : end);
		return true;
	}
	return false;
}

static bool asks_next(struct walk *walk, long long now_ms, long long *until)
{
	struct walk_one *one;
	long long end;

	if (!walk->asked)
		return true;
	one = &walk->list[walk->asked - 1];
	if (one->got > WALK_ERROR)
		return false;
	end = one->asked_ms + one->pace.patience_ms;
	one->is_passed |= now_ms >= end;
	if (walk->asked == walk->count)
		return false;
	if (is_through(one))
		return !waits_for_partner(walk, one, now_ms, until);
	if (one->is_passed)
		return true;
	sooner(until, end);
	return false;
}

/* The server that the other one's answer came from is the only one that counts. */
static struct walk_step stay(struct walk *walk, size_t at, long long now_ms,
			     long long until)
{
	const struct walk_one *one = &walk->list[at];
	struct walk_step step;

	if (one->got > WALK_ERROR)
		return give(walk, at, now_ms);
	if (is_through(one) || now_ms >= until)
		return fail(at);
	if (asks_once_more(walk, at, now_ms, &until, &step))
		return step;
	return (struct walk_step){.what = WALK_WAIT, .until_ms = until};
}

/* To be asked next, as that is where the other one's answer came from. */
static void bring_forward(struct walk *walk, size_t at)
{
	const struct walk_one one = walk->list[at];

	for (size_t i = at; i > walk->asked; i--)
		walk->list[i] = walk->list[i - 1];
	walk->list[walk->asked] = one;
}

/* The other one's answer is there, and was chosen since this one is asked for, or not
 * long before. */
static bool has_choice(const struct walk *walk)
{
	const struct walk_pair *pair = walk->pair;
	const unsigned other = !walk->family;

	return pair && pair->has_good[other] &&
	       pair->chosen_ms[other] > walk->started_ms - WALK_CHOICE_MS;
}

/* False: it is none of this list, or dead since. */
static bool follows_pair(struct walk *walk, long long now_ms, struct walk_step *out)
{
	const unsigned other = !walk->family;
	size_t at = 0;

	walk->follows = has_choice(walk);
	if (!walk->follows)
		return false;
	while (at < walk->count && walk->list[at].server != walk->pair->good[other])
		at++;
	walk->follows = at < walk->count && !walk->list[at].is_dead;
	if (!walk->follows)
		return false;
	if (at >= walk->asked) {
		bring_forward(walk, at);
		*out = ask(walk, walk->asked, WALK_FIRST, now_ms);
	} else {
		*out = stay(walk, at, now_ms, walk->started_ms + WALK_LIMIT_MS);
	}
	return true;
}

/* A denial is at hand: it is looked at again when an earlier server's time is over. */
static void wait_for_denial(const struct walk *walk, long long now_ms, long long *until)
{
	const size_t at = find_got(walk, WALK_NEGATIVE);

	for (size_t i = 0; at < walk->count && i < at; i++)
		if (may_overrule(&walk->list[i], now_ms))
			sooner(until,
			       walk->list[i].asked_ms + walk->list[i].pace.hold_ms);
}

struct walk_step walk_next(struct walk *walk, long long now_ms)
{
	const long long limit = walk->started_ms + WALK_LIMIT_MS;
	long long until = limit;
	struct walk_step step;
	size_t at;

	if (follows_pair(walk, now_ms, &step))
		return step;
	at = find_answer(walk, now_ms);
	if (at == walk->count && now_ms >= limit)
		at = find_got(walk, WALK_NEGATIVE);
	if (at < walk->count)
		return give(walk, at, now_ms);
	if (now_ms >= limit)
		return fail(walk->count);
	if (asks_next(walk, now_ms, &until))
		return ask(walk, walk->asked, WALK_FIRST, now_ms);
	for (size_t i = 0; i < walk->asked; i++)
		if (asks_once_more(walk, i, now_ms, &until, &step))
			return step;
	if (is_hopeless(walk))
		return fail(walk->count);
	wait_for_denial(walk, now_ms, &until);
	return (struct walk_step){.what = WALK_WAIT, .until_ms = until};
}
