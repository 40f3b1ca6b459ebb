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
#define FORMAT_VERSION 1

enum section_kind {
	SECTION_GUARD = 1,
	SECTION_CHAIN = 2,
	SECTION_PRELOAD = 3,
	SECTION_PROBE = 4
};

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t crc; /* of the whole file, with this field 0 */
	uint64_t size;
	uint64_t generation;
	int64_t created;
	int64_t off_until;
	uint32_t section_count;
	uint32_t reserved;
};

struct file_section {
	uint32_t kind;
	uint32_t offset; /* from the start of the file */
	uint32_t size;
	uint32_t reserved;
};

_Static_assert(sizeof(struct file_header) == 56, "the header is part of the format");
_Static_assert(sizeof(struct file_section) == 16,
	       "the section table is part of the format");
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

/* Each section once at most; kinds that are not known come from a later v6guard. */
static bool read_section(const uint8_t *bytes, const struct file_section *section,
			 unsigned *seen, struct gp_snapshot *out)
{
	const uint8_t *at = bytes + section->offset;

	if (section->kind == 0 || section->kind >= 32 || *seen & 1U << section->kind)
		return false;
	*seen |= 1U << section->kind;
	if (section->kind == SECTION_GUARD)
		return read_guard(at, section->size, out);
	if (section->kind == SECTION_CHAIN)
		return read_chain(at, section->size, out);
	if (section->kind == SECTION_PRELOAD)
		return read_preload(at, section->size, out);
	if (section->kind == SECTION_PROBE)
		return read_probe(at, section->size, out);
	return true;
}

static bool read_sections(const uint8_t *bytes, size_t size, uint32_t count,
			  struct gp_snapshot *out)
{
	const unsigned required = 1U << SECTION_GUARD | 1U << SECTION_CHAIN;
	struct file_section section;
	unsigned seen = 0;

	if (count > (size - sizeof(struct file_header)) / sizeof(section))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(&section, bytes + sizeof(struct file_header) + i * sizeof(section),
		       sizeof(section));
		if (section.offset > size || section.size > size - section.offset)
			return false;
		if (!read_section(bytes, &section, &seen, out))
			return false;
	}
	return (seen & required) == required;
}

static uint32_t file_crc(const uint8_t *bytes, size_t size)
{
	const size_t at = offsetof(struct file_header, crc);
	const uint32_t zero = 0;
	uint32_t crc = gp_crc32(0, bytes, at);

	crc = gp_crc32(crc, &zero, sizeof(zero));
	return gp_crc32(crc, bytes + at + sizeof(zero), size - at - sizeof(zero));
}

enum gp_status gp_snapshot_parse(const void *bytes, size_t size, struct gp_snapshot *out)
{
	struct gp_snapshot parsed = {0};
	struct file_header header;

	if (size > GP_SNAPSHOT_MAX)
		return GP_RANGE;
	if (size < sizeof(header))
		return GP_SYNTAX;
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.magic, magic, sizeof(magic)))
		return GP_SYNTAX;
	if (header.version != FORMAT_VERSION)
		return GP_UNSUPPORTED;
	if (header.size != size || header.crc != file_crc(bytes, size))
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

enum gp_status gp_snapshot_build(const struct gp_snapshot *snapshot, void *buf,
				 size_t size, size_t *length)
{
	const size_t chain_size = snapshot->chain.count * sizeof(struct gp_service);
	struct file_section sections[] = {
		{.kind = SECTION_GUARD, .size = sizeof(snapshot->guard)},
		{.kind = SECTION_CHAIN, .size = (uint32_t)chain_size},
		{.kind = SECTION_PRELOAD, .size = sizeof(snapshot->preload)},
		{.kind = SECTION_PROBE, .size = sizeof(snapshot->probe)},
	};
	struct file_header header = {
		.version = FORMAT_VERSION,
		.generation = snapshot->generation,
		.created = snapshot->created,
		.off_until = snapshot->off_until,
		.section_count = sizeof(sections) / sizeof(sections[0]),
	};
	const struct gp_preload_policy preload = {.order = snapshot->preload.order};
	const struct gp_probe_policy probe = probe_to_write(&snapshot->probe);
	uint8_t *bytes = buf;

	sections[0].offset = sizeof(header) + sizeof(sections);
	sections[1].offset = sections[0].offset + sections[0].size;
	sections[2].offset = sections[1].offset + sections[1].size;
	sections[3].offset = sections[2].offset + sections[2].size;
	header.size = sections[3].offset + sections[3].size;
	if (snapshot->chain.count > GP_CHAIN_MAX || header.size > size ||
	    header.size > GP_SNAPSHOT_MAX)
		return GP_RANGE;
	memcpy(header.magic, magic, sizeof(magic));
	memcpy(bytes + sizeof(header), sections, sizeof(sections));
	memcpy(bytes + sections[0].offset, &snapshot->guard, sizeof(snapshot->guard));
	for (uint32_t i = 0; i < snapshot->chain.count; i++)
		write_service(bytes + sections[1].offset + i * sizeof(struct gp_service),
			      &snapshot->chain.service[i]);
	memcpy(bytes + sections[2].offset, &preload, sizeof(preload));
	memcpy(bytes + sections[3].offset, &probe, sizeof(probe));
	memcpy(bytes, &header, sizeof(header));
	header.crc = file_crc(bytes, header.size);
	memcpy(bytes, &header, sizeof(header));
	*length = header.size;
	return GP_OK;
}
