/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_record.c - see dns_record.h. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_record.h"

enum { TXT = 16, SRV = 33, DNSKEY = 48 };

struct word {
	const char *name;
	unsigned number;
};

static const struct word types[] = {
	{"A", WIRE_A},         {"NS", WIRE_NS},       {"CNAME", WIRE_CNAME},
	{"SOA", WIRE_SOA},     {"PTR", WIRE_PTR},     {"HINFO", WIRE_HINFO},
	{"MX", WIRE_MX},       {"TXT", TXT},          {"AAAA", WIRE_AAAA},
	{"SRV", SRV},          {"DNAME", WIRE_DNAME}, {"DS", WIRE_DS},
	{"RRSIG", WIRE_RRSIG}, {"NSEC", WIRE_NSEC},   {"NSEC3", WIRE_NSEC3},
	{"DNSKEY", DNSKEY},    {"SVCB", WIRE_SVCB},   {"HTTPS", WIRE_HTTPS},
	{"ANY", WIRE_ANY},     {"AXFR", WIRE_AXFR},   {NULL, 0},
};

static const struct word rcodes[] = {
	{"NOERROR", WIRE_NOERROR},   {"FORMERR", WIRE_FORMERR},
	{"SERVFAIL", WIRE_SERVFAIL}, {"NXDOMAIN", WIRE_NXDOMAIN},
	{"NOTIMP", WIRE_NOTIMP},     {"REFUSED", WIRE_REFUSED},
	{"BADVERS", WIRE_BADVERS},   {NULL, 0},
};

static const struct word keys[] = {
	{"mandatory", 0}, {"alpn", 1},     {"no-default-alpn", 2},
	{"port", 3},      {"ipv4hint", 4}, {"ipv6hint", 6},
	{NULL, 0},
};

static const struct word *find(const struct word *list, const char *name)
{
	while (list->name && strcmp(list->name, name) != 0)
		list++;
	return list->name ? list : NULL;
}

static const char *name_of(const struct word *list, unsigned number, const char *other)
{
	while (list->name && list->number != number)
		list++;
	return list->name ? list->name : other;
}

uint16_t record_type(const char *text)
{
	const struct word *found = find(types, text);

	if (!found && !strncmp(text, "TYPE", 4))
		return (uint16_t)strtoul(text + 4, NULL, 10);
	return found ? (uint16_t)found->number : 0;
}

int record_rcode(const char *text)
{
	const struct word *found = find(rcodes, text);

	return found ? (int)found->number : -1;
}

const char *record_rcode_text(unsigned rcode)
{
	return name_of(rcodes, rcode, "another RCODE");
}

bool record_name(const char *text, uint8_t out[WIRE_NAME])
{
	const size_t length = strlen(text);

	return length && text[length - 1] == '.' && wire_name_parse(text, out);
}

void record_type_text(uint16_t type, char out[RECORD_TEXT])
{
	const char *name = name_of(types, type, NULL);

	if (name)
		snprintf(out, RECORD_TEXT, "%s", name);
	else
		snprintf(out, RECORD_TEXT, "TYPE%u", type);
}

/* ---- to wire form ---- */

/* The next word of *AT; an empty one at the end. */
static const char *next_word(char **at)
{
	char *word = strtok_r(NULL, " \t", at);

	return word ? word : "";
}

static bool put_address(struct wire_out *out, int family, const char *text)
{
	uint8_t bytes[16];

	if (inet_pton(family, text, bytes) != 1)
		return false;
	wire_put_bytes(out, bytes, family == AF_INET ? 4 : 16);
	return true;
}

static bool put_name(struct wire_out *out, const char *text, bool may_compress)
{
	uint8_t name[WIRE_NAME];

	if (!record_name(text, name))
		return false;
	if (may_compress)
		wire_put_name(out, name);
	else
		wire_put_bytes(out, name, wire_name_length(name));
	return true;
}

static void put_soa(struct wire_out *out, const char *minimum)
{
	put_name(out, "ns.example.", true);
	put_name(out, "host.example.", true);
	for (uint32_t i = 1; i <= 4; i++)
		wire_put_u32(out, i);
	wire_put_u32(out, (uint32_t)strtoul(minimum, NULL, 10));
}

static void put_text(struct wire_out *out, const char *text)
{
	wire_put_u8(out, (uint8_t)strlen(text));
	wire_put_bytes(out, text, strlen(text));
}

/* The key is right, and the signature is nobody's business here. */
static bool put_rrsig(struct wire_out *out, const char *covered)
{
	if (!record_type(covered))
		return false;
	wire_put_u16(out, record_type(covered));
	wire_put_bytes(out, "\15\2\0\0\1\54\177\0\0\0\0\0\0\0\1\2", 16);
	put_name(out, "example.", false);
	wire_put_bytes(out, "signature", 9);
	return true;
}

static bool put_hint(struct wire_out *out, unsigned key, char *list)
{
	char *at = NULL;

	for (char *one = strtok_r(list, ",", &at); one; one = strtok_r(NULL, ",", &at)) {
		if (key == 4 || key == 6) {
			if (!put_address(out, key == 4 ? AF_INET : AF_INET6, one))
				return false;
		} else if (key == 0) {
			if (!find(keys, one))
				return false;
			wire_put_u16(out, (uint16_t)find(keys, one)->number);
		} else if (key == 1) {
			put_text(out, one);
		} else {
			wire_put_u16(out, (uint16_t)strtoul(one, NULL, 10));
		}
	}
	return true;
}

static bool put_svcb(struct wire_out *out, char **at)
{
	wire_put_u16(out, (uint16_t)strtoul(next_word(at), NULL, 10));
	if (!put_name(out, next_word(at), false))
		return false;
	for (char *word = strtok_r(NULL, " \t", at); word;
	     word = strtok_r(NULL, " \t", at)) {
		char *value = strchr(word, '=');
		const struct word *key;
		uint8_t *length;
		if (value)
			*value++ = '\0';
		key = find(keys, word);
		if (!key)
			return false;
		wire_put_u16(out, (uint16_t)key->number);
		length = out->start + out->at;
		wire_put_u16(out, 0);
		if (value && !put_hint(out, key->number, value))
			return false;
		wire_set_u16(length, (uint16_t)(out->start + out->at - length - 2));
	}
	return true;
}

static bool put_zeros(struct wire_out *out, const char *count)
{
	for (unsigned long left = strtoul(count, NULL, 10); left; left--)
		wire_put_u8(out, 0);
	return true;
}

static bool put_value(struct wire_out *out, uint16_t type, char **at)
{
	if (!strncmp(*at, "\\# ", 3)) {
		next_word(at);
		return put_zeros(out, next_word(at));
	}
	switch (type) {
	case WIRE_A:
	case WIRE_AAAA:
		return put_address(out, type == WIRE_A ? AF_INET : AF_INET6,
				   next_word(at));
	case WIRE_NS:
	case WIRE_CNAME:
	case WIRE_PTR:
		return put_name(out, next_word(at), true);
	case WIRE_DNAME:
	case WIRE_NSEC:
		return put_name(out, next_word(at), false);
	case WIRE_MX:
		wire_put_u16(out, (uint16_t)strtoul(next_word(at), NULL, 10));
		return put_name(out, next_word(at), true);
	case SRV:
		for (unsigned i = 0; i < 3; i++)
			wire_put_u16(out, (uint16_t)strtoul(next_word(at), NULL, 10));
		return put_name(out, next_word(at), false);
	case WIRE_SOA:
		put_soa(out, next_word(at));
		return true;
	case WIRE_RRSIG:
		return put_rrsig(out, next_word(at));
	case WIRE_SVCB:
	case WIRE_HTTPS:
		return put_svcb(out, at);
	case WIRE_HINFO:
		put_text(out, next_word(at));
		put_text(out, "");
		return true;
	default:
		put_text(out, next_word(at));
		return true;
	}
}

const char *record_put(struct wire_out *out, const char *text)
{
	char copy[RECORD_TEXT], *at = NULL, *end;
	const char *owner, *ttl_text, *type_text;
	uint8_t name[WIRE_NAME];
	unsigned long ttl;
	size_t ttl_at;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy))
		return "this record is too long";
	owner = strtok_r(copy, " \t", &at);
	ttl_text = next_word(&at);
	type_text = next_word(&at);
	if (!owner || !record_name(owner, name))
		return "a record is OWNER TTL TYPE VALUE, and OWNER ends with a dot";
	ttl = strtoul(ttl_text, &end, 10);
	if (!*ttl_text || *end)
		return "a TTL is a number of seconds";
	if (!record_type(type_text))
		return "there is no such type here";
	ttl_at = wire_begin_rr(out, name, record_type(type_text), (uint32_t)ttl);
	if (!put_value(out, record_type(type_text), &at))
		return "this is no value of that type";
	if (*next_word(&at))
		return "there is too much behind the value";
	wire_end_rr(out, ttl_at);
	return out->failed ? "there is no room for this record" : NULL;
}

/* ---- to text ---- */

struct text {
	char *start;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *to, const char *format,
						      ...)
{
	va_list args;
	int used;

	va_start(args, format);
	used = vsnprintf(to->start + to->used, RECORD_TEXT - to->used, format, args);
	va_end(args);
	if (used > 0 && to->used + (size_t)used < RECORD_TEXT)
		to->used += (size_t)used;
}

static void add_type(struct text *to, unsigned type)
{
	char text[RECORD_TEXT];

	record_type_text((uint16_t)type, text);
	add(to, "%s", text);
}

static void add_name(struct text *to, struct wire_in *in)
{
	char text[WIRE_NAME_TEXT];
	uint8_t name[WIRE_NAME];

	add(to, "%s", wire_name(in, name) ? wire_name_text(name, text) : "(no name)");
}

static void add_address(struct text *to, int family, struct wire_in *in)
{
	const uint8_t *bytes = wire_bytes(in, family == AF_INET ? 4 : 16);
	char text[INET6_ADDRSTRLEN];

	add(to, "%s",
	    bytes ? inet_ntop(family, bytes, text, sizeof(text)) : "(no address)");
}

static void add_string(struct text *to, struct wire_in *in)
{
	const uint8_t length = wire_u8(in);
	const uint8_t *bytes = wire_bytes(in, length);

	add(to, "%.*s", bytes ? length : 0, (const char *)bytes);
}

static void add_parameter(struct text *to, unsigned key, struct wire_in *in)
{
	const char *name = name_of(keys, key, "(unknown)");
	bool is_first = true;

	add(to, " %s", name);
	while (in->at < in->size && !in->failed) {
		add(to, "%c", is_first ? '=' : ',');
		is_first = false;
		if (key == 4 || key == 6)
			add_address(to, key == 4 ? AF_INET : AF_INET6, in);
		else if (key == 0)
			add(to, "%s", name_of(keys, wire_u16(in), "(unknown)"));
		else if (key == 1)
			add_string(to, in);
		else
			add(to, "%u", wire_u16(in));
	}
}

static void add_svcb(struct text *to, struct wire_in *in, size_t end)
{
	add(to, "%u ", wire_u16(in));
	add_name(to, in);
	while (in->at < end && !in->failed) {
		const unsigned key = wire_u16(in);
		const unsigned length = wire_u16(in);
		const uint8_t *bytes = wire_bytes(in, length);
		struct wire_in value = wire_read(bytes, bytes ? length : 0);
		add_parameter(to, key, &value);
	}
}

static void add_value(struct text *to, const struct wire_rr *rr, struct wire_in *in)
{
	uint8_t skipped[WIRE_NAME];

	switch (rr->type) {
	case WIRE_A:
	case WIRE_AAAA:
		add_address(to, rr->type == WIRE_A ? AF_INET : AF_INET6, in);
		break;
	case SRV:
		add(to, "%u ", wire_u16(in));
		add(to, "%u ", wire_u16(in));
		__attribute__((fallthrough));
	case WIRE_MX:
		add(to, "%u ", wire_u16(in));
		__attribute__((fallthrough));
	case WIRE_NS:
	case WIRE_CNAME:
	case WIRE_PTR:
	case WIRE_DNAME:
	case WIRE_NSEC:
		add_name(to, in);
		break;
	case WIRE_SOA:
		wire_name(in, skipped);
		wire_name(in, skipped);
		wire_bytes(in, 16);
		add(to, "%u", wire_u32(in));
		break;
	case WIRE_RRSIG:
		add_type(to, wire_u16(in));
		break;
	case WIRE_SVCB:
	case WIRE_HTTPS:
		add_svcb(to, in, rr->rdata_at + rr->rdlength);
		break;
	default:
		add_string(to, in);
	}
}

void record_text(const struct wire_in *in, const struct wire_rr *rr,
		 char out[RECORD_TEXT])
{
	struct text to = {out, 0};
	struct wire_in value = *in;
	char owner[WIRE_NAME_TEXT];

	value.at = rr->rdata_at;
	value.failed = false;
	add(&to, "%s %u ", wire_name_text(rr->owner, owner), rr->ttl);
	add_type(&to, rr->type);
	add(&to, " ");
	add_value(&to, rr, &value);
	if (value.failed)
		add(&to, " (cut)");
}
