/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach_live.c - the map of this process.
 *
 * No lock: whoever sets the time of the next look first does this one, and a look that
 * fork() or an end of its thread cut off costs its second, and at worst a slot. A file
 * that is replaced stays mapped, as somebody may be reading it; only a minute later its
 * place is mapped over with the next one, so that a daemon that is restarted for years
 * takes up no more than SLOT_COUNT maps.
 *
 * If a file is truncated, as by `: >reach.map`, reading its mapping raises SIGBUS. So its
 * size is checked before each use, at most once a tick of the coarse clock; a truncation
 * within those few milliseconds is still fatal. A private copy would cost 200 KB a
 * process.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/live.h"
#include "guard/reach_private.h"

#define SLOT_COUNT 8
#define LOOK_EVERY_MS 1000
#define DENIED_FOR_MS 60000
#define RETIRED_FOR_MS 60000

enum slot_state { SLOT_FREE, SLOT_BUSY, SLOT_IN_USE, SLOT_RETIRED };

struct slot {
	atomic_int state;
	atomic_llong retired_ms;
	/* By whom made it BUSY; read through `current` alone. */
	_Atomic(const struct gp_reach *) map;
	_Atomic dev_t dev;
	_Atomic ino_t ino;
	atomic_llong whole_ms; /* when the file was seen to have its size */
};

/* All zero at first. */
static struct {
	atomic_llong next_look_ms;
	atomic_uint current; /* slot + 1; 0: none */
	struct slot slot[SLOT_COUNT];
	const char *path; /* NULL: the usual one; set before the first look */
} live;

void gp_reach_use_path(const char *path)
{
	live.path = path;
}

static const char *map_path(void)
{
	return live.path ? live.path : GP_REACH_PATH;
}

/* Somebody who may write it could send every program of the host elsewhere. */
static bool is_trusted(const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode) || stat->st_mode & (S_IWGRP | S_IWOTH) ||
	    stat->st_size != (off_t)sizeof(struct gp_reach))
		return false;
	return stat->st_uid == 0 || (live.path && stat->st_uid == geteuid());
}

static struct slot *current_slot(void)
{
	const unsigned current = atomic_load(&live.current);

	return current ? &live.slot[current - 1] : NULL;
}

/* A slot to fill: BUSY now. One that was used keeps its memory. NULL: none yet. */
static struct slot *claim_slot(long long now)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct slot *slot = &live.slot[i];
		int state = SLOT_FREE;

		if (atomic_compare_exchange_strong(&slot->state, &state, SLOT_BUSY))
			return slot;
	}
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct slot *slot = &live.slot[i];
		int state = SLOT_RETIRED;

		if (now - atomic_load(&slot->retired_ms) > RETIRED_FOR_MS &&
		    atomic_compare_exchange_strong(&slot->state, &state, SLOT_BUSY))
			return slot;
	}
	return NULL;
}

static void publish(struct slot *slot, long long now)
{
	unsigned before;

	atomic_store(&slot->state, SLOT_IN_USE);
	before = atomic_exchange(&live.current, (unsigned)(slot - live.slot) + 1);
	if (!before)
		return;
	atomic_store(&live.slot[before - 1].retired_ms, now);
	atomic_store(&live.slot[before - 1].state, SLOT_RETIRED);
}

static void *map_file(int fd)
{
	return mmap(NULL, sizeof(struct gp_reach), PROT_READ, MAP_SHARED, fd, 0);
}

/* Put MEMORY where SLOT's old map stands, in one step for whoever may look there. */
static const struct gp_reach *put_over(struct slot *slot, void *memory)
{
	const size_t size = sizeof(struct gp_reach);
	void *old = (void *)(uintptr_t)slot->map;

	if (!old)
		return memory;
	return mremap(memory, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, old);
}

/*
 * `ip netns exec` and PrivateNetwork= leave /run as it is: what the daemon sees in its
 * network says nothing about ours.
 */
static bool is_our_network(const struct gp_reach *map)
{
	static const uint32_t unknown[4];
	uint32_t ours[4];

	return !memcmp(map->network, unknown, sizeof(unknown)) ||
	       !reach_network_of(ours) || !memcmp(map->network, ours, sizeof(ours));
}

static bool is_ours(const void *memory)
{
	const struct gp_reach *map = gp_reach_check(memory, sizeof(*map));

	return map && is_our_network(map);
}

static void take_up(int fd, const struct stat *stat, long long now)
{
	void *memory = map_file(fd);
	struct slot *slot;

	if (memory == MAP_FAILED)
		return;
	slot = is_ours(memory) ? claim_slot(now) : NULL;
	if (!slot) {
		munmap(memory, sizeof(struct gp_reach));
		return;
	}
	slot->map = put_over(slot, memory);
	if (slot->map == MAP_FAILED) { /* the slot is lost */
		munmap(memory, sizeof(struct gp_reach));
		return;
	}
	slot->dev = stat->st_dev;
	slot->ino = stat->st_ino;
	publish(slot, now);
}

static long long wait_after(int error)
{
	return error == EACCES || error == EPERM ? DENIED_FOR_MS : LOOK_EVERY_MS;
}

/* Returns in how many milliseconds to look again. */
static long long look(long long now)
{
	const struct slot *slot = current_slot();
	struct stat stat_now;
	int fd;

	if (stat(map_path(), &stat_now))
		return wait_after(errno);
	if (slot && slot->dev == stat_now.st_dev && slot->ino == stat_now.st_ino)
		return LOOK_EVERY_MS;
	/* Behind a chroot() the path is somebody else's. */
	if (!gp_live_same_root())
		return LOOK_EVERY_MS;
	/* O_NONBLOCK: a FIFO in its place must not hang the caller's lookup. */
	fd = open(map_path(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return wait_after(errno);
	if (!fstat(fd, &stat_now) && is_trusted(&stat_now))
		take_up(fd, &stat_now, now);
	close(fd);
	return LOOK_EVERY_MS;
}

static void look_when_due(long long now)
{
	long long due = atomic_load_explicit(&live.next_look_ms, memory_order_relaxed);
	const int saved_errno = errno;
	int cancel_state;

	if (now < due)
		return;
	if (!atomic_compare_exchange_strong(&live.next_look_ms, &due,
					    now + LOOK_EVERY_MS))
		return; /* another thread is at it */
	/* open() is a cancellation point, and the fd must not stay. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	atomic_store(&live.next_look_ms, now + look(now));
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}

/* The path still leads to SLOT's file, and that has its size; or nobody can tell. */
static bool is_in_place(const struct slot *slot)
{
	const int saved_errno = errno;
	struct stat stat_now;
	bool is_there;

	if (stat(map_path(), &stat_now))
		is_there = errno != ENOENT && errno != ENOTDIR;
	else
		is_there = slot->dev == stat_now.st_dev && slot->ino == stat_now.st_ino &&
			   stat_now.st_size >= (off_t)sizeof(struct gp_reach);
	/* Behind a chroot() the path is another one. */
	if (!is_there)
		is_there = !gp_live_same_root();
	errno = saved_errno;
	return is_there;
}

/* SLOT's map is not to be read any more; one that is in its place now is found at once.
 */
static void withdraw(struct slot *slot, long long now)
{
	unsigned current = (unsigned)(slot - live.slot) + 1;

	if (atomic_compare_exchange_strong(&live.current, &current, 0)) {
		atomic_store(&slot->retired_ms, now);
		atomic_store(&slot->state, SLOT_RETIRED);
	}
	atomic_store(&live.next_look_ms, now);
	look_when_due(now);
}

const struct gp_reach *gp_reach_live(void)
{
	const long long now = gp_now_ms();
	struct slot *slot;

	look_when_due(now);
	slot = current_slot();
	if (slot && atomic_load_explicit(&slot->whole_ms, memory_order_relaxed) != now) {
		if (is_in_place(slot))
			atomic_store_explicit(&slot->whole_ms, now, memory_order_relaxed);
		else
			withdraw(slot, now);
		slot = current_slot();
	}
	if (!slot || !gp_reach_is_live(slot->map, gp_boot_ms()))
		return NULL;
	return slot->map;
}
