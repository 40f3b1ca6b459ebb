/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 8880 as data: who answers for ipv4only.arpa; and RFC 6052 3.1: of which addresses
 * others are made. */
#include "dns_vectors.h"

/* ---- ipv4only.arpa ---- */

static void run_local(const json_t *test)
{
	const json_t *query = json_object_get(test, "query"), *rr;
	const json_t *expect = json_object_get(test, "expect");
	/* What a library does by itself with a reverse name (7.2) we do for it. */
	const bool is_dns64 = !strcmp(text_of(test, "role"), "dns64") ||
			      !strcmp(text_of(test, "role"), "api");
	const struct dns_config config = config_of(query);
	const struct answer_context context = {.config = &config,
					       .synthesizes = is_dns64};
	const struct question question = question_of(query);
	const bool is_local = answer_local(&question, &context, &answer);
	const json_t *list = json_object_get(expect, "answers");
	struct got got;
	size_t i;

	if (json_is_false(json_object_get(expect, "special")))
		assert_false(is_local);
	if (json_object_get(expect, "upstream"))
		assert_int_equal(is_local,
				 !json_is_true(json_object_get(expect, "upstream")));
	if (!is_local)
		return;
	got = finish(&question);
	if (json_object_get(expect, "rcode"))
		assert_int_equal(reply_rcode(&got.reply),
				 rcode_of(text_of(expect, "rcode")));
	json_array_foreach(list, i, rr) if (!has(&got, rr, ANSWER_ANSWER, 0))
		fail_msg("%s: no %s", name, text_of(rr, "data"));
	if (list)
		assert_int_equal(got.counts[ANSWER_ANSWER], json_array_size(list));
	if (json_object_get(expect, "AA"))
		assert_true(got.reply.flags & WIRE_AA);
}

/* It is about us: as a DNS64, as a forwarder that is none, or as any program for which
 * the name means nothing. What is left are libraries (whom they ask, and of what they
 * make names of in-addr.arpa) and the zone's registry. */
static bool is_ours(const json_t *test)
{
	const char *role = text_of(test, "role");

	return !strcmp(role, "dns64") || !strcmp(role, "forwarding") ||
	       json_is_false(
		       json_object_get(json_object_get(test, "expect"), "special")) ||
	       !strcmp(name, "client-rev-wka");
}

static void rfc8880(void **state)
{
	json_t *root = load("rfc8880.json");
	const json_t *cases = json_object_get(root, "cases"), *test;
	size_t i, done = 0;

	(void)state;
	json_array_foreach(cases, i, test)
	{
		name = json_string_value(json_object_get(test, "name"));
		if (!is_ours(test))
			continue;
		run_local(test);
		done++;
	}
	assert_int_equal(done, 23);
	json_decref(root);
}

/* ---- RFC 6052 3.1 ---- */

static void non_global(void **state)
{
	static const struct {
		const char *prefix, *ipv4;
		enum dns_nonglobal setting;
		bool is_forwarded, may;
	} cases[] = {
		{"64:ff9b::/96", "10.1.2.3", DNS_REFUSE, false, false},
		{"64:ff9b::/96", "10.1.2.3", DNS_REFUSE, true, false},
		{"64:ff9b::/96", "10.1.2.3", DNS_NONGLOBAL_AUTO, false, false},
		{"64:ff9b::/96", "10.1.2.3", DNS_NONGLOBAL_AUTO, true, true},
		{"64:ff9b::/96", "100.64.0.1", DNS_NONGLOBAL_AUTO, true, true},
		{"64:ff9b::/96", "192.0.2.1", DNS_NONGLOBAL_AUTO, true, false},
		{"64:ff9b::/96", "10.1.2.3", DNS_ALLOW, false, true},
		{"64:ff9b::/96", "127.0.0.1", DNS_ALLOW, true, false},
		{"64:ff9b::/96", "0.0.0.0", DNS_ALLOW, true, false},
		{"64:ff9b::/96", "169.254.1.1", DNS_ALLOW, true, false},
		{"64:ff9b::/96", "224.0.0.1", DNS_ALLOW, true, false},
		{"64:ff9b::/96", "255.255.255.255", DNS_ALLOW, true, false},
		{"64:ff9b::/96", "192.0.0.170", DNS_REFUSE, false, true},
		{"64:ff9b::/96", "8.8.8.8", DNS_REFUSE, false, true},
		{"2001:db8:1::/96", "10.1.2.3", DNS_REFUSE, false, true},
		{"2001:db8::/32", "192.0.2.33", DNS_NONGLOBAL_AUTO, false, true},
		{"2001:db8::/32", "127.0.0.1", DNS_ALLOW, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct gp_prefix range = {.length = 0};
		struct gp_prefix prefix;
		struct dns_config config = {.prefix_count = 1,
					    .range_count = 1,
					    .prefixes = &prefix,
					    .ranges = &range,
					    .non_global = cases[i].setting};
		const struct answer_context context = {.config = &config,
						       .synthesizes = true,
						       .is_forwarded =
							       cases[i].is_forwarded};
		struct gp_addr ipv4;
		assert_int_equal(gp_prefix_parse(cases[i].prefix, &prefix), GP_OK);
		assert_int_equal(gp_addr_parse(cases[i].ipv4, &ipv4), GP_OK);
		if (!answer_embeds_not(&context, 0, &ipv4) != cases[i].may)
			fail_msg("%s in %s", cases[i].ipv4, cases[i].prefix);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8880),
		cmocka_unit_test(non_global),
	};

	answer.bytes = answer_bytes;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
