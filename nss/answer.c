/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

struct answer *answer_new(const struct call *call)
{
	struct answer *answer;
	const size_t length = call->name ? strlen(call->name) : 0;
	const int error = errno;

	if (length >= sizeof(answer->asked) ||
	    call->addr_length > sizeof(answer->asked_addr))
		return NULL;
	answer = malloc(sizeof(*answer));
	if (!answer)
		return NULL;
	/* Not the 10 KiB of `few` and `small`: most answers touch little of them. */
	memset(answer, 0, offsetof(struct answer, few));
	answer->kind = call->kind;
	answer->family = call->family;
	if (length)
		memcpy(answer->asked, call->name, length);
	answer->asked_length = call->addr_length;
	if (call->addr)
		memcpy(answer->asked_addr, call->addr, call->addr_length);
	answer->candidates = answer->few;
	answer->capacity = ANSWER_CANDIDATES;
	answer->bytes = answer->small;
	answer->size = sizeof(answer->small);
	answer_reset(answer);
	answer->error = error;
	return answer;
}

void answer_free(struct answer *answer)
{
	if (!answer)
		return;
	answer_free(answer->partner);
	if (answer->candidates != answer->few)
		free(answer->candidates);
	if (answer->bytes != answer->small)
		free(answer->bytes);
	free(answer);
}

bool answer_is_for(const struct answer *answer, const struct call *call)
{
	if (answer->kind != call->kind || answer->family != call->family)
		return false;
	if (call->name)
		return !strcmp(answer->asked, call->name);
	return answer->asked_length == call->addr_length &&
	       !memcmp(answer->asked_addr, call->addr, call->addr_length);
}

void answer_fail(struct answer *answer, enum nss_status status, int h_error)
{
	answer->status = status;
	answer->h_error = h_error;
	answer->count = 0;
}

void answer_reset(struct answer *answer)
{
	answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
	answer->ttl = INT32_MAX;
	answer->name = NULL;
	answer->aliases = NULL;
	answer->canon = NULL;
	answer->host_family = answer->family;
	answer->has_unasked = false;
}

bool answer_grow(struct answer *answer)
{
	const size_t size = answer->size * 2;
	char *bytes, *old;

	if (size > ANSWER_BYTES_MAX)
		return false;
	bytes = malloc(size);
	if (!bytes)
		return false;
	/* In this order: the program may leave us anywhere by longjmp(). */
	old = answer->bytes;
	answer->bytes = bytes;
	answer->size = size;
	if (old != answer->small)
		free(old);
	return true;
}

static bool reserve(struct answer *answer, size_t more)
{
	size_t capacity = answer->capacity;
	struct gp_candidate *candidates, *old;

	while (capacity - answer->count < more)
		capacity *= 2;
	if (capacity == answer->capacity)
		return true;
	candidates = malloc(capacity * sizeof(*candidates));
	if (!candidates)
		return false;
	memcpy(candidates, answer->candidates, answer->count * sizeof(*candidates));
	old = answer->candidates;
	answer->candidates = candidates;
	answer->capacity = capacity;
	if (old != answer->few)
		free(old);
	return true;
}

static bool add(struct answer *answer, int family, const void *bytes, uint32_t scope_id)
{
	if (!reserve(answer, 1))
		return false;
	answer->candidates[answer->count++] =
		(struct gp_candidate){.addr = gp_addr_make(family, bytes, scope_id)};
	return true;
}

bool answer_add_tuples(struct answer *answer, const struct gaih_addrtuple *tuples)
{
	answer->name = tuples ? tuples->name : NULL;
	for (; tuples; tuples = tuples->next)
		if ((tuples->family == AF_INET || tuples->family == AF_INET6) &&
		    !add(answer, tuples->family, tuples->addr, tuples->scopeid))
			return false;
	return true;
}

bool answer_add_host(struct answer *answer, const struct hostent *host, int family)
{
	const int own = host->h_addrtype;

	if ((own != AF_INET && own != AF_INET6) || (family != AF_UNSPEC && own != family))
		return true;
	if (!answer->name) {
		answer->name = host->h_name;
		answer->aliases = host->h_aliases;
		answer->host_family = own;
	}
	for (char **addr = host->h_addr_list; addr && *addr; addr++)
		if (!add(answer, own, *addr, 0))
			return false;
	return true;
}

bool answer_add_candidates(struct answer *answer, const struct gp_candidate *candidates,
			   size_t count)
{
	if (!reserve(answer, count))
		return false;
	memcpy(answer->candidates + answer->count, candidates,
	       count * sizeof(*candidates));
	answer->count += count;
	return true;
}

void answer_strip(struct answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; i < answer->count; i++)
		if (!gp_is_stripped(&answer->candidates[i]))
			answer->candidates[kept++] = answer->candidates[i];
	answer->count = kept;
}
