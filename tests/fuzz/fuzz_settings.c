/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as settings that the worker takes. What is accepted is written as the same
 * bytes again, and can be asked. Bytes that are hardly ever whole records stand for the
 * built-in settings with a byte changed for each three: two of place (little-endian), one
 * of value.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void use(const struct settings *settings)
{
	static const uint8_t name[] = "\3www\4corp\7example";
	const struct dns_zone *zone = dns_zone_of(&settings->dns, name);
	const struct dns_config *dns = &settings->dns;

	must(settings->probe_mode <= PROBE_ALL && settings->port_count);
	must(strlen(settings->log_to) < 65535);
	for (size_t i = 0; i < settings->excluded_count; i++)
		must(strlen(settings->excluded[i]) < 65535);
	for (size_t i = 0; zone && i < zone->upstream_count; i++)
		must(zone->upstream[i].port && zone->upstream[i].tls <= dns->tls_count);
	for (size_t i = 0; i < dns->pattern_count; i++)
		must(dns->exclude_domains[i].kind != DNS_PATTERN_EXACT ||
		     dns_is_excluded(dns, dns->exclude_domains[i].name));
	for (size_t i = 0; i < dns->zone_count; i++)
		must(dns_zone_of(dns, dns->zones[i].name) != NULL);
	dns_is_excluded(dns, name);
}

static void check(const uint8_t *data, size_t size)
{
	struct gp_record_out again = {.failed = false};
	struct settings settings;

	if (!settings_read(data, size, &settings)) {
		must(!settings.pool.newest);
		return;
	}
	use(&settings);
	settings_write(&settings, &again);
	must(again.size == size && !memcmp(again.bytes, data, size));
	free(again.bytes);
	settings_free(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_record_out whole = {.failed = false};
	struct settings settings;

	check(data, size);
	settings_init(&settings);
	settings_write(&settings, &whole);
	settings_free(&settings);
	for (size_t at = 0; at + 3 <= size; at += 3)
		whole.bytes[(size_t)(data[at] | data[at + 1] << 8) % whole.size] =
			data[at + 2];
	check(whole.bytes, whole.size);
	free(whole.bytes);
	return 0;
}
