/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hints.c - reading the hint socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "hints.h"

/* After BATCH datagrams within WINDOW_MS a socket waits for PAUSE times what they took of
 * the processor, and LEAST_US at least. So a flood costs a ninth of a core a socket. */
#define BATCH 64
#define WINDOW_MS 10
#define PAUSE 8
#define LEAST_US 1000
/* What may be waiting in a socket that is replaced, and between two such. */
#define REST 1024
#define BAR_EVERY_MS 20

struct source {
	struct hints *hints;
	int fd;
	bool is_systems;
	struct event *event, *resume;
	long long since_ms; /* what was read since then, and what that took */
	long long read, used_us;
};

struct bar {
	uint32_t uid;
	long long until_ms;
};

struct hints {
	struct event_base *base;
	struct source sources[HINT_SOCKETS];
	struct hints_ops ops;
	struct hints_reporter reporters[HINTS_REPORTERS];
	size_t count;
	struct hints_reporter own;
	struct bar bars[HINT_BARS]; /* the first ends first */
	size_t bar_count;
	struct event *bar_timer;
	bool bars_changed, is_bar_due; /* it is to be told; the timer will */
	bool is_asked, cannot_bar;
};

static struct hints_reporter *reporter_of(struct hints *hints, uint32_t uid,
					  long long now)
{
	struct hints_reporter *oldest = &hints->reporters[0];

	for (size_t i = 0; i < hints->count; i++) {
		if (hints->reporters[i].uid == uid)
			return &hints->reporters[i];
		if (hints->reporters[i].seen_ms < oldest->seen_ms)
			oldest = &hints->reporters[i];
	}
	if (hints->count < HINTS_REPORTERS)
		oldest = &hints->reporters[hints->count++];
	*oldest = (struct hints_reporter){
		.uid = uid, .tokens = HINTS_BURST * 1000LL, .seen_ms = now};
	return oldest;
}

static bool may_speak(struct hints_reporter *reporter, long long now)
{
	const long long passed = now - reporter->seen_ms;

	reporter->tokens += passed > HINTS_BURST * 1000LL ? HINTS_BURST * 1000LL
							  : passed * HINTS_RATE;
	if (reporter->tokens > HINTS_BURST * 1000LL)
		reporter->tokens = HINTS_BURST * 1000LL;
	reporter->seen_ms = now;
	if (reporter->tokens < 1000)
		return false;
	reporter->tokens -= 1000;
	return true;
}

/* ---- shutting out ---- */

static void arm(struct hints *hints, long long at_ms)
{
	const long long left = at_ms - gp_boot_ms();
	const long long ms = left < BAR_EVERY_MS ? BAR_EVERY_MS : left;
	const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

	event_add(hints->bar_timer, &delay);
}

static void tell_bars(struct hints *hints)
{
	uint32_t uids[HINT_BARS];

	for (size_t i = 0; i < hints->bar_count; i++)
		uids[i] = hints->bars[i].uid;
	if (hints->ops.bar(hints->ops.ctx, uids, hints->bar_count)) {
		hints->is_asked = true;
		hints->bars_changed = false;
	}
}

static void drop_first_bar(struct hints *hints)
{
	hints->bar_count--;
	memmove(&hints->bars[0], &hints->bars[1],
		hints->bar_count * sizeof(hints->bars[0]));
	hints->bars_changed = true;
}

static void on_bar_timer(evutil_socket_t fd, short what, void *arg)
{
	struct hints *hints = arg;
	const long long now = gp_boot_ms();

	(void)fd, (void)what;
	hints->is_bar_due = false;
	while (hints->bar_count && hints->bars[0].until_ms <= now)
		drop_first_bar(hints);
	if (hints->bars_changed && !hints->is_asked)
		tell_bars(hints);
	hints->is_bar_due = hints->bars_changed;
	if (hints->is_bar_due)
		arm(hints, now);
	else if (hints->bar_count)
		arm(hints, hints->bars[0].until_ms);
}

static void bar(struct hints *hints, uint32_t uid, long long now)
{
	/* The kernel lets root in everywhere. */
	if (uid == 0 || hints->cannot_bar)
		return;
	for (size_t i = 0; i < hints->bar_count; i++)
		if (hints->bars[i].uid == uid)
			return; /* sent before it was shut out */
	if (hints->bar_count == HINT_BARS)
		drop_first_bar(hints);
	hints->bars[hints->bar_count++] = (struct bar){uid, now + HINTS_BAR_MS};
	/* Those that follow do not put it off. */
	if (!hints->is_bar_due)
		arm(hints, now);
	hints->bars_changed = hints->is_bar_due = true;
}

static void refuse(struct hints *hints, struct hints_reporter *reporter, long long now)
{
	reporter->refused++;
	if (now - reporter->flood_ms >= 1000) {
		reporter->flood_ms = now;
		reporter->flood = 0;
	}
	if (++reporter->flood == HINTS_FLOOD)
		bar(hints, reporter->uid, now);
}

/* ---- what comes ---- */

/* The sender as the kernel saw it; false: it did not say. */
static bool sender_of(struct msghdr *message, uint32_t *uid)
{
	struct ucred credentials;

	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at;
	     at = CMSG_NXTHDR(message, at)) {
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_CREDENTIALS ||
		    at->cmsg_len != CMSG_LEN(sizeof(credentials)))
			continue;
		memcpy(&credentials, CMSG_DATA(at), sizeof(credentials));
		*uid = credentials.uid;
		return true;
	}
	return false;
}

/* The last place is for all that the others have no room for. */
static struct hints_rule *rule_of(struct hints_reporter *reporter, uint16_t priority,
				  uint8_t door)
{
	const bool is_full = reporter->rule_count >= HINTS_RULES - 1;

	for (size_t i = 0; i < reporter->rule_count; i++)
		if (reporter->rules[i].priority == priority &&
		    reporter->rules[i].door == door)
			return &reporter->rules[i];
	if (reporter->rule_count == HINTS_RULES)
		return &reporter->rules[HINTS_RULES - 1];
	reporter->rules[reporter->rule_count] =
		(struct hints_rule){.priority = is_full ? 0 : priority, .door = door};
	return &reporter->rules[reporter->rule_count++];
}

static void note_program(struct hints_reporter *reporter, const char *program)
{
	if (!program[0] || reporter->program_count == HINTS_PROGRAMS)
		return;
	for (size_t i = 0; i < reporter->program_count; i++)
		if (!strcmp(reporter->programs[i], program))
			return;
	strcpy(reporter->programs[reporter->program_count++], program);
}

static void add(struct hints_reporter *reporter, const struct gp_hint *hint)
{
	for (size_t i = 0; i < GP_COUNTERS; i++)
		reporter->counters[i] += hint->counters[i];
	for (size_t i = 0; i < hint->rule_count; i++) {
		struct hints_rule *rule =
			rule_of(reporter, hint->rules[i].priority, hint->door);

		rule->observed += hint->rules[i].observed;
		rule->acted += hint->rules[i].acted;
	}
	reporter->would_lookups += hint->would.lookups;
	reporter->would_last += hint->would.last_address;
	note_program(reporter, hint->would.program);
}

static void take_hint(const struct source *source, const uint8_t *bytes, size_t size,
		      uint32_t uid)
{
	struct hints *hints = source->hints;
	const long long now = gp_boot_ms();
	struct hints_reporter *reporter = reporter_of(hints, uid, now);
	struct gp_hint hint;

	/* Such a one has found a way in: a program with root's rights that sends for it.
	 */
	if (!may_speak(reporter, now) ||
	    (source->is_systems && uid > GP_SYSTEM_UID_MAX)) {
		refuse(hints, reporter, now);
		return;
	}
	if (gp_hint_parse(bytes, size, &hint) != GP_OK) {
		reporter->malformed++;
		return;
	}
	reporter->hints++;
	add(reporter, &hint);
	hints->ops.take(hints->ops.ctx, &hint, uid);
}

/* Nobody may hand us descriptors: there is room for credentials alone, and the kernel
 * closes what does not fit. */
static bool receive_one(const struct source *source)
{
	uint8_t bytes[GP_HINT_SIZE_MAX + 1];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	const ssize_t got =
		recvmsg(source->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	uint32_t uid;

	if (got < 0)
		return errno == EINTR;
	if (sender_of(&message, &uid))
		take_hint(source, bytes, (size_t)got, uid);
	return true;
}

static long long used_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void pause_for(struct source *source, long long us)
{
	const long long least = us < LEAST_US ? LEAST_US : us;
	const struct timeval delay = {least / 1000000, least % 1000000};

	event_del(source->event);
	event_add(source->resume, &delay);
}

/* Few at a time are counted together: each time that we wake costs as well. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct source *source = arg;
	const long long now = gp_boot_ms(), before = used_us();
	bool is_more = true;

	(void)fd, (void)what;
	if (now - source->since_ms >= WINDOW_MS) {
		source->since_ms = now;
		source->used_us = source->read = 0;
	}
	while (is_more && source->read < BATCH) {
		is_more = receive_one(source);
		source->read += is_more;
	}
	source->used_us += used_us() - before;
	if (source->read < BATCH)
		return;
	pause_for(source, PAUSE * source->used_us);
	source->used_us = source->read = 0;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	const struct source *source = arg;

	(void)fd, (void)what;
	event_add(source->event, NULL);
}

/* ---- beginning and end ---- */

static bool open_source(struct hints *hints, size_t which, int fd)
{
	struct source *source = &hints->sources[which];

	*source = (struct source){
		.hints = hints, .fd = fd, .is_systems = which == HINT_SYSTEM};
	source->event =
		event_new(hints->base, fd, EV_READ | EV_PERSIST, on_readable, source);
	source->resume = evtimer_new(hints->base, on_resume, source);
	return source->event && source->resume && !event_add(source->event, NULL);
}

static void close_source(struct source *source)
{
	if (source->event)
		event_free(source->event);
	if (source->resume)
		event_free(source->resume);
	source->event = source->resume = NULL;
	if (source->fd >= 0)
		close(source->fd);
	source->fd = -1;
}

struct hints *hints_new(struct event_base *base, const int fds[HINT_SOCKETS],
			const struct hints_ops *ops)
{
	struct hints *hints = calloc(1, sizeof(*hints));
	bool is_good = hints != NULL;

	if (!hints) {
		for (size_t i = 0; i < HINT_SOCKETS; i++)
			close(fds[i]);
		return NULL;
	}
	hints->base = base;
	hints->ops = *ops;
	hints->bar_timer = evtimer_new(base, on_bar_timer, hints);
	for (size_t i = 0; i < HINT_SOCKETS; i++)
		is_good = open_source(hints, i, fds[i]) && is_good;
	if (is_good && hints->bar_timer)
		return hints;
	hints_free(hints);
	return NULL;
}

void hints_free(struct hints *hints)
{
	if (!hints)
		return;
	if (hints->bar_timer)
		event_free(hints->bar_timer);
	for (size_t i = 0; i < HINT_SOCKETS; i++)
		close_source(&hints->sources[i]);
	free(hints);
}

void hints_replace(struct hints *hints, const int fds[HINT_SOCKETS])
{
	hints->is_asked = false;
	if (fds[0] < 0) {
		hints->cannot_bar = true;
		hints->bars_changed = false;
		hints->bar_count = 0;
		return;
	}
	for (size_t i = 0; i < HINT_SOCKETS; i++) {
		for (unsigned n = 0; n < REST && receive_one(&hints->sources[i]); n++)
			;
		close_source(&hints->sources[i]);
		open_source(hints, i, fds[i]);
	}
}

void hints_count_own(struct hints *hints, const struct gp_hint *hint)
{
	add(&hints->own, hint);
}

const struct hints_reporter *hints_own(const struct hints *hints)
{
	return &hints->own;
}

const struct hints_reporter *hints_reporters(const struct hints *hints, size_t *count)
{
	*count = hints->count;
	return hints->reporters;
}
