/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* world.c - time, chance and what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "world_private.h"

/* ---- chance --------------------------------------------------------------------------
 */

/* xorshift32 */
uint32_t below(struct world *w, uint32_t limit)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 17;
	w->random ^= w->random << 5;
	return (uint32_t)((uint64_t)w->random * limit >> 32);
}

bool chance(struct world *w, double share)
{
	return share > 0 && below(w, 1000000) < share * 1000000;
}

long long about(struct world *w, double ms)
{
	return (long long)(ms / 2) + below(w, (uint32_t)ms + 1);
}

/* ---- time: a heap --------------------------------------------------------------------
 */

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void happens(struct world *w, long long at, enum happening what, uint32_t index,
	     uint32_t of)
{
	const struct event event = {at, w->order++, what, index, of};
	uint32_t i = w->heap_count++;

	if (w->heap_count > w->heap_room) {
		w->heap_room = w->heap_room ? w->heap_room * 2 : 1024;
		w->heap = realloc(w->heap, w->heap_room * sizeof(*w->heap));
		assert_non_null(w->heap);
	}
	for (; i && is_before(&event, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
		w->heap[i] = w->heap[(i - 1) / 2];
	w->heap[i] = event;
}

static struct event next_event(struct world *w)
{
	const struct event first = w->heap[0], last = w->heap[--w->heap_count];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < w->heap_count) {
		if (child + 1 < w->heap_count &&
		    is_before(&w->heap[child + 1], &w->heap[child]))
			child++;
		if (!is_before(&w->heap[child], &last))
			break;
		w->heap[i] = w->heap[child];
		i = child;
	}
	w->heap[i] = last;
	return first;
}

/* ---- figures -------------------------------------------------------------------------
 */

static void at_least(struct world *w, enum figure figure, double value)
{
	if (value > w->figures[figure])
		w->figures[figure] = value;
}

/* By an address that nobody knows. */
enum gp_verdict internet_verdict(const struct world *w)
{
	const struct gp_addr nobodys =
		gp_addr_make(AF_INET6, "\x2b\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\1", 0);

	return verdict_of(w->v, &nobodys, w->now);
}

void note_hung(struct world *w, long long ms)
{
	if (ms <= 1000)
		return;
	w->figures[FIGURE_VICTIMS]++;
	w->hung_ms += (double)ms;
	at_least(w, FIGURE_LONGEST_S, (double)ms / 1000);
}

void note_away(struct world *w, struct name *name)
{
	const struct crowd *crowd = &w->story->crowds[name->crowd];

	if (crowd->is_campus)
		w->figures[FIGURE_CAMPUS]++;
	if (crowd->fate != FATE_UP && crowd->fate != FATE_HALF)
		return;
	w->figures[FIGURE_AWAY]++;
	w->figures[FIGURE_NAMES] += !name->was_away;
	name->was_away = true;
	if (w->trouble.ended_ms >= 0)
		at_least(w, FIGURE_BACK_S, (double)(w->now - w->trouble.ended_ms) / 1000);
	if (name->away_since >= 0 ||
	    w->away_count == sizeof(w->away) / sizeof(w->away[0]))
		return;
	name->away_since = w->now;
	w->away[w->away_count++] = (uint32_t)(name - w->names);
}

/* Who was kept from IPv6 until now? */
static void follow_away(struct world *w)
{
	for (uint32_t i = 0; i < w->away_count;) {
		struct name *name = &w->names[w->away[i]];
		at_least(w, FIGURE_AWAY_S, (double)(w->now - name->away_since) / 1000);
		if (verdict_of(w->v, &name->addr, w->now) == GP_VERDICT_BROKEN &&
		    answer_of(w, name, AF_INET6, 443) == ANSWER_HANDSHAKE) {
			i++;
			continue;
		}
		name->away_since = -1;
		w->away[i] = w->away[--w->away_count];
	}
}

void note_probe(struct world *w)
{
	const long long since = w->now - 60000;

	while (w->sent_count && w->sent_at[w->sent_first] <= since) {
		w->sent_first = (w->sent_first + 1) % SENT_MAX;
		w->sent_count--;
	}
	assert_true(w->sent_count < SENT_MAX);
	w->sent_at[(w->sent_first + w->sent_count++) % SENT_MAX] = w->now;
	at_least(w, FIGURE_PROBES, w->sent_count);
}

void note_failure(struct world *w, const struct name *name)
{
	const uint32_t net = name->crowd << 16 | name->net;

	if (!w->trouble.is_on || w->story->crowds[name->crowd].is_campus ||
	    w->trouble.failures == 3)
		return;
	for (unsigned i = 0; i < w->trouble.failures; i++)
		if (w->trouble.nets[i] == net)
			return;
	w->trouble.nets[w->trouble.failures++] = net;
	if (w->trouble.failures == 3)
		w->trouble.third_ms = w->now;
}

/* ---- mishaps -------------------------------------------------------------------------
 */

static void trouble_begins(struct world *w)
{
	w->trouble.is_on = true;
	w->trouble.is_healing = false;
	w->trouble.failures = 0;
	w->trouble.third_ms = w->trouble.condemned_ms = w->trouble.ended_ms = -1;
}

static void trouble_ends(struct world *w)
{
	const long long third = w->trouble.third_ms;
	const long long until =
		w->trouble.condemned_ms >= 0 ? w->trouble.condemned_ms : w->now;

	w->trouble.is_on = false;
	w->trouble.ended_ms = w->now;
	w->trouble.is_healing = internet_verdict(w) == GP_VERDICT_BROKEN;
	if (third >= 0)
		at_least(w, FIGURE_CONDEMNED_S, (double)(until - third) / 1000);
}

void mishap_happens(struct world *w, uint32_t index)
{
	const struct mishap *mishap = &w->story->mishaps[index];
	const long long until = (long long)(mishap->until_s * 1000);
	long long next = until;

	if (w->trouble.is_on)
		trouble_ends(w);
	else
		trouble_begins(w);
	if (w->now >= until)
		return;
	if (mishap->flap_s > 0 && w->now + (long long)(mishap->flap_s * 1000) < until)
		next = w->now + (long long)(mishap->flap_s * 1000);
	if (next < until || w->trouble.is_on)
		happens(w, next, HAPPENS_MISHAP, index, 0);
}

static void plan_mishaps(struct world *w)
{
	w->trouble.ended_ms = -1;
	for (uint32_t i = 0; i < MISHAPS; i++) {
		const struct mishap *mishap = &w->story->mishaps[i];
		if (mishap->kind == MISHAP_BLACKHOLE || mishap->kind == MISHAP_OUTSIDE ||
		    mishap->kind == MISHAP_SYN)
			happens(w, (long long)(mishap->from_s * 1000), HAPPENS_MISHAP, i,
				0);
	}
}

/* ---- the whole -----------------------------------------------------------------------
 */

/* From the last event to UNTIL nothing changes but by the clock. */
static void pass_time(struct world *w, long long until)
{
	const bool is_broken = internet_verdict(w) == GP_VERDICT_BROKEN;

	if (w->trouble.is_on) {
		if (is_broken && w->trouble.condemned_ms < 0)
			w->trouble.condemned_ms = w->now;
	} else {
		w->sound_ms += until - w->now;
		w->broken_ms += is_broken ? until - w->now : 0;
	}
	if (w->trouble.is_healing) {
		at_least(w, FIGURE_HEALED_S,
			 (double)(w->now - w->trouble.ended_ms) / 1000);
		w->trouble.is_healing = is_broken;
	}
	if (w->away_count)
		follow_away(w);
	w->now = until;
}

static void step(struct world *w)
{
	const struct event event = next_event(w);

	if (event.what == HAPPENS_MISHAP)
		mishap_happens(w, event.index);
	else if (event.what == HAPPENS_DUMP || event.what == HAPPENS_PROBE_SENDS ||
		 event.what == HAPPENS_PROBE_ENDS || event.what == HAPPENS_ANCHORS)
		host_happens(w, &event);
	else
		program_happens(w, &event);
}

static void run(struct world *w)
{
	while (w->now < w->end) {
		const bool is_tick = !w->heap_count || w->tick_at <= w->heap[0].at;
		const long long at = is_tick ? w->tick_at : w->heap[0].at;
		pass_time(w, at < w->end ? at : w->end);
		if (at >= w->end)
			break;
		if (is_tick)
			host_tick(w);
		else
			step(w);
	}
	if (w->trouble.is_on)
		trouble_ends(w);
	programs_end(w);
}

void world_run(const struct story *story, uint32_t seed, double figures[FIGURE_COUNT])
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	memset(figures, 0, FIGURE_COUNT * sizeof(figures[0]));
	w->story = story;
	w->figures = figures;
	w->random = seed * UINT32_C(2654435761) | 1;
	w->end = (long long)(story->seconds * 1000);
	host_begin(w);
	programs_begin(w);
	plan_mishaps(w);
	run(w);
	figures[FIGURE_BROKEN] =
		w->sound_ms ? 100.0 * (double)w->broken_ms / (double)w->sound_ms : 0;
	figures[FIGURE_HUNG_S] = w->hung_ms / 1000;
	verdicts_free(w->v);
	free(w->sockets);
	free(w->names);
	free(w->heap);
	free(w);
}
