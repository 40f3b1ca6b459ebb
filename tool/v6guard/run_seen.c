/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run_seen.c - where a program connects to, without rights and without touching it: the
 * sockets in its hands, asked of the kernel while it runs. What opens and closes between
 * two looks, the kernel tells when it closes, but not whose it was.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guard/owner.h"
#include "run.h"

#define DNS_PORT 53 /* by the resolver, not by the program */
#define INODES_MAX 256
#define SHOWN 3
#define EVENTS_BYTES (256 * 1024)
#define SETTLE_MS 100
#define PAUSE_MAX_MS 100
#define PAUSE_SHARE 10 /* looking may take a tenth of the time */

/* All but LISTEN, and TIME_WAIT, which nobody holds any more. */
#define STATES                                                                           \
	((1U << (TCP_CLOSING + 1)) - 2 - (1U << TCP_LISTEN) - (1U << TCP_TIME_WAIT))

void run_seen_open(struct run_seen *out, const struct run_seen *before)
{
	*out = (struct run_seen){.before = before, .pause_ms = 1};
	out->dump_fd = gp_sockdiag_open();
	out->event_fd = gp_sockdiag_listen(EVENTS_BYTES);
}

void run_seen_close(struct run_seen *seen)
{
	if (seen->dump_fd >= 0)
		close(seen->dump_fd);
	if (seen->event_fd >= 0)
		close(seen->event_fd);
}

/* ---- sockets ---- */

/* Its place in the list; COUNT: it is not there. */
static size_t find(const struct run_seen *seen, const struct gp_socket *socket)
{
	size_t i = 0;

	while (i < seen->count && memcmp(seen->list[i].socket.cookie, socket->cookie,
					 sizeof(socket->cookie)) != 0)
		i++;
	return i;
}

static bool was_before(const struct run_seen *seen, const struct gp_socket *socket)
{
	return seen->before && find(seen->before, socket) < seen->before->count;
}

/* Where there is no room, something that is not known to be ours goes; or NULL. */
static struct run_connection *make(struct run_seen *seen)
{
	if (seen->count < RUN_SEEN_MAX)
		return &seen->list[seen->count++];
	for (size_t i = 0; i < RUN_SEEN_MAX; i++) {
		struct run_connection *old = &seen->list[seen->next++ % RUN_SEEN_MAX];
		if (!old->is_ours)
			return old;
	}
	return NULL;
}

static void note(struct run_seen *seen, const struct gp_socket *socket, bool is_ours,
		 bool is_open)
{
	const size_t at = find(seen, socket);
	struct run_connection *known = at < seen->count ? &seen->list[at] : NULL;
	const bool is_answered = socket->was_answered || socket->rtt_us > 0;

	if (socket->remote_port == DNS_PORT || was_before(seen, socket))
		return;
	if (!known) {
		/* Of others only what may turn out to be ours. */
		known = is_ours || is_answered ? make(seen) : NULL;
		if (!known)
			return;
		*known = (struct run_connection){.socket = *socket};
	}
	known->is_ours |= is_ours;
	known->is_open = is_open;
	known->is_answered |= is_answered;
}

static void note_closed(void *ctx, const struct gp_socket *socket)
{
	note(ctx, socket, false, false);
}

struct dump {
	struct run_seen *seen;
	const uint32_t *inodes;
	size_t count;
};

static bool note_open(void *ctx, const struct gp_socket *socket)
{
	const struct dump *dump = ctx;

	for (size_t i = 0; i < dump->count; i++)
		if (dump->inodes[i] == socket->inode)
			note(dump->seen, socket, true, true);
	return true;
}

/* ---- processes ---- */

/* The last number in /proc/loadavg: no new one, no new child. */
static long newest_process(void)
{
	char text[128] = "", *last;
	const int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	last = strrchr(text, ' ');
	return last ? atol(last) : -1;
}

/* 0: gone. */
static pid_t parent_of(int proc, const char *pid)
{
	char path[280], text[512] = "", *end;
	int fd;

	snprintf(path, sizeof(path), "%s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	end = strrchr(text, ')'); /* "PID (NAME) STATE PARENT": NAME may be anything */
	return end && strlen(end) > 4 ? (pid_t)atol(end + 4) : 0;
}

static bool is_in(const struct run_seen *seen, pid_t pid)
{
	for (size_t i = 0; i < seen->pid_count; i++)
		if (seen->pids[i] == pid)
			return true;
	return false;
}

/* True if there was a child that was not known. */
static bool add_children(struct run_seen *seen)
{
	DIR *proc = opendir("/proc");
	bool is_more = false;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		const pid_t pid = (pid_t)atol(entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) || is_in(seen, pid) ||
		    !is_in(seen, parent_of(dirfd(proc), entry->d_name)))
			continue;
		if (seen->pid_count == RUN_SEEN_PIDS)
			break;
		seen->pids[seen->pid_count++] = pid;
		is_more = true;
	}
	if (proc)
		closedir(proc);
	return is_more;
}

/* A child that outlives its parent stays in the list; one that died there does no
 * harm. */
static void find_processes(struct run_seen *seen, pid_t pid)
{
	const long newest = newest_process();

	if (seen->pid_count == 0)
		seen->pids[seen->pid_count++] = pid;
	else if (newest >= 0 && newest == seen->last_pid)
		return;
	seen->last_pid = newest;
	while (add_children(seen))
		;
}

/* ---- looking ---- */

static long long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* A socket that needs no second look: its handshake was seen. */
static bool is_settled(const struct run_seen *seen, uint32_t inode)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].socket.inode == inode && seen->list[i].is_open &&
		    seen->list[i].is_answered)
			return true;
	return false;
}

static void look(struct run_seen *seen, pid_t pid)
{
	uint32_t inodes[INODES_MAX];
	struct dump dump = {.seen = seen, .inodes = inodes};

	find_processes(seen, pid);
	for (size_t i = 0; i < seen->pid_count; i++) {
		const size_t begin = dump.count;
		const size_t got = gp_owner_sockets(seen->pids[i], inodes + begin,
						    INODES_MAX - begin);
		for (size_t j = begin; j < begin + got; j++)
			if (!is_settled(seen, inodes[j]))
				inodes[dump.count++] = inodes[j];
	}
	if (dump.count == 0 || seen->dump_fd < 0)
		return;
	gp_sockdiag_dump(seen->dump_fd, AF_INET6, STATES, NULL, 0, note_open, &dump);
	gp_sockdiag_dump(seen->dump_fd, AF_INET, STATES, NULL, 0, note_open, &dump);
}

void run_seen_look(struct run_seen *seen, pid_t pid)
{
	const long long begin = now_us();

	if (seen->is_final)
		return;
	if (pid)
		look(seen, pid);
	/* Behind that: whose they were is known for more of them. */
	if (seen->event_fd >= 0)
		gp_sockdiag_read(seen->event_fd, note_closed, seen);
	const long long pause = (now_us() - begin) * PAUSE_SHARE / 1000 + 1;
	seen->pause_ms = pause < PAUSE_MAX_MS ? (int)pause : PAUSE_MAX_MS;
}

static bool is_known(const struct run_seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->list[i].is_ours && seen->list[i].is_answered)
			return true;
	return false;
}

void run_seen_settle(struct run_seen *seen)
{
	const long long end = now_us() + SETTLE_MS * 1000;
	struct pollfd event = {.fd = seen->event_fd, .events = POLLIN};

	run_seen_look(seen, 0);
	while (!seen->is_final && !is_known(seen) && now_us() < end) {
		poll(&event, 1, SETTLE_MS / 10);
		run_seen_look(seen, 0);
	}
}

/* ---- words ---- */

static bool is_same_place(const struct run_connection *a, const struct run_connection *b)
{
	return a->socket.remote_port == b->socket.remote_port &&
	       a->socket.remote.family == b->socket.remote.family &&
	       !memcmp(a->socket.remote.bytes, b->socket.remote.bytes, 16);
}

static bool was_looked_up(const struct run_names *names, const struct gp_addr *addr)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->list[i].family == addr->family &&
		    !memcmp(names->list[i].bytes, addr->bytes, sizeof(addr->bytes)))
			return true;
	return false;
}

enum end { END_ANSWERED, END_WAITS, END_NONE };

static enum end end_of(const struct run_connection *connection,
		       const struct run_names *names)
{
	if (!connection->is_ours && !was_looked_up(names, &connection->socket.remote))
		return END_NONE;
	if (connection->is_answered)
		return END_ANSWERED;
	return connection->is_ours && connection->is_open ? END_WAITS : END_NONE;
}

/* The same place once. */
static bool is_repeated(const struct run_seen *seen, const struct run_names *names,
			size_t at, enum end end)
{
	for (size_t i = 0; i < at; i++)
		if (end_of(&seen->list[i], names) == end &&
		    is_same_place(&seen->list[i], &seen->list[at]))
			return true;
	return false;
}

static size_t put(const struct run_seen *seen, const struct run_names *names,
		  enum end end, size_t used, char buf[RUN_SEEN_TEXT])
{
	char text[GP_ADDR_TEXT];
	size_t found = 0;

	for (size_t i = 0; i < seen->count; i++) {
		const struct gp_socket *socket = &seen->list[i].socket;
		if (end_of(&seen->list[i], names) != end ||
		    is_repeated(seen, names, i, end) || ++found > SHOWN)
			continue;
		used += (size_t)snprintf(buf + used, RUN_SEEN_TEXT - used,
					 "%s%s port %u%s", used ? ", " : "",
					 gp_addr_format(&socket->remote, text),
					 (unsigned)socket->remote_port,
					 end == END_WAITS ? ": no answer" : "");
	}
	if (found > SHOWN)
		used += (size_t)snprintf(buf + used, RUN_SEEN_TEXT - used,
					 " and %zu more", found - SHOWN);
	return used;
}

const char *run_seen_text(const struct run_seen *seen, const struct run_names *names,
			  char buf[RUN_SEEN_TEXT])
{
	size_t used = put(seen, names, END_ANSWERED, 0, buf);

	used = put(seen, names, END_WAITS, used, buf);
	if (!used)
		strcpy(buf, "-");
	return buf;
}
