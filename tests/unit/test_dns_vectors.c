/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RFC 6147 as data, on the pure core: what upstream says in, an answer out. */
#include "dns_vectors.h"

/* ---- what upstream says ---- */

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
/* ---- what is expected ---- */

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
int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rfc6147)};

	answer.bytes = answer_bytes;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
