/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random rules and lookups: compiled rules against a matcher that goes through the
 * sections' texts from top to bottom. V6GUARD_SEED repeats a run; V6GUARD_LONG makes it
 * long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/rules_build.h"
#include "sizes.h"

#define DAY 86400

/* ---- the slow, obvious matcher ---- */

static bool is_a_name(const char *name, char out[300])
{
	size_t length = strlen(name), label = 0;

	if (length && name[length - 1] == '.')
		length--;
	if (!length || length > 253)
		return false;
	for (size_t i = 0; i < length; i++) {
		label = name[i] == '.' ? 0 : label + 1;
		if (label > 63 || (name[i] == '.' && (i == 0 || name[i - 1] == '.')))
			return false;
	}
	memcpy(out, name, length);
	out[length] = '\0';
	return label > 0;
}

static bool slow_pattern(const char *word, const char *given)
{
	const bool is_exact = *word == '=', is_below = *word == '*';
	char name[300], pattern[300];

	if (!strcmp(word, "*"))
		return true;
	if (!is_a_name(given, name) || !is_a_name(word + (is_exact   ? 1
							  : is_below ? 2
								     : 0),
						  pattern))
		return false;
	const size_t length = strlen(name), tail = strlen(pattern);
	if (!strcasecmp(name, pattern))
		return !is_below;
	return !is_exact && length > tail && name[length - tail - 1] == '.' &&
	       !strcasecmp(name + length - tail, pattern);
}

/* Some word of LIST makes IS_IT true. */
static bool any_word(const char *list, bool (*is_it)(const char *word, const void *arg),
		     const void *arg)
{
	char word[300];
	const char *at;
	size_t pos = 0, length;

	while ((length = gp_config_next_word(list, &pos, &at)) > 0) {
		memcpy(word, at, length);
		word[length] = '\0';
		if (is_it(word, arg))
			return true;
	}
	return false;
}

static bool is_pattern_of(const char *word, const void *arg)
{
	return slow_pattern(word, arg);
}

static bool is_prefix_of(const char *word, const void *arg)
{
	struct gp_prefix prefix;

	return gp_prefix_parse(word, &prefix) == GP_OK && gp_prefix_match(&prefix, arg);
}

static bool is_program_of(const char *word, const void *arg)
{
	const struct gp_program *program = arg;

	return !strcmp(word, word[0] == '/' ? program->path : program->comm);
}

static bool slow_domains(const struct gp_config_section *rule,
			 const struct gp_query *query)
{
	const char *list = gp_config_text(rule, "domains");
	const bool is_cname = !strcmp(gp_config_text(rule, "match-cname"), "yes");
	const char *canonical = query->canonical;
	const size_t length = strlen(query->name);

	if (!*list || any_word(list, is_pattern_of, query->name))
		return true;
	if (!canonical)
		return false;
	const bool is_completed = !strchr(query->name, '.') ||
				  (query->name[length - 1] != '.' &&
				   !strncasecmp(canonical, query->name, length) &&
				   canonical[length] == '.' && canonical[length + 1]);
	return (is_cname || is_completed) && any_word(list, is_pattern_of, canonical);
}

static bool slow_rule(const struct gp_config_section *rule, const struct gp_query *query,
		      const struct gp_addr *addr)
{
	const char *prefixes = gp_config_text(rule, "prefixes");
	const char *programs = gp_config_text(rule, "programs");
	const char *clients = gp_config_text(rule, "clients");
	const char *until = gp_config_text(rule, "until");
	const bool is_dns = query->door == GP_DOOR_DNS;

	/* All of the run's days are of January 1970. */
	if (*until && query->now >= (int64_t)atoi(until + 8) * DAY)
		return false;
	if (*programs && (is_dns || !any_word(programs, is_program_of, query->program)))
		return false;
	if (*clients && (!is_dns || !any_word(clients, is_prefix_of, query->client)))
		return false;
	if (*prefixes && !any_word(prefixes, is_prefix_of, addr))
		return false;
	return slow_domains(rule, query);
}

/* The name of the rule that decides, "-" for none. */
static const char *slow_match(const struct gp_config *config,
			      const struct gp_query *query, const struct gp_addr *addr)
{
	const char *best = "rule -";
	int least = 65536;

	for (size_t i = 0; i < config->count; i++) {
		const struct gp_config_section *section = config->sections[i];

		if (strcmp(section->spec->name, "rule") != 0)
			continue;
		const int priority = atoi(gp_config_text(section, "priority"));
		if (priority >= least || !slow_rule(section, query, addr))
			continue;
		least = priority;
		best = section->name;
	}
	return best + strlen("rule ");
}

/* ---- random ones ---- */

static uint64_t random_state;

static unsigned draw(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 11) % below;
}

static void draw_name(char *out, unsigned most)
{
	static const char *const labels[] = {"a",   "b",       "C",  "www",
					     "x-1", "example", "net"};
	unsigned count = 1 + draw(most);

	out[0] = '\0';
	while (count--) {
		strcat(out, labels[draw(7)]);
		if (count)
			strcat(out, draw(200) ? "." : "..");
	}
	if (!draw(8))
		strcat(out, ".");
}

static void draw_address(struct gp_addr *out)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};

	bytes[5] = (uint8_t)draw(4);
	bytes[7] = (uint8_t)(draw(4) << 6);
	bytes[15] = (uint8_t)draw(256);
	*out = draw(3) ? gp_addr_make(AF_INET6, bytes, 0)
		       : gp_addr_make(AF_INET, bytes + 12, 0);
}

static void put_prefix(FILE *to)
{
	struct gp_prefix prefix;
	char text[GP_PREFIX_TEXT];
	unsigned bits;

	draw_address(&prefix.addr);
	bits = prefix.addr.family == AF_INET ? 32 : 128;
	prefix.length = (uint8_t)(draw(2) ? bits - draw(10) : draw(bits + 1));
	for (unsigned bit = prefix.length; bit < 128; bit++)
		prefix.addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	fprintf(to, " %s", gp_prefix_format(&prefix, text));
}

static void put_domains(FILE *to)
{
	static const char *const kinds[] = {"", "=", "*.", ""};
	unsigned words = 1 + draw(12);
	char name[300];

	fprintf(to, "domains =");
	while (words--) {
		do
			draw_name(name, 4);
		while (strstr(name, ".."));
		if (draw(60))
			fprintf(to, "\n %s%s", kinds[draw(4)], name);
		else
			fprintf(to, "\n *");
	}
	fprintf(to, "\n");
}

static void put_prefixes(FILE *to, const char *key)
{
	unsigned words = 1 + draw(6);

	fprintf(to, "%s =", key);
	while (words--) {
		fprintf(to, "\n");
		put_prefix(to);
	}
	fprintf(to, "\n");
}

static char *draw_rules(void)
{
	static bool used[400];
	unsigned count = draw(30);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	memset(used, 0, sizeof(used));
	while (count--) {
		const unsigned priority = 1 + draw(399);

		if (used[priority])
			continue;
		used[priority] = true;
		fprintf(to, "[rule r%u]\npriority = %u\naction = auto\n", priority,
			priority);
		if (draw(5))
			put_domains(to);
		if (!draw(3))
			put_prefixes(to, "prefixes");
		if (!draw(6))
			put_prefixes(to, "clients");
		if (!draw(5))
			fprintf(to, "programs = %s\n", draw(2) ? "java x" : "/bin/x");
		if (!draw(4))
			fprintf(to, "match-cname = yes\n");
		if (!draw(5))
			fprintf(to, "until = 1970-01-%02u\n", 1 + draw(28));
	}
	fclose(to);
	return text;
}

/* Returns whether some rule was about it. */
static bool try_lookup(const struct gp_config *config, const struct gp_rules *rules)
{
	const struct gp_program program = {.path = "/bin/x", .comm = "x"},
				other = {.path = "/usr/bin/java", .comm = "java"};
	char name[300], canonical[600];
	struct gp_addr client, addr;
	struct gp_guard_rule rule = {.name = "-"};
	struct gp_query query = {.name = name,
				 .door = (enum gp_door)draw(3),
				 .client = &client,
				 .program = draw(2) ? &program : &other,
				 .now = (int64_t)draw(30 * DAY)};

	draw_name(name, 6);
	draw_name(canonical, 6);
	if (!draw(3)) {
		strcpy(canonical, name);
		strcat(canonical, ".example");
	}
	if (draw(2))
		query.canonical = canonical;
	draw_address(&client);
	draw_address(&addr);
	gp_rules_match(rules, &query, &addr, &rule);
	const char *want = slow_match(config, &query, &addr);
	if (strcmp(want, rule.name) != 0)
		fail_msg("%s (%s): %s, expected %s", name,
			 query.canonical ? canonical : "-", rule.name, want);
	return rule.name[0] != '-';
}

static void test_random(void **state)
{
	const char *given = getenv("V6GUARD_SEED");
	const long rounds = sized(400, 20000);
	long matched = 0, lookups = 0;

	(void)state;
	random_state = given ? strtoull(given, NULL, 10) : 20270331;
	for (long i = 0; i < rounds; i++) {
		char *text = draw_rules();
		struct gp_config *config = config_good(text);
		struct gp_rules rules, again;
		struct gp_diag diag;

		assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
		assert_int_equal(gp_rules_build(config, &again, NULL, &diag), GP_OK);
		for (unsigned s = 0; s < GP_RULES_SECTIONS; s++) {
			assert_int_equal(rules.section[s].size, again.section[s].size);
			if (rules.section[s].size)
				assert_memory_equal(rules.section[s].at,
						    again.section[s].at,
						    rules.section[s].size);
		}
		for (unsigned lookup = 0; lookup < 50; lookup++, lookups++)
			matched += try_lookup(config, &rules);
		gp_rules_build_free(&rules);
		gp_rules_build_free(&again);
		gp_config_free(config);
		free(text);
	}
	/* It would prove little if rules hardly ever matched, or always did. */
	assert_in_range(matched, lookups / 4, lookups - lookups / 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("rules_random", tests, NULL, NULL);
}
