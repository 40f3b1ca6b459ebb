/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_trace.c - what the doors of a program say that they decided. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "known.h"
#include "run.h"

/* The kernel finds a name, and says of each datagram who sent it. */
bool run_trace_open(struct run_trace *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(at);
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	const int yes = 1;

	*out = (struct run_trace){
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
	if (out->fd < 0)
		return false;
	if (setsockopt(out->fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) ||
	    bind(out->fd, (struct sockaddr *)&at, sizeof(at.sun_family)) ||
	    getsockname(out->fd, (struct sockaddr *)&at, &length) || length <= head + 1 ||
	    length - head > sizeof(out->name)) {
		close(out->fd);
		out->fd = -1;
		return false;
	}
	out->name[0] = '@';
	memcpy(out->name + 1, at.sun_path + 1, length - head - 1);
	return true;
}

/* Other reasons hold whatever rule there is. */
static bool is_by_rule(enum gp_reason reason)
{
	return reason == GP_WHY_NOTHING || reason == GP_WHY_MODE ||
	       reason == GP_WHY_LAST_ADDRESS || reason == GP_WHY_NO_USABLE_IPV4 ||
	       reason == GP_WHY_NO_USABLE_IPV6 || reason == GP_WHY_BROKEN ||
	       reason == GP_WHY_SLOW || reason == GP_WHY_UNTESTED;
}

/* "mode", "rule partner: mode"; of an address that a rule leaves alone "rule partner". */
static void why_of(const struct gp_rules *rules, const struct gp_trace *message,
		   unsigned i, char *text, size_t size)
{
	const enum gp_reason reason = (enum gp_reason)message->addresses[i].reason;
	const char *name = gp_reason_name(reason);
	const unsigned priority = is_by_rule(reason) ? message->addresses[i].rule : 0;
	struct gp_guard_rule rule;

	if (!name)
		name = "?";
	if (reason == GP_WHY_NOTHING)
		name = "";
	if (!priority)
		snprintf(text, size, "%s", name);
	else if (rules && gp_rules_by_priority(rules, priority, &rule))
		snprintf(text, size, "rule %s%s%s", rule.name, name[0] ? ": " : "", name);
	else
		snprintf(text, size, "rule of priority %u%s%s", priority,
			 name[0] ? ": " : "", name);
}

static void print_address(const struct gp_rules *rules, const struct gp_trace *message,
			  unsigned i)
{
	struct gp_addr addr = {.family = message->addresses[i].family,
			       .scope_id = message->addresses[i].scope_id};
	const char *what = gp_disposition_name(
		(enum gp_disposition)message->addresses[i].disposition);
	char text[GP_ADDR_TEXT], why[GP_RULE_NAME + 64];

	memcpy(addr.bytes, message->addresses[i].bytes, sizeof(addr.bytes));
	fprintf(stderr, "%s %s", i ? "," : "", gp_addr_format(&addr, text));
	why_of(rules, message, i, why, sizeof(why));
	if (why[0])
		fprintf(stderr, " %s (%s)", what ? what : "?", why);
}

static void keep_address(struct run_names *names, const struct gp_trace *message,
			 unsigned i)
{
	struct gp_addr addr = {.family = message->addresses[i].family};

	memcpy(addr.bytes, message->addresses[i].bytes, sizeof(addr.bytes));
	for (size_t j = 0; j < names->count; j++)
		if (names->list[j].family == addr.family &&
		    !memcmp(names->list[j].bytes, addr.bytes, sizeof(addr.bytes)))
			return;
	if (names->count < sizeof(names->list) / sizeof(names->list[0]))
		names->list[names->count++] = addr;
}

static void print(const struct gp_rules *rules, const struct gp_trace *message, long pid)
{
	const char *mode = gp_mode_name((enum gp_mode)message->mode);
	const char *outcome = message->acts      ? "changed"
			      : message->differs ? "would be changed (enforce = no)"
						 : "unchanged";
	char name[GP_TRACE_NAME];

	known_text(name, sizeof(name), message->name);
	if (!message->count) {
		fprintf(stderr, "v6guard: [%ld] %s: %s: left alone\n", pid, name,
			mode ? mode : "?");
		return;
	}
	fprintf(stderr, "v6guard: [%ld] %s: %s: %s:", pid, name, mode ? mode : "?",
		outcome);
	for (unsigned i = 0; i < message->count && i < GP_TRACE_ADDRESSES; i++)
		print_address(rules, message, i);
	if (message->count > GP_TRACE_ADDRESSES)
		fprintf(stderr, " and %u more",
			(unsigned)message->count - GP_TRACE_ADDRESSES);
	fputc('\n', stderr);
}

/* Any program of the host can send to such a socket: only this user's count. */
static long sender_of(struct msghdr *header)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(header);
	struct ucred who;

	if (!part || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS)
		return -1;
	memcpy(&who, CMSG_DATA(part), sizeof(who));
	return who.uid == getuid() ? (long)who.pid : -1;
}

bool run_trace_take(int fd, struct gp_trace *message, long *pid)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec bytes = {.iov_base = message, .iov_len = sizeof(*message)};
	struct msghdr header = {.msg_iov = &bytes,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control)};
	const ssize_t size = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);

	*pid = -1;
	if (size < 0)
		return errno == EINTR;
	if (size == (ssize_t)sizeof(*message) && message->magic == GP_TRACE_MAGIC)
		*pid = sender_of(&header);
	message->name[sizeof(message->name) - 1] = '\0';
	return true;
}

/* False: there is nothing more. */
static bool read_one(struct run_trace *trace)
{
	struct gp_trace message;
	long pid;

	if (!run_trace_take(trace->fd, &message, &pid))
		return false;
	if (pid < 0)
		return true;
	for (unsigned i = 0; i < message.count && i < GP_TRACE_ADDRESSES; i++)
		keep_address(&trace->names, &message, i);
	trace->lookups++;
	trace->changed += message.acts != 0;
	if (trace->is_shown)
		print(trace->rules, &message, pid);
	return true;
}

void run_trace_read(struct run_trace *trace)
{
	while (read_one(trace))
		;
}
