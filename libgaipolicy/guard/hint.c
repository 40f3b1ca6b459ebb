/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hint.c - telling v6guardd, and counting. Runs in the doors. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/filter.h"
#include "guard/hint_private.h"
#include "guard/live.h"
#include "guard/program.h"
#include "guard/self.h"

#define SEND_EVERY_MS 1000
#define DENIED_FOR_MS 60000
#define FULL_FOR_MS 64

/* IPv4 addresses that find room in any case: without one a hint tells of no partner. */
#define ROOM_FOR_IPV4 2

/* Rules that one process tells apart, and one more for all others. */
#define RULES 31

struct rule_counts {
	atomic_uint priority; /* 0: nobody's yet; stays */
	atomic_uint observed, acted;
};

/* All zero at first. */
static struct {
	atomic_llong next_send_ms;
	atomic_uint full;  /* how often the queue was full, one time after the other */
	atomic_uint owner; /* whose counters these are; 0: nobody has sent yet */
	atomic_uint counters[GP_COUNTERS];
	struct rule_counts rules[RULES + 1];
	atomic_uint would_lookups, would_last;
	const char *path, *system_path; /* NULL: the usual ones */
} hints;

void gp_hint_use_paths(const char *path, const char *system_path)
{
	hints.path = path;
	hints.system_path = system_path;
}

void gp_hint_count(enum gp_counter counter, uint32_t more)
{
	atomic_fetch_add_explicit(&hints.counters[counter], more, memory_order_relaxed);
}

static struct rule_counts *counts_of(uint16_t priority)
{
	for (unsigned i = 0; i < RULES; i++) {
		struct rule_counts *one = &hints.rules[i];
		unsigned owner =
			atomic_load_explicit(&one->priority, memory_order_relaxed);

		if (!owner &&
		    atomic_compare_exchange_strong(&one->priority, &owner, priority))
			return one;
		if (owner == priority)
			return one;
	}
	return &hints.rules[RULES];
}

void gp_hint_count_rule(uint16_t priority, bool acted)
{
	struct rule_counts *one = counts_of(priority);

	atomic_fetch_add_explicit(acted ? &one->acted : &one->observed, 1,
				  memory_order_relaxed);
}

void gp_hint_count_would(bool is_changed, bool is_last_address)
{
	if (is_changed)
		atomic_fetch_add_explicit(&hints.would_lookups, 1, memory_order_relaxed);
	if (is_last_address)
		atomic_fetch_add_explicit(&hints.would_last, 1, memory_order_relaxed);
}

/* Whatever a rule was counted for is one or the other. */
bool gp_hint_has_news(void)
{
	if (atomic_load_explicit(&hints.would_lookups, memory_order_relaxed) ||
	    atomic_load_explicit(&hints.would_last, memory_order_relaxed))
		return true;
	for (unsigned i = 0; i <= RULES; i++) {
		const struct rule_counts *one = &hints.rules[i];

		if (atomic_load_explicit(&one->acted, memory_order_relaxed) ||
		    atomic_load_explicit(&one->observed, memory_order_relaxed))
			return true;
		if (i < RULES &&
		    !atomic_load_explicit(&one->priority, memory_order_relaxed))
			i = RULES - 1; /* nobody's, nor are those behind */
	}
	return false;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

size_t gp_hint_build(const struct gp_hint *hint, uint8_t buf[GP_HINT_SIZE_MAX])
{
	const uint8_t count =
		hint->count < GP_HINT_ADDRESSES ? hint->count : GP_HINT_ADDRESSES;
	const uint8_t rules =
		hint->rule_count < GP_HINT_RULES ? hint->rule_count : GP_HINT_RULES;
	const uint8_t head[HINT_HEAD] = {HINT_MAGIC_0, HINT_MAGIC_1, HINT_MAGIC_2,
					 HINT_VERSION, hint->door,   count,
					 rules};
	uint8_t *at = put(buf, head, sizeof(head));

	at = put(at, hint->counters, sizeof(hint->counters));
	at = put(at, &hint->would.lookups, sizeof(hint->would.lookups));
	at = put(at, &hint->would.last_address, sizeof(hint->would.last_address));
	at = put(at, hint->would.program, sizeof(hint->would.program));
	for (uint8_t i = 0; i < rules; i++) {
		at = put(at, &hint->rules[i].priority, sizeof(hint->rules[i].priority));
		at = put(at, &hint->rules[i].observed, sizeof(hint->rules[i].observed));
		at = put(at, &hint->rules[i].acted, sizeof(hint->rules[i].acted));
	}
	for (uint8_t i = 0; i < count; i++) {
		const struct gp_addr *addr = &hint->addresses[i].addr;

		*at++ = addr->family == AF_INET ? HINT_IPV4 : HINT_IPV6;
		*at++ = hint->addresses[i].flags;
		at = put(at, addr->bytes, addr->family == AF_INET ? 4 : 16);
	}
	return (size_t)(at - buf);
}

/* ---- what goes into one ---- */

static uint8_t flags_of(const struct gp_candidate *candidate)
{
	if (!candidate->enforce || candidate->disposition == GP_KEPT)
		return 0;
	/* Behind the others no program tries it either. */
	if (candidate->reason == GP_WHY_UNTESTED)
		return GP_HINT_WITHHELD;
	return candidate->disposition == GP_STRIPPED ? GP_HINT_STRIPPED : 0;
}

/* Nobody probes loopback and the like. */
static bool is_worth_it(const struct gp_candidate *candidate, int family)
{
	return candidate->addr.family == family && !gp_addr_is_special(&candidate->addr);
}

static size_t count_family(const struct gp_candidate *candidates, size_t count,
			   int family)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += is_worth_it(&candidates[i], family);
	return found;
}

static void add_family(struct gp_hint *hint, const struct gp_candidate *candidates,
		       size_t count, int family, size_t limit)
{
	for (size_t i = 0; i < count && hint->count < limit; i++) {
		if (!is_worth_it(&candidates[i], family))
			continue;
		hint->addresses[hint->count].addr = candidates[i].addr;
		hint->addresses[hint->count].flags = flags_of(&candidates[i]);
		hint->count++;
	}
}

static void add_addresses(struct gp_hint *hint, const struct gp_candidate *candidates,
			  size_t count)
{
	const size_t ipv4 = count_family(candidates, count, AF_INET);
	const size_t room = ipv4 < ROOM_FOR_IPV4 ? ipv4 : ROOM_FOR_IPV4;

	add_family(hint, candidates, count, AF_INET6, GP_HINT_ADDRESSES - room);
	add_family(hint, candidates, count, AF_INET, GP_HINT_ADDRESSES);
}

/*
 * A child begins with what its parent had not sent yet, which the parent will send as
 * well: whatever was counted before a process's first hint after fork() is dropped.
 */
static void drop_inherited(void)
{
	const unsigned self = gp_self();
	const unsigned before = atomic_exchange(&hints.owner, self);

	if (!before || before == self)
		return;
	for (unsigned i = 0; i < GP_COUNTERS; i++)
		atomic_store(&hints.counters[i], 0);
	for (unsigned i = 0; i <= RULES; i++) {
		atomic_store(&hints.rules[i].observed, 0);
		atomic_store(&hints.rules[i].acted, 0);
	}
	atomic_store(&hints.would_lookups, 0);
	atomic_store(&hints.would_last, 0);
}

/* As many rules as fit; the others go with the next hint. */
static void take_rules(struct gp_hint *hint)
{
	for (unsigned i = 0; i <= RULES && hint->rule_count < GP_HINT_RULES; i++) {
		struct rule_counts *one = &hints.rules[i];
		const struct gp_hint_rule taken = {
			.priority = (uint16_t)atomic_load(&one->priority),
			.observed = atomic_exchange(&one->observed, 0),
			.acted = atomic_exchange(&one->acted, 0),
		};

		if (taken.observed || taken.acted)
			hint->rules[hint->rule_count++] = taken;
	}
}

static void put_rules_back(const struct gp_hint *hint)
{
	for (unsigned i = 0; i < hint->rule_count; i++) {
		const struct gp_hint_rule *taken = &hint->rules[i];
		struct rule_counts *one = taken->priority ? counts_of(taken->priority)
							  : &hints.rules[RULES];

		atomic_fetch_add(&one->observed, taken->observed);
		atomic_fetch_add(&one->acted, taken->acted);
	}
	atomic_fetch_add(&hints.would_lookups, hint->would.lookups);
	atomic_fetch_add(&hints.would_last, hint->would.last_address);
}

/* Which program it is tells who would notice. Its name may be anything. */
static void take_would(struct gp_hint_would *would)
{
	would->lookups = atomic_exchange(&hints.would_lookups, 0);
	would->last_address = atomic_exchange(&hints.would_last, 0);
	if (!would->lookups && !would->last_address)
		return;
	memcpy(would->program, gp_program_self()->comm, sizeof(would->program));
	for (char *at = would->program; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static void take_counters(uint32_t out[GP_COUNTERS])
{
	for (unsigned i = 0; i < GP_COUNTERS; i++)
		out[i] = atomic_exchange(&hints.counters[i], 0);
}

static void put_back(const uint32_t counters[GP_COUNTERS])
{
	for (unsigned i = 0; i < GP_COUNTERS; i++)
		atomic_fetch_add(&hints.counters[i], counters[i]);
}

/* ---- sending ---- */

/* 0, or errno. */
static int send_to(int fd, const char *path, const void *bytes, size_t size)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(to.sun_path))
		return ENAMETOOLONG;
	strcpy(to.sun_path, path);
	return sendto(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&to, sizeof(to)) < 0
		       ? errno
		       : 0;
}

/* What a login user's setuid program sends is that user's, by the kernel's word. */
static bool is_system_user(void)
{
	return geteuid() <= GP_SYSTEM_UID_MAX && getuid() <= GP_SYSTEM_UID_MAX;
}

/* An older v6guardd has one socket, and in a user namespace the kernel may know us as
 * somebody else. */
static bool is_not_for_us(int error)
{
	return error == ENOENT || error == ECONNREFUSED || error == EACCES ||
	       error == EPERM;
}

/* 0, or errno. */
static int send_bytes(const void *bytes, size_t size)
{
	const char *path = hints.path ? hints.path : GP_HINT_PATH;
	const char *system_path =
		hints.system_path ? hints.system_path : GP_HINT_SYSTEM_PATH;
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = ENOENT;

	if (fd < 0)
		return errno;
	if (is_system_user())
		error = send_to(fd, system_path, bytes, size);
	if (is_not_for_us(error))
		error = send_to(fd, path, bytes, size);
	close(fd);
	return error;
}

static int send_hint(enum gp_door door, const struct gp_candidate *candidates,
		     size_t count)
{
	struct gp_hint hint = {.door = (uint8_t)door};
	uint8_t bytes[GP_HINT_SIZE_MAX];
	int error;

	add_addresses(&hint, candidates, count);
	drop_inherited();
	take_counters(hint.counters);
	take_rules(&hint);
	take_would(&hint.would);
	error = send_bytes(bytes, gp_hint_build(&hint, bytes));
	if (error) {
		put_back(hint.counters);
		put_rules_back(&hint);
	}
	return error;
}

/* The next lookup first, and then 2, 4, 8... ms later: it must not slow down a process of
 * many lookups. */
static long long when_full(void)
{
	const unsigned before = atomic_fetch_add(&hints.full, 1);

	if (!before)
		return 0;
	return before < 6 ? 1LL << before : FULL_FOR_MS;
}

/* Behind a chroot() the path is somebody else's. A program may be killed by a filter of
 * its own for such a socket; to look for one costs too much for all programs of a host,
 * but not for one that is run under the preload. */
static bool may_send(enum gp_door door)
{
	return gp_live_same_root() && (door != GP_DOOR_PRELOAD || !gp_filter_is_new());
}

void gp_hint_send(enum gp_door door, const struct gp_candidate *candidates, size_t count)
{
	const long long now = gp_now_ms();
	long long due = atomic_load_explicit(&hints.next_send_ms, memory_order_relaxed);
	const int saved_errno = errno;
	int cancel_state, error;

	if (now < due)
		return;
	if (!atomic_compare_exchange_strong(&hints.next_send_ms, &due,
					    now + SEND_EVERY_MS))
		return;
	/* sendto() is a cancellation point, and the fd must not stay. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	error = may_send(door) ? send_hint(door, candidates, count) : 0;
	if (error == EACCES || error == EPERM)
		atomic_store(&hints.next_send_ms, now + DENIED_FOR_MS);
	else if (error == EAGAIN)
		atomic_store(&hints.next_send_ms, now + when_full());
	else
		atomic_store(&hints.full, 0);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}
