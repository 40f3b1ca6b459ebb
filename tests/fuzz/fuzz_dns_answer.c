/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two messages as a name server may send them, and a question about them: whatever is in
 * them, what comes out is a whole message of what was asked, in no more bytes than the
 * client takes. The first bytes: type, flags, mode and whether there are rules, where the
 * second message begins.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/config_private.h"
#include "guard/rules_build.h"
#include "tool/v6guardd/dns/answer_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
	if (!is_so)
		abort();
}

static bool yes(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return addr->bytes[3] != 1;
}

static bool no(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return false;
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return (enum gp_verdict)(addr->bytes[15] % GP_VERDICT_COUNT);
}

static void make_question(const uint8_t *data, struct question *out)
{
	static const uint16_t types[] = {WIRE_A,  WIRE_AAAA, WIRE_PTR, WIRE_HTTPS,
					 WIRE_MX, WIRE_ANY,  WIRE_DS,  WIRE_RRSIG};
	static const uint8_t ptr[] = "\1a\1a\0010\0010\0010\0010\0010\1c\0010\0010\0010"
				     "\0010\0010\0010\0010\0010\0010\0010\0010\0010\0010"
				     "\0010\0010\0010\1b\0019\1f\1f\0014\0016\0010\0010"
				     "\3ip6\4arpa";
	static const uint8_t www[] = "\3www\7example";

	memset(out, 0, sizeof(*out));
	out->type = types[data[0] % 8];
	out->class = WIRE_CLASS_IN;
	if (out->type == WIRE_PTR)
		memcpy(out->name, ptr, sizeof(ptr));
	else
		memcpy(out->name, www, sizeof(www));
	out->name_length = (uint16_t)wire_name_length(out->name);
	memcpy(out->asked, out->name, sizeof(out->name));
	out->has_question = true;
	out->has_opt = data[1] & 1;
	out->dnssec_ok = data[1] & 2 && out->has_opt;
	out->flags = (uint16_t)(WIRE_RD | (data[1] & 4 ? WIRE_CD : 0));
	out->size = 512;
}

static void make_config(const uint8_t *data, struct dns_config *out)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t well_known[16] = {0, 0x64, 0xff, 0x9b};
	static const uint8_t other[16] = {0x20, 1, 0xd, 0xb8};

	static const struct gp_prefix ranges[2];
	static struct gp_prefix prefixes[2], excluded;

	memset(out, 0, sizeof(*out));
	out->dnssec = data[2] % 3;
	out->non_global = data[2] / 3 % 3;
	prefixes[0] = (struct gp_prefix){gp_addr_make(AF_INET6, well_known, 0), 96};
	prefixes[1] = (struct gp_prefix){gp_addr_make(AF_INET6, other, 0), 32};
	out->prefixes = prefixes;
	out->ranges = ranges;
	out->prefix_count = out->range_count = 2;
	excluded = (struct gp_prefix){gp_addr_make(AF_INET6, mapped, 0), 96};
	out->exclude_aaaa = (struct dns_list){1, &excluded};
	out->filter_signed = data[1] >> 6 & 1;
	out->rebind = data[3] >> 4 & 1;
}

/* Rules that may be about what the messages have, of each kind. */
static const struct gp_rules *some_rules(void)
{
	static const char text[] =
		"[rule a]\npriority = 1\nprefixes = 2001:db8::/32 198.51.100.0/24\n"
		"action = block\nqtypes = A AAAA\n"
		"[rule b]\npriority = 2\nprefixes = 2001::/16\naction = auto\n"
		"[rule c]\npriority = 3\ndomains = *.example a c\nmatch-cname = yes\n"
		"action = block\nresponse = override\noverride = a.b\nqtypes = AAAA MX\n"
		"[rule d]\npriority = 4\ndomains = b\nmatch-cname = yes\n"
		"action = strip-a\nenforce = no\n";
	static struct gp_config_errors errors;
	static struct gp_rules rules;
	struct gp_config *config;

	if (rules.count)
		return &rules;
	expect(gp_config_parse_text("rules", text, sizeof(text) - 1, &config, &errors) ==
		       GP_OK &&
	       gp_rules_build(config, &rules, NULL, NULL) == GP_OK);
	gp_config_free(config);
	return &rules;
}

/* Every record of what was written can be read, and nothing is behind them. */
static void check(const struct question *question, const uint8_t *bytes, size_t size)
{
	const struct answer_reply as_reply = {.packet = bytes, .size = size};
	struct reply_walk walk = {.has_begun = false};
	struct reply reply;

	expect(reply_open(&as_reply, &reply));
	expect(!memcmp(bytes + WIRE_HEADER, question->asked, question->name_length));
	while (reply_next(&reply, &walk))
		;
	if (walk.has_begun)
		expect(!walk.in.failed && walk.in.at == size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer answer;
	static uint8_t bytes[WIRE_MAX], out[WIRE_MAX + ANSWER_OPT];
	const struct gp_facts facts = {NULL, yes, no, verdict, no, NULL};
	struct gp_guard_policy policy;
	struct dns_config config;
	struct question question;
	struct answer_image image;
	uint8_t target[WIRE_NAME], late[WIRE_NAME];
	size_t split, written;

	if (size < 8)
		return 0;
	make_question(data, &question);
	make_config(data, &config);
	gp_guard_policy_init(&policy);
	policy.mode = data[3] % GP_MODE_COUNT;
	policy.keep_last = data[3] >> 6 & 1;
	split = 6 + (size_t)(data[4] << 8 | data[5]) % (size - 5);
	struct answer_context context = {.config = &config,
					 .guard = data[1] & 8 ? &policy : NULL,
					 .facts = &facts,
					 .synthesizes = data[1] & 16,
					 .is_forwarded = data[1] & 32,
					 .rules = data[3] & 128 ? some_rules() : NULL,
					 .has_broken = true,
					 .is_overdue = data[2] & 32,
					 .has_failed = data[2] & 16,
					 .has_one_server = data[1] & 128,
					 .lacks_ipv6 = data[3] & 32};
	/* Some come to nothing. */
	struct answer_reply main = {.packet = data[4] & 128 ? NULL : data + 6,
				    .size = split - 6,
				    .is_round = data[5] & 1};
	const struct answer_reply other = {.packet = data + split,
					   .size = size - split,
					   .is_secure = data[2] & 128,
					   .is_bogus = data[2] & 64};
	answer.bytes = bytes;
	if (rebind_clean(&question, &context, &main, &main))
		expect(main.size >= WIRE_HEADER && main.size <= WIRE_MAX);
	context.lead = answer_lead(&question, &context, &main, target);
	context.other_lead = answer_other_lead(&question, &context, &other, target);
	answer_make(&question, &context, &main,
		    answer_other_type(&question, &context) ||
				    answer_late_type(&question, &context, &main, late)
			    ? &other
			    : NULL,
		    &answer);
	expect(answer.size <= WIRE_MAX);
	image = answer_image(&answer);
	image.is_stale = data[0] & 128;
	written = answer_finish(&image, &question, data[0], WIRE_MAX, 1232, out);
	check(&question, out, written);
	expect(image.text_size < ANSWER_TEXT);
	written = answer_finish(&image, &question, 0, 512, 1232, out);
	expect(written <= 512);
	check(&question, out, written);
	written = answer_add_why(&image, &question, 512, out, written);
	expect(written <= 512);
	check(&question, out, written);
	if (answer_local(&question, &context, &answer)) {
		image = answer_image(&answer);
		written = answer_finish(&image, &question, 0, WIRE_MAX, 1232, out);
		check(&question, out, written);
	}
	return 0;
}
