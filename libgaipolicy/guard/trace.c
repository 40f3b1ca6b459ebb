/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace.c - see trace.h. Runs in the doors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/self.h"
#include "guard/trace.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct gp_trace_ring *ring; /* NULL: nobody asked; written once */
static enum gp_door ring_door;     /* whom they want to hear of */
static _Atomic uint64_t who;       /* gp_self, and the process id that goes with it */

/* By a file, as lookups open files anyway. 0: it cannot be known. */
static uint32_t ask_pid(void)
{
	const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	uint32_t pid = 0;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (uint32_t)(*at - '0');
	return pid;
}

static uint32_t own_pid(void)
{
	const uint64_t self = gp_self();
	uint64_t known = atomic_load(&who);

	if (known >> 32 != self) {
		known = self << 32 | ask_pid();
		atomic_store(&who, known);
	}
	return (uint32_t)known;
}

/* The number of the descriptor may be another file's by now, one of some other program
 * that has the process id: only what cannot be anything else is mapped. */
static struct gp_trace_ring *map(int fd)
{
	struct gp_trace_ring *found;
	struct stat stat;

	if (fstat(fd, &stat) || stat.st_size != (off_t)sizeof(*found) ||
	    (fcntl(fd, F_GET_SEALS) & (SEALS | F_SEAL_WRITE)) != SEALS)
		return NULL;
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (found == MAP_FAILED)
		return NULL;
	if (found->magic == GP_TRACE_MAGIC)
		return found;
	munmap(found, sizeof(*found));
	return NULL;
}

static void find_ring(void)
{
	const char *path = getauxval(AT_SECURE) ? NULL : secure_getenv(GP_TRACE_VARIABLE);
	const size_t prefix = strlen(GP_TRACE_NSS);
	int fd;

	ring_door = path && !strncmp(path, GP_TRACE_NSS, prefix) ? GP_DOOR_NSS
								 : GP_DOOR_PRELOAD;
	if (path && ring_door == GP_DOOR_NSS)
		path += prefix;
	if (!path || strncmp(path, "/proc/", 6) != 0)
		return;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	ring = map(fd);
	close(fd);
	if (ring)
		(void)own_pid();
}

void gp_trace_open(void)
{
	const int saved_errno = errno;
	int cancel_state;

	/* open() is a cancellation point, and the fd must not stay. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	pthread_once(&once, find_ring);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}

static bool is_wanted(enum gp_door door)
{
	gp_trace_open();
	return ring && ring_door == door;
}

static void put(const struct gp_trace *trace)
{
	const int saved_errno = errno;
	int cancel_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	const unsigned number = atomic_fetch_add(&ring->count, 1) + 1;
	struct gp_trace_page *page = &ring->pages[(number - 1) % GP_TRACE_PAGES];

	atomic_store(&page->number, 0);
	page->pid = own_pid();
	page->trace = *trace;
	atomic_store(&page->number, number);
	if (trace->acts)
		atomic_fetch_add(&ring->changed, 1);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}

static void fill(struct gp_trace *trace, const struct gp_candidate *candidates,
		 size_t count)
{
	for (size_t i = 0; i < count && i < GP_TRACE_ADDRESSES; i++) {
		memcpy(trace->addresses[i].bytes, candidates[i].addr.bytes,
		       sizeof(trace->addresses[i].bytes));
		trace->addresses[i].scope_id = candidates[i].addr.scope_id;
		trace->addresses[i].family = candidates[i].addr.family;
		trace->addresses[i].disposition = (uint8_t)candidates[i].disposition;
		trace->addresses[i].reason = (uint8_t)candidates[i].reason;
		trace->addresses[i].rule = candidates[i].priority;
	}
}

bool gp_trace_wants_found(void)
{
	gp_trace_open();
	return ring && ring->wants_found;
}

void gp_trace_send(const struct gp_guard_policy *policy, const struct gp_query *query,
		   const struct gp_candidate *candidates, size_t count,
		   struct gp_outcome outcome)
{
	struct gp_trace trace;

	if (!query->name || !is_wanted(query->door))
		return;
	trace = (struct gp_trace){.count = (uint32_t)count,
				  .mode = policy->mode,
				  .door = (uint8_t)query->door,
				  .differs = outcome.differs,
				  .acts = outcome.acts};
	strncpy(trace.name, query->name, sizeof(trace.name) - 1);
	if (query->canonical)
		strncpy(trace.found, query->canonical, sizeof(trace.found) - 1);
	fill(&trace, candidates, count);
	put(&trace);
}

void gp_trace_enter(const char *name, uint64_t generation)
{
	struct gp_trace trace = {.door = GP_DOOR_NSS, .generation = generation};

	if (!name || !is_wanted(GP_DOOR_NSS))
		return;
	strncpy(trace.name, name, sizeof(trace.name) - 1);
	put(&trace);
}
