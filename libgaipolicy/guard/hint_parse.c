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

static bool take_rule(struct rest *rest, struct gp_hint_rule *rule)
{
	return take(rest, &rule->priority, sizeof(rule->priority)) &&
	       take(rest, &rule->observed, sizeof(rule->observed)) &&
	       take(rest, &rule->acted, sizeof(rule->acted));
}

/* Its name is shown to people. */
static bool take_would(struct rest *rest, struct gp_hint_would *would)
{
	if (!take(rest, &would->lookups, sizeof(would->lookups)) ||
	    !take(rest, &would->last_address, sizeof(would->last_address)) ||
	    !take(rest, would->program, sizeof(would->program)) ||
	    !memchr(would->program, 0, sizeof(would->program)))
		return false;
	for (const char *at = would->program; *at; at++)
		if (*at < ' ' || *at > '~')
			return false;
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
	hint.rule_count = head[6];
	if (hint.door > GP_DOOR_DNS || hint.count > GP_HINT_ADDRESSES ||
	    hint.rule_count > GP_HINT_RULES || head[7])
		return GP_SYNTAX;
	if (!take(&rest, hint.counters, sizeof(hint.counters)) ||
	    !take_would(&rest, &hint.would))
		return GP_SYNTAX;
	for (uint8_t i = 0; i < hint.rule_count; i++)
		if (!take_rule(&rest, &hint.rules[i]))
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
