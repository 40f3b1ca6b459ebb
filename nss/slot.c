/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <sys/auxv.h>

#include "guard/clock.h"
#include "slot.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void free_at_exit(void *answer)
{
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

static struct answer *get(void)
{
	pthread_once(&once, make_key);
	return has_key ? pthread_getspecific(key) : NULL;
}

/* wget's time limit jumps out of getaddrinfo() from a signal handler. */
bool slot_is_busy(const void *frame)
{
	const struct answer *answer = get();

	return answer && !answer->is_kept && (uintptr_t)frame < answer->frame;
}

struct answer *slot_take(const struct call *call)
{
	struct answer *answer = get();

	/* One that the program left is lost: it may be a coroutine's, and in use. */
	if (!answer || !answer->is_kept)
		return NULL;
	if (!answer_is_for(answer, call) || gp_now_ms() > answer->kept_until) {
		slot_end(answer);
		return NULL;
	}
	answer->is_kept = false;
	return answer;
}

void slot_begin(struct answer *answer, const void *frame)
{
	answer->frame = (uintptr_t)frame;
	if (has_key)
		pthread_setspecific(key, answer);
}

void slot_end(struct answer *answer)
{
	if (has_key)
		pthread_setspecific(key, NULL);
	answer_free(answer);
}

void slot_keep(struct answer *answer)
{
	if (get() != answer) { /* no key, or no memory for its value */
		answer_free(answer);
		return;
	}
	answer->is_kept = true;
	answer->kept_until = gp_now_ms() + SLOT_KEEP_MS;
}
