/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hints.c - reading the hint socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/clock.h"
#include "hints.h"

/* A flood costs no more than so many datagrams in so long; what does not fit waits in the
 * socket, and its sender is told EAGAIN. */
#define BATCH 64
#define PAUSE_US 5000

struct hints {
	int fd;
	struct event *event, *resume;
	hints_fn *take;
	void *ctx;
	struct hints_reporter reporters[HINTS_REPORTERS];
	size_t count;
	struct hints_reporter own;
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

static void take_hint(struct hints *hints, const uint8_t *bytes, size_t size,
		      uint32_t uid)
{
	const long long now = gp_boot_ms();
	struct hints_reporter *reporter = reporter_of(hints, uid, now);
	struct gp_hint hint;

	if (!may_speak(reporter, now)) {
		reporter->refused++;
		return;
	}
	if (gp_hint_parse(bytes, size, &hint) != GP_OK) {
		reporter->malformed++;
		return;
	}
	reporter->hints++;
	add(reporter, &hint);
	hints->take(hints->ctx, &hint, uid);
}

/* Nobody may hand us descriptors: there is room for credentials alone, and the kernel
 * closes what does not fit. */
static bool receive_one(struct hints *hints)
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
	const ssize_t got = recvmsg(hints->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	uint32_t uid;

	if (got < 0)
		return errno == EINTR;
	if (sender_of(&message, &uid))
		take_hint(hints, bytes, (size_t)got, uid);
	return true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hints *hints = arg;
	const struct timeval pause = {0, PAUSE_US};

	(void)fd, (void)what;
	for (unsigned i = 0; i < BATCH; i++)
		if (!receive_one(hints))
			return;
	event_del(hints->event);
	event_add(hints->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct hints *hints = arg;

	(void)fd, (void)what;
	event_add(hints->event, NULL);
}

struct hints *hints_new(struct event_base *base, int fd, hints_fn *take, void *ctx)
{
	struct hints *hints = calloc(1, sizeof(*hints));

	if (!hints) {
		close(fd);
		return NULL;
	}
	hints->fd = fd;
	hints->take = take;
	hints->ctx = ctx;
	hints->event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, hints);
	hints->resume = evtimer_new(base, on_resume, hints);
	if (hints->event && hints->resume && !event_add(hints->event, NULL))
		return hints;
	hints_free(hints);
	return NULL;
}

void hints_free(struct hints *hints)
{
	if (!hints)
		return;
	if (hints->event)
		event_free(hints->event);
	if (hints->resume)
		event_free(hints->resume);
	close(hints->fd);
	free(hints);
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
