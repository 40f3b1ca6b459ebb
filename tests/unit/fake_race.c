/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake_race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_PORT 7
#define FDS 64
#define FIRST_FD 1000 /* none that the process has */
#define NEVER 1000000000LL

int fake_race_fds = -1;
bool fake_race_has_signals;

static const char *script = "";
static long long now_us;
static char started[256];

static struct {
	bool is_open;
	enum gp_attempt end;
	long long end_us;
} sockets[FDS];

void fake_race_set(const char *text)
{
	script = text;
	now_us = 0;
	started[0] = '\0';
	memset(sockets, 0, sizeof(sockets));
}

const char *fake_race_started(void)
{
	return started;
}

int fake_race_open(void)
{
	int count = 0;

	for (size_t i = 0; i < FDS; i++)
		count += sockets[i].is_open;
	return count;
}

long long fake_race_ms(void)
{
	return now_us / 1000;
}

struct gp_addr fake_race_addr(char letter)
{
	struct gp_addr addr;
	char text[32];

	if (letter >= 'a')
		snprintf(text, sizeof(text), "198.51.100.%d", letter - 'a' + 1);
	else
		snprintf(text, sizeof(text), "2001:db8::%c", letter);
	if (gp_addr_parse(text, &addr))
		abort();
	return addr;
}

char fake_race_letter(const struct gp_addr *addr)
{
	for (const char *at = "123456789abcdefghi"; *at; at++) {
		const struct gp_addr one = fake_race_addr(*at);

		if (gp_addr_equal(&one, addr))
			return *at;
	}
	return '?';
}

/* ---- the script ---- */

static enum gp_attempt read_end(const char *word)
{
	static const enum gp_attempt ends[] = {GP_ATTEMPT_OK, GP_ATTEMPT_REFUSED,
					       GP_ATTEMPT_ICMP, GP_ATTEMPT_TIMEOUT,
					       GP_ATTEMPT_LOCAL};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *name = gp_attempt_name(ends[i]);

		if (!strncmp(word, name, strlen(name)))
			return ends[i];
	}
	abort();
}

static const char *find(char letter, uint16_t port)
{
	for (const char *at = script; *at; at++) {
		if (at != script && at[-1] != ' ')
			continue;
		if (at[0] == letter && (at[1] == '=' || atoi(at + 2) == port))
			return at;
	}
	return NULL;
}

static int start(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result)
{
	const char letter = fake_race_letter(addr), *word = find(letter, port);
	const size_t used = strlen(started);
	size_t i = 0;

	snprintf(started + used, sizeof(started) - used,
		 port == USUAL_PORT ? "%s%c@%lld" : "%s%c@%lld:%u", used ? " " : "",
		 letter, now_us / 1000, port);
	while (i < FDS && sockets[i].is_open)
		i++;
	*result = GP_ATTEMPT_LOCAL;
	if (i == FDS || (fake_race_fds >= 0 && fake_race_open() >= fake_race_fds))
		return -1;
	sockets[i].end = GP_ATTEMPT_PENDING;
	sockets[i].end_us = NEVER;
	if (word) {
		const char *when = strchr(word, '@');

		sockets[i].end = read_end(strchr(word, '=') + 1);
		sockets[i].end_us = now_us + (when ? atoi(when + 1) * 1000LL : 0);
		if (sockets[i].end == GP_ATTEMPT_LOCAL)
			return -1;
	}
	sockets[i].is_open = true;
	*result = GP_ATTEMPT_PENDING;
	return FIRST_FD + (int)i;
}

static enum gp_attempt check(int fd)
{
	const size_t i = (size_t)(fd - FIRST_FD);

	if (!sockets[i].is_open)
		abort();
	return sockets[i].end_us <= now_us ? sockets[i].end : GP_ATTEMPT_PENDING;
}

static void close_one(int fd)
{
	if (!sockets[fd - FIRST_FD].is_open)
		abort();
	sockets[fd - FIRST_FD].is_open = false;
}

static void wait_until(struct pollfd *fds, unsigned count, int timeout_ms)
{
	long long then_us = now_us + timeout_ms * 1000LL;

	for (unsigned i = 0; i < count; i++)
		if (sockets[fds[i].fd - FIRST_FD].end_us < then_us)
			then_us = sockets[fds[i].fd - FIRST_FD].end_us;
	if (fake_race_has_signals && then_us > now_us + 1000)
		then_us = now_us + 1000;
	if (then_us > now_us)
		now_us = then_us;
	for (unsigned i = 0; i < count; i++)
		fds[i].revents =
			sockets[fds[i].fd - FIRST_FD].end_us <= now_us ? POLLOUT : 0;
}

static long long now(void)
{
	return now_us;
}

const struct happy_ops fake_race_ops = {.start = start,
					.check = check,
					.close = close_one,
					.wait = wait_until,
					.now_us = now};
