/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * searchlist.c - see searchlist.h. glibc's resolv/res_query.c (2.36) is the reference,
 * for `resolve` resolved.conf(5).
 */
#include <resolv.h>
#include <string.h>
#include <strings.h>

#include "searchlist.h"

#ifndef RES_NOAAAA
#define RES_NOAAAA 0x08000000
#endif

bool searchlist_ends_in_dot(const char *name)
{
	const size_t length = strlen(name);

	return length && name[length - 1] == '.';
}

static unsigned count_dots(const char *name)
{
	unsigned dots = 0;

	for (; *name; name++)
		dots += *name == '.';
	return dots;
}

static bool is_multicast(const char *name)
{
	static const char local[] = ".local";
	const size_t tail = sizeof(local) - 1;
	const size_t length = strlen(name) - searchlist_ends_in_dot(name);

	return length >= tail && !strncasecmp(name + length - tail, local, tail);
}

/*
 * The resolver's state of this thread, with RES_OPTIONS and whatever the program set
 * itself: getaddrinfo() has brought it up to date before it called us. In a static
 * program nobody has, as that libc is not the program's own. NULL: it cannot be read.
 */
static const struct __res_state *state_now(void)
{
	struct __res_state *state = &_res;

	if (!(state->options & RES_INIT) && res_ninit(state))
		return NULL;
	return state;
}

static bool is_tried_first(unsigned dots)
{
	const struct __res_state *state = state_now();

	return state && dots >= state->ndots;
}

bool searchlist_has_no_aaaa(void)
{
	const struct __res_state *state = state_now();

	return state && state->options & RES_NOAAAA;
}

/* Resolved completes names without a dot alone, and has mDNS for .local, where to be told
 * that there are no A takes seconds. */
bool searchlist_is_fixed(const char *service, const char *name)
{
	const unsigned dots = count_dots(name);

	if (strcmp(service, "dns") != 0)
		return dots > searchlist_ends_in_dot(name) && !is_multicast(name);
	return searchlist_ends_in_dot(name) || (dots && is_tried_first(dots));
}
