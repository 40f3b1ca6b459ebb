/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdalign.h>
#include <string.h>

#include "pack.h"

/* What is left of the caller's buffer. */
struct room {
	char *at;
	size_t left;
};

/* Bytes at an aligned place; NULL: they do not fit, and nothing will from then on. */
static void *take(struct room *room, size_t size, size_t alignment)
{
	const size_t pad = -(uintptr_t)room->at & (alignment - 1);
	char *at;

	if (!room->at || room->left < pad || room->left - pad < size) {
		room->at = NULL;
		return NULL;
	}
	at = room->at + pad;
	room->at = at + size;
	room->left -= pad + size;
	return at;
}

static char *take_text(struct room *room, const char *text)
{
	return take(room, strlen(text) + 1, 1);
}

static const char *name_of(const struct answer *answer)
{
	return answer->name ? answer->name : answer->asked;
}

static void fill_tuple(struct gaih_addrtuple *tuple, const struct gp_addr *addr)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->family = addr->family;
	tuple->scopeid = addr->scope_id;
	memcpy(tuple->addr, addr->bytes, addr->family == AF_INET ? 4 : 16);
}

bool pack_tuples(const struct answer *answer, struct gaih_addrtuple **pat, char *buffer,
		 size_t size)
{
	const size_t given = *pat ? 1 : 0;
	struct room room = {buffer, size};
	struct gaih_addrtuple *rest = take(&room, (answer->count - given) * sizeof(*rest),
					   alignof(struct gaih_addrtuple));
	char *name = take_text(&room, name_of(answer));
	struct gaih_addrtuple *tuple;

	if (!name)
		return false;
	strcpy(name, name_of(answer));
	tuple = given ? *pat : rest++;
	*pat = tuple;
	for (size_t i = 0; i < answer->count; i++) {
		fill_tuple(tuple, &answer->candidates[i].addr);
		if (i == 0)
			tuple->name = name; /* the only one that glibc reads */
		if (i + 1 < answer->count)
			tuple->next = rest++;
		tuple = tuple->next;
	}
	return true;
}

static size_t count_family(const struct answer *answer, int family)
{
	size_t count = 0;

	for (size_t i = 0; i < answer->count; i++)
		count += answer->candidates[i].addr.family == family;
	return count;
}

static size_t count_aliases(const struct answer *answer, size_t *bytes)
{
	size_t count = 0;

	*bytes = 0;
	for (; answer->aliases && answer->aliases[count]; count++)
		*bytes += strlen(answer->aliases[count]) + 1;
	return count;
}

static void fill_addresses(const struct answer *answer, int family, char **list,
			   char *bytes)
{
	const size_t length = family == AF_INET ? 4 : 16;

	for (size_t i = 0; i < answer->count; i++) {
		if (answer->candidates[i].addr.family != family)
			continue;
		memcpy(bytes, answer->candidates[i].addr.bytes, length);
		*list++ = bytes;
		bytes += length;
	}
	*list = NULL;
}

static void fill_aliases(const struct answer *answer, char **list, size_t count,
			 char *text)
{
	for (size_t i = 0; i < count; i++) {
		list[i] = text;
		text = stpcpy(text, answer->aliases[i]) + 1;
	}
	list[count] = NULL;
}

bool pack_host(const struct answer *answer, int family, struct hostent *host,
	       char *buffer, size_t size, char **canon)
{
	const size_t length = family == AF_INET ? 4 : 16;
	const size_t addresses = count_family(answer, family);
	size_t alias_size;
	const size_t aliases = count_aliases(answer, &alias_size);
	struct room room = {buffer, size};
	char **address_list =
		take(&room, (addresses + 1) * sizeof(char *), alignof(char *));
	char **alias_list = take(&room, (aliases + 1) * sizeof(char *), alignof(char *));
	/* Programs cast h_addr to struct in6_addr *. */
	char *bytes = take(&room, addresses * length, alignof(struct in6_addr));
	char *name = take_text(&room, name_of(answer));
	char *canon_text =
		canon && answer->canon ? take_text(&room, answer->canon) : name;
	char *alias_text = take(&room, alias_size, 1);

	if (!alias_text) /* the last to be taken: then nothing before it failed */
		return false;
	strcpy(name, name_of(answer));
	if (canon_text != name)
		strcpy(canon_text, answer->canon);
	if (canon && answer->canon)
		*canon = canon_text;
	fill_aliases(answer, alias_list, aliases, alias_text);
	fill_addresses(answer, family, address_list, bytes);
	*host = (struct hostent){.h_name = name,
				 .h_aliases = alias_list,
				 .h_addrtype = family,
				 .h_length = (int)length,
				 .h_addr_list = address_list};
	return true;
}
