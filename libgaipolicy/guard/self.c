/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* self.c - see self.h. Runs in the doors. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/self.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint *number; /* in a page that fork() wipes; NULL: there is none */
static atomic_uint last;    /* this one is copied */

static void start(void)
{
	const int saved_errno = errno;
	void *page = mmap(NULL, sizeof(*number), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED && madvise(page, sizeof(*number), MADV_WIPEONFORK))
		munmap(page, sizeof(*number));
	else if (page != MAP_FAILED)
		number = page;
	errno = saved_errno;
}

unsigned gp_self(void)
{
	unsigned self = 0, new;

	pthread_once(&once, start);
	if (!number)
		return (unsigned)getpid();
	self = atomic_load_explicit(number, memory_order_relaxed);
	if (self)
		return self;
	new = atomic_fetch_add(&last, 1) + 1;
	return atomic_compare_exchange_strong(number, &self, new) ? new : self;
}
