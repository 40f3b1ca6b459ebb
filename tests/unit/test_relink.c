/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists in another order, and without some: every node once, none lost, none twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "addrlist.h"
#include "nss/relink.h"
#include "sizes.h"

#define NAME "canonical.example"

/* ORDER: the candidates' letters, '-' before those that are stripped. */
static const struct relink_case {
	const char *what, *list, *order, *kept, *removed;
} cases[] = {
	{"as it was", "12ab", "12ab", "12ab", ""},
	{"one", "1", "1", "1", ""},
	{"IPv4 first", "12ab", "ab12", "ab12", ""},
	{"IPv6 first", "a1b2", "12ab", "12ab", ""},
	{"backwards", "123abc", "cba321", "cba321", ""},
	{"one goes to the end", "1a2b", "a2b1", "a2b1", ""},
	{"the first is stripped", "1ab", "-1ab", "ab", "1"},
	{"the last is stripped", "1ab", "1a-b", "1a", "b"},
	{"the middle is stripped", "1ab", "1-ab", "1b", "a"},
	{"every other", "1a2b3c", "-1a-2b-3c", "abc", "123"},
	{"all", "12ab", "-1-2-a-b", "", "12ab"},
	{"all, in another order", "12a", "-a-2-1", "", "a21"},
	{"mapped ones are IPv4", "12AB", "ab12", "AB12", ""},
	{"mapped ones are stripped", "1A2B", "1-a2-b", "12", "AB"},
	{"the same address again, apart", "1a1b", "ab11", "ab11", ""},
	{"the same address again, once stripped", "1a1", "-1a1", "a1", "1"},
	{"candidates of another list", "1a", "2b", "1a", ""},
	{"an address that is no candidate stays", "12a", "a1", "a12", ""},
	{"the same address again, at once", "11a", "1a1", "1a1", ""},
	{"the same address again, together later", "1a1", "a-11", "a1", "1"},
	{"nothing", "", "", "", ""},
};

static size_t parse_order(const char *text, struct gp_candidate *out)
{
	size_t count = 0;

	for (; *text; text++) {
		struct gp_candidate one;
		struct addrinfo *node;

		out[count].disposition = *text == '-' ? GP_STRIPPED : GP_KEPT;
		out[count].enforce = 1;
		text += *text == '-';
		node = addrlist_node(*text, SOCK_STREAM);
		relink_candidates(node, &one, 1);
		out[count++].addr = one.addr;
		free(node);
	}
	return count;
}

static void run_case(const struct relink_case *one, unsigned types)
{
	struct addrinfo *list = addrlist_make(one->list, types, NAME);
	struct gp_candidate candidates[16];
	const size_t count = parse_order(one->order, candidates);
	struct addrinfo *removed, *kept = relink(list, candidates, count, &removed);
	const struct addrinfo *head = kept ? kept : removed;
	char kept_text[128], removed_text[128];

	addrlist_text(kept, types, kept_text);
	addrlist_text(removed, types, removed_text);
	if (strcmp(kept_text, one->kept) != 0 || strcmp(removed_text, one->removed) != 0)
		fail_msg("%s, %u types: kept '%s', removed '%s'", one->what, types,
			 kept_text, removed_text);
	if (head && (!head->ai_canonname || strcmp(head->ai_canonname, NAME) != 0))
		fail_msg("%s: the name is not on the first node", one->what);
	if (kept && removed && removed->ai_canonname)
		fail_msg("%s: what was removed has a name", one->what);
	addrlist_free(kept);
	addrlist_free(removed);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned types = 1; types <= 3; types += 2)
			run_case(&cases[i], types);
}

static void test_no_name(void **state)
{
	struct addrinfo *list = addrlist_make("1a", 3, NULL), *removed;
	struct gp_candidate candidates[2];

	(void)state;
	list = relink(list, candidates, parse_order("a1", candidates), &removed);
	assert_null(removed);
	for (struct addrinfo *node = list; node; node = node->ai_next)
		assert_null(node->ai_canonname);
	addrlist_free(list);
}

/* ---- at random ---- */

#define LONGEST 24

static unsigned draw(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*state >> 33) % below;
}

/* Text of up to LONGEST entries. */
static void draw_list(uint64_t *state, char out[LONGEST + 1])
{
	static const char letters[] = "123456789abcdefghiABCDEFGHI";
	const unsigned count = draw(state, LONGEST + 1);

	for (unsigned i = 0; i < count; i++)
		out[i] = letters[draw(state, sizeof(letters) - 1)];
	out[count] = '\0';
}

/* What is to come of it, by the letters alone: mapped or not is one address here. */
static void predict(const char *list, const struct gp_candidate *candidates,
		    const unsigned *from, size_t count, char kept[LONGEST + 1],
		    char removed[LONGEST + 1])
{
	bool used[LONGEST] = {false};

	for (size_t i = 0; i < count; i++) {
		const char wanted = list[from[i]];
		char **end = candidates[i].disposition == GP_STRIPPED ? &removed : &kept;
		size_t at = 0;

		while (used[at] || ((list[at] ^ wanted) & ~0x20) ||
		       (list[at] < 'A') != (wanted < 'A'))
			at++;
		used[at] = true;
		*(*end)++ = list[at];
	}
	*kept = *removed = '\0';
}

static void run_random(uint64_t *state)
{
	struct gp_candidate candidates[LONGEST], swap;
	char list_text[LONGEST + 1], kept[LONGEST + 1], removed[LONGEST + 1];
	char got_kept[128], got_removed[128] = "";
	unsigned from[LONGEST];
	struct addrinfo *list, *rest;
	size_t count;

	draw_list(state, list_text);
	list = addrlist_make(list_text, 3, NAME);
	count = relink_count(list);
	assert_int_equal(count, strlen(list_text));
	relink_candidates(list, candidates, count);
	for (unsigned i = 0; i < count; i++) {
		from[i] = i;
		if (draw(state, 4) == 0)
			candidates[i].disposition = GP_STRIPPED,
			candidates[i].enforce = 1;
	}
	for (unsigned i = (unsigned)count; i > 1; i--) {
		const unsigned other = draw(state, i), index = from[i - 1];

		swap = candidates[i - 1];
		candidates[i - 1] = candidates[other];
		candidates[other] = swap;
		from[i - 1] = from[other];
		from[other] = index;
	}
	predict(list_text, candidates, from, count, kept, removed);
	list = relink(list, candidates, count, &rest);
	if (strcmp(addrlist_text(list, 3, got_kept), kept) != 0 ||
	    strcmp(addrlist_text(rest, 3, got_removed), removed) != 0)
		fail_msg("'%s': kept '%s', not '%s'; removed '%s', not '%s'", list_text,
			 got_kept, kept, got_removed, removed);
	addrlist_free(list);
	addrlist_free(rest);
}

static void test_random(void **state)
{
	uint64_t seed = 20261121;

	(void)state;
	for (long i = 0; i < sized(20000, 2000000); i++)
		run_random(&seed);
}

/* ---- entries ---- */

static void test_entries(void **state)
{
	static const struct {
		const char *list;
		size_t count;
	} lists[] = {{"", 0},   {"1", 1},  {"1a", 2}, {"11", 2}, {"1a1", 3},
		     {"aA", 2}, {"1x", 0}, {"x1", 0}, {"A1a", 3}};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct addrinfo *list = addrlist_make(lists[i].list, 3, NULL);

		assert_int_equal(relink_count(list), lists[i].count);
		addrlist_free(list);
	}
}

/* Room for two: the third is not written, whatever the list holds. */
static void test_room(void **state)
{
	struct addrinfo *list = addrlist_make("1a2", 3, NULL);
	struct gp_candidate candidates[3];

	(void)state;
	memset(candidates, 0x5a, sizeof(candidates));
	relink_candidates(list, candidates, 2);
	assert_int_equal(candidates[0].addr.family, AF_INET6);
	assert_int_equal(candidates[1].addr.family, AF_INET);
	assert_int_equal(candidates[1].disposition, GP_KEPT);
	assert_int_equal(candidates[2].addr.family, 0x5a);
	addrlist_free(list);
}

/* Link-local addresses differ by their zone; a cut sockaddr is no address. */
static void test_odd_nodes(void **state)
{
	struct addrinfo *list = addrlist_make("1", 3, NULL);

	(void)state;
	((struct sockaddr_in6 *)(list->ai_next + 1))->sin6_scope_id = 3;
	assert_int_equal(relink_count(list), 3);
	list->ai_next->ai_addrlen = sizeof(struct sockaddr_in);
	assert_int_equal(relink_count(list), 0);
	addrlist_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),     cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_entries),   cmocka_unit_test(test_room),
		cmocka_unit_test(test_odd_nodes), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("relink", tests, NULL, NULL);
}
