/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rules.c - which rule is about a lookup, and about an address of it. */
#include <endian.h>
#include <strings.h>

#include "guard/rules_private.h"

bool gp_rules_open(const struct gp_bytes section[GP_RULES_SECTIONS], struct gp_rules *out)
{
	struct gp_rules rules = {.count = 0};
	struct rules_head head;

	if (!section[GP_RULES_HEAD].at) {
		*out = rules;
		return true;
	}
	if (section[GP_RULES_HEAD].size != sizeof(head))
		return false;
	memcpy(&head, section[GP_RULES_HEAD].at, sizeof(head));
	if (head.count > GP_RULES_MAX ||
	    section[GP_RULES_TABLE].size != head.count * sizeof(struct rules_row) ||
	    section[GP_RULES_GENERAL].size % sizeof(uint16_t) ||
	    section[GP_RULES_GENERAL].size / sizeof(uint16_t) > head.count ||
	    section[GP_RULES_BUCKETS].size % RULES_BUCKET ||
	    section[GP_RULES_BUCKETS].size / RULES_BUCKET > UINT32_MAX)
		return false;
	rules.count = head.count;
	rules.flags = head.flags;
	rules.actions = head.actions;
	rules.seed = head.seed;
	memcpy(rules.labels, head.labels, sizeof(rules.labels));
	memcpy(rules.section, section, sizeof(rules.section));
	*out = rules;
	return true;
}

static bool row_of(const struct gp_rules *rules, unsigned rank, struct rules_row *out)
{
	return rank < rules->count && rules_load(rules->section[GP_RULES_TABLE],
						 rank * sizeof(*out), out, sizeof(*out));
}

/* The bytes of a span of GP_RULES_TEXT; none when they are not there. */
static struct gp_bytes text_of(const struct gp_rules *rules, struct rules_span span)
{
	const struct gp_bytes text = rules->section[GP_RULES_TEXT];

	if (span.at > text.size || span.count > text.size - span.at)
		return (struct gp_bytes){NULL, 0};
	return (struct gp_bytes){text.at + span.at, span.count};
}

/* ---- addresses ---- */

/* A 128 bit number. */
struct wide {
	uint64_t upper, lower;
};

static bool is_above(struct wide a, struct wide b)
{
	return a.upper > b.upper || (a.upper == b.upper && a.lower > b.lower);
}

static struct wide wide_of(const uint64_t halves[2])
{
	return (struct wide){halves[0], halves[1]};
}

static struct wide wide_address(const struct gp_addr *addr)
{
	uint64_t halves[2];

	memcpy(halves, addr->bytes, sizeof(halves));
	return (struct wide){be64toh(halves[0]), be64toh(halves[1])};
}

/* The ranges of SPAN, each of SIZE bytes, with their samples of KEY bytes behind; NULL:
 * they are not all there. */
static const uint8_t *ranges_of(const struct gp_rules *rules, struct rules_span span,
				size_t size, size_t key)
{
	const struct gp_bytes ranges = rules->section[GP_RULES_RANGES];
	const uint64_t at = (uint64_t)span.at * 8;
	const uint64_t need =
		(uint64_t)span.count * size + (uint64_t)rules_samples(span.count) * key;

	if (!span.count || at > ranges.size || need > ranges.size - at)
		return NULL;
	return ranges.at + at;
}

/* Of COUNT numbers that ascend, STRIDE bytes apart, the last that is not above VALUE; the
 * first if all are. */
static uint32_t last_up_to4(const uint8_t *at, size_t stride, uint32_t count,
			    uint32_t value)
{
	uint32_t base = 0, first;

	while (count > 1) {
		const uint32_t half = count / 2;

		memcpy(&first, at + (base + half) * stride, sizeof(first));
		base = first > value ? base : base + half;
		count -= half;
	}
	return base;
}

static uint32_t last_up_to6(const uint8_t *at, size_t stride, uint32_t count,
			    struct wide value)
{
	uint32_t base = 0;
	uint64_t first[2];

	while (count > 1) {
		const uint32_t half = count / 2;

		memcpy(first, at + (base + half) * stride, sizeof(first));
		base = is_above(wide_of(first), value) ? base : base + half;
		count -= half;
	}
	return base;
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The last range that begins at or before the address may hold it. Samples first: they
 * stay in the cache. */
static bool is_in_ranges4(const struct gp_rules *rules, struct rules_span span,
			  const struct gp_addr *addr)
{
	struct rules_range4 range;
	const size_t each = sizeof(range), key = sizeof(range.first);
	const uint8_t *ranges = ranges_of(rules, span, each, key);
	uint32_t value, place;

	if (!ranges)
		return false;
	memcpy(&value, addr->bytes, sizeof(value));
	value = ntohl(value);
	place = RULES_SAMPLE * last_up_to4(ranges + span.count * each, key,
					   rules_samples(span.count), value);
	ranges += place * each;
	ranges += each *
		  last_up_to4(ranges, each, min(RULES_SAMPLE, span.count - place), value);
	memcpy(&range, ranges, each);
	return range.first <= value && value <= range.last;
}

static bool is_in_ranges6(const struct gp_rules *rules, struct rules_span span,
			  const struct gp_addr *addr)
{
	const struct wide value = wide_address(addr);
	struct rules_range6 range;
	const size_t each = sizeof(range), key = sizeof(range.first);
	const uint8_t *ranges = ranges_of(rules, span, each, key);
	uint32_t place;

	if (!ranges)
		return false;
	place = RULES_SAMPLE * last_up_to6(ranges + span.count * each, key,
					   rules_samples(span.count), value);
	ranges += place * each;
	ranges += each *
		  last_up_to6(ranges, each, min(RULES_SAMPLE, span.count - place), value);
	memcpy(&range, ranges, each);
	return !is_above(wide_of(range.first), value) &&
	       !is_above(value, wide_of(range.last));
}

static bool is_in_ranges(const struct gp_rules *rules, struct rules_span ipv4,
			 struct rules_span ipv6, const struct gp_addr *addr)
{
	if (addr->family == AF_INET)
		return is_in_ranges4(rules, ipv4, addr);
	return addr->family == AF_INET6 && is_in_ranges6(rules, ipv6, addr);
}

bool gp_rules_has_address(const struct gp_rules *rules, unsigned rank,
			  const struct gp_addr *addr)
{
	struct rules_row row;

	if (!row_of(rules, rank, &row))
		return false;
	return !(row.flags & GP_RULE_PREFIXES) ||
	       is_in_ranges(rules, row.prefixes4, row.prefixes6, addr);
}

/* ---- a rule ---- */

static bool copy_text(struct gp_bytes text, char *out, size_t size)
{
	if (text.size >= size)
		return false;
	if (text.size)
		memcpy(out, text.at, text.size);
	out[text.size] = '\0';
	return true;
}

static bool fill_rule(const struct gp_rules *rules, unsigned rank,
		      const struct rules_row *row, struct gp_guard_rule *out)
{
	const struct gp_bytes name = text_of(rules, row->name);

	if (row->action >= GP_DO_COUNT || row->response >= GP_RESPONSE_COUNT ||
	    !copy_text(name, out->name, sizeof(out->name)) ||
	    !copy_text(text_of(rules, row->override_name), out->override_name,
		       sizeof(out->override_name)))
		return false;
	out->override_address = (struct gp_addr){.family = AF_UNSPEC};
	if (row->override_family == AF_INET || row->override_family == AF_INET6)
		out->override_address =
			gp_addr_make(row->override_family, row->override_bytes, 0);
	out->override_ttl = row->override_ttl;
	out->rank = rank;
	out->priority = row->priority;
	out->flags = row->flags;
	out->action = row->action;
	out->until = row->until;
	out->response = row->response;
	return true;
}

bool gp_rules_get(const struct gp_rules *rules, unsigned rank, struct gp_guard_rule *out)
{
	struct rules_row row;

	return row_of(rules, rank, &row) && fill_rule(rules, rank, &row, out);
}

bool gp_rules_by_priority(const struct gp_rules *rules, unsigned priority,
			  struct gp_guard_rule *out)
{
	unsigned first = 0, end = rules->count;
	struct rules_row row;

	while (first < end) {
		const unsigned middle = first + (end - first) / 2;

		if (!row_of(rules, middle, &row))
			return false;
		if (row.priority == priority)
			return fill_rule(rules, middle, &row, out);
		if (row.priority < priority)
			first = middle + 1;
		else
			end = middle;
	}
	return false;
}

bool gp_rules_has_qtype(const struct gp_rules *rules, unsigned rank, uint16_t type)
{
	struct rules_row row;
	struct gp_bytes types;
	uint16_t one;

	if (!row_of(rules, rank, &row))
		return false;
	types = text_of(rules, row.qtypes);
	for (size_t at = 0; rules_load(types, at, &one, sizeof(one)); at += sizeof(one))
		if (one == type)
			return true;
	return false;
}

/* ---- conditions ---- */

/* A path, or the name of the file, or the one that `ps` shows, which the kernel cuts. */
static bool is_program(const struct gp_program *program, const char *word, size_t length)
{
	const char *slash = strrchr(program->path, '/');
	const size_t comm = strnlen(program->comm, sizeof(program->comm) - 1);

	if (word[0] == '/')
		return strlen(program->path) == length &&
		       !memcmp(program->path, word, length);
	if (slash && strlen(slash + 1) == length && !memcmp(slash + 1, word, length))
		return true;
	if (comm == sizeof(program->comm) - 1 && length > comm)
		length = comm;
	return comm && comm == length && !memcmp(program->comm, word, length);
}

/* LIST: words, each with a NUL behind. */
static bool is_among(struct gp_bytes list, const struct gp_program *program)
{
	while (list.size) {
		const uint8_t *end = memchr(list.at, 0, list.size);

		if (!end)
			return false;
		const size_t length = (size_t)(end - list.at);
		if (length && is_program(program, (const char *)list.at, length))
			return true;
		list.at += length + 1;
		list.size -= length + 1;
	}
	return false;
}

static bool holds(const struct gp_rules *rules, const struct rules_row *row,
		  const struct gp_query *query)
{
	const bool is_dns = query->door == GP_DOOR_DNS;

	if (query->now >= row->until)
		return false;
	if (row->flags & GP_RULE_PROGRAMS &&
	    (is_dns || !query->program ||
	     !is_among(text_of(rules, row->programs), query->program)))
		return false;
	if (row->flags & GP_RULE_CLIENTS &&
	    (!is_dns || !query->client ||
	     !is_in_ranges(rules, row->clients4, row->clients6, query->client)))
		return false;
	return true;
}

/* ---- the walk ---- */

/* The canonical name is ASKED and more: the search list was used. */
static bool is_completed(const char *asked, const char *canonical)
{
	const size_t length = strlen(asked);

	if (!strchr(asked, '.'))
		return true;
	return asked[length - 1] != '.' && !strncasecmp(asked, canonical, length) &&
	       canonical[length] == '.' && canonical[length + 1];
}

static void find_name(struct gp_rules_walk *walk, const char *name, bool is_cname)
{
	struct rules_name folded;

	if (name && rules_name_fold(name, &folded))
		rules_find(walk, &folded, is_cname);
}

void gp_rules_begin(struct gp_rules_walk *walk, const struct gp_rules *rules,
		    const struct gp_query *query)
{
	walk->rules = rules;
	walk->query = query;
	walk->next = walk->general = 0;
	walk->count = 0;
	if (!rules || !(rules->flags & GP_RULES_DOMAINS))
		return;
	find_name(walk, query->name, false);
	if (query->canonical && query->name)
		find_name(walk, query->canonical,
			  !is_completed(query->name, query->canonical));
	for (size_t i = 0; i < query->chain_count; i++)
		find_name(walk, query->chain[i], true);
}

static bool matches_cname(const struct gp_rules *rules, unsigned rank)
{
	struct rules_row row;

	return row_of(rules, rank, &row) && row.flags & GP_RULE_MATCH_CNAME;
}

/* The first rank of HIT from NEXT on; UINT32_MAX: none. */
static uint32_t rank_of_hit(const struct gp_rules *rules, struct gp_name_hit *hit,
			    uint32_t next)
{
	const unsigned wanted = hit->is_whole ? RULES_ITSELF : RULES_BELOW;
	struct rules_posting posting;

	for (; hit->left; hit->left--, hit->at++) {
		if (!rules_load(rules->section[GP_RULES_RECORDS],
				(uint64_t)hit->at * RULES_WORD, &posting,
				sizeof(posting)))
			return UINT32_MAX;
		if (posting.rank >= next && posting.kind & wanted &&
		    (!hit->is_cname || matches_cname(rules, posting.rank)))
			return posting.rank;
	}
	return UINT32_MAX;
}

static uint32_t rank_of_general(struct gp_rules_walk *walk)
{
	uint16_t rank;

	while (rules_load(walk->rules->section[GP_RULES_GENERAL],
			  walk->general * sizeof(rank), &rank, sizeof(rank))) {
		if (rank >= walk->next)
			return rank;
		walk->general++;
	}
	return UINT32_MAX;
}

static bool next_row(struct gp_rules_walk *walk, unsigned *rank, struct rules_row *row)
{
	const struct gp_rules *rules = walk->rules;

	while (rules && walk->next < rules->count) {
		uint32_t least = rank_of_general(walk);

		for (unsigned i = 0; i < walk->count; i++)
			least = min(least, rank_of_hit(rules, &walk->hit[i], walk->next));
		if (!row_of(rules, least, row))
			return false;
		walk->next = least + 1;
		if (!holds(rules, row, walk->query))
			continue;
		*rank = least;
		return true;
	}
	return false;
}

bool gp_rules_next(struct gp_rules_walk *walk, unsigned *rank)
{
	struct rules_row row;

	return next_row(walk, rank, &row);
}

bool gp_rules_match(const struct gp_rules *rules, const struct gp_query *query,
		    const struct gp_addr *addr, struct gp_guard_rule *out)
{
	struct gp_rules_walk walk;
	struct rules_row row;
	unsigned rank;

	gp_rules_begin(&walk, rules, query);
	while (next_row(&walk, &rank, &row))
		if (!(row.flags & GP_RULE_PREFIXES) ||
		    (addr && is_in_ranges(rules, row.prefixes4, row.prefixes6, addr)))
			return fill_rule(rules, rank, &row, out);
	return false;
}
