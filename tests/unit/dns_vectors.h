/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_vectors.h - cases of rfc6147.json and rfc8880.json: what is read of them, and what
 * an answer is compared with. */
#ifndef TESTS_UNIT_DNS_VECTORS_H
#define TESTS_UNIT_DNS_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "dns_text.h"

static struct answer answer;
static uint8_t answer_bytes[WIRE_MAX], sent[WIRE_MAX + ANSWER_OPT];
static const char *name; /* of the case */

static inline const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("%s: no %s", name, key);
	return text;
}

static inline uint32_t number_of(const json_t *object, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(object, key));
}

static inline json_t *load(const char *file)
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

static inline unsigned rcode_of(const char *word)
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

/* ---- what we go by ---- */

/* Names and prefixes of the RFCs are documentation's: non-global = allow. */
static inline struct dns_config config_of(const json_t *config)
{
	static const char text[] = "::ffff:0:0/96";
	static struct gp_prefix prefixes[8], ranges[8], no_a[8], no_aaaa[8];
	struct dns_config out = {.prefixes = prefixes,
				 .ranges = ranges,
				 .exclude_a.list = no_a,
				 .exclude_aaaa.list = no_aaaa,
				 .non_global = DNS_ALLOW,
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

	memset(ranges, 0, sizeof(ranges));
	json_array_foreach(list, i, one)
	{
		const char *prefix = json_is_string(one) ? json_string_value(one)
							 : text_of(one, "prefix");
		const json_t *not_v4 = json_object_get(one, "not_v4");
		const char *v4 = json_string_value(json_object_get(one, "v4"));
		assert_int_equal(gp_prefix_parse(prefix, &prefixes[i]), GP_OK);
		if (v4)
			assert_int_equal(gp_prefix_parse(v4, &ranges[i]), GP_OK);
		if (not_v4)
			assert_int_equal(gp_prefix_parse(json_string_value(json_array_get(
								 not_v4, 0)),
							 &no_a[out.exclude_a.count++]),
					 GP_OK);
	}
	out.prefix_count = (uint32_t)i;
	/* As dns_config_from makes it of prefix = auto. */
	if (!i)
		assert_int_equal(
			gp_prefix_parse("64:ff9b::/96", &prefixes[out.prefix_count++]),
			GP_OK);
	list = json_object_get(config, "exclude");
	json_array_foreach(list, i, one) assert_int_equal(
		gp_prefix_parse(json_string_value(one), &no_aaaa[i]), GP_OK);
	out.exclude_aaaa.count = (uint32_t)i;
	if (!list) {
		assert_int_equal(gp_prefix_parse(text, &no_aaaa[0]), GP_OK);
		out.exclude_aaaa.count = 1;
	}
	if (json_object_get(config, "ptr_name"))
		wire_name_parse(text_of(config, "ptr_name"), out.ptr_name);
	out.range_count = out.prefix_count;
	assert_true(dns_config_is_valid(&out));
	return out;
}

static inline struct question question_of(const json_t *query)
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

static inline struct got finish(const struct question *question)
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

static inline bool has(const struct got *got, const json_t *rr, unsigned section,
		       uint32_t most)
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

static inline bool has_of_type(const struct got *got, unsigned section, uint16_t type)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(&got->reply, &walk))
		if (walk.section == section && walk.rr.type == type)
			return true;
	return false;
}

#endif
