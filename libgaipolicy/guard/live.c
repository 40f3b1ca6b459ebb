/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * live.c - the policy in force for this process.
 *
 * Slots hold a generation each. Readers count themselves in and out of the slot that is
 * current; a slot is filled again only while it is not current and nobody is in it, and
 * only then the bytes that its rules lead to are let go. Two would do, and usually no
 * more are used; the others are for those that a reader left by longjmp(), and never
 * counts itself out of. The counters and all that a reload needs to remember lie in a
 * page that fork() wipes: the threads that were counted do not exist in the child, and a
 * reload that one of them had begun never ends there. One that was left by longjmp() is
 * given up for lost in the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/live.h"
#include "guard/self.h"

#define SLOT_COUNT 4
#define NO_SLOT SLOT_COUNT

/* In the count of a slot's readers: it is being filled. */
#define CLAIMED (1U << 31)

/* How long the file is not looked at again: usually, and after it was refused to us. */
#define CHECK_EVERY_MS 1000
#define DENIED_FOR_MS 60000
/* Far longer than a reload takes. */
#define LOST_AFTER_MS 10000

/* What tells one file from the next. All zero: none was read. */
struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

/* The page that fork() wipes. */
struct wiped_state {
	atomic_uint readers[SLOT_COUNT];
	atomic_llong next_check_ms;
	atomic_llong reloading; /* since when, plus 1; 0: nobody */
	atomic_llong whole_ms;  /* when a mapped file was seen to have its size */
	struct identity seen;   /* by whom is reloading */
};

/* A snapshot, and the bytes that its rules lead to. */
struct slot {
	struct gp_snapshot snapshot;
	void *bytes; /* NULL: it has no rules */
	size_t size;
	bool is_mapped; /* else allocated */
	dev_t dev;
	ino_t ino;
	unsigned owner; /* by gp_self */
};

/* Written once by start(), but for `current`, and the slots under the rule above. */
static struct {
	pthread_once_t once;       /* PTHREAD_ONCE_INIT is 0 */
	struct wiped_state *wiped; /* NULL: no policy, ever */
	char path[PATH_MAX];
	bool path_is_ours; /* from V6GUARD_SNAPSHOT: the owner may be the user */
	int mode;          /* from V6GUARD, or -1 */
	dev_t root_dev;
	ino_t root_ino;
	atomic_uint current;
	struct slot slot[SLOT_COUNT];
} live; /* all zero, so that no process pays for it before its first lookup */

static struct identity identity_of(const struct stat *stat)
{
	return (struct identity){stat->st_dev, stat->st_ino, stat->st_size, stat->st_mtim,
				 stat->st_ctim};
}

static bool is_same_identity(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool has_same_root(void)
{
	struct stat root;

	return !stat("/", &root) && root.st_dev == live.root_dev &&
	       root.st_ino == live.root_ino;
}

/* Somebody who may write the file could send every program of the host elsewhere. */
static bool is_trusted(const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode) || stat->st_mode & (S_IWGRP | S_IWOTH))
		return false;
	return stat->st_uid == 0 || (live.path_is_ours && stat->st_uid == geteuid());
}

static bool read_fully(int fd, char *buf, size_t size)
{
	while (size) {
		ssize_t got = read(fd, buf, size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		buf += got;
		size -= (size_t)got;
	}
	return true;
}

/* How an attempt to read the file ended. */
enum reading {
	READING_GOOD,
	READING_REFUSED, /* damaged or not to be trusted: until it changes */
	READING_DENIED,  /* not for our eyes */
	READING_FAILED,  /* no fd, no memory: the next time may be better */
};

static void let_go(struct slot *slot)
{
	if (slot->bytes && slot->is_mapped)
		munmap(slot->bytes, slot->size);
	else
		free(slot->bytes);
	slot->bytes = NULL;
}

/* Whole and checked, as it is small. */
static enum reading read_small(int fd, struct slot *out)
{
	out->is_mapped = false;
	out->bytes = malloc(out->size + 1);
	if (!out->bytes)
		return READING_FAILED;
	if (read_fully(fd, out->bytes, out->size) &&
	    gp_snapshot_parse(out->bytes, out->size, &out->snapshot) == GP_OK) {
		if (!out->snapshot.rules.count)
			let_go(out);
		return READING_GOOD;
	}
	let_go(out);
	return READING_REFUSED;
}

/* By its head, and page by page as lookups need it. */
static enum reading map_large(int fd, struct slot *out)
{
	out->is_mapped = true;
	out->bytes = mmap(NULL, out->size, PROT_READ, MAP_SHARED, fd, 0);
	if (out->bytes == MAP_FAILED) {
		out->bytes = NULL;
		return READING_FAILED;
	}
	/* A lookup needs pages far from each other: none is to be read for its neighbour.
	 */
	(void)madvise(out->bytes, out->size, MADV_RANDOM);
	if (gp_snapshot_open(out->bytes, out->size, &out->snapshot) == GP_OK)
		return READING_GOOD;
	let_go(out);
	return READING_REFUSED;
}

static enum reading read_open_file(int fd, struct slot *out, struct identity *identity)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return READING_FAILED;
	*identity = identity_of(&stat);
	if (!is_trusted(&stat) || (uint64_t)stat.st_size > SIZE_MAX / 2)
		return READING_REFUSED;
	out->size = (size_t)stat.st_size;
	out->dev = stat.st_dev;
	out->ino = stat.st_ino;
	return out->size > GP_SNAPSHOT_SMALL ? map_large(fd, out) : read_small(fd, out);
}

static bool is_denial(int error)
{
	return error == EACCES || error == EPERM;
}

static enum reading read_file(struct slot *out, struct identity *identity)
{
	/* O_NONBLOCK: a FIFO in its place must not hang the caller's lookup. */
	int fd = open(live.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum reading reading;

	if (fd < 0)
		return is_denial(errno) ? READING_DENIED : READING_FAILED;
	reading = read_open_file(fd, out, identity);
	close(fd);
	return reading;
}

/* A slot to fill, CLAIMED now, or NO_SLOT. */
static unsigned claim_slot(struct wiped_state *wiped)
{
	const unsigned current = atomic_load(&live.current);

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		unsigned nobody = 0;

		if (i != current &&
		    atomic_compare_exchange_strong(&wiped->readers[i], &nobody, CLAIMED))
			return i;
	}
	return NO_SLOT;
}

/*
 * Put NEW in force, or drop it. If lookups still run under every older generation, no
 * slot is free: NEW is tried again a second later, but `off` never waits. What was there
 * before a fork() stays: a frame below may still look at it.
 */
static bool publish(struct wiped_state *wiped, struct slot *new)
{
	const unsigned slot = claim_slot(wiped);

	if (slot == NO_SLOT) {
		if (gp_snapshot_is_off(&new->snapshot, time(NULL)))
			atomic_store(&live.current, NO_SLOT);
		let_go(new);
		return false;
	}
	new->owner = gp_self();
	if (live.slot[slot].owner == new->owner)
		let_go(&live.slot[slot]);
	live.slot[slot] = *new;
	atomic_fetch_sub(&wiped->readers[slot], CLAIMED);
	atomic_store(&live.current, slot);
	return true;
}

/* Nothing is in force until the file is another one than SEEN. */
static void withdraw(struct wiped_state *wiped, struct identity seen)
{
	atomic_store(&live.current, NO_SLOT);
	wiped->seen = seen;
}

static long long reload_missing(struct wiped_state *wiped, int error)
{
	const bool gone = error == ENOENT || error == ENOTDIR;

	/* After a chroot() the path is another one: what is in force stays. */
	if (gone && !has_same_root())
		return CHECK_EVERY_MS;
	withdraw(wiped, (struct identity){0});
	return is_denial(error) ? DENIED_FOR_MS : CHECK_EVERY_MS;
}

/* Look at the file again. Returns in how many milliseconds to do so the next time. */
static long long reload(struct wiped_state *wiped)
{
	struct slot new = {.bytes = NULL};
	struct identity identity;
	struct stat stat_now;

	if (stat(live.path, &stat_now))
		return reload_missing(wiped, errno);
	identity = identity_of(&stat_now);
	if (is_same_identity(&identity, &wiped->seen))
		return CHECK_EVERY_MS;
	switch (read_file(&new, &identity)) {
	case READING_GOOD:
		if (publish(wiped, &new))
			wiped->seen = identity;
		return CHECK_EVERY_MS;
	case READING_REFUSED:
		withdraw(wiped, identity);
		return CHECK_EVERY_MS;
	case READING_DENIED:
		withdraw(wiped, (struct identity){0});
		return DENIED_FOR_MS;
	case READING_FAILED:
		break;
	}
	withdraw(wiped, (struct identity){0});
	return CHECK_EVERY_MS;
}

/* False: another thread is at it; the current policy serves meanwhile. */
static bool begin_reload(struct wiped_state *wiped, long long now)
{
	long long since = 0;

	if (atomic_compare_exchange_strong(&wiped->reloading, &since, now + 1))
		return true;
	return now + 1 - since >= LOST_AFTER_MS &&
	       atomic_compare_exchange_strong(&wiped->reloading, &since, now + 1);
}

static void end_reload(struct wiped_state *wiped, long long now)
{
	long long mine = now + 1;

	atomic_compare_exchange_strong(&wiped->reloading, &mine, 0);
}

static void check(struct wiped_state *wiped)
{
	const long long now = gp_now_ms();
	int cancel_state;

	if (now < atomic_load_explicit(&wiped->next_check_ms, memory_order_relaxed))
		return;
	if (!begin_reload(wiped, now))
		return;
	/* open() is a cancellation point, and nobody must wait for it. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	if (now >= atomic_load(&wiped->next_check_ms))
		atomic_store(&wiped->next_check_ms, now + reload(wiped));
	pthread_setcancelstate(cancel_state, NULL);
	end_reload(wiped, now);
}

/* In a static program our libc is a second one, which takes a setuid program for any
 * other. */
static const char *environment(const char *name)
{
	return getauxval(AT_SECURE) ? NULL : secure_getenv(name);
}

static bool read_environment(void)
{
	const char *path = environment("V6GUARD_SNAPSHOT");
	const char *mode = environment("V6GUARD");
	enum gp_mode parsed;

	if (mode && gp_mode_parse(mode, &parsed) == GP_OK)
		live.mode = parsed;
	live.path_is_ours = path && path[0];
	if (!live.path_is_ours)
		path = GP_SNAPSHOT_PATH;
	/* A relative path would change its meaning with each chdir(). */
	if (path[0] != '/' || strlen(path) >= sizeof(live.path))
		return false;
	strcpy(live.path, path);
	return true;
}

static void start(void)
{
	struct wiped_state *wiped;
	struct stat root;

	live.mode = -1;
	live.current = NO_SLOT;
	if (!read_environment() || stat("/", &root))
		return;
	live.root_dev = root.st_dev;
	live.root_ino = root.st_ino;
	wiped = mmap(NULL, sizeof(*wiped), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (wiped == MAP_FAILED)
		return;
	if (madvise(wiped, sizeof(*wiped), MADV_WIPEONFORK)) {
		munmap(wiped, sizeof(*wiped));
		return;
	}
	live.wiped = wiped;
	/* Here, under pthread_once: lookups of other threads that come first of all wait
	 * for the policy rather than go without. */
	check(wiped);
}

/* Count in; the slot may have been replaced between the two looks at `current`. */
static unsigned enter(struct wiped_state *wiped)
{
	for (;;) {
		const unsigned slot = atomic_load(&live.current);

		if (slot == NO_SLOT)
			return NO_SLOT;
		atomic_fetch_add(&wiped->readers[slot], 1);
		if (atomic_load(&live.current) == slot)
			return slot;
		atomic_fetch_sub(&wiped->readers[slot], 1);
	}
}

static void leave(struct wiped_state *wiped, unsigned slot)
{
	atomic_uint *readers = &wiped->readers[slot];
	unsigned count = atomic_load(readers);

	/* Never below zero: a handler that forked in the middle of a lookup has a wiped
	 * one. */
	while (count && !atomic_compare_exchange_weak(readers, &count, count - 1))
		;
}

enum place {
	IN_PLACE, /* or nobody can tell: the look that is due each second sees to that */
	REPLACED,
	CUT_OFF
};

static enum place place_of(const struct slot *slot)
{
	struct stat stat_now;

	if (!slot->bytes || !slot->is_mapped || stat(live.path, &stat_now))
		return IN_PLACE;
	if (slot->dev != stat_now.st_dev || slot->ino != stat_now.st_ino)
		return has_same_root() ? REPLACED : IN_PLACE;
	return (uint64_t)stat_now.st_size < slot->size ? CUT_OFF : IN_PLACE;
}

/*
 * The slot to use, entered. Where a mapped file was cut off, the kernel kills whoever
 * looks. So it is looked at in front of each use, but once only within a tick of the
 * coarse clock; and what has taken its place, as it may have been cut before, at once.
 */
static unsigned enter_safely(struct wiped_state *wiped)
{
	const long long now = gp_now_ms();
	unsigned slot = enter(wiped);

	if (slot == NO_SLOT || atomic_load(&wiped->whole_ms) == now)
		return slot;
	if (place_of(&live.slot[slot]) == IN_PLACE) {
		atomic_store(&wiped->whole_ms, now);
		return slot;
	}
	leave(wiped, slot);
	atomic_store(&wiped->next_check_ms, now);
	check(wiped);
	slot = enter(wiped);
	/* Another thread may be at it still. */
	if (slot == NO_SLOT || place_of(&live.slot[slot]) != CUT_OFF)
		return slot;
	leave(wiped, slot);
	return NO_SLOT;
}

static bool open_ref(struct gp_live_ref *ref)
{
	ref->slot = enter_safely(live.wiped);
	if (ref->slot == NO_SLOT)
		return false;
	ref->snapshot = &live.slot[ref->slot].snapshot;
	ref->guard = ref->snapshot->guard;
	ref->rules = ref->snapshot->rules.count ? &ref->snapshot->rules : NULL;
	if (live.mode >= 0) {
		ref->guard.mode = (uint8_t)live.mode;
		ref->rules = NULL;
	}
	ref->is_off = gp_snapshot_is_off(ref->snapshot, time(NULL));
	if ((ref->guard.mode != GP_MODE_OFF || ref->rules) && !ref->is_off)
		return true;
	gp_live_put(ref);
	return false;
}

bool gp_live_get(struct gp_live_ref *ref)
{
	const int saved_errno = errno;
	bool in_force = false;

	pthread_once(&live.once, start);
	ref->is_off = false;
	if (live.wiped) {
		check(live.wiped);
		in_force = open_ref(ref);
	}
	errno = saved_errno;
	return in_force;
}

void gp_live_put(struct gp_live_ref *ref)
{
	leave(live.wiped, ref->slot);
}

void gp_live_look(void)
{
	pthread_once(&live.once, start);
	if (live.wiped)
		atomic_store(&live.wiped->next_check_ms, 0);
}

bool gp_live_same_root(void)
{
	pthread_once(&live.once, start); /* not every process looks a policy up before */
	return has_same_root();
}
