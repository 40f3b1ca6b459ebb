/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_type.c - values of v6guard.conf that are numbers, units, dates, paths. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "guard/config_private.h"

/* A unit and what it stands for. */
struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit times[] = {
	{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};

static const struct unit sizes[] = {
	{"", 1}, {"k", 1024}, {"m", 1048576}, {"g", 1073741824}, {NULL, 0},
};

bool gp_config_number(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		uint64_t digit = (uint64_t)(*text - '0');
		if (digit > max || value > (max - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

/* NUMBER and one of UNITS; 0 needs no unit. */
static bool with_unit(const char *text, const struct unit *units, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	char number[20];
	uint64_t value;

	if (digits >= sizeof(number))
		return false;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (!gp_config_number(number, UINT64_MAX, &value))
		return false;
	if (value == 0 && !text[digits]) {
		*out = 0;
		return true;
	}
	for (; units->name; units++) {
		if (strcmp(units->name, text + digits))
			continue;
		if (value > UINT64_MAX / units->factor)
			return false;
		*out = value * units->factor;
		return true;
	}
	return false;
}

bool gp_config_time(const char *text, uint64_t *out)
{
	return with_unit(text, times, out);
}

bool gp_config_size(const char *text, uint64_t *out)
{
	return with_unit(text, sizes, out);
}

/* VALUE in the biggest unit that fits. */
static void put_with_unit(char *buf, size_t size, uint64_t value,
			  const struct unit *units)
{
	const struct unit *best = units;

	for (; units->name; units++)
		if (value % units->factor == 0)
			best = units;
	if (value == 0)
		snprintf(buf, size, "0");
	else
		snprintf(buf, size, "%" PRIu64 "%s", value / best->factor, best->name);
}

static bool in_range(const struct gp_config_key *key, uint64_t value,
		     const struct unit *units, char why[GP_CONFIG_WHY])
{
	char least[32], most[32];

	if (value >= key->min && value <= key->max)
		return true;
	put_with_unit(least, sizeof(least), key->min, units);
	put_with_unit(most, sizeof(most), key->max, units);
	snprintf(why, GP_CONFIG_WHY, "expected %s to %s", least, most);
	return false;
}

static bool check_number(const struct gp_config_key *key, const char *word)
{
	uint64_t value;
	return gp_config_number(word, key->max, &value) && value >= key->min;
}

static unsigned digits(const char *text, size_t count)
{
	unsigned value = 0;
	while (count-- > 0)
		value = value * 10 + (unsigned)(*text++ - '0');
	return value;
}

static bool check_date(const char *word, char why[GP_CONFIG_WHY])
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	static const char shape[] = "dddd-dd-dd";

	if (strlen(word) != strlen(shape))
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? word[i] < '0' || word[i] > '9' : word[i] != '-')
			return false;
	unsigned year = digits(word, 4), month = digits(word + 5, 2);
	unsigned day = digits(word + 8, 2);
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	    day <= days[month - 1] + (month == 2 && is_leap ? 1U : 0U))
		return true;
	snprintf(why, GP_CONFIG_WHY, "there is no such day");
	return false;
}

/* A name as `ps` shows it, or a path: a relative path would never match. */
static bool check_program(const char *word)
{
	size_t length = strlen(word);
	return length > 0 && word[length - 1] != '/' &&
	       (word[0] == '/' || !strchr(word, '/'));
}

static bool check_qtype(const char *word)
{
	uint64_t value;
	return !strncmp(word, "TYPE", 4) && gp_config_number(word + 4, 65535, &value) &&
	       value > 0;
}

bool gp_config_check_type(const struct gp_config_key *key, const char *word,
			  char why[GP_CONFIG_WHY])
{
	uint64_t value;

	switch (key->type) {
	case GP_TYPE_WORD:
	case GP_TYPE_CHAIN:
		return false;
	case GP_TYPE_TIME:
		return with_unit(word, times, &value) && in_range(key, value, times, why);
	case GP_TYPE_SIZE:
		return with_unit(word, sizes, &value) && in_range(key, value, sizes, why);
	case GP_TYPE_NUMBER:
		return check_number(key, word);
	case GP_TYPE_DATE:
		return check_date(word, why);
	case GP_TYPE_PATH:
	case GP_TYPE_LIST_FILE:
	case GP_TYPE_NAME_FILE:
		return true;
	case GP_TYPE_ABSOLUTE:
		return word[0] == '/';
	case GP_TYPE_PROGRAM:
		return check_program(word);
	case GP_TYPE_QTYPE:
		return check_qtype(word);
	case GP_TYPE_PATTERN:
	case GP_TYPE_NAME:
	case GP_TYPE_ZONE:
	case GP_TYPE_TARGET:
	case GP_TYPE_ANCHOR:
	case GP_TYPE_LISTEN:
	case GP_TYPE_UPSTREAM:
	case GP_TYPE_PREFIX:
	case GP_TYPE_PREFIX4:
	case GP_TYPE_PREFIX6:
	case GP_TYPE_NAT64:
		return gp_config_check_net(key, word, why);
	}
	return false;
}
