/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "error_calls.h"
#include "nss_world.h"
#include "sizes.h"

/* ---- memory that runs out ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

long allocations_left = -1;
bool fails_on;

#if !WORLD_SANITIZED
static bool fails_now(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	if (!fails_on)
		allocations_left = -1;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __libc_realloc(old, size);
}
#endif

/* ---- the calls ---- */

struct operation operations[OPERATIONS_MAX];
size_t operation_count;

static void add(struct operation operation)
{
	assert_true(operation_count < OPERATIONS_MAX);
	operations[operation_count++] = operation;
}

void make_operations(void)
{
	static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
	static const int flags[] = {0,
				    AI_CANONNAME,
				    AI_V4MAPPED,
				    AI_V4MAPPED | AI_ALL,
				    AI_ADDRCONFIG,
				    AI_CANONNAME | AI_V4MAPPED};
	static const int types[] = {0, SOCK_STREAM, SOCK_DGRAM};
	static const char *const addrs[] = {
		"198.51.100.1",   "198.51.100.2",        "2001:db8:64::1",
		"2001:db8:64::2", "::ffff:198.51.100.1", "::ffff:198.51.100.2",
		"::198.51.100.1", "127.0.0.1",           "::1"};

	for (size_t f = 0; f < 3; f++)
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			for (long t = 0; t < sized(2, 3); t++)
				add((struct operation){ADDRINFO, families[f], flags[i],
						       types[t], NULL});
	add((struct operation){.call = BY_NAME});
	for (size_t f = 1; f < 3; f++) {
		add((struct operation){.call = BY_NAME2, .family = families[f]});
		add((struct operation){.call = BY_NAME2_R, .family = families[f]});
	}
	for (size_t i = 0; i < sizeof(addrs) / sizeof(addrs[0]); i++) {
		const int family = strchr(addrs[i], ':') ? AF_INET6 : AF_INET;

		add((struct operation){
			.call = BY_ADDR, .family = family, .addr = addrs[i]});
		add((struct operation){
			.call = NAME_INFO, .family = family, .addr = addrs[i]});
	}
}

static uint32_t sum_bytes(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ at[i]) * 16777619U;
	return sum;
}

static uint32_t sum_text(const char *text)
{
	return text ? sum_bytes(text, strlen(text)) : 0;
}

static bool is_ipv4(const struct sockaddr *addr)
{
	const struct sockaddr_in6 *ipv6 = (const void *)addr;

	return addr->sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
}

static void note_list(const struct addrinfo *list, struct seen *seen)
{
	if (list)
		seen->name = sum_text(list->ai_canonname);
	for (; list; list = list->ai_next) {
		const uint32_t sum = sum_bytes(list->ai_addr, list->ai_addrlen) +
				     (uint32_t)list->ai_socktype;

		seen->all += sum;
		if (is_ipv4(list->ai_addr))
			seen->ipv4 += sum;
	}
}

static void note_host(const struct hostent *host, struct seen *seen)
{
	seen->result = host != NULL;
	if (!host)
		return;
	seen->all = sum_text(host->h_name) + (uint32_t)host->h_addrtype;
	for (char **at = host->h_aliases; *at; at++)
		seen->all += sum_text(*at);
	for (char **at = host->h_addr_list; *at; at++)
		seen->all += sum_bytes(*at, (size_t)host->h_length);
}

lookup_fn *lookup;

static void look_up(const struct operation *operation, const char *name,
		    struct seen *seen)
{
	const struct addrinfo hints = {.ai_family = operation->family,
				       .ai_flags = operation->flags,
				       .ai_socktype = operation->type};
	struct addrinfo *list = NULL;

	seen->result = lookup(name, "80", &hints, &list);
	seen->error = errno;
	seen->h_error = h_errno;
	allocations_left = -1;
	if (seen->result)
		return;
	note_list(list, seen);
	freeaddrinfo(list);
}

static const struct hostent *find_small(const struct operation *operation,
					const char *name, struct hostent *host,
					struct seen *seen)
{
	static _Alignas(16) char buffer[64];
	struct hostent *found = NULL;
	int h_error = 0;

	seen->all = (uint32_t)gethostbyname2_r(name, operation->family, host, buffer,
					       sizeof(buffer), &found, &h_error);
	h_errno = h_error;
	return found;
}

static const struct hostent *find_host(const struct operation *operation,
				       const char *name, struct hostent *host,
				       struct seen *seen)
{
	char bytes[16];

	switch (operation->call) {
	case BY_NAME:
		return gethostbyname(name);
	case BY_NAME2:
		return gethostbyname2(name, operation->family);
	case BY_NAME2_R:
		return find_small(operation, name, host, seen);
	case BY_ADDR:
		inet_pton(operation->family, operation->addr, bytes);
		return gethostbyaddr(bytes, operation->family == AF_INET ? 4 : 16,
				     operation->family);
	case ADDRINFO:
	case NAME_INFO:
		break;
	}
	return NULL;
}

static void find_name(const struct operation *operation, struct seen *seen)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	const bool is_ipv4 = operation->family == AF_INET;
	char name[NI_MAXHOST] = "";

	inet_pton(operation->family, operation->addr,
		  is_ipv4 ? (void *)&ipv4.sin_addr : (void *)&ipv6.sin6_addr);
	seen->result =
		getnameinfo(is_ipv4 ? (struct sockaddr *)&ipv4 : (struct sockaddr *)&ipv6,
			    is_ipv4 ? sizeof(ipv4) : sizeof(ipv6), name, sizeof(name),
			    NULL, 0, NI_NAMEREQD);
	seen->error = errno;
	seen->h_error = h_errno;
	seen->all = sum_text(seen->result ? NULL : name);
}

void perform(const struct operation *operation, const char *name, int before,
	     struct seen *seen)
{
	const struct hostent *found;
	struct hostent host;

	*seen = (struct seen){.result = 0};
	errno = before;
	h_errno = 0;
	if (operation->call == ADDRINFO) {
		look_up(operation, name, seen);
	} else if (operation->call == NAME_INFO) {
		find_name(operation, seen);
	} else {
		found = find_host(operation, name, &host, seen);
		seen->error = errno;
		seen->h_error = h_errno;
		note_host(found, seen);
	}
	/* POSIX: of a success errno says nothing. */
	if (operation->call == ADDRINFO || operation->call == NAME_INFO ? !seen->result
									: seen->result)
		seen->error = seen->h_error = 0;
}

const char *words_of(const struct operation *operation, char text[160])
{
	static const char *const calls[] = {"getaddrinfo",    "gethostbyname",
					    "gethostbyname2", "gethostbyname2_r",
					    "gethostbyaddr",  "getnameinfo"};

	snprintf(text, 160, "%s %s family %d flags 0x%x type %d", calls[operation->call],
		 operation->addr ? operation->addr : "", operation->family,
		 (unsigned)operation->flags, operation->type);
	return text;
}
