/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long configurations of the resolver: zones by words and from files, patterns from
 * files, limits, which name is in which zone, and all of it as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "config_text.h"
#include "tool/v6guardd/settings.h"

#define ON "[resolver]\nenable = yes\nupstream = 192.0.2.1\n"
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static char dir[] = "/tmp/v6guard-dns-config.XXXXXX";
static char warning[256], error[sizeof(struct gp_diag) + 64];

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static FILE *begin(const char *name)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	return file;
}

static void put(const char *name, const char *text)
{
	FILE *file = begin(name);

	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* COUNT lines made of their numbers by FORMAT. */
static void put_lines(const char *name, const char *before, const char *after,
		      unsigned count)
{
	FILE *file = begin(name);

	for (unsigned i = 0; i < count; i++)
		fprintf(file, "%s%u%s\n", before, i, after);
	assert_int_equal(fclose(file), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"v6guard.conf", "list", "zones"};

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		remove(path_of(names[i]));
	return remove(dir);
}

/* Read v6guard.conf; false, and `error` without the folder's name: it cannot be.
 */
static bool read_file(struct settings *out)
{
	static struct gp_config_errors errors;
	struct gp_config *config = NULL;
	char *at;
	bool is_good;

	if (gp_config_load(dir, &config, &errors) != GP_OK) {
		snprintf(error, sizeof(error), "%s:%u:%u: %s", errors.list[0].path,
			 errors.list[0].line, errors.list[0].column, errors.list[0].text);
		is_good = false;
	} else {
		is_good = settings_from_config(config, out, warning, error);
	}
	gp_config_free(config);
	at = error;
	if (!strncmp(at, dir, strlen(dir)))
		memmove(error, error + strlen(dir) + 1, strlen(error) - strlen(dir));
	return is_good;
}

static bool read_text(const char *text, struct settings *out)
{
	put("v6guard.conf", text);
	return read_file(out);
}

static struct settings good(const char *text)
{
	struct settings out;

	if (!read_text(text, &out))
		fail_msg("%s", error);
	return out;
}

/* The zone that NAME is in, as text; "": none. */
static const char *zone_of(const struct settings *settings, const char *text)
{
	static char out[WIRE_NAME_TEXT];
	const struct dns_zone *zone;
	uint8_t name[WIRE_NAME];

	assert_true(wire_name_parse(text, name));
	zone = dns_zone_of(&settings->dns, name);
	return zone ? wire_name_text(zone->name, out) : "";
}

/* ---- words ---- */

static void words(void **state)
{
	static const struct {
		const char *word;
		unsigned zones;
		const char *in, *out; /* names */
	} cases[] = {
		{"rfc1918", 18,
		 "10.in-addr.arpa 1.0.0.10.in-addr.arpa 16.172.in-addr.arpa "
		 "1.2.31.172.in-addr.arpa 1.2.168.192.IN-ADDR.ARPA 20.172.in-addr.arpa",
		 "11.in-addr.arpa 110.in-addr.arpa 15.172.in-addr.arpa "
		 "32.172.in-addr.arpa 172.in-addr.arpa 169.192.in-addr.arpa in-addr.arpa "
		 "64.100.in-addr.arpa . example"},
		{"cgnat", 64,
		 "64.100.in-addr.arpa 1.1.127.100.in-addr.arpa 100.100.in-addr.arpa",
		 "63.100.in-addr.arpa 128.100.in-addr.arpa 100.in-addr.arpa"},
		{"ula", 1, "d.f.ip6.arpa 0.0.d.f.ip6.arpa", "c.f.ip6.arpa f.ip6.arpa"},
		{"link-local", 5,
		 "254.169.in-addr.arpa 0.8.e.f.ip6.arpa b.e.f.ip6.arpa 9.e.f.ip6.arpa",
		 "c.e.f.ip6.arpa 7.e.f.ip6.arpa 253.169.in-addr.arpa"},
		{"rfc1918 ula cgnat link-local", 88, "1.10.in-addr.arpa", "example"},
		/* With a dot a word is a name like others. */
		{"ula. rfc1918.", 2, "ula a.rfc1918", "d.f.ip6.arpa 10.in-addr.arpa"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256], name[64];
		size_t pos = 0, length;
		const char *at;
		snprintf(text, sizeof(text),
			 ON "[forward x]\nzones = %s\nupstream = 192.0.2.9\n",
			 cases[i].word);
		struct settings got = good(text);
		print_message("%s\n", cases[i].word);
		assert_int_equal(got.dns.zone_count, cases[i].zones);
		for (; (length = gp_config_next_word(cases[i].in, &pos, &at)) > 0;) {
			snprintf(name, sizeof(name), "%.*s", (int)length, at);
			if (!*zone_of(&got, name))
				fail_msg("%s is in none", name);
		}
		pos = 0;
		for (; (length = gp_config_next_word(cases[i].out, &pos, &at)) > 0;) {
			snprintf(name, sizeof(name), "%.*s", (int)length, at);
			if (*zone_of(&got, name))
				fail_msg("%s is in %s", name, zone_of(&got, name));
		}
		settings_free(&got);
	}
}

/* What is said by name stands before the same zone of a word, in whatever order. */
static void names_before_words(void **state)
{
	static const char first[] =
		ON "[forward a]\nzones = 10.in-addr.arpa\nupstream = 192.0.2.8\n"
		   "[forward b]\nzones = rfc1918 rfc1918\nupstream = 192.0.2.9\n";
	static const char last[] =
		ON "[forward b]\nzones = rfc1918\nupstream = 192.0.2.9\n"
		   "[forward a]\nzones = 10.in-addr.arpa\nupstream = 192.0.2.8\n";
	static const char *const texts[] = {first, last};
	uint8_t ten[WIRE_NAME], other[WIRE_NAME];
	struct settings got;

	(void)state;
	wire_name_parse("1.10.in-addr.arpa", ten);
	wire_name_parse("1.168.192.in-addr.arpa", other);
	for (size_t i = 0; i < 2; i++) {
		got = good(texts[i]);
		assert_int_equal(got.dns.zone_count, 18);
		assert_int_equal(dns_zone_of(&got.dns, ten)->upstream[0].addr.bytes[3],
				 8);
		assert_int_equal(dns_zone_of(&got.dns, other)->upstream[0].addr.bytes[3],
				 9);
		settings_free(&got);
	}
	assert_false(read_text(ON "[forward a]\nzones = rfc1918\nupstream = 192.0.2.8\n"
				  "[forward b]\nzones = ula\n  rfc1918\n"
				  "upstream = 192.0.2.9\n",
			       &got));
	assert_string_equal(error, "v6guard.conf:8: [forward b] zones: "
				   "'10.in-addr.arpa' is said twice");
}

/* ---- files ---- */

static void files(void **state)
{
	static const struct {
		const char *name;
		bool is_excluded;
	} names[] = {
		{"a.example", true},    {"w.a.example", true},
		{"example", false},     {"b.example", true},
		{"w.b.example", false}, {"c.example", false},
		{"w.c.example", true},  {"xn--bcher-kva.example", true},
		{"said.example", true}, {"A.EXAMPLE", true},
		{"xa.example", false},
	};
	struct settings got;
	uint8_t name[WIRE_NAME];

	(void)state;
	put("list", "# ours\na.example ; not after a pattern\n");
	assert_false(read_text(ON "[nat64]\nexclude-domains-file = list\n", &got));
	put("list", "# ours\n  a.example\n\n=b.example\n*.C.example\n"
		    "b\xc3\xbc"
		    "cher.example\n");
	put("zones", "; theirs\ncorp.example\n10.in-addr.arpa.\n");
	got = good(ON "[nat64]\nexclude-domains = said.example\n"
		      "exclude-domains-file = list\n"
		      "[forward x]\nzones = lab.example\nzones-file = zones\n"
		      "upstream = 192.0.2.9\n[forward y]\nzones-file = /dev/null\n"
		      "upstream = 192.0.2.9\n");
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_true(wire_name_parse(names[i].name, name));
		if (dns_is_excluded(&got.dns, name) != names[i].is_excluded)
			fail_msg("%s", names[i].name);
	}
	assert_int_equal(got.dns.zone_count, 3);
	assert_string_equal(zone_of(&got, "a.corp.example"), "corp.example.");
	assert_string_equal(zone_of(&got, "1.0.10.in-addr.arpa"), "10.in-addr.arpa.");
	assert_string_equal(zone_of(&got, "lab.example"), "lab.example.");
	settings_free(&got);
}

static void files_that_are_not_right(void **state)
{
	static const struct {
		const char *list, *config, *error;
	} cases[] = {
		{"a.example\nb..example\n", "[nat64]\nexclude-domains-file = list\n",
		 "list:2:1: \"b..example\" is not a pattern: a name has no empty labels "
		 "(RFC 1035 2.3.1)"},
		{"a.example\n*.b.example\n",
		 "[forward x]\nzones-file = list\nupstream = 192.0.2.9\n",
		 "list:2:1: \"*.b.example\" is not a name: a name has only letters, "
		 "digits and - _ . in it"},
		{"a.example\nA.example.\n",
		 "[forward x]\nzones-file = list\nupstream = 192.0.2.9\n",
		 "list:2: [forward x] zones-file: 'A.example.' is said twice"},
		{"", "[nat64]\nexclude-domains-file = nothing\n",
		 "v6guard.conf:5:24: cannot read "},
		{"", "[forward x]\nupstream = 192.0.2.9\n",
		 "v6guard.conf:4:2: [forward x] has no zones"},
	};
	struct settings got;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		put("list", cases[i].list);
		snprintf(text, sizeof(text), ON "%s", cases[i].config);
		assert_false(read_text(text, &got));
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s", error);
	}
}

/* ---- limits ---- */

static void limits(void **state)
{
	static const char forward[] =
		ON "[forward x]\nzones-file = zones\nupstream = 192.0.2.9\n";
	static const char excluded[] = ON "[nat64]\nexclude-domains-file = list\n";
	struct settings got;

	(void)state;
	put_lines("zones", "z", ".example", DNS_ZONES);
	got = good(forward);
	assert_int_equal(got.dns.zone_count, DNS_ZONES);
	assert_string_equal(zone_of(&got, "a.z999.example"), "z999.example.");
	settings_free(&got);
	put_lines("zones", "z", ".example", DNS_ZONES + 1);
	assert_false(read_text(forward, &got));
	assert_string_equal(error, "zones:1001: [forward x] zones-file: at most 1000 "
				   "zones in all [forward] sections");
	put_lines("zones", "z", ".example", DNS_ZONES);
	for (unsigned i = 10; i < 12; i++) {
		char text[512] = ON "[forward x]\nzones-file = zones\nupstream =";
		for (unsigned j = 0; j < i; j++)
			sprintf(text + strlen(text), " 192.0.2.%u", j + 1);
		strcat(text, "\n");
		assert_int_equal(read_text(text, &got), i == 10);
		if (i == 10)
			settings_free(&got);
	}
	assert_string_equal(error, "v6guard.conf:6: [forward x] upstream: at most 10000 "
				   "servers of all zones, those of one section counted "
				   "for each of its zones");
	put_lines("list", "d", ".example", DNS_PATTERNS);
	got = good(excluded);
	assert_int_equal(got.dns.pattern_count, DNS_PATTERNS);
	settings_free(&got);
	put_lines("list", "d", ".example", DNS_PATTERNS + 1);
	assert_false(read_text(excluded, &got));
	assert_string_equal(error, "list:10001: [nat64] exclude-domains-file: at most "
				   "10000 patterns");
	/* Names of 250 bytes, more than the worker takes. */
	FILE *file = begin("list");
	for (unsigned i = 0; i < DNS_PATTERNS; i++)
		fprintf(file, "%061u.%061u.%061u.%061u\n", i, i, i, i);
	fclose(file);
	got = good(excluded);
	settings_free(&got);
	file = begin("v6guard.conf");
	fprintf(file, ON "rebind = refuse\nrebind-allow =\n");
	for (unsigned i = 0; i < DNS_PATTERNS; i++)
		fprintf(file, "  %061u.%061u.%061u\n", i, i, i);
	fprintf(file, "[nat64]\nexclude-domains-file = list\n");
	fclose(file);
	assert_false(read_file(&got));
	assert_string_equal(error, "[resolver]: the lists are longer than 4 MiB in all");
}

static size_t put_list(char *to, size_t size, const char *before, const char *after,
		       unsigned count)
{
	size_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used += (size_t)snprintf(to + used, size - used, "\n  %s%u.%u%s", before,
					 i / 250, i % 250, after);
	return used;
}

/* Lists in v6guard.conf itself, at their limit and one above it. */
static void lists(void **state)
{
	static const struct {
		const char *head, *before, *after, *tail, *error;
		unsigned most;
	} cases[] = {
		{"[resolver]\nenable = yes\nlisten =", "127.1.", ":53", "",
		 "v6guard.conf:4: [resolver] listen: at most 1000 addresses", DNS_LISTEN},
		{"[resolver]\nenable = yes\nallow =", "10.1.", "", "",
		 "v6guard.conf:4: [resolver] allow: at most 1000 prefixes", DNS_LIST},
		{ON "[nat64]\nexclude-a =", "10.1.", "", "",
		 "v6guard.conf:6: [nat64] exclude-a: at most 1000 prefixes", DNS_LIST},
		{ON "[nat64]\nclients =", "10.1.", "", "",
		 "v6guard.conf:6: [nat64] clients: at most 1000 prefixes", DNS_LIST},
		{ON "[nat64]\nprefix =", "2001:db8::/96=10.1.", "", "",
		 "v6guard.conf:6: [nat64] prefix: at most 1000 prefixes", DNS_PREFIXES},
		{"[resolver]\nenable = yes\nupstream =", "10.1.", "", "",
		 "v6guard.conf:4: [resolver] upstream: at most 1000 servers",
		 DNS_UPSTREAMS},
		{ON "[forward x]\nzones = x\nupstream =", "10.1.", "", "",
		 "v6guard.conf:7: [forward x] upstream: at most 1000 servers",
		 DNS_ZONE_UPSTREAMS},
	};
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct settings got, again;
		struct gp_record_out bytes = {.failed = false};
		size_t used = strlen(strcpy(text, cases[i].head));
		put_list(text + used, sizeof(text) - used, cases[i].before,
			 cases[i].after, cases[i].most);
		strcat(text, "\n");
		got = good(text);
		settings_write(&got, &bytes);
		assert_true(settings_read(bytes.bytes, bytes.size, &again));
		assert_true(settings_equal(&got, &again));
		settings_free(&got);
		settings_free(&again);
		free(bytes.bytes);
		put_list(text + used, sizeof(text) - used, cases[i].before,
			 cases[i].after, cases[i].most + 1);
		strcat(text, "\n");
		assert_false(read_text(text, &got));
		assert_string_equal(error, cases[i].error);
	}
}

/* ---- which name is where ---- */

static uint64_t seed = 1;

static unsigned draw(unsigned count)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(seed >> 33) % count;
}

/* Up to four labels of few letters, so that names are often within others. */
static void draw_name(char *to)
{
	static const char *const labels[] = {"a", "b", "aa", "A", "ab", "c"};

	*to = '\0';
	for (unsigned i = draw(5); i > 0; i--) {
		strcat(to, labels[draw(COUNT(labels))]);
		strcat(to, ".");
	}
	if (!*to)
		strcpy(to, ".");
}

static bool has_excluded(const struct dns_config *config, const uint8_t *name)
{
	for (size_t i = 0; i < config->pattern_count; i++) {
		const struct dns_pattern *one = &config->exclude_domains[i];
		const bool is_it = wire_name_equal(name, one->name);
		if (one->kind == DNS_PATTERN_EXACT
			    ? is_it
			    : wire_name_within(name, one->name) &&
				      (one->kind == DNS_PATTERN_WITHIN || !is_it))
			return true;
	}
	return false;
}

static const struct dns_zone *longest(const struct dns_config *config,
				      const uint8_t *name)
{
	const struct dns_zone *found = NULL;

	for (size_t i = 0; i < config->zone_count; i++)
		if (wire_name_within(name, config->zones[i].name) &&
		    (!found || wire_name_length(config->zones[i].name) >
				       wire_name_length(found->name)))
			found = &config->zones[i];
	return found;
}

/* The tree says what going through all of them says. */
static void by_tree(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		char config[4096] = ON "[nat64]\nexclude-domains =", name[64];
		uint8_t wire[WIRE_NAME];
		struct settings got;
		for (unsigned i = draw(12); i > 0; i--) {
			draw_name(name);
			if (!strcmp(name, "."))
				strcpy(name, "*");
			else if (draw(3))
				strcat(config, draw(2) ? " =" : " *.");
			else
				strcat(config, " ");
			strcat(config, !strcmp(name, "*") ? " *" : name);
		}
		for (unsigned i = draw(12); i > 0; i--) {
			draw_name(name);
			if (strcmp(name, ".") != 0)
				sprintf(config + strlen(config),
					"\n[forward n%u]\nzones = %s\n"
					"upstream = 192.0.2.9",
					i, name);
		}
		strcat(config, "\n");
		if (!read_text(config, &got)) {
			assert_non_null(strstr(error, "is said twice"));
			continue;
		}
		for (unsigned i = 0; i < 100; i++) {
			draw_name(name);
			wire_name_parse(name, wire);
			assert_ptr_equal(dns_zone_of(&got.dns, wire),
					 longest(&got.dns, wire));
			assert_int_equal(dns_is_excluded(&got.dns, wire),
					 has_excluded(&got.dns, wire));
		}
		settings_free(&got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),   cmocka_unit_test(names_before_words),
		cmocka_unit_test(files),   cmocka_unit_test(files_that_are_not_right),
		cmocka_unit_test(limits),  cmocka_unit_test(lists),
		cmocka_unit_test(by_tree),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
