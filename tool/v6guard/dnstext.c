/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dnstext.c - the records of an answer as text, see dnsask.h. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#include "dnsask.h"
#include "guard/qtype.h"

#define VALUE_TEXT 8192

/* One record's value on its way to text. */
struct value {
	const ns_msg *message;
	const uint8_t *at, *end;
	char *to;
	size_t size, used;
};

/* What each type is made of: n a name, 2 and 4 numbers of so many bytes, s texts up to
 * the end. Names may be compressed in these types (RFC 3597 4), so that their bytes alone
 * say nothing. */
static const struct {
	unsigned type;
	const char *fields;
} layouts[] = {
	{2, "n"},   {5, "n"},  {6, "nn44444"}, {12, "n"},
	{15, "2n"}, {16, "s"}, {33, "222n"},   {39, "n"},
};

static const char *layout_of(unsigned type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return layouts[i].fields;
	return NULL;
}

static void put(struct value *value, const char *text)
{
	const size_t length = strlen(text);

	if (length >= value->size - value->used)
		return;
	memcpy(value->to + value->used, text, length + 1);
	value->used += length;
}

static bool put_name(struct value *value)
{
	char name[NS_MAXDNAME];
	const int size =
		dn_expand(ns_msg_base(*value->message), ns_msg_end(*value->message),
			  value->at, name, sizeof(name));

	if (size < 0 || size > value->end - value->at)
		return false;
	value->at += size;
	put(value, name);
	put(value, ".");
	return true;
}

static bool put_number(struct value *value, int size)
{
	unsigned long number = 0;
	char text[16];

	if (size > value->end - value->at)
		return false;
	while (size-- > 0)
		number = number << 8 | *value->at++;
	snprintf(text, sizeof(text), "%lu", number);
	put(value, text);
	return true;
}

/* As zone files have it (RFC 1035 5.1). */
static bool put_string(struct value *value)
{
	size_t length = value->at < value->end ? *value->at++ : 0;
	char text[8];

	if (length > (size_t)(value->end - value->at))
		return false;
	put(value, "\"");
	for (; length > 0; length--, value->at++) {
		const unsigned c = *value->at;
		const bool is_plain = c >= ' ' && c <= '~';
		snprintf(text, sizeof(text),
			 !is_plain               ? "\\%03u"
			 : c == '"' || c == '\\' ? "\\%c"
						 : "%c",
			 c);
		put(value, text);
	}
	put(value, "\"");
	return true;
}

static bool put_field(struct value *value, char field)
{
	if (value->used)
		put(value, " ");
	switch (field) {
	case 'n':
		return put_name(value);
	case 's':
		do {
			if (!put_string(value))
				return false;
			if (value->at < value->end)
				put(value, " ");
		} while (value->at < value->end);
		return true;
	default:
		return put_number(value, field - '0');
	}
}

static bool put_fields(struct value value, const char *fields)
{
	for (; *fields; fields++)
		if (!put_field(&value, *fields))
			return false;
	return value.at == value.end;
}

/* What is not known is written as RFC 3597 5 has it. */
static void put_unknown(const ns_rr *rr, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "\\# %u ", ns_rr_rdlen(*rr));

	for (unsigned i = 0; i < ns_rr_rdlen(*rr) && used + 3 < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%02x",
					 ns_rr_rdata(*rr)[i]);
}

static void put_value(const ns_msg *message, const ns_rr *rr, char *to, size_t size)
{
	const uint8_t *rdata = ns_rr_rdata(*rr);
	const unsigned length = ns_rr_rdlen(*rr), type = ns_rr_type(*rr);
	const char *fields = layout_of(type);

	if (type == 1 && length == 4)
		inet_ntop(AF_INET, rdata, to, (socklen_t)size);
	else if (type == 28 && length == 16)
		inet_ntop(AF_INET6, rdata, to, (socklen_t)size);
	else if (!fields ||
		 !put_fields((struct value){message, rdata, rdata + length, to, size, 0},
			     fields))
		put_unknown(rr, to, size);
}

void dnsask_each(const struct dnsask *answer, void (*visit)(void *ctx, const char *text),
		 void *ctx)
{
	char value[VALUE_TEXT], text[VALUE_TEXT + NS_MAXDNAME + 64], type[16];
	ns_msg message;
	ns_rr rr;

	if (ns_initparse(answer->bytes, (int)answer->size, &message) < 0)
		return;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) < 0)
			return;
		put_value(&message, &rr, value, sizeof(value));
		/* libc writes the root with its dot, and no other name. */
		snprintf(text, sizeof(text), "%s%s %u %s %s", ns_rr_name(rr),
			 strcmp(ns_rr_name(rr), ".") != 0 ? "." : "",
			 (unsigned)ns_rr_ttl(rr),
			 gp_qtype_name((uint16_t)ns_rr_type(rr), type), value);
		visit(ctx, text);
	}
}
