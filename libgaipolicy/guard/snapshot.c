/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot.c - bytes of a policy and back. A header, a table of sections, the sections;
 * all numbers in the host's byte order, as the file never leaves the host (a foreign one
 * fails at the version).
 */
#include <string.h>

#include "guard/crc32.h"
#include "guard/snapshot.h"

static const char magic[8] = {'V', '6', 'G', 'P', 'O', 'L', '\r', '\n'};
#define FORMAT_VERSION 2

/* Those of the rules from SECTION_RULES on. */
enum section_kind {
	SECTION_GUARD = 1,
	SECTION_CHAIN = 2,
	SECTION_PRELOAD = 3,
	SECTION_PROBE = 4,
	SECTION_RULES = 5
};
#define PLAIN_SECTIONS 4 /* before those of the rules */
#define SECTIONS (PLAIN_SECTIONS + GP_RULES_SECTIONS)

/* Sections of rules begin at a multiple of that: their buckets are cache lines. */
#define ALIGNMENT 64

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t head_crc; /* of the first head_size bytes, with this field 0 */
	uint64_t size;
	uint64_t generation;
	int64_t created;
	int64_t off_until;
	uint16_t section_count;
	uint16_t head_size; /* all that is no rule: this, section table, [guard], chain */
	uint32_t body_crc;  /* of the bytes behind */
};

struct file_section {
	uint32_t kind;
	uint32_t reserved;
	uint64_t offset; /* from the start of the file */
	uint64_t size;
};

_Static_assert(sizeof(struct file_header) == 56, "the header is part of the format");
_Static_assert(sizeof(struct file_section) == 24,
	       "the section table is part of the format");
_Static_assert(sizeof(struct file_header) + SECTIONS * sizeof(struct file_section) +
			       sizeof(struct gp_guard_policy) +
			       GP_CHAIN_MAX * sizeof(struct gp_service) +
			       sizeof(struct gp_preload_policy) +
			       sizeof(struct gp_probe_policy) <=
		       GP_SNAPSHOT_HEAD,
	       "what is no rule fits the first page");
_Static_assert(sizeof(struct gp_guard_policy) == 6,
	       "SECTION_GUARD is part of the format");
_Static_assert(sizeof(struct gp_service) == 40, "SECTION_CHAIN is part of the format");
_Static_assert(sizeof(struct gp_preload_policy) == 4,
	       "SECTION_PRELOAD is part of the format");
_Static_assert(sizeof(struct gp_probe_policy) == 36,
	       "SECTION_PROBE is part of the format");

#define DAY_MS 86400000U

void gp_probe_policy_init(struct gp_probe_policy *probe)
{
	*probe = (struct gp_probe_policy){
		.budget_ms = 300,
		.delay_ms = 250,
		.ok_ttl_ms = 600000,
		.broken_ttl_ms = 30000,
		.broken_ttl_max_ms = 600000,
		.max_rate = 20,
		.ports = {443, 80},
	};
}

bool gp_snapshot_is_off(const struct gp_snapshot *snapshot, int64_t now)
{
	return now < snapshot->off_until;
}

static bool is_guard_valid(const struct gp_guard_policy *guard)
{
	return guard->mode < GP_MODE_COUNT && guard->distrust <= 1 &&
	       guard->enforce <= 1 && guard->keep_last <= 1 && guard->aaaa_only <= 1 &&
	       guard->backends_auto <= 1;
}

static bool is_service_valid(const struct gp_service *service)
{
	/* The name becomes part of a file name that dlopen() gets. */
	if (!service->name[0] || !memchr(service->name, 0, sizeof(service->name)) ||
	    strchr(service->name, '/'))
		return false;
	for (size_t i = 0; i < GP_NSS_STATUS_COUNT; i++)
		if (service->action[i] > GP_ACTION_RETURN)
			return false;
	return true;
}

static bool read_guard(const uint8_t *bytes, size_t size, struct gp_snapshot *out)
{
	if (size != sizeof(out->guard))
		return false;
	memcpy(&out->guard, bytes, size);
	return is_guard_valid(&out->guard);
}

static bool read_chain(const uint8_t *bytes, size_t size, struct gp_snapshot *out)
{
	size_t count = size / sizeof(struct gp_service);

	if (size % sizeof(struct gp_service) || count > GP_CHAIN_MAX)
		return false;
	memcpy(out->chain.service, bytes, size);
	out->chain.count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		if (!is_service_valid(&out->chain.service[i]))
			return false;
	return true;
}

/* Not there in snapshots of a v6guard that had no such choice. */
static bool read_preload(const uint8_t *bytes, size_t size, struct gp_snapshot *out)
{
	if (size != sizeof(out->preload))
		return false;
	memcpy(&out->preload, bytes, size);
	return out->preload.order < GP_ORDER_COUNT;
}

/* The ranges of v6guard.conf(5). */
static bool is_probe_valid(const struct gp_probe_policy *probe)
{
	return probe->budget_ms >= 1 && probe->budget_ms <= 10000 &&
	       probe->delay_ms >= 10 && probe->delay_ms <= 2000 &&
	       probe->slow_ms <= 10000 && probe->ok_ttl_ms >= 1000 &&
	       probe->ok_ttl_ms <= DAY_MS && probe->broken_ttl_ms >= 1000 &&
	       probe->broken_ttl_ms <= probe->broken_ttl_max_ms &&
	       probe->broken_ttl_max_ms <= DAY_MS && probe->max_rate >= 1 &&
	       probe->max_rate <= 1000 && probe->ports[0] && probe->is_inline <= 1 &&
	       probe->is_off <= 1;
}

/* Not there in older ones, either. */
static bool read_probe(const uint8_t *bytes, size_t size, struct gp_snapshot *out)
{
	if (size != sizeof(out->probe))
		return false;
	memcpy(&out->probe, bytes, size);
	return is_probe_valid(&out->probe);
}

/* What has been found so far. */
struct found {
	unsigned seen; /* bit KIND */
	struct gp_bytes rules[GP_RULES_SECTIONS];
};

/* Each section once at most; kinds that are not known come from a later v6guard. */
static bool read_section(const uint8_t *bytes, const struct file_section *section,
			 struct found *found, struct gp_snapshot *out)
{
	const uint8_t *at = bytes + section->offset;
	const size_t size = (size_t)section->size;

	if (section->kind == 0 || section->kind >= 32 ||
	    found->seen & 1U << section->kind)
		return false;
	found->seen |= 1U << section->kind;
	if (section->kind == SECTION_GUARD)
		return read_guard(at, size, out);
	if (section->kind == SECTION_CHAIN)
		return read_chain(at, size, out);
	if (section->kind == SECTION_PRELOAD)
		return read_preload(at, size, out);
	if (section->kind == SECTION_PROBE)
		return read_probe(at, size, out);
	if (section->kind < SECTION_RULES + GP_RULES_SECTIONS)
		found->rules[section->kind - SECTION_RULES] = (struct gp_bytes){at, size};
	return true;
}

static bool read_sections(const uint8_t *bytes, size_t size, uint32_t count,
			  struct gp_snapshot *out)
{
	const unsigned required = 1U << SECTION_GUARD | 1U << SECTION_CHAIN;
	struct found found = {.seen = 0};
	struct file_section section;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(&section, bytes + sizeof(struct file_header) + i * sizeof(section),
		       sizeof(section));
		if (section.offset > size || section.size > size - section.offset)
			return false;
		if (!read_section(bytes, &section, &found, out))
			return false;
	}
	return (found.seen & required) == required &&
	       gp_rules_open(found.rules, &out->rules);
}

/* Of the first SIZE bytes. */
static uint32_t head_crc(const uint8_t *bytes, size_t size)
{
	const size_t at = offsetof(struct file_header, head_crc);
	const uint32_t zero = 0;
	uint32_t crc = gp_crc32(0, bytes, at);

	crc = gp_crc32(crc, &zero, sizeof(zero));
	return gp_crc32(crc, bytes + at + sizeof(zero), size - at - sizeof(zero));
}

static enum gp_status read_all(const uint8_t *bytes, size_t size, bool checks_body,
			       struct gp_snapshot *out)
{
	struct gp_snapshot parsed = {.generation = 0};
	struct file_header header;

	if (size < sizeof(header))
		return GP_SYNTAX;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)))
		return GP_SYNTAX;
	if (header.version != FORMAT_VERSION)
		return GP_UNSUPPORTED;
	if (header.size != size || header.head_size > size ||
	    header.head_size <
		    sizeof(header) + header.section_count * sizeof(struct file_section))
		return GP_SYNTAX;
	if (header.head_crc != head_crc(bytes, header.head_size) ||
	    (checks_body && header.body_crc != gp_crc32(0, bytes + header.head_size,
							size - header.head_size)))
		return GP_SYNTAX;
	gp_probe_policy_init(&parsed.probe);
	if (!read_sections(bytes, size, header.section_count, &parsed))
		return GP_SYNTAX;
	parsed.generation = header.generation;
	parsed.created = header.created;
	parsed.off_until = header.off_until;
	*out = parsed;
	return GP_OK;
}

enum gp_status gp_snapshot_parse(const void *bytes, size_t size, struct gp_snapshot *out)
{
	return read_all(bytes, size, true, out);
}

enum gp_status gp_snapshot_open(const void *bytes, size_t size, struct gp_snapshot *out)
{
	return read_all(bytes, size, false, out);
}

/* ---- writing ---- */

/* Behind the name's NUL there may be anything in memory, but not in the file. */
static void write_service(uint8_t *at, const struct gp_service *service)
{
	struct gp_service clean = {0};

	strncpy(clean.name, service->name, sizeof(clean.name) - 1);
	memcpy(clean.action, service->action, sizeof(clean.action));
	memcpy(at, &clean, sizeof(clean));
}

static struct gp_probe_policy probe_to_write(const struct gp_probe_policy *probe)
{
	struct gp_probe_policy clean = *probe;

	if (!probe->budget_ms)
		gp_probe_policy_init(&clean);
	memset(clean.reserved, 0, sizeof(clean.reserved));
	return clean;
}

static size_t align(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void add_part(struct gp_snapshot_parts *parts, const void *at, size_t size)
{
	if (!size)
		return;
	parts->part[parts->count++] = (struct gp_bytes){at, size};
	parts->size += size;
}

/* The sections, and where each will be; returns their number. */
static uint16_t place_sections(const struct gp_snapshot *snapshot,
			       struct file_section section[SECTIONS])
{
	const uint16_t count = snapshot->rules.count ? SECTIONS : PLAIN_SECTIONS;
	const size_t plain[PLAIN_SECTIONS] = {
		sizeof(snapshot->guard),
		snapshot->chain.count * sizeof(struct gp_service),
		sizeof(snapshot->preload),
		sizeof(snapshot->probe),
	};
	size_t at = sizeof(struct file_header) + count * sizeof(section[0]);

	for (unsigned i = 0; i < count; i++) {
		const size_t size =
			i < PLAIN_SECTIONS
				? plain[i]
				: snapshot->rules.section[i - PLAIN_SECTIONS].size;

		if (i >= PLAIN_SECTIONS)
			at = align(at);
		section[i] = (struct file_section){
			.kind = SECTION_GUARD + i, .offset = at, .size = size};
		at += size;
	}
	return count;
}

static void add_rules(const struct gp_rules *rules, struct gp_snapshot_parts *parts)
{
	static const uint8_t zeros[ALIGNMENT];

	for (unsigned i = 0; i < GP_RULES_SECTIONS; i++) {
		add_part(parts, zeros, align(parts->size) - parts->size);
		add_part(parts, rules->section[i].at, rules->section[i].size);
	}
}

static void sign(struct gp_snapshot_parts *parts, struct file_header *header)
{
	header->size = parts->size;
	header->head_size = (uint16_t)parts->part[0].size;
	for (size_t i = 1; i < parts->count; i++)
		header->body_crc = gp_crc32(header->body_crc, parts->part[i].at,
					    parts->part[i].size);
	memcpy(parts->head, header, sizeof(*header));
	header->head_crc = head_crc(parts->head, header->head_size);
	memcpy(parts->head, header, sizeof(*header));
}

enum gp_status gp_snapshot_lay_out(const struct gp_snapshot *snapshot,
				   struct gp_snapshot_parts *out)
{
	const struct gp_preload_policy preload = {.order = snapshot->preload.order};
	const struct gp_probe_policy probe = probe_to_write(&snapshot->probe);
	struct file_section section[SECTIONS];
	struct file_header header = {.version = FORMAT_VERSION,
				     .generation = snapshot->generation,
				     .created = snapshot->created,
				     .off_until = snapshot->off_until};

	if (snapshot->chain.count > GP_CHAIN_MAX)
		return GP_RANGE;
	header.section_count = place_sections(snapshot, section);
	memcpy(header.magic, magic, sizeof(magic));
	memcpy(out->head + sizeof(header), section,
	       header.section_count * sizeof(section[0]));
	memcpy(out->head + section[0].offset, &snapshot->guard, sizeof(snapshot->guard));
	for (uint32_t i = 0; i < snapshot->chain.count; i++)
		write_service(out->head + section[1].offset +
				      i * sizeof(struct gp_service),
			      &snapshot->chain.service[i]);
	memcpy(out->head + section[2].offset, &preload, sizeof(preload));
	memcpy(out->head + section[3].offset, &probe, sizeof(probe));
	out->count = out->size = 0;
	add_part(out, out->head, (size_t)(section[3].offset + section[3].size));
	if (snapshot->rules.count)
		add_rules(&snapshot->rules, out);
	sign(out, &header);
	return GP_OK;
}

enum gp_status gp_snapshot_build(const struct gp_snapshot *snapshot, void *buf,
				 size_t size, size_t *length)
{
	struct gp_snapshot_parts parts;
	uint8_t *at = buf;

	if (gp_snapshot_lay_out(snapshot, &parts) != GP_OK || parts.size > size)
		return GP_RANGE;
	for (size_t i = 0; i < parts.count; i++) {
		memcpy(at, parts.part[i].at, parts.part[i].size);
		at += parts.part[i].size;
	}
	*length = parts.size;
	return GP_OK;
}
