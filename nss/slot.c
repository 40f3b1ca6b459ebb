/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sys/auxv.h>

#include "guard/clock.h"
#include "slot.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void free_at_exit(void *value)
{
	struct answer *answer = value;

	answer_free(answer->left);
	answer_free(answer);
}

/*
 * In a static program our libc is a second one beside the program's own. Both number
 * their keys from 0, but the values lie in the same thread descriptor: we would overwrite
 * the program's. Such a program has no interpreter; one started by naming the loader
 * looks the same and loses no more than the kept answer.
 */
static void make_key(void)
{
	if (getauxval(AT_BASE))
		has_key = !pthread_key_create(&key, free_at_exit);
}

/* The latest; one that may have been left stands behind it. */
static struct answer *get(void)
{
	pthread_once(&once, make_key);
	return has_key ? pthread_getspecific(key) : NULL;
}

static void set(struct answer *answer)
{
	if (has_key)
		pthread_setspecific(key, answer);
}

bool slot_is_busy(const struct life *life)
{
	for (const struct answer *answer = get(); answer; answer = answer->left)
		if (answer->life && life_is_inside(answer->life, answer, life))
			return true;
	return false;
}

struct answer *slot_take(const struct call *call)
{
	struct answer *answer = get();

	if (!answer || !answer->is_kept)
		return NULL;
	if (!answer_is_for(answer, call) || gp_now_ms() > answer->kept_until) {
		slot_end(answer);
		return NULL;
	}
	answer->is_kept = false;
	return answer;
}

static bool is_over(const struct answer *answer)
{
	return !answer->life || life_is_over(answer->life, answer);
}

/* Free what the program has left for certain. Returns what may be in use, at most two. */
static struct answer *sweep(struct answer *answer)
{
	struct answer *left = answer->left;

	if (left && is_over(left)) {
		answer->left = NULL;
		answer_free(left);
		left = NULL;
	}
	if (!is_over(answer))
		return answer;
	set(left);
	answer_free(answer);
	return left;
}

void slot_begin(struct answer *answer, struct life *life)
{
	struct answer *old = get();

	if (old)
		old = sweep(old);
	/* Both places taken, by whom nobody can tell: this one goes without. */
	if (old && old->left)
		return;
	answer->left = old;
	answer->life = life;
	life_begin(life, answer);
	set(answer);
}

/* ANSWER is no longer in progress. */
static void finish(struct answer *answer)
{
	if (answer->life)
		life_end(answer->life);
	answer->life = NULL;
}

void slot_end(struct answer *answer)
{
	struct answer *latest = get();

	finish(answer);
	if (latest == answer)
		set(answer->left);
	else if (latest && latest->left == answer)
		latest->left = answer->left;
	answer_free(answer);
}

void slot_keep(struct answer *answer)
{
	finish(answer);
	if (get() != answer) { /* no key, no memory for its value, or no room */
		slot_end(answer);
		return;
	}
	answer->is_kept = true;
	answer->kept_until = gp_now_ms() + SLOT_KEEP_MS;
}
