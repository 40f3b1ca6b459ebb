/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_scenario_talk.c - see dns_scenario.h: what upstream says, and clients ask. */
#include "dns_scenario_private.h"
#include "guard/qtype.h"

static const char *value_of(const char *word, const char *key)
{
	const size_t length = strlen(key);

	return strncmp(word, key, length) != 0 ? NULL : word + length;
}

static void take_name(const struct run *run, uint8_t name[WIRE_NAME], uint16_t *type)
{
	if (run->word_count < 3)
		scenario_fail(run, "%s NAME TYPE", run->words[0]);
	if (!record_name(run->words[1], name))
		scenario_fail(run, "'%s' is no name that ends with a dot", run->words[1]);
	*type = record_type(run->words[2]);
	if (!*type)
		scenario_fail(run, "there is no type '%s' here", run->words[2]);
}

/* ---- upstream ---- */

/* The section that LINE's record is in; *LINE is its owner then. */
static enum answer_section section_of(const char **line)
{
	static const char *const words[] = {"authority ", "additional "};

	*line += strspn(*line, " \t");
	for (unsigned i = 0; i < 2; i++)
		if (!strncmp(*line, words[i], strlen(words[i]))) {
			*line += strlen(words[i]);
			*line += strspn(*line, " \t");
			return i ? ANSWER_ADDITIONAL : ANSWER_AUTHORITY;
		}
	return ANSWER_ANSWER;
}

static void put_records(struct run *run, struct wire_out *out, uint16_t counts[4])
{
	const size_t line = run->line;
	enum answer_section last = ANSWER_ANSWER;

	for (size_t i = 0; i < run->block_count; i++) {
		const char *text = run->block[i], *why;
		const enum answer_section section = section_of(&text);
		if (!*text)
			continue;
		why = section < last ? "sections come in their order"
				     : record_put(out, text);
		if (why) {
			run->line = line + 1 + i;
			scenario_fail(run, "%s", why);
		}
		last = section;
		counts[section]++;
	}
}

static void build(struct run *run, struct world_says *says, unsigned rcode, bool is_query)
{
	static uint8_t bytes[WIRE_MAX];
	uint16_t counts[4] = {1, 0, 0, 0};
	struct wire_out out;

	wire_write(&out, bytes, sizeof(bytes));
	memset(bytes, 0, WIRE_HEADER);
	out.at = WIRE_HEADER;
	wire_put_name(&out, says->name);
	wire_put_u16(&out, says->type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	put_records(run, &out, counts);
	/* libunbound's packet has one of its own. */
	wire_put_bytes(&out, "\0\0\51\4\320\0\0\200\0\0\0", 11);
	counts[ANSWER_ADDITIONAL]++;
	assert_false(out.failed);
	wire_set_u16(bytes + 2, (uint16_t)((is_query ? 0 : WIRE_QR) | WIRE_RD | WIRE_RA |
					   (says->is_secure ? WIRE_AD : 0) | rcode));
	for (size_t i = 0; i < 4; i++)
		wire_set_u16(bytes + 4 + 2 * i, counts[i]);
	says->size = out.at;
	says->packet = malloc(out.at);
	assert_non_null(says->packet);
	memcpy(says->packet, bytes, out.at);
}

static void take_fate(struct run *run, struct world_says *says, const char *word)
{
	const int rcode = record_rcode(word);

	if (!strcmp(word, "silent"))
		says->fate = WORLD_SILENT;
	else if (!strcmp(word, "nothing"))
		says->fate = WORLD_NOTHING;
	else if (!strcmp(word, "round"))
		says->fate = WORLD_ROUND;
	else if (!strcmp(word, "unaskable"))
		says->fate = WORLD_UNASKABLE;
	else if (rcode >= 0)
		build(run, says, (unsigned)rcode, false);
	else if (!strcmp(word, "query"))
		build(run, says, 0, true);
	else if (!strcmp(word, "cut"))
		build(run, says, 0, false);
	else
		scenario_fail(run,
			      "'%s': an RCODE, silent, nothing, round, unaskable, query "
			      "or cut",
			      word);
	if (!strcmp(word, "cut"))
		says->size = (says->size + WIRE_HEADER) / 2;
}

void scenario_upstream(struct run *run)
{
	struct world_says *says = &world.says[world.says_count];
	bool is_for_cd = false, is_for_checked = false;

	if (world.says_count == WORLD_SAYS)
		scenario_fail(run, "upstream says too much");
	if (run->word_count < 4)
		scenario_fail(run, "upstream NAME TYPE WHAT");
	*says = (struct world_says){.after_ms = 10};
	take_name(run, says->name, &says->type);
	wire_name_lower(says->name);
	for (size_t i = 4; i < run->word_count; i++) {
		const char *word = run->words[i], *after = value_of(word, "after=");
		const char *server = value_of(word, "server=");
		if (server) {
			says->server = (uint32_t)strtoul(server, NULL, 10);
			continue;
		}
		says->is_secure |= !strcmp(word, "secure");
		says->is_bogus |= !strcmp(word, "bogus");
		says->is_at_once |= !strcmp(word, "at-once");
		is_for_cd |= !strcmp(word, "cd");
		is_for_checked |= !strcmp(word, "checked");
		if (after ? !scenario_time(after, &says->after_ms)
			  : strcmp(word, "secure") != 0 && strcmp(word, "bogus") != 0 &&
				    strcmp(word, "at-once") != 0 &&
				    strcmp(word, "cd") != 0 &&
				    strcmp(word, "checked") != 0)
			scenario_fail(run,
				      "'%s': after=TIME, at-once, secure, bogus, cd, "
				      "checked or server=",
				      word);
	}
	says->for_cd = !is_for_checked;
	says->for_checked = !is_for_cd;
	take_fate(run, says, run->words[3]);
	world.says_count++;
}

/* Names and types of a line "asked NAME TYPE [cd] + ...". */
static void expected_questions(const struct run *run, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 1; i < run->word_count && strcmp(run->words[1], "nothing") != 0;
	     i++)
		used += (size_t)snprintf(out + used, used < size ? size - used : 0,
					 "%s%s", i > 1 ? " " : "", run->words[i]);
}

void scenario_asked(struct run *run)
{
	char wanted[SCENARIO_LINE], got[SCENARIO_LINE * 4] = "", name[WIRE_NAME_TEXT];
	const size_t shown =
		world.asked_count < WORLD_ASKED ? world.asked_count : WORLD_ASKED;
	size_t used = 0;

	if (run->word_count < 2)
		scenario_fail(run, "asked NAME TYPE [+ NAME TYPE]..., or asked nothing");
	expected_questions(run, wanted, sizeof(wanted));
	for (size_t i = 0; i < shown && used < sizeof(got) - 1; i++) {
		const struct world_asked *one = &world.asked[i];
		char text[RECORD_TEXT];
		record_type_text(one->type, text);
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%s%s %s%s",
					 i ? " + " : "", wire_name_text(one->name, name),
					 text, one->cd ? " cd" : "");
	}
	if (strcmp(wanted, got) != 0)
		scenario_fail(run, "upstream was asked %zu: %s", world.asked_count, got);
	world.asked_count = 0;
	memset(world.asked, 0, sizeof(world.asked));
}

void scenario_check_expected(const struct run *run)
{
	if (world.unexpected[0])
		scenario_fail(run, "upstream was asked %s, and nobody says the answer",
			      world.unexpected);
}

/* ---- clients ---- */

struct asked {
	uint16_t flags, size, class;
	bool has_opt, has_do, is_tcp, has_why;
	unsigned long times;
	struct gp_addr from;
};

static void take_option(struct run *run, const char *word, struct asked *asked)
{
	struct asking *asking = &run->asking[run->asking_count];
	const char *value;

	if (!strcmp(word, "do"))
		asked->has_do = true;
	else if (!strcmp(word, "cd"))
		asked->flags |= WIRE_CD;
	else if (!strcmp(word, "ad"))
		asked->flags |= WIRE_AD;
	else if (!strcmp(word, "no-rd"))
		asked->flags &= (uint16_t)~WIRE_RD;
	else if (!strcmp(word, "plain"))
		asked->has_opt = false;
	else if (!strcmp(word, "tcp"))
		asked->is_tcp = true;
	else if (!strcmp(word, "why"))
		asked->has_why = true;
	else if ((value = value_of(word, "edns=")) != NULL)
		asked->size = (uint16_t)strtoul(value, NULL, 10);
	else if ((value = value_of(word, "class=")) != NULL)
		asked->class = (uint16_t)strtoul(value, NULL, 10);
	else if ((value = value_of(word, "times=")) != NULL)
		asked->times = strtoul(value, NULL, 10);
	else if ((value = value_of(word, "as=")) != NULL)
		snprintf(asking->label, sizeof(asking->label), "%s", value);
	else if (!(value = value_of(word, "from=")) ||
		 gp_addr_parse(value, &asked->from) != GP_OK)
		scenario_fail(
			run,
			"'%s': do, cd, ad, no-rd, plain, edns=, tcp, from=, class=, "
			"times=, as= or why",
			word);
}

static size_t put_question(const struct asked *asked, const uint8_t *name, uint16_t type,
			   uint16_t id, uint8_t bytes[512])
{
	struct wire_out out;

	wire_write(&out, bytes, 512);
	wire_put_u16(&out, id);
	wire_put_u16(&out, asked->flags);
	wire_put_u16(&out, 1);
	wire_put_u32(&out, 0);
	wire_put_u16(&out, asked->has_opt);
	wire_put_bytes(&out, name, wire_name_length(name));
	wire_put_u16(&out, type);
	wire_put_u16(&out, asked->class);
	if (asked->has_opt) {
		wire_put_u8(&out, 0);
		wire_put_u16(&out, WIRE_OPT);
		wire_put_u16(&out, asked->size);
		wire_put_u32(&out, asked->has_do ? 0x8000 : 0);
		wire_put_u16(&out, asked->has_why ? 4 : 0);
	}
	if (asked->has_opt && asked->has_why) {
		wire_put_u16(&out, GP_OPTION_WHY);
		wire_put_u16(&out, 0);
	}
	return out.at;
}

void scenario_ask(struct run *run)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	struct asked asked = {.flags = WIRE_RD,
			      .size = 1232,
			      .class = WIRE_CLASS_IN,
			      .has_opt = true,
			      .times = 1,
			      .from = gp_addr_make(AF_INET, loopback, 0)};
	struct asking *asking = &run->asking[run->asking_count];
	uint8_t name[WIRE_NAME], bytes[512];
	uint16_t type;

	if (run->asking_count == sizeof(run->asking) / sizeof(run->asking[0]))
		scenario_fail(run, "this asks too often");
	take_name(run, name, &type);
	for (size_t i = 3; i < run->word_count; i++)
		take_option(run, run->words[i], &asked);
	if (asked.has_do && !asked.has_opt)
		scenario_fail(run, "do is a part of EDNS");
	if (!asked.times || world.client_count + asked.times > WORLD_CLIENTS)
		scenario_fail(run, "times= is too large");
	asking->first = world.client_count;
	asking->count = asked.times;
	asking->line = run->line;
	run->asking_count++;
	for (size_t i = 0; i < asked.times; i++)
		world_ask(&asked.from, asked.is_tcp, bytes,
			  put_question(&asked, name, type,
				       (uint16_t)(world.client_count + 1), bytes));
	scenario_check_expected(run);
}
