/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify_child.c - lookups, in a process that has done none before. */
#include <ifaddrs.h>
#include <netdb.h>
#include <nss.h>
#include <stdlib.h>
#include <string.h>

#include "verify_private.h"

static bool is_own(const struct ifaddrs *own, const struct in6_addr *addr)
{
	for (; own; own = own->ifa_next) {
		const struct sockaddr_in6 *is = (const void *)own->ifa_addr;
		if (is && is->sin6_family == AF_INET6 &&
		    !memcmp(&is->sin6_addr, addr, sizeof(*addr)))
			return true;
	}
	return false;
}

/* Loopback, link-local and the host's own addresses are never taken away. */
static bool is_strippable(const struct ifaddrs *own, const struct addrinfo *node)
{
	const struct sockaddr_in6 *is = (const void *)node->ai_addr;
	struct gp_addr addr = {.family = AF_INET6};

	if (node->ai_family != AF_INET6)
		return false;
	memcpy(addr.bytes, &is->sin6_addr, sizeof(addr.bytes));
	return !gp_addr_is_special(&addr) && !IN6_IS_ADDR_V4MAPPED(&is->sin6_addr) &&
	       !is_own(own, &is->sin6_addr);
}

static struct verify_result look_up(const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct verify_result result = {.error = 0};
	struct addrinfo *list = NULL;
	struct ifaddrs *own = NULL;

	result.error = getaddrinfo(name, NULL, &hints, &list);
	if (result.error)
		return result;
	if (getifaddrs(&own) < 0)
		own = NULL;
	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		result.addresses++;
		result.ipv6 += is_strippable(own, at);
	}
	freeifaddrs(own);
	freeaddrinfo(list);
	return result;
}

/* Better or as good: addresses, then "there is none", then anything else. */
static int rank(const struct verify_result *result)
{
	if (result->error == 0)
		return 0;
	return result->error == EAI_NONAME || result->error == EAI_NODATA ? 1 : 2;
}

bool verify_is_worse(const struct verify_result *before,
		     const struct verify_result *after)
{
	return rank(after) > rank(before);
}

static bool say(int socket, const struct verify_result *result)
{
	return send(socket, result, sizeof(*result), MSG_NOSIGNAL) >= 0;
}

static bool look_up_all(const struct verify *verify, const struct verify_order *order,
			int socket)
{
	for (size_t i = 0; i < verify->count; i++) {
		struct verify_result result = look_up(verify->names[i]);
		/* One lost packet is not a reason to undo a change. */
		if (order->has_before && verify_is_worse(&order->before[i], &result))
			result = look_up(verify->names[i]);
		if (!say(socket, &result))
			return false;
	}
	return true;
}

/* First by the whole line: what is asked of libc's own list cannot be asked after a list
 * of ours. */
static bool look_up_wanted(const struct verify *verify, const struct verify_order *order,
			   int socket)
{
	struct verify_result results[VERIFY_NAMES];

	for (size_t i = 0; i < verify->count; i++)
		results[i] = order->is_wanted[i]
				     ? look_up(verify->names[i])
				     : (struct verify_result){.error = VERIFY_NOT_ASKED};
	bool can_split =
		order->earlier[0] && __nss_configure_lookup("hosts", order->earlier) == 0;
	for (size_t i = 0; i < verify->count; i++) {
		if (can_split && results[i].error == 0 && results[i].ipv6)
			results[i].is_earlier = look_up(verify->names[i]).error == 0;
		if (!say(socket, &results[i]))
			return false;
	}
	return true;
}

/* Of the caller's environment nothing is to change what other programs see. */
static bool prepare(const struct verify *verify, const struct verify_order *order)
{
	char path[64];

	unsetenv("V6GUARD");
	unsetenv("V6GUARD_SNAPSHOT");
	unsetenv(GP_TRACE_VARIABLE);
	if (order->trace[0] && setenv(GP_TRACE_VARIABLE, order->trace, 1))
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", verify->policy_fd);
	if (order->is_acting && setenv("V6GUARD_SNAPSHOT", path, 1))
		return false;
	return !order->services[0] || !__nss_configure_lookup("hosts", order->services);
}

void verify_serve(const struct verify *verify, int socket)
{
	struct verify_order order;
	char end;

	if (recv(socket, &order, sizeof(order), MSG_WAITALL) != (ssize_t)sizeof(order) ||
	    !prepare(verify, &order))
		return;
	if (!(order.is_acting ? look_up_wanted(verify, &order, socket)
			      : look_up_all(verify, &order, socket)))
		return;
	/* Stay, so that our memory map can be looked at. */
	if (recv(socket, &end, 1, 0) < 0)
		return;
}
