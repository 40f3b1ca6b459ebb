/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stuck.c - finding stuck sockets, testing what else there is, and freeing them. */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "guard/clock.h"
#include "guard/race.h"
#include "known.h"
#include "stuck.h"

/* ---- how long -------------------------------------------------------------------- */

#define RTO_MAX 120

unsigned stuck_seconds(unsigned retransmits, unsigned linear)
{
	unsigned seconds = 0, wait = 1;

	for (unsigned i = 1; i <= retransmits; i++) {
		seconds += wait;
		if (i > linear)
			wait = wait < RTO_MAX / 2 ? wait * 2 : RTO_MAX;
	}
	return seconds;
}

/*
 * The kernel gives up at the timeout by which the SYN was sent RETRIES + LINEAR times
 * again, or so much time is over as RETRIES would take without LINEAR:
 * tcp_write_timeout() and retransmits_timed_out().
 */
unsigned stuck_limit(unsigned retries, unsigned linear)
{
	unsigned model = stuck_seconds(retries + 1, 0);

	for (unsigned sent = 0;; sent++) {
		unsigned now = stuck_seconds(sent + 1, linear);
		if (sent >= retries + linear || (sent > 0 && now >= model))
			return now;
	}
}

static unsigned read_sysctl(const char *path, unsigned absent)
{
	FILE *file = fopen(path, "re");
	unsigned value;

	if (!file)
		return absent;
	if (fscanf(file, "%u", &value) != 1 || value > 255)
		value = absent;
	fclose(file);
	return value;
}

/* ---- finding --------------------------------------------------------------------- */

struct finding {
	struct stuck_list *list;
	size_t room;
	unsigned linear;
	bool has_failed;
};

static bool take(void *ctx, const struct gp_socket *socket)
{
	struct finding *finding = ctx;
	struct stuck_list *list = finding->list;

	if (socket->retransmits == 0)
		return true;
	if (list->count == finding->room) {
		size_t room = finding->room ? finding->room * 2 : 16;
		void *more = reallocarray(list->items, room, sizeof(*list->items));
		finding->has_failed = !more;
		if (!more)
			return false;
		list->items = more;
		finding->room = room;
	}
	list->items[list->count++] = (struct stuck_socket){
		.socket = *socket,
		.seconds = stuck_seconds(socket->retransmits, finding->linear)};
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct stuck_socket *left = a, *right = b;

	if (left->seconds != right->seconds)
		return left->seconds > right->seconds ? -1 : 1;
	if (left->owner.pid != right->owner.pid)
		return left->owner.pid < right->owner.pid ? -1 : 1;
	return 0;
}

static bool find_owners(struct stuck_list *list)
{
	uint32_t *inodes = calloc(list->count, sizeof(*inodes));
	struct gp_owner *owners = calloc(list->count, sizeof(*owners));

	for (size_t i = 0; inodes && owners && i < list->count; i++)
		inodes[i] = list->items[i].socket.inode;
	if (inodes && owners)
		gp_owner_find(inodes, owners, list->count);
	for (size_t i = 0; inodes && owners && i < list->count; i++)
		list->items[i].owner = owners[i];
	bool is_done = inodes && owners;
	free(inodes);
	free(owners);
	return is_done;
}

/* v6guardd's own tests of dead places; where we may not see whose a socket is, by the
 * user that it has for itself. */
static bool is_probe(const struct stuck_socket *item, const struct passwd *daemon)
{
	if (item->owner.pid)
		return gp_owner_is(&item->owner, "v6guardd");
	return daemon && item->socket.uid == daemon->pw_uid;
}

static void leave_out_probes(struct stuck_list *list)
{
	const struct passwd *daemon = getpwnam("v6guard");
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_probe(&list->items[i], daemon))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

/* An earlier one to the same place, or NULL. */
static struct stuck_socket *like(const struct stuck_list *list, size_t index)
{
	const struct gp_socket *socket = &list->items[index].socket;

	for (size_t i = 0; i < index; i++)
		if (gp_addr_equal(&list->items[i].socket.remote, &socket->remote) &&
		    list->items[i].socket.remote_port == socket->remote_port)
			return &list->items[i];
	return NULL;
}

static void find_partners(struct stuck_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct stuck_socket *item = &list->items[i];
		const struct stuck_socket *other = like(list, i);
		if (other) {
			memcpy(item->partners, other->partners, sizeof(item->partners));
			item->partner_count = other->partner_count;
		} else {
			item->partner_count = daemon_partners(
				&item->socket.remote, item->partners, STUCK_PARTNERS);
		}
	}
}

enum gp_status stuck_find(int fd, struct stuck_list *out)
{
	unsigned linear = read_sysctl("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", 0);
	unsigned retries = read_sysctl("/proc/sys/net/ipv4/tcp_syn_retries", 6);
	struct finding finding = {.list = out, .linear = linear};

	*out = (struct stuck_list){.would_last = stuck_limit(retries, linear)};
	enum gp_status status = gp_sockdiag_dump(fd, AF_INET6, GP_STATE_SYN_SENT, NULL, 0,
						 take, &finding);
	if (finding.has_failed ||
	    (status == GP_OK && out->count > 0 && !find_owners(out)))
		status = GP_NOMEM;
	if (status != GP_OK) {
		stuck_free(out);
		return status;
	}
	leave_out_probes(out);
	if (out->count > 0)
		qsort(out->items, out->count, sizeof(*out->items), by_time);
	find_partners(out);
	return GP_OK;
}

void stuck_free(struct stuck_list *list)
{
	free(list->items);
	*list = (struct stuck_list){0};
}

/* ---- freeing --------------------------------------------------------------------- */

struct test {
	struct pollfd fds[STUCK_PARTNERS];
	size_t open;
	bool is_answered;
};

static void note(struct test *test, size_t i, enum gp_attempt result)
{
	if (result == GP_ATTEMPT_PENDING)
		return;
	if (test->fds[i].fd >= 0) {
		gp_attempt_close(test->fds[i].fd);
		test->fds[i].fd = -1;
		test->open--;
	}
	test->is_answered |= result == GP_ATTEMPT_OK || result == GP_ATTEMPT_REFUSED;
}

/* One of the partners answers on that port within a second. */
static bool is_partner_there(const struct stuck_socket *item)
{
	struct test test = {.open = 0};
	long long end = gp_boot_ms() + STUCK_TEST_MS;
	enum gp_attempt result;

	for (size_t i = 0; i < item->partner_count; i++) {
		test.fds[i].events = POLLOUT;
		test.fds[i].fd = gp_attempt_start(&item->partners[i],
						  item->socket.remote_port, &result);
		test.open += test.fds[i].fd >= 0;
		note(&test, i, result);
	}
	while (test.open > 0 && !test.is_answered) {
		long long left = end - gp_boot_ms();
		int found = poll(test.fds, item->partner_count, left > 0 ? (int)left : 0);
		if (found < 0 && errno != EINTR)
			break;
		for (size_t i = 0; i < item->partner_count; i++)
			if (test.fds[i].fd >= 0)
				note(&test, i, gp_attempt_check(test.fds[i].fd));
		if (left <= 0)
			break;
	}
	for (size_t i = 0; i < item->partner_count; i++)
		if (test.fds[i].fd >= 0)
			gp_attempt_close(test.fds[i].fd);
	return test.is_answered;
}

static enum stuck_fate rescue_one(int fd, const struct stuck_list *list, size_t index)
{
	const struct stuck_socket *item = &list->items[index];
	const struct stuck_socket *other = like(list, index);
	bool is_left = other ? other->fate == STUCK_LEFT
			     : item->partner_count > 0 && !is_partner_there(item);

	if (is_left)
		return STUCK_LEFT;
	enum gp_status status = gp_sockdiag_destroy(fd, &item->socket);
	if (status == GP_NOTFOUND)
		return STUCK_GONE;
	return status == GP_OK ? STUCK_FREED : STUCK_FAILED;
}

void stuck_rescue(int fd, struct stuck_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		list->items[i].fate = rescue_one(fd, list, i);
}

/* ---- telling --------------------------------------------------------------------- */

const char *stuck_fate_name(enum stuck_fate fate)
{
	switch (fate) {
	case STUCK_WAITS:
		return "waits";
	case STUCK_FREED:
		return "freed";
	case STUCK_GONE:
		return "gone";
	case STUCK_LEFT:
		return "left";
	case STUCK_FAILED:
		return "failed";
	}
	return "?";
}

const char *stuck_story(const struct stuck_socket *item, char buf[STUCK_TEXT])
{
	char who[100], program[64], address[GP_ADDR_TEXT], partner[GP_ADDR_TEXT];
	unsigned port = item->socket.remote_port;

	known_text(program, sizeof(program), item->owner.program);
	if (item->owner.pid)
		snprintf(who, sizeof(who), "%s (pid %ld)", program,
			 (long)item->owner.pid);
	else
		snprintf(who, sizeof(who), "a program of uid %u",
			 (unsigned)item->socket.uid);
	gp_addr_format(&item->socket.remote, address);
	gp_addr_format(&item->partners[0], partner);
	switch (item->fate) {
	case STUCK_WAITS:
		snprintf(buf, STUCK_TEXT, "%s waits for %s port %u", who, address, port);
		break;
	case STUCK_FREED:
		snprintf(buf, STUCK_TEXT, "freed %s from %s port %u", who, address, port);
		break;
	case STUCK_GONE:
		snprintf(buf, STUCK_TEXT, "%s went on by itself from %s port %u", who,
			 address, port);
		break;
	case STUCK_LEFT:
		snprintf(buf, STUCK_TEXT,
			 "left %s at %s port %u: %s%s does not answer there either", who,
			 address, port, partner,
			 item->partner_count > 1 ? ", as the others," : "");
		break;
	case STUCK_FAILED:
		snprintf(buf, STUCK_TEXT, "cannot free %s from %s port %u", who, address,
			 port);
		break;
	}
	return buf;
}
