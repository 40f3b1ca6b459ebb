/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* happy.c - see happy.h. */
#include <time.h>

#include "happy.h"
#include "unclosed.h"

#define US_PER_MS 1000LL

/* ---- the kernel ---- */

static void wait_by_poll(struct pollfd *fds, unsigned count, int timeout_ms)
{
	(void)poll(fds, count, timeout_ms);
}

static long long now_by_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int start_noted(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result)
{
	const int fd = gp_attempt_start(addr, port, result);

	if (fd >= 0)
		unclosed_add(fd);
	return fd;
}

static void close_noted(int fd)
{
	unclosed_remove(fd);
	gp_attempt_close(fd);
}

const struct happy_ops happy_kernel = {.start = start_noted,
				       .check = gp_attempt_check,
				       .close = close_noted,
				       .wait = wait_by_poll,
				       .now_us = now_by_clock};

/* ---- a destination ---- */

static void close_ports(const struct happy_ops *ops, struct happy_runner *runner)
{
	for (unsigned i = 0; i < HAPPY_PORTS; i++) {
		if (runner->fds[i] >= 0)
			ops->close(runner->fds[i]);
		runner->fds[i] = -1;
	}
}

static bool has_ports_left(const struct happy_runner *runner)
{
	for (unsigned i = 0; i < HAPPY_PORTS; i++)
		if (runner->fds[i] >= 0)
			return true;
	return false;
}

/* What one port says of the destination: an answer is one at any port; that others failed
 * counts for more than that this host did not try. */
static void note(const struct happy_ops *ops, struct happy_runner *runner,
		 enum gp_attempt result)
{
	if (runner->end == HAPPY_ANSWERED)
		return;
	switch (result) {
	case GP_ATTEMPT_PENDING:
		return;
	case GP_ATTEMPT_OK:
	case GP_ATTEMPT_REFUSED:
		runner->end = HAPPY_ANSWERED;
		runner->is_refused = result == GP_ATTEMPT_REFUSED;
		close_ports(ops, runner);
		break;
	case GP_ATTEMPT_ICMP:
	case GP_ATTEMPT_TIMEOUT:
		runner->end = HAPPY_FAILED;
		break;
	case GP_ATTEMPT_LOCAL:
		if (runner->end == HAPPY_RUNNING)
			runner->end = HAPPY_LOCAL;
		break;
	}
	/* Another port may still answer. */
	if (has_ports_left(runner))
		return;
	runner->took_us = ops->now_us() - runner->started_us;
}

static bool is_running(const struct happy_runner *runner)
{
	return runner->end != HAPPY_NOT_STARTED && has_ports_left(runner);
}

static void start(const struct happy_ops *ops, const struct happy_race *race,
		  struct happy_runner *runner)
{
	enum gp_attempt results[HAPPY_PORTS];

	runner->end = HAPPY_RUNNING;
	runner->started_us = ops->now_us();
	for (unsigned i = 0; i < race->port_count; i++)
		runner->fds[i] = ops->start(&runner->addr, race->ports[i], &results[i]);
	for (unsigned i = 0; i < race->port_count; i++)
		note(ops, runner, results[i]);
}

static void check(const struct happy_ops *ops, struct happy_runner *runner, unsigned port)
{
	const enum gp_attempt result = ops->check(runner->fds[port]);

	if (result == GP_ATTEMPT_PENDING)
		return;
	ops->close(runner->fds[port]);
	runner->fds[port] = -1;
	note(ops, runner, result);
}

/* ---- the race ---- */

const struct happy_runner *happy_winner(const struct happy_race *race, int family)
{
	const struct happy_runner *best = NULL;

	for (unsigned i = 0; i < race->count; i++) {
		const struct happy_runner *one = &race->runners[i];

		if (one->end == HAPPY_ANSWERED && one->addr.family == family &&
		    (!best || one->took_us < best->took_us))
			best = one;
	}
	return best;
}

/* IPv6 answered late: until when IPv4 ONE, if it answers, is faster by slow_ms; 0: it
 * cannot be. */
static long long faster_until(const struct happy_race *race,
			      const struct happy_runner *one,
			      const struct happy_runner *ipv6, long long now_us)
{
	const long long limit_us = ipv6->took_us - race->slow_ms * US_PER_MS;

	if (one->addr.family != AF_INET || limit_us <= 0)
		return 0;
	if (one->end == HAPPY_NOT_STARTED)
		return now_us + limit_us;
	return is_running(one) ? one->started_us + limit_us : 0;
}

/* When there is nothing more to be found out; BUDGET_END at the latest. */
static long long end_of(const struct happy_race *race, long long now_us,
			long long budget_end)
{
	const struct happy_runner *ipv6 = happy_winner(race, AF_INET6);
	long long end = now_us;

	if (happy_winner(race, AF_INET))
		return now_us;
	if (!ipv6)
		return budget_end;
	for (unsigned i = 0; race->slow_ms && i < race->count; i++) {
		const long long one = faster_until(race, &race->runners[i], ipv6, now_us);

		if (one > end)
			end = one;
	}
	return end < budget_end ? end : budget_end;
}

/* Milliseconds, rounded up, so that a wait is not repeated for the rest of one. */
static int wait_ms(long long then_us, long long now_us)
{
	return then_us > now_us ? (int)((then_us - now_us + US_PER_MS - 1) / US_PER_MS)
				: 0;
}

static unsigned count_running(const struct happy_race *race)
{
	unsigned count = 0;

	for (unsigned i = 0; i < race->count; i++)
		count += is_running(&race->runners[i]);
	return count;
}

static void wait_and_check(const struct happy_ops *ops, struct happy_race *race,
			   int timeout_ms)
{
	struct pollfd fds[HAPPY_RUNNERS * HAPPY_PORTS];
	struct happy_runner *runners[HAPPY_RUNNERS * HAPPY_PORTS];
	unsigned ports[HAPPY_RUNNERS * HAPPY_PORTS], count = 0;

	for (unsigned i = 0; i < race->count; i++)
		for (unsigned j = 0; j < HAPPY_PORTS; j++) {
			if (race->runners[i].fds[j] < 0)
				continue;
			fds[count] = (struct pollfd){.fd = race->runners[i].fds[j],
						     .events = POLLOUT};
			runners[count] = &race->runners[i];
			ports[count++] = j;
		}
	ops->wait(fds, count, timeout_ms);
	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents && runners[i]->fds[ports[i]] >= 0)
			check(ops, runners[i], ports[i]);
}

/* The next to start. When IPv6 was late, IPv4 is all that matters. */
static struct happy_runner *next_of(struct happy_race *race)
{
	const bool only_ipv4 = happy_winner(race, AF_INET6) != NULL;

	for (unsigned i = 0; i < race->count; i++) {
		struct happy_runner *one = &race->runners[i];

		if (one->end == HAPPY_NOT_STARTED &&
		    (!only_ipv4 || one->addr.family == AF_INET))
			return one;
	}
	return NULL;
}

static void run(const struct happy_ops *ops, struct happy_race *race)
{
	const long long budget_end = ops->now_us() + race->budget_ms * US_PER_MS;
	long long next_start = 0;

	for (;;) {
		const long long now = ops->now_us();
		const long long end = end_of(race, now, budget_end);
		const unsigned running = count_running(race);
		struct happy_runner *next = next_of(race);

		if (now >= end)
			return;
		if (next && now >= next_start) {
			start(ops, race, next);
			next_start =
				is_running(next) ? now + race->delay_ms * US_PER_MS : 0;
			continue;
		}
		if (!running)
			return;
		wait_and_check(ops, race,
			       wait_ms(next && next_start < end ? next_start : end, now));
		/* RFC 8305 5: the next one at once when one has failed. */
		if (count_running(race) < running)
			next_start = 0;
	}
}

void happy_race(const struct happy_ops *ops, struct happy_race *race)
{
	unclosed_sweep();
	for (unsigned i = 0; i < race->count; i++) {
		race->runners[i].end = HAPPY_NOT_STARTED;
		race->runners[i].started_us = race->runners[i].took_us = 0;
		for (unsigned j = 0; j < HAPPY_PORTS; j++)
			race->runners[i].fds[j] = -1;
	}
	run(ops, race);
	/* What came in the last moment. */
	wait_and_check(ops, race, 0);
	for (unsigned i = 0; i < race->count; i++) {
		struct happy_runner *one = &race->runners[i];

		if (!is_running(one))
			continue;
		one->end = HAPPY_RUNNING;
		one->took_us = ops->now_us() - one->started_us;
		close_ports(ops, one);
	}
}
