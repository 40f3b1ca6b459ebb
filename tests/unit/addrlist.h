/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * addrlist.h - lists of addresses as text: 1 to 9 are 2001:db8::1 and so on, a to i are
 * 198.51.100.1 and so on, A to I the same v4-mapped, x is neither family. Made as libc
 * makes them: one allocation a node, the canonical name another one.
 */
#ifndef TESTS_UNIT_ADDRLIST_H
#define TESTS_UNIT_ADDRLIST_H

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const int addrlist_types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW};

static inline struct addrinfo *addrlist_node(char letter, int type)
{
	struct addrinfo *node = calloc(1, sizeof(*node) + sizeof(struct sockaddr_in6));
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)(node + 1);
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)(node + 1);

	node->ai_addr = (struct sockaddr *)(node + 1);
	node->ai_socktype = type;
	if (letter >= 'a') {
		const uint8_t bytes[] = {198, 51, 100, (uint8_t)(letter - 'a' + 1)};

		node->ai_family = letter == 'x' ? AF_UNIX : AF_INET;
		node->ai_addrlen = sizeof(*ipv4);
		ipv4->sin_family = AF_INET;
		memcpy(&ipv4->sin_addr, bytes, sizeof(bytes));
		return node;
	}
	node->ai_family = ipv6->sin6_family = AF_INET6;
	node->ai_addrlen = sizeof(*ipv6);
	if (letter >= 'A') {
		const uint8_t bytes[] = {255, 255, 198,
					 51,  100, (uint8_t)(letter - 'A' + 1)};

		memcpy(&ipv6->sin6_addr.s6_addr[10], bytes, sizeof(bytes));
	} else {
		const uint8_t bytes[] = {0x20, 0x01, 0x0d, 0xb8};

		memcpy(&ipv6->sin6_addr, bytes, sizeof(bytes));
		ipv6->sin6_addr.s6_addr[15] = (uint8_t)(letter - '0');
	}
	return node;
}

/** TYPES nodes for each letter; NAME, or NULL, on the first of all. */
static inline struct addrinfo *addrlist_make(const char *text, unsigned types,
					     const char *name)
{
	struct addrinfo *list = NULL, **end = &list;

	for (; *text; text++)
		for (unsigned i = 0; i < types; i++) {
			*end = addrlist_node(*text, addrlist_types[i]);
			end = &(*end)->ai_next;
		}
	if (list && name)
		list->ai_canonname = strdup(name);
	return list;
}

static inline void addrlist_free(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list->ai_canonname);
		free(list);
		list = next;
	}
}

static inline char addrlist_letter(const struct addrinfo *node)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(node + 1);
	const uint8_t *bytes = ipv6->sin6_addr.s6_addr;

	if (node->ai_family == AF_UNIX)
		return 'x';
	if (node->ai_family == AF_INET)
		return (char)('a' - 1 +
			      ((const uint8_t *)&((const struct sockaddr_in *)(node + 1))
				       ->sin_addr)[3]);
	return (char)(bytes[15] + (bytes[10] ? 'A' - 1 : '0'));
}

/** The text of LIST into BUF; "?" where TYPES nodes of an address are not together and in
 * order, "!" where a name is not on the first node. */
static inline char *addrlist_text(const struct addrinfo *list, unsigned types,
				  char buf[128])
{
	const struct addrinfo *first = list;
	char *at = buf;

	while (list && at < buf + 120) {
		const char letter = addrlist_letter(list);

		*at++ = letter;
		for (unsigned i = 0; i < types; i++, list = list->ai_next) {
			if (!list || addrlist_letter(list) != letter ||
			    list->ai_socktype != addrlist_types[i]) {
				*at++ = '?';
				break;
			}
			if (list->ai_canonname && list != first)
				*at++ = '!';
		}
	}
	*at = '\0';
	return buf;
}

#endif
