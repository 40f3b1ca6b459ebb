/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace.c - see trace.h. Runs in the doors. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/trace.h"

/* Written once. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sockaddr_un to;
static socklen_t to_length;  /* 0: nobody asked */
static enum gp_door to_door; /* whom they want to hear of */

static void find_reader(void)
{
	const char *name = getauxval(AT_SECURE) ? NULL : secure_getenv(GP_TRACE_VARIABLE);
	const size_t prefix = strlen(GP_TRACE_NSS);
	size_t length;

	to_door = name && !strncmp(name, GP_TRACE_NSS, prefix) ? GP_DOOR_NSS
							       : GP_DOOR_PRELOAD;
	if (name && to_door == GP_DOOR_NSS)
		name += prefix;
	length = name ? strlen(name) : 0;
	if (length < 2 || name[0] != '@' || length > sizeof(to.sun_path))
		return;
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path + 1, name + 1, length - 1); /* the first byte is a NUL */
	to_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static void send_bytes(const void *bytes, size_t size)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	sendto(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&to,
	       to_length);
	close(fd);
}

static void send_trace(const struct gp_trace *trace)
{
	const int saved_errno = errno;
	int cancel_state;

	/* socket() is no cancellation point, but sendto() is, and the fd must not stay.
	 */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	send_bytes(trace, sizeof(*trace));
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}

static bool is_wanted(enum gp_door door)
{
	pthread_once(&once, find_reader);
	return to_length && to_door == door;
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

void gp_trace_send(const struct gp_guard_policy *policy, const struct gp_query *query,
		   const struct gp_candidate *candidates, size_t count,
		   struct gp_outcome outcome)
{
	struct gp_trace trace;

	if (!query->name || !is_wanted(query->door))
		return;
	trace = (struct gp_trace){.magic = GP_TRACE_MAGIC,
				  .count = (uint32_t)count,
				  .mode = policy->mode,
				  .door = (uint8_t)query->door,
				  .differs = outcome.differs,
				  .acts = outcome.acts};
	strncpy(trace.name, query->name, sizeof(trace.name) - 1);
	fill(&trace, candidates, count);
	send_trace(&trace);
}

void gp_trace_enter(const char *name, uint64_t generation)
{
	struct gp_trace trace = {
		.magic = GP_TRACE_MAGIC, .door = GP_DOOR_NSS, .generation = generation};

	if (!name || !is_wanted(GP_DOOR_NSS))
		return;
	strncpy(trace.name, name, sizeof(trace.name) - 1);
	send_trace(&trace);
}
