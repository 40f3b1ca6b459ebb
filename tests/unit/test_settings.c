/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* v6guard.conf to what the daemon goes by. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "config_text.h"
#include "tool/v6guardd/settings.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static char warning[256], error[DNS_WHY];

/* They are those that a reader of their bytes has, and good until the next call. */
static struct settings from(const char *text)
{
	struct gp_config *config = config_good(text);
	struct gp_record_out bytes = {.failed = false};
	static struct settings out;
	struct settings made;

	settings_free(&out);
	memset(&made, 0xff, sizeof(made));
	assert_true(settings_from_config(config, &made, warning, error));
	gp_config_free(config);
	settings_write(&made, &bytes);
	assert_true(settings_read(bytes.bytes, bytes.size, &out));
	assert_true(settings_equal(&made, &out));
	free(bytes.bytes);
	settings_free(&made);
	return out;
}

/* What is wrong with it. */
static const char *refused(const char *text)
{
	struct gp_config *config = config_good(text);
	struct settings out;

	assert_false(settings_from_config(config, &out, warning, error));
	assert_null(out.pool.newest);
	gp_config_free(config);
	return error;
}

/* v6guard.conf(5) and DESIGN 5. */
static void defaults(void **state)
{
	struct settings got;
	struct gp_guard_policy policy;

	(void)state;
	settings_init(&got);
	assert_int_equal(got.probe_mode, PROBE_SUSPECTS);
	assert_int_equal(got.slow_threshold_ms, 0);
	assert_int_equal(got.ok_ttl_ms, 600000);
	assert_int_equal(got.broken_ttl_ms, 30000);
	assert_int_equal(got.broken_ttl_max_ms, 600000);
	assert_int_equal(got.max_rate, 20);
	assert_int_equal(got.port_count, 2);
	assert_int_equal(got.ports[0], 443);
	assert_int_equal(got.ports[1], 80);
	assert_int_equal(got.anchor_count, 0);
	assert_int_equal(got.rescue, 0);
	assert_int_equal(got.excluded_count, 0);
	assert_int_equal(got.log_events, (1U << EVENT_EACH) - 1);
	assert_string_equal(got.log_to, "journal");
	gp_guard_policy_init(&policy);
	assert_memory_equal(&got.guard, &policy, sizeof(policy));
	const struct settings empty = from("");
	assert_true(settings_equal(&got, &empty));
	assert_string_equal(warning, "");
	settings_free(&got);
}

static void everything_said(void **state)
{
	const struct settings got = from("[guard]\nmode = prefer-ipv4\nenforce = no\n"
					 "[probe]\nmode = all\nslow-threshold = 1500ms\n"
					 "ok-ttl = 1d\nbroken-ttl = 1s\n"
					 "broken-ttl-max = 2m\nmax-rate = 1000\n"
					 "ports = 22, 65535\n"
					 "anchors = 192.0.2.1 2001:db8::1@443\n"
					 "[rescue]\nmode = on\n"
					 "exclude-programs = java /usr/bin/legacy\n"
					 "[log]\nevents = reload rescue\nto = /var/x\n");

	(void)state;
	assert_string_equal(warning, "");
	assert_int_equal(got.guard.mode, GP_MODE_PREFER_IPV4);
	assert_int_equal(got.guard.enforce, 0);
	assert_int_equal(got.probe_mode, PROBE_ALL);
	assert_int_equal(got.slow_threshold_ms, 1500);
	assert_int_equal(got.ok_ttl_ms, 86400000);
	assert_int_equal(got.broken_ttl_ms, 1000);
	assert_int_equal(got.broken_ttl_max_ms, 120000);
	assert_int_equal(got.max_rate, 1000);
	assert_int_equal(got.port_count, 2);
	assert_int_equal(got.ports[0], 22);
	assert_int_equal(got.ports[1], 65535);
	assert_int_equal(got.anchor_count, 2);
	assert_int_equal(got.anchors[0].addr.family, AF_INET);
	assert_int_equal(got.anchors[0].port, 53);
	assert_int_equal(got.anchors[1].addr.family, AF_INET6);
	assert_int_equal(got.anchors[1].port, 443);
	assert_int_equal(got.rescue, 1);
	assert_int_equal(got.excluded_count, 2);
	assert_string_equal(got.excluded[0], "java");
	assert_string_equal(got.excluded[1], "/usr/bin/legacy");
	assert_int_equal(got.log_events, 1U << EVENT_RELOAD | 1U << EVENT_RESCUE);
	assert_string_equal(got.log_to, "/var/x");
}

static void kinds_of_events(void **state)
{
	static const char *const names[EVENT_KINDS] = {
		"verdict", "epoch",    "nat64",       "reload",   "door",
		"rescue",  "upstream", "synthesized", "stripped", "blocked",
		"stale",   "bogus",    "late",        "rebind"};
	char text[64];

	(void)state;
	assert_int_equal(from("[log]\nevents = none\n").log_events, 0);
	/* Those of single lookups are no changes. */
	assert_int_equal(from("[log]\nevents = changes\n").log_events,
			 (1U << EVENT_EACH) - 1);
	assert_int_equal(from("[log]\nevents = changes synthesized\n").log_events,
			 ((1U << EVENT_EACH) - 1) | 1U << EVENT_SYNTHESIZED);
	assert_int_equal(from("[log]\nevents = epoch, stale\n").log_events,
			 1U << EVENT_EPOCH | 1U << EVENT_STALE);
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
		assert_string_equal(event_kind_name((enum event_kind)kind), names[kind]);
		snprintf(text, sizeof(text), "[log]\nevents = %s\n", names[kind]);
		assert_int_equal(from(text).log_events, 1U << kind);
	}
	assert_null(event_kind_name(EVENT_KINDS));
}

/* A list of COUNT words made by FORMAT from their numbers. */
static char *list(const char *head, const char *prefix, unsigned count)
{
	static char text[65536];
	size_t used = (size_t)snprintf(text, sizeof(text), "%s", head);

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\n  %s%u",
					 prefix, i + 1);
	snprintf(text + used, sizeof(text) - used, "\n");
	return text;
}

/* Each list at its limit, and one above. */
static void long_lists(void **state)
{
	struct settings got;

	(void)state;
	got = from(list("[probe]\nports =", "", 1000));
	assert_int_equal(got.port_count, 1000);
	assert_int_equal(got.ports[999], 1000);
	assert_string_equal(refused(list("[probe]\nports =", "", 1001)),
			    "test.conf:3: [probe] ports: at most 1000 words");
	got = from(list("[probe]\nanchors =", "2001:db8::", 1000));
	assert_int_equal(got.anchor_count, 1000);
	assert_string_equal(refused(list("[probe]\nanchors =", "2001:db8::", 1001)),
			    "test.conf:3: [probe] anchors: at most 1000 words");
	got = from(list("[rescue]\nmode = on\nexclude-programs =", "p", 1000));
	assert_int_equal(got.rescue, 1);
	assert_int_equal(got.excluded_count, 1000);
	assert_string_equal(got.excluded[999], "p1000");
	/* To forget a program that must not be touched is worse than to free none. */
	assert_string_equal(
		refused(list("[rescue]\nmode = on\nexclude-programs =", "p", 1001)),
		"test.conf:4: [rescue] exclude-programs: at most 1000 words");
	assert_string_equal(warning, "");
}

static void names_as_anchors(void **state)
{
	const struct settings got = from("[probe]\nanchors = a.example 192.0.2.1@80 "
					 "b.example@443\n");

	(void)state;
	assert_int_equal(got.anchor_count, 1);
	assert_int_equal(got.anchors[0].port, 80);
	assert_non_null(strstr(warning, "names are left out"));
}

/* ---- as bytes ---- */

/* Every beginning of them is refused, and no byte behind it is read. */
static void cut_bytes(void **state)
{
	struct gp_record_out bytes = {.failed = false};
	struct settings cut;
	const struct settings got =
		from("[resolver]\nenable = yes\nupstream = tls://192.0.2.1#a.example\n"
		     "[nat64]\nprefix = 64:ff9b::/96 2001:db8::/96=10.0.0.0/8\n"
		     "exclude-domains = a.example\nptr-name = dns64.example\n"
		     "[forward x]\nzones = rfc1918 corp.example\nupstream = 192.0.2.9\n"
		     "[rescue]\nexclude-programs = java\n[probe]\nanchors = 192.0.2.1\n");

	(void)state;
	settings_write(&got, &bytes);
	assert_false(bytes.failed);
	for (size_t size = 0; size < bytes.size; size++) {
		uint8_t *exact = malloc(size + 1);
		assert_non_null(exact);
		memcpy(exact, bytes.bytes, size);
		assert_false(settings_read(exact, size, &cut));
		assert_null(cut.pool.newest);
		free(exact);
	}
	gp_record_put(&bytes, "", 1);
	assert_false(settings_read(bytes.bytes, bytes.size, &cut));
	assert_true(settings_read(bytes.bytes, bytes.size - 1, &cut));
	assert_true(settings_equal(&got, &cut));
	settings_free(&cut);
	free(bytes.bytes);
}

/* One member of the built-in settings gets a value that it cannot have. */
static void values_out_of_range(void **state)
{
#define FIELD(member, value)                                                             \
	{                                                                                \
		offsetof(struct settings, member),                                       \
			sizeof(((struct settings *)NULL)->member), value, #member        \
	}
	static const struct {
		size_t at, size;
		uint64_t value;
		const char *name;
	} spoilt[] = {
		FIELD(known_local, 2),
		FIELD(probe_mode, PROBE_ALL + 1),
		FIELD(slow_threshold_ms, 10001),
		FIELD(ok_ttl_ms, 0),
		FIELD(ok_ttl_ms, UINT32_MAX),
		FIELD(broken_ttl_ms, 999),
		FIELD(broken_ttl_max_ms, 1000),
		FIELD(broken_ttl_max_ms, UINT32_MAX),
		FIELD(max_rate, 0),
		FIELD(max_rate, 1001),
		FIELD(port_count, 0),
		FIELD(rescue, 2),
		FIELD(log_events, 1U << EVENT_KINDS),
		FIELD(guard.mode, GP_MODE_COUNT),
		FIELD(guard.distrust, 2),
		FIELD(guard.enforce, 255),
		FIELD(guard.keep_last, 2),
		FIELD(guard.aaaa_only, 2),
		FIELD(guard.backends_auto, 2),
		FIELD(dns.enable, 2),
		FIELD(dns.from_resolv_conf, 2),
		FIELD(dns.is_recursive, 2),
		FIELD(dns.dnssec, DNS_DNSSEC_TRUST + 1),
		FIELD(dns.rebind, 2),
		FIELD(dns.edns_size, 511),
		FIELD(dns.edns_size, 4097),
		FIELD(dns.aaaa_timeout_ms, 49),
		FIELD(dns.aaaa_timeout_ms, 10001),
		FIELD(dns.cache_size, 65535),
		FIELD(dns.cache_size, (UINT64_C(64) << 30) + 1),
		FIELD(dns.serve_stale_ms, UINT64_C(30) * 24 * 3600 * 1000 + 1),
		FIELD(dns.filter_signed, 2),
		FIELD(dns.nat64, 3),
		FIELD(dns.non_global, 3),
		FIELD(dns.range_count, 0),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(spoilt); i++) {
		struct gp_record_out bytes = {.failed = false};
		struct settings bad, got;
		settings_init(&bad);
		memcpy((uint8_t *)&bad + spoilt[i].at, &spoilt[i].value, spoilt[i].size);
		settings_write(&bad, &bytes);
		if (settings_read(bytes.bytes, bytes.size, &got))
			fail_msg("%s may be %llx", spoilt[i].name,
				 (unsigned long long)spoilt[i].value);
		free(bytes.bytes);
		settings_free(&bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything_said),
		cmocka_unit_test(kinds_of_events),
		cmocka_unit_test(long_lists),
		cmocka_unit_test(names_as_anchors),
		cmocka_unit_test(cut_bytes),
		cmocka_unit_test(values_out_of_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
