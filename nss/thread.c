/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread.c - threads of static programs. Our libc is a second one there, and of each
 * thread that starts it never hears: ctype's tables are missing in all but the one that
 * loaded it (nss_files crashes), and all share one state of the resolver, which has no
 * lock (answers are mixed up, and waited for in vain).
 */
#include <ctype.h>
#include <pthread.h>
#include <resolv.h>

#include "thread.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_t first;
static struct __res_state *state_of_first;

static void remember_first(void)
{
	first = pthread_self();
	state_of_first = &_res;
}

/* Later versions of glibc may mend the one and not the other. */
bool thread_is_set_up(void)
{
	pthread_once(&once, remember_first);
	return *__ctype_b_loc() &&
	       (pthread_equal(pthread_self(), first) || &_res != state_of_first);
}
