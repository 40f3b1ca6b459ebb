/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hint_parse.c - reading what anybody on this host may have sent. */
#include <string.h>

#include "guard/hint_private.h"

const char *gp_counter_name(enum gp_counter counter)
{
	switch (counter) {
	case GP_COUNT_LOOKUPS:
		return "lookups";
	case GP_COUNT_CHANGED:
		return "changed";
	case GP_COUNT_STRIPPED:
		return "stripped";
	case GP_COUNT_WITHHELD:
		return "withheld";
	case GP_COUNT_WOULD:
		return "would";
	case GP_COUNT_SPARED:
		return "spared";
	case GP_COUNT_TROUBLE:
		return "trouble";
	case GP_COUNTERS:
		break;
	}
	return NULL;
}

/* What is left to read. */
struct rest {
	const uint8_t *at;
	size_t size;
};

static bool take(struct rest *rest, void *out, size_t size)
{
	if (rest->size < size)
		return false;
	memcpy(out, rest->at, size);
	rest->at += size;
	rest->size -= size;
	return true;
}

static bool take_address(struct rest *rest, struct gp_addr *addr, uint8_t *flags)
{
	uint8_t bytes[16], family;

	if (!take(rest, &family, 1) || !take(rest, flags, 1))
		return false;
	if (*flags > GP_HINT_STRIPPED) /* neither, or one of the two */
		return false;
	if (family != HINT_IPV4 && family != HINT_IPV6)
		return false;
	if (!take(rest, bytes, family == HINT_IPV4 ? 4 : 16))
		return false;
	*addr = gp_addr_make(family == HINT_IPV4 ? AF_INET : AF_INET6, bytes, 0);
	return true;
}

enum gp_status gp_hint_parse(const void *bytes, size_t size, struct gp_hint *out)
{
	static const uint8_t magic[3] = {HINT_MAGIC_0, HINT_MAGIC_1, HINT_MAGIC_2};
	struct rest rest = {bytes, size};
	struct gp_hint hint = {0};
	uint8_t head[HINT_HEAD];

	if (!take(&rest, head, sizeof(head)) || memcmp(head, magic, sizeof(magic)))
		return GP_SYNTAX;
	if (head[3] != HINT_VERSION)
		return GP_UNSUPPORTED;
	hint.door = head[4];
	hint.count = head[5];
	if (hint.door > GP_DOOR_DNS || hint.count > GP_HINT_ADDRESSES || head[6] ||
	    head[7])
		return GP_SYNTAX;
	if (!take(&rest, hint.counters, sizeof(hint.counters)))
		return GP_SYNTAX;
	for (uint8_t i = 0; i < hint.count; i++)
		if (!take_address(&rest, &hint.addresses[i].addr,
				  &hint.addresses[i].flags))
			return GP_SYNTAX;
	if (rest.size)
		return GP_SYNTAX;
	*out = hint;
	return GP_OK;
}
