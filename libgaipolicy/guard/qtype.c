/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qtype.c - see qtype.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "guard/qtype.h"

static const struct {
	const char *name;
	uint16_t type;
} types[] = {
	{"A", 1},      {"NS", 2},      {"CNAME", 5}, {"SOA", 6},    {"PTR", 12},
	{"HINFO", 13}, {"MX", 15},     {"TXT", 16},  {"AAAA", 28},  {"SRV", 33},
	{"NAPTR", 35}, {"DNAME", 39},  {"DS", 43},   {"SSHFP", 44}, {"RRSIG", 46},
	{"NSEC", 47},  {"DNSKEY", 48}, {"TLSA", 52}, {"SVCB", 64},  {"HTTPS", 65},
	{"ANY", 255},  {"CAA", 257},
};

static bool parse_number(const char *digits, size_t length, uint16_t *out)
{
	uint32_t number = 0;

	for (size_t i = 0; i < length && number <= UINT16_MAX; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(digits[i] - '0');
	}
	if (!number || number > UINT16_MAX)
		return false;
	*out = (uint16_t)number;
	return true;
}

bool gp_qtype_parse(const char *word, size_t length, uint16_t *out)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length &&
		    !strncasecmp(types[i].name, word, length)) {
			*out = types[i].type;
			return true;
		}
	return length > 4 && !strncasecmp(word, "TYPE", 4) &&
	       parse_number(word + 4, length - 4, out);
}

const char *gp_qtype_name(uint16_t type, char out[GP_QTYPE_TEXT])
{
	snprintf(out, GP_QTYPE_TEXT, "TYPE%u", type);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			snprintf(out, GP_QTYPE_TEXT, "%s", types[i].name);
	return out;
}
