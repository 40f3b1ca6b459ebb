/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6147 and RFC 8880 as data, on the pure core: what upstream says in, an answer out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "dns_text.h"

static struct answer answer;
static uint8_t answer_bytes[WIRE_MAX], sent[WIRE_MAX + ANSWER_OPT];
static const char *name;

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("%s: no %s", name, key);
	return text;
}

static uint32_t number_of(const json_t *object, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(object, key));
}

static json_t *load(const char *file)
{
	char path[512];
	json_error_t error;
	json_t *root;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, file);
	root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return root;
}

/* ---- what upstream says ---- */

static unsigned rcode_of(const char *word)
{
	static const struct {
		const char *name;
		unsigned number;
	} rcodes[] = {{"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3},
		      {"NOTIMP", 4},  {"REFUSED", 5}, {"YXDOMAIN", 6}, {"YXRRSET", 7},
		      {"NXRRSET", 8}, {"NOTAUTH", 9}, {"NOTZONE", 10}};

	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++)
		if (!strcmp(rcodes[i].name, word))
			return rcodes[i].number;
	fail_msg("no rcode %s", word);
	return 0;
}

static uint16_t put_list(struct wire_out *out, const json_t *list)
{
	size_t i;
	const json_t *rr;

	json_array_foreach(list, i, rr)
		dns_put(out, text_of(rr, "name"), text_of(rr, "type"),
			number_of(rr, "ttl"), text_of(rr, "data"));
	return (uint16_t)json_array_size(list);
}

/* Of the A's reply there is an NS beside, so that sections can be told apart. */
static struct answer_reply build(const json_t *says, const char *qname, uint16_t type,
				 bool is_a, uint8_t bytes[WIRE_MAX])
{
	const char *security = json_string_value(json_object_get(says, "security"));
	const json_t *soa = json_object_get(says, "soa");
	struct answer_reply reply = {.packet = bytes};
	uint16_t counts[3] = {0};
	struct wire_out out;

	if (!says || json_is_true(json_object_get(says, "timeout")))
		return (struct answer_reply){.packet = NULL};
	wire_write(&out, bytes, WIRE_MAX);
	memset(bytes, 0, WIRE_HEADER);
	out.at = WIRE_HEADER;
	wire_put_name(&out, dns_name(qname));
	wire_put_u16(&out, type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	counts[0] = put_list(&out, json_object_get(says, "answers"));
	if (json_is_object(soa)) {
		dns_put_soa(&out, "example.com.", number_of(soa, "ttl"),
			    number_of(soa, "minimum"));
		counts[1]++;
	} else if (is_a) {
		dns_put(&out, "example.com.", "NS", 500, "ns1.example.com.");
		counts[1]++;
	}
	counts[2] = put_list(&out, json_object_get(says, "additional"));
	assert_false(out.failed);
	wire_set_u16(bytes + 2, (uint16_t)(WIRE_QR | rcode_of(text_of(says, "rcode"))));
	wire_set_u16(bytes + 4, 1);
	for (size_t i = 0; i < 3; i++)
		wire_set_u16(bytes + 6 + 2 * i, counts[i]);
	reply.size = out.at;
	reply.is_secure = security && !strcmp(security, "secure");
	reply.is_bogus = security && !strcmp(security, "bogus");
	return reply;
}

/* ---- what we go by ---- */

/* Names and prefixes of the RFCs are documentation's: non-global = allow. */
static struct dns_config config_of(const json_t *config)
{
	static const char text[] = "::ffff:0:0/96";
	struct dns_config out = {.non_global = DNS_ALLOW,
				 .nat64 = DNS_ON,
				 .edns_size = 1232,
				 .aaaa_timeout_ms = 1500,
				 .cache_size = 65536,
				 .dnssec =
					 json_is_true(json_object_get(config, "validate"))
						 ? DNS_DNSSEC_VALIDATE
						 : DNS_DNSSEC_PROCESS};
	const json_t *one, *list = json_object_get(config, "prefixes");
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *prefix = json_is_string(one) ? json_string_value(one)
							 : text_of(one, "prefix");
		const json_t *not_v4 = json_object_get(one, "not_v4");
		const char *v4 = json_string_value(json_object_get(one, "v4"));
		assert_int_equal(gp_prefix_parse(prefix, &out.prefixes[i]), GP_OK);
		if (v4)
			assert_int_equal(gp_prefix_parse(v4, &out.ranges[i]), GP_OK);
		if (not_v4)
			assert_int_equal(
				gp_prefix_parse(
					json_string_value(json_array_get(not_v4, 0)),
					&out.exclude_a.list[out.exclude_a.count++]),
				GP_OK);
	}
	out.prefix_count = (uint32_t)i;
	/* As dns_config_from makes it of prefix = auto. */
	if (!i)
		assert_int_equal(gp_prefix_parse("64:ff9b::/96",
						 &out.prefixes[out.prefix_count++]),
				 GP_OK);
	list = json_object_get(config, "exclude");
	json_array_foreach(list, i, one) assert_int_equal(
		gp_prefix_parse(json_string_value(one), &out.exclude_aaaa.list[i]),
		GP_OK);
	out.exclude_aaaa.count = (uint32_t)i;
	if (!list) {
		assert_int_equal(gp_prefix_parse(text, &out.exclude_aaaa.list[0]), GP_OK);
		out.exclude_aaaa.count = 1;
	}
	if (json_object_get(config, "ptr_name"))
		wire_name_parse(text_of(config, "ptr_name"), out.ptr_name);
	assert_true(dns_config_is_valid(&out));
	return out;
}

static struct question question_of(const json_t *query)
{
	uint8_t bytes[512];
	struct question out;
	struct wire_out to;
	const char *class = json_string_value(json_object_get(query, "qclass"));
	const bool has_do = number_of(query, "DO");

	wire_write(&to, bytes, sizeof(bytes));
	wire_put_u16(&to, 7);
	wire_put_u16(&to, (uint16_t)(WIRE_RD | (number_of(query, "CD") ? WIRE_CD : 0) |
				     (number_of(query, "AD") ? WIRE_AD : 0)));
	wire_put_u16(&to, 1);
	wire_put_u32(&to, 0);
	wire_put_u16(&to, 1);
	wire_put_name(&to, dns_name(text_of(query, "qname")));
	wire_put_u16(&to, dns_type(text_of(query, "qtype")));
	wire_put_u16(&to, class && !strcmp(class, "CH") ? 3 : 1);
	wire_put_u8(&to, 0);
	wire_put_u16(&to, WIRE_OPT);
	wire_put_u16(&to, 4096);
	wire_put_u32(&to, has_do ? 0x8000 : 0);
	wire_put_u16(&to, 0);
	assert_int_equal(question_read(bytes, to.at, &out), QUESTION_GOOD);
	return out;
}

/* ---- what came out ---- */

/* The records of SECTION as lines "NAME TYPE DATA", sorted by being asked for. */
struct got {
	struct reply reply;
	size_t counts[4];
};

static struct got finish(const struct question *question)
{
	const struct answer_image image = answer_image(&answer);
	const size_t size = answer_finish(&image, question, 0, WIRE_MAX, 1232, sent);
	const struct answer_reply as_reply = {.packet = sent, .size = size};
	struct reply_walk walk = {.has_begun = false};
	struct got got = {.counts = {0}};
	size_t records = 0;

	if (!reply_open(&as_reply, &got.reply))
		fail_msg("%s: what was made is no reply", name);
	while (reply_next(&got.reply, &walk)) {
		got.counts[walk.section]++;
		records++;
	}
	if (walk.in.failed || walk.in.at != size)
		fail_msg("%s: what was made is not whole", name);
	/* OPT has no TTL. */
	assert_int_equal(records, answer.ttl_count + 1);
	return got;
}

static bool has(const struct got *got, const json_t *rr, unsigned section, uint32_t most)
{
	struct reply_walk walk = {.has_begun = false};
	const uint8_t *owner = dns_name(text_of(rr, "name"));
	const json_t *ttl = json_object_get(rr, "ttl");
	char *wanted;
	uint8_t address[16];
	char text[64];

	wanted = strdup(text_of(rr, "data"));
	if (dns_type(text_of(rr, "type")) == WIRE_AAAA) {
		inet_pton(AF_INET6, wanted, address);
		free(wanted);
		wanted = strdup(inet_ntop(AF_INET6, address, text, sizeof(text)));
	}
	while (reply_next(&got->reply, &walk))
		if (walk.section == section &&
		    walk.rr.type == dns_type(text_of(rr, "type")) &&
		    wire_name_equal(walk.rr.owner, owner) &&
		    !strcmp(dns_value(&got->reply.in, &walk.rr), wanted)) {
			free(wanted);
			if (!json_is_integer(ttl))
				return true;
			return walk.rr.ttl == number_of(rr, "ttl") ||
			       (most && walk.rr.ttl <= most);
		}
	free(wanted);
	return false;
}

static bool has_of_type(const struct got *got, unsigned section, uint16_t type)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(&got->reply, &walk))
		if (walk.section == section && walk.rr.type == type)
			return true;
	return false;
}

static void check_section(const struct got *got, const char *from, unsigned section)
{
	if (section == ANSWER_AUTHORITY && !strcmp(from, "A"))
		assert_true(has_of_type(got, section, WIRE_NS));
	if (section == ANSWER_AUTHORITY && !strcmp(from, "AAAA"))
		assert_false(has_of_type(got, section, WIRE_NS));
	if (section == ANSWER_ADDITIONAL)
		assert_false(has_of_type(got, section, WIRE_AAAA));
}

/* Silence and errors instead of the AAAA are worth 10 s (v6guardd(8)), which no RFC bars.
 */
static uint32_t shortened(const json_t *upstream)
{
	const json_t *aaaa = json_object_get(upstream, "AAAA");

	if (!aaaa)
		return 0;
	return json_is_true(json_object_get(aaaa, "timeout")) ||
			       strcmp(text_of(aaaa, "rcode"), "NOERROR") != 0
		       ? 10
		       : 0;
}

/* A server of the zone itself, which we are never (7.3). */
static bool is_authoritative(const json_t *test)
{
	return !strcmp(text_of(json_object_get(test, "config"), "mode"), "authoritative");
}

static void check(const json_t *test, const struct got *got)
{
	const json_t *expect = json_object_get(test, "expect"), *rr, *list;
	const char *as = json_string_value(json_object_get(expect, "as_upstream"));
	const uint32_t most = shortened(json_object_get(test, "upstream"));
	size_t i;

	if (reply_rcode(&got->reply) != rcode_of(text_of(expect, "rcode")))
		fail_msg("%s: rcode %d", name, (int)reply_rcode(&got->reply));
	list = json_object_get(expect, "answers");
	json_array_foreach(list, i, rr) if (!has(got, rr, ANSWER_ANSWER, most))
		fail_msg("%s: no %s", name, text_of(rr, "data"));
	if (!json_is_true(json_object_get(expect, "no_synthetic_cname")) &&
	    got->counts[ANSWER_ANSWER] != json_array_size(list))
		fail_msg("%s: %zu answers", name, got->counts[ANSWER_ANSWER]);
	check_section(got, text_of(expect, "authority"), ANSWER_AUTHORITY);
	check_section(got, text_of(expect, "additional"), ANSWER_ADDITIONAL);
	list = json_object_get(expect, "additional_records");
	json_array_foreach(list, i, rr) assert_true(has(got, rr, ANSWER_ADDITIONAL, 0));
	list = json_object_get(expect, "absent_types");
	json_array_foreach(list, i, rr) assert_false(
		has_of_type(got, ANSWER_ANSWER, dns_type(json_string_value(rr))));
	if (json_object_get(expect, "AD"))
		assert_int_equal(!!(got->reply.flags & WIRE_AD), number_of(expect, "AD"));
	if (json_object_get(expect, "AA") && !is_authoritative(test))
		assert_int_equal(!!(got->reply.flags & WIRE_AA), number_of(expect, "AA"));
	if (json_object_get(expect, "CD"))
		assert_int_equal(!!(got->reply.flags & WIRE_CD), number_of(expect, "CD"));
	if (json_is_true(json_object_get(expect, "no_synthetic_cname")))
		assert_false(has_of_type(got, ANSWER_ANSWER, WIRE_CNAME));
	if (as)
		assert_false(answer.is_synthesized);
}

/* `queries` is what is needed: we ask for nothing that is not, but A and AAAA at once. */
static void check_queries(const json_t *expect, const struct question *question,
			  const struct answer_context *context)
{
	const json_t *list = json_object_get(expect, "queries"), *one;
	bool needs_a = false;
	uint8_t target[WIRE_NAME];
	char text[WIRE_NAME_TEXT];
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *word = json_string_value(one);
		needs_a |= !strcmp(word, "A");
		if (!strncmp(word, "PTR ", 4) && strstr(word, "in-addr")) {
			assert_true(answer_target(question, context, target));
			assert_string_equal(wire_name_text(target, text), word + 4);
		}
	}
	if (needs_a && question->type != WIRE_A)
		assert_int_equal(answer_other_type(question, context), WIRE_A);
}

/*
 * What these expect of the same question and the same upstream is something else than the
 * case beside them does, which holds here: of two ways that the RFC leaves, the other
 * one.
 */
static const struct {
	const char *name, *instead;
} others[] = {
	/* 5.1.4: MAY count a mixed set as empty; SHOULD answer with what is left of it.
	 */
	{"excl-mixed-alt", "excl-mixed"},
	/* 3: a DNS64 that knows nothing of DNSSEC; we know, also with dnssec = off: with
	 * CD and DO nothing is ever made (5.5). */
	{"oblivious-do1-cd1", "nv-do1-cd1"},
};

static const json_t *find_case(const json_t *cases, const char *wanted)
{
	const json_t *test;
	size_t i;

	json_array_foreach(cases, i,
			   test) if (!strcmp(text_of(test, "name"), wanted)) return test;
	fail_msg("no case %s", wanted);
	return NULL;
}

/* TEST is the other way of a case that holds. */
static bool is_other_way(const json_t *cases, const json_t *test)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const json_t *instead;
		if (strcmp(others[i].name, name) != 0)
			continue;
		instead = find_case(cases, others[i].instead);
		assert_true(json_equal(json_object_get(test, "query"),
				       json_object_get(instead, "query")));
		assert_true(json_equal(json_object_get(test, "upstream"),
				       json_object_get(instead, "upstream")));
		assert_false(json_equal(json_object_get(test, "expect"),
					json_object_get(instead, "expect")));
		assert_string_not_equal(text_of(test, "level"), "MUST");
		return true;
	}
	return false;
}

static void run(const json_t *test)
{
	static uint8_t main_bytes[WIRE_MAX], a_bytes[WIRE_MAX];
	const json_t *upstream = json_object_get(test, "upstream");
	const json_t *query = json_object_get(test, "query");
	const char *qtype = text_of(query, "qtype"), *qname = text_of(query, "qname");
	const struct dns_config config = config_of(json_object_get(test, "config"));
	const struct answer_context context = {.config = &config, .synthesizes = true};
	const struct question question = question_of(query);
	const struct answer_reply main = build(json_object_get(upstream, qtype), qname,
					       dns_type(qtype), false, main_bytes);
	const struct answer_reply a =
		build(json_object_get(upstream, "A"), qname, WIRE_A, true, a_bytes);
	struct got got;

	if (answer_ptr_named(&question, &context, &answer)) {
		got = finish(&question);
		check(test, &got);
		return;
	}
	check_queries(json_object_get(test, "expect"), &question, &context);
	answer_make(&question, &context, &main,
		    answer_other_type(&question, &context) ? &a : NULL, &answer);
	got = finish(&question);
	check(test, &got);
	/* Where the AAAA alone decides, the A makes no difference (5.1.8). */
	if (answer_is_enough(&question, &context, &main)) {
		answer_make(&question, &context, &main, NULL, &answer);
		got = finish(&question);
		check(test, &got);
	}
}

static void rfc6147(void **state)
{
	json_t *root = load("rfc6147.json");
	const json_t *cases = json_object_get(root, "cases"), *test;
	size_t i, done = 0;

	(void)state;
	json_array_foreach(cases, i, test)
	{
		name = json_string_value(json_object_get(test, "name"));
		if (is_other_way(cases, test))
			continue;
		run(test);
		done++;
	}
	assert_int_equal(done + sizeof(others) / sizeof(others[0]),
			 json_array_size(cases));
	json_decref(root);
}

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
		struct dns_config config = {.prefix_count = 1,
					    .non_global = cases[i].setting};
		const struct answer_context context = {.config = &config,
						       .synthesizes = true,
						       .is_forwarded =
							       cases[i].is_forwarded};
		struct gp_addr ipv4;
		assert_int_equal(gp_prefix_parse(cases[i].prefix, &config.prefixes[0]),
				 GP_OK);
		assert_int_equal(gp_addr_parse(cases[i].ipv4, &ipv4), GP_OK);
		if (answer_may_embed(&context, 0, &ipv4) != cases[i].may)
			fail_msg("%s in %s", cases[i].ipv4, cases[i].prefix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6147),
		cmocka_unit_test(rfc8880),
		cmocka_unit_test(non_global),
	};

	answer.bytes = answer_bytes;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
