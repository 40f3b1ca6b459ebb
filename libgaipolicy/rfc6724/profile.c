/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profile.c - the complete tables that are known by name, as data:
 * tests/data/policies.tsv has the same, and where each row is from. Runs in the doors.
 */
#include <string.h>

#include "rfc6724/table.h"

#define FIRST(count) ((count) >= 64 ? ~0ULL : ~(~0ULL >> ((count)&63)))
#define ROW(high, low, bits, number)                                                     \
	{                                                                                \
		.prefix = {{(high), (low)}},                                             \
		.mask = {{FIRST(bits),                                                   \
			  (bits) > 64 ? FIRST((bits) > 64 ? (bits)-64 : 0) : 0}},        \
		.value = (number), .length = (bits)                                      \
	}

/* The prefixes that RFCs 3484 and 6724 name. */
#define LOOPBACK(value) ROW(0, 1, 128, value)                       /* ::1/128 */
#define COMPATIBLE(value) ROW(0, 0, 96, value)                      /* ::/96 */
#define MAPPED(value) ROW(0, 0x0000ffff00000000ULL, 96, value)      /* IPv4 */
#define TEREDO(value) ROW(0x2001000000000000ULL, 0, 32, value)      /* 2001::/32 */
#define SIX_TO_FOUR(value) ROW(0x2002000000000000ULL, 0, 16, value) /* 2002::/16 */
#define SIX_BONE(value) ROW(0x3ffe000000000000ULL, 0, 16, value)    /* 3ffe::/16 */
#define SITE_LOCAL(value) ROW(0xfec0000000000000ULL, 0, 10, value)  /* fec0::/10 */
#define UNIQUE_LOCAL(value) ROW(0xfc00000000000000ULL, 0, 7, value) /* fc00::/7 */
#define ANY(value) ROW(0, 0, 0, value)                              /* ::/0 */
#define SCOPE(ipv4, bits, value)                                                         \
	ROW(0, 0x0000ffff00000000ULL | (ipv4), 96 + (bits), value)

/* In the order of the match: longest first. */
static const struct gp_row glibc_precedence[] = {LOOPBACK(50), COMPATIBLE(20), MAPPED(10),
						 SIX_TO_FOUR(30), ANY(40)};
static const struct gp_row glibc_label[] = {
	LOOPBACK(0),    COMPATIBLE(3), MAPPED(4),       TEREDO(7),
	SIX_TO_FOUR(2), SITE_LOCAL(5), UNIQUE_LOCAL(6), ANY(1)};
static const struct gp_row rfc6724_precedence[] = {
	LOOPBACK(50), COMPATIBLE(1), MAPPED(35),      TEREDO(5), SIX_TO_FOUR(30),
	SIX_BONE(1),  SITE_LOCAL(1), UNIQUE_LOCAL(3), ANY(40)};
static const struct gp_row update_precedence[] = {
	LOOPBACK(50), COMPATIBLE(1), MAPPED(20),       TEREDO(5), SIX_TO_FOUR(5),
	SIX_BONE(1),  SITE_LOCAL(1), UNIQUE_LOCAL(30), ANY(40)};
static const struct gp_row rfc6724_label[] = {
	LOOPBACK(0),  COMPATIBLE(3),  MAPPED(4),        TEREDO(5), SIX_TO_FOUR(2),
	SIX_BONE(12), SITE_LOCAL(11), UNIQUE_LOCAL(13), ANY(1)};
/* RFC 6724 3.2; glibc has the same. 169.254/16, 127/8 and the rest. */
static const struct gp_row scopes[] = {SCOPE(0xa9fe0000, 16, GP_SCOPE_LINK),
				       SCOPE(0x7f000000, 8, GP_SCOPE_LINK),
				       SCOPE(0, 0, GP_SCOPE_GLOBAL)};

#define TABLE(array)                                                                     \
	{                                                                                \
		array, sizeof(array) / sizeof((array)[0]), true                          \
	}

static const struct {
	const char *name;
	struct gp_tables tables;
} profiles[GP_PROFILE_COUNT] = {
	[GP_PROFILE_GLIBC] = {"glibc",
			      {{TABLE(glibc_precedence), TABLE(glibc_label),
				TABLE(scopes)}}},
	[GP_PROFILE_RFC6724] = {"rfc6724",
				{{TABLE(rfc6724_precedence), TABLE(rfc6724_label),
				  TABLE(scopes)}}},
	[GP_PROFILE_UPDATE] = {"rfc6724-update",
			       {{TABLE(update_precedence), TABLE(rfc6724_label),
				 TABLE(scopes)}}},
};

const char *gp_profile_name(enum gp_profile profile)
{
	return (unsigned)profile < GP_PROFILE_COUNT ? profiles[profile].name : NULL;
}

enum gp_status gp_profile_parse(const char *name, enum gp_profile *out)
{
	for (size_t i = 0; i < GP_PROFILE_COUNT; i++)
		if (!strcmp(name, profiles[i].name)) {
			*out = (enum gp_profile)i;
			return GP_OK;
		}
	return GP_NOTFOUND;
}

struct gp_tables gp_profile_tables(enum gp_profile profile)
{
	return profiles[profile].tables;
}
