/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netwatch.c - one netlink socket for notifications and dumps: what answers a request of
 * ours carries its number and our port, all else is a notification. What a notification
 * says is not used: it only makes us read everything again, so that a lost one (ENOBUFS)
 * costs nothing but that.
 */
#include <errno.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/clock.h"
#include "netwatch_facts.h"

#define BUFFER (32 * 1024) /* what the kernel puts into one message at most */
#define RECEIVE_BUFFER (1024 * 1024)
#define ANSWER_MS 1000
#define READ_MS 5000 /* for all answers together; a million routes take one */
#define READ_TRIES 3
#define DRAIN_MOST 512

struct netwatch {
	int fd;
	uint32_t port, seq;
	struct event *readable, *timer;
	struct event_base *base;
	netwatch_changed_fn *changed;
	netwatch_address_fn *address; /* NULL: nobody wants to know */
	netwatch_ipv6_fn *ipv6;       /* NULL: nobody wants to know */
	void *ctx;
	struct netwatch_state state;
	bool is_dirty;         /* something has changed since the last reading began */
	bool is_torn;          /* ... or a table did while it was dumped, if only in parts
				* that do not matter here */
	long long dirty_since; /* CLOCK_BOOTTIME; 0: nothing is to be read */
	long long deadline;    /* of the reading under way */
	struct netwatch_facts now, next;
	_Alignas(8) uint8_t buffer[BUFFER];
};

/* ---- the socket -------------------------------------------------------------------- */

static bool set_up(int fd)
{
	static const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
				     RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
				     RTNLGRP_IPV6_ROUTE};
	const struct timeval patience = {ANSWER_MS / 1000, ANSWER_MS % 1000 * 1000};
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	const int size = RECEIVE_BUFFER, on = 1;
	const int nexthops = RTNLGRP_NEXTHOP;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    bind(fd, (struct sockaddr *)&self, sizeof(self)))
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])))
			return false;
	/* Both came after 4.19 and are only good to have: nexthop objects, and dumps that
	 * leave out what the request's header does not ask for. */
	setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nexthops, sizeof(nexthops));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return true;
}

int netwatch_open(void)
{
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int saved_errno;

	if (fd < 0 || set_up(fd))
		return fd;
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return -1;
}

/* One datagram of the kernel's. Bytes; 0: not the kernel's; -1 and errno. */
static ssize_t receive(struct netwatch *watch, int flags)
{
	struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
	struct iovec bytes = {watch->buffer, sizeof(watch->buffer)};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &bytes,
			     .msg_iovlen = 1};
	ssize_t got;

	do
		got = recvmsg(watch->fd, &msg, flags);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	if (msg.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	if (msg.msg_flags & MSG_TRUNC) {
		errno = EMSGSIZE;
		return -1;
	}
	return got;
}

/* ---- requests ---------------------------------------------------------------------- */

/* A number in an attribute behind the family's header. */
struct request {
	uint16_t type, flags;
	const void *header;
	size_t size;
	uint16_t attribute; /* 0: none */
	uint32_t value;
};

static bool send_request(struct netwatch *watch, const struct request *request)
{
	struct {
		struct nlmsghdr header;
		uint8_t body[64];
	} message;
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	size_t used = NLMSG_ALIGN(request->size);
	ssize_t sent;

	memset(&message, 0, sizeof(message));
	memcpy(message.body, request->header, request->size);
	if (request->attribute) {
		const struct rtattr attribute = {.rta_type = request->attribute,
						 .rta_len = sizeof(attribute) +
							    sizeof(request->value)};

		memcpy(message.body + used, &attribute, sizeof(attribute));
		used += sizeof(attribute);
		memcpy(message.body + used, &request->value, sizeof(request->value));
		used += sizeof(request->value);
	}
	/* A notification has 0 or somebody else's. */
	if (++watch->seq == 0)
		watch->seq = 1;
	message.header.nlmsg_len = (uint32_t)(sizeof(message.header) + used);
	message.header.nlmsg_type = request->type;
	message.header.nlmsg_flags = NLM_F_REQUEST | request->flags;
	message.header.nlmsg_seq = watch->seq;
	do
		sent = sendto(watch->fd, &message, message.header.nlmsg_len, 0,
			      (struct sockaddr *)&kernel, sizeof(kernel));
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)message.header.nlmsg_len;
}

enum answer { MORE, DONE, FAILED };

/* Both begin with an errno, 0 or negative. */
static enum answer end_of(const struct netwatch_message *message)
{
	int error = 0;

	if (message->size >= sizeof(error))
		memcpy(&error, message->body, sizeof(error));
	if (error == 0)
		return DONE;
	errno = -error;
	return FAILED;
}

static void note(struct netwatch *watch, const struct netwatch_message *message)
{
	struct gp_addr addr;

	if (netwatch_is_relevant(message))
		watch->is_dirty = true;
	if (watch->address && netwatch_address_of(message, &addr))
		watch->address(watch->ctx, &addr);
	if (watch->ipv6 && netwatch_brings_ipv6(message))
		watch->ipv6(watch->ctx);
}

/* Notifications are lost. */
static void note_loss(struct netwatch *watch)
{
	watch->is_dirty = true;
	if (watch->address)
		watch->address(watch->ctx, NULL);
	if (watch->ipv6)
		watch->ipv6(watch->ctx);
}

static enum answer take_message(struct netwatch *watch,
				const struct netwatch_message *message)
{
	if (message->pid != watch->port || message->seq != watch->seq) {
		note(watch, message);
		return MORE;
	}
	if (message->flags & NLM_F_DUMP_INTR)
		watch->is_torn = true;
	if (message->type == NLMSG_DONE || message->type == NLMSG_ERROR)
		return end_of(message);
	netwatch_add(&watch->next, message);
	return message->flags & NLM_F_MULTI ? MORE : DONE;
}

static enum answer take_all(struct netwatch *watch, size_t size)
{
	const uint8_t *at = watch->buffer;
	struct netwatch_message message;
	enum answer answer = MORE;

	/* Behind the end of an answer more notifications may stand. */
	while (netwatch_next(&at, &size, &message)) {
		const enum answer one = take_message(watch, &message);

		if (answer == MORE)
			answer = one;
	}
	return answer;
}

/* Ask, and add to NEXT what is answered. False and errno: it is not all of it. */
static bool ask(struct netwatch *watch, const struct request *request)
{
	enum answer answer = MORE;

	if (!send_request(watch, request))
		return false;
	while (answer == MORE) {
		const ssize_t got = receive(watch, 0);

		if (got > 0)
			answer = take_all(watch, (size_t)got);
		else if (got < 0 && errno != ENOBUFS)
			return false; /* EAGAIN: no answer */
		else
			note_loss(watch); /* and no answers */
		if (answer == MORE && gp_boot_ms() > watch->deadline) {
			errno = ETIMEDOUT;
			return false;
		}
	}
	return answer == DONE;
}

static bool ask_routes(struct netwatch *watch, int family)
{
	const struct rtmsg header = {.rtm_family = (uint8_t)family,
				     .rtm_type = RTN_UNICAST};

	return ask(watch, &(struct request){.type = RTM_GETROUTE,
					    .flags = NLM_F_DUMP,
					    .header = &header,
					    .size = sizeof(header)});
}

static bool ask_addresses(struct netwatch *watch, int family)
{
	const struct ifaddrmsg header = {.ifa_family = (uint8_t)family};

	return ask(watch, &(struct request){.type = RTM_GETADDR,
					    .flags = NLM_F_DUMP,
					    .header = &header,
					    .size = sizeof(header)});
}

/* A group leads to its members, which are asked for in turn. */
static bool resolve_nexthops(struct netwatch *watch)
{
	const struct nhmsg header = {.nh_family = AF_UNSPEC};

	for (int i = 0; i < 2 * NETWATCH_ROUTES; i++) {
		const uint32_t id = netwatch_unresolved(&watch->next);

		if (!id)
			return true;
		/* ENOENT: deleted meanwhile, which we shall be told of. */
		if (!ask(watch, &(struct request){.type = RTM_GETNEXTHOP,
						  .header = &header,
						  .size = sizeof(header),
						  .attribute = NHA_ID,
						  .value = id}) &&
		    errno != ENOENT)
			return false;
		if (netwatch_unresolved(&watch->next) == id)
			netwatch_drop_nexthop(&watch->next, id);
	}
	return true;
}

/* For the words of WHY alone: one that fails has a number. */
static void ask_names(struct netwatch *watch)
{
	const struct netwatch_facts *facts = &watch->next;

	for (size_t i = 0; i < facts->route_count; i++) {
		const uint32_t ifindex = facts->routes[i].ifindex;
		const struct ifinfomsg header = {.ifi_family = AF_UNSPEC,
						 .ifi_index = (int)ifindex};
		bool is_known = false;

		for (size_t j = 0; j < facts->name_count; j++)
			is_known |= facts->names[j].ifindex == ifindex;
		if (!is_known)
			ask(watch, &(struct request){.type = RTM_GETLINK,
						     .header = &header,
						     .size = sizeof(header),
						     .attribute = IFLA_EXT_MASK,
						     .value = RTEXT_FILTER_SKIP_STATS});
	}
}

/* Take what waits on the socket; is_dirty if something of it matters. */
static void drain(struct netwatch *watch)
{
	for (int i = 0; i < DRAIN_MOST; i++) {
		const ssize_t got = receive(watch, MSG_DONTWAIT);

		if (got > 0)
			take_all(watch, (size_t)got);
		else if (got < 0 && errno == EAGAIN)
			return;
		else if (got < 0)
			note_loss(watch);
	}
}

static bool read_once(struct netwatch *watch)
{
	/* A dump is refused (ENOBUFS) while the socket is full of notifications, and
	 * (EBUSY) while an older one, given up, has not been read to its end. */
	drain(watch);
	watch->is_dirty = watch->is_torn = false;
	memset(&watch->next, 0, sizeof(watch->next));
	if (!ask_routes(watch, AF_INET) || !ask_routes(watch, AF_INET6) ||
	    !resolve_nexthops(watch) || !ask_addresses(watch, AF_INET) ||
	    !ask_addresses(watch, AF_INET6))
		return false;
	ask_names(watch);
	return true;
}

/* Read all into NEXT. What has changed meanwhile is read again, but not for ever: then
 * is_dirty or is_torn stays. */
static bool read_all(struct netwatch *watch)
{
	bool is_read = false;

	watch->deadline = gp_boot_ms() + READ_MS;
	for (int i = 0; i < READ_TRIES; i++) {
		is_read = read_once(watch);
		if (is_read && !watch->is_dirty && !watch->is_torn)
			break;
		if (!is_read && errno != ENOBUFS && errno != EBUSY)
			break;
	}
	return is_read;
}

/* ---- the loop ---------------------------------------------------------------------- */

static void wait_ms(struct netwatch *watch, long long ms)
{
	const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	event_add(watch->timer, &wait);
}

/* Wait until it is quiet for a while, but not for ever. */
static void debounce(struct netwatch *watch)
{
	const long long now = gp_boot_ms();
	long long left;

	if (!watch->dirty_since)
		watch->dirty_since = now;
	left = watch->dirty_since + NETWATCH_PATIENCE_MS - now;
	if (left > NETWATCH_DEBOUNCE_MS)
		left = NETWATCH_DEBOUNCE_MS;
	wait_ms(watch, left > 0 ? left : 0);
}

/* What a reading left to be read again. A router's tables never rest, and each dump of
 * them is torn: that is no reason to hurry. */
static void debounce_rest(struct netwatch *watch)
{
	if (watch->is_dirty)
		debounce(watch);
	else if (watch->is_torn)
		wait_ms(watch, NETWATCH_PATIENCE_MS);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *watch = arg;
	enum netwatch_change change;
	char why[NETWATCH_WHY] = "";

	(void)fd;
	(void)what;
	if (!read_all(watch)) {
		wait_ms(watch, ANSWER_MS);
		return;
	}
	watch->dirty_since = 0;
	change = netwatch_apply(&watch->state, &watch->now, &watch->next, why);
	watch->now = watch->next;
	debounce_rest(watch);
	if (change != NETWATCH_SAME)
		watch->changed(watch->ctx, &watch->state, change == NETWATCH_EPOCH, why);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct netwatch *watch = arg;

	(void)fd;
	(void)what;
	watch->is_dirty = false;
	drain(watch);
	if (watch->is_dirty)
		debounce(watch);
}

static bool start(struct netwatch *watch)
{
	struct sockaddr_nl self;
	socklen_t size = sizeof(self);

	if (getsockname(watch->fd, (struct sockaddr *)&self, &size))
		return false;
	watch->port = self.nl_pid;
	watch->readable = event_new(watch->base, watch->fd, EV_READ | EV_PERSIST,
				    on_readable, watch);
	watch->timer = evtimer_new(watch->base, on_timer, watch);
	if (!watch->readable || !watch->timer || !read_all(watch))
		return false;
	watch->now = watch->next;
	watch->state.epoch = 1;
	netwatch_fill(&watch->state, &watch->now);
	debounce_rest(watch);
	return !event_add(watch->readable, NULL);
}

struct netwatch *netwatch_new(struct event_base *base, int fd,
			      netwatch_changed_fn *changed, void *ctx)
{
	struct netwatch *watch = calloc(1, sizeof(*watch));

	if (!watch) {
		close(fd);
		return NULL;
	}
	watch->base = base;
	watch->fd = fd;
	watch->changed = changed;
	watch->ctx = ctx;
	if (start(watch))
		return watch;
	netwatch_free(watch);
	return NULL;
}

void netwatch_on_address(struct netwatch *watch, netwatch_address_fn *address)
{
	watch->address = address;
}

void netwatch_on_ipv6(struct netwatch *watch, netwatch_ipv6_fn *ipv6)
{
	watch->ipv6 = ipv6;
}

void netwatch_free(struct netwatch *watch)
{
	if (!watch)
		return;
	if (watch->readable)
		event_free(watch->readable);
	if (watch->timer)
		event_free(watch->timer);
	close(watch->fd);
	free(watch);
}

const struct netwatch_state *netwatch_state(const struct netwatch *watch)
{
	return &watch->state;
}
