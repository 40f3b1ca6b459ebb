/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_scenario_answer.c - see dns_scenario.h: what clients get. Both what is expected and
 * what came is written as text, and compared. */
#include "dns_scenario_private.h"
#include "guard/qtype.h"

enum { TEXT = 65536, LIMIT_MS = 20000 };

static const char *const sections[] = {"", "", "authority ", "additional "};

struct text {
	char bytes[TEXT];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *to, const char *format,
						      ...)
{
	va_list args;
	int used;

	va_start(args, format);
	used = vsnprintf(to->bytes + to->used, TEXT - to->used, format, args);
	va_end(args);
	if (used > 0 && to->used + (size_t)used < TEXT)
		to->used += (size_t)used;
}

static const char *value_of(const char *word, const char *key)
{
	const size_t length = strlen(key);

	return strncmp(word, key, length) != 0 ? NULL : word + length;
}

/* ---- what came ---- */

struct extras {
	bool has_opt, has_do;
	unsigned rcode; /* its upper bits */
	int ede[2];     /* those of what is stale go first */
	char by[64], why[128];
};

static void read_opt(const struct wire_in *in, const struct wire_rr *rr,
		     struct extras *out)
{
	struct wire_in options = wire_read(rr->rdata, rr->rdlength);
	const uint8_t *ttl = in->start + rr->rdata_at - 6;

	out->has_opt = true;
	out->rcode = (unsigned)ttl[0] << 4;
	out->has_do = ttl[2] & 0x80;
	while (options.at < options.size && !options.failed) {
		const unsigned code = wire_u16(&options);
		const unsigned length = wire_u16(&options);
		const uint8_t *value = wire_bytes(&options, length);
		if (code == 15 && value && length >= 2)
			out->ede[out->ede[0] >= 0] = wire_peek_u16(value);
		if (code == 15 && value && length > 2)
			snprintf(out->by, sizeof(out->by), "%.*s", (int)length - 2,
				 (const char *)value + 2);
		if (code == GP_OPTION_WHY && value)
			snprintf(out->why, sizeof(out->why), "%.*s", (int)length,
				 (const char *)value);
	}
	assert_false(options.failed);
}

/* RFC 6891 6.1.1: OPT if there was one in the question; RFC 3225 3: with its DO. */
static void check_opt(const struct run *run, const struct world_client *client,
		      const struct extras *extras)
{
	const uint8_t *q = client->question;
	const size_t opt = WIRE_HEADER + wire_name_length(q + WIRE_HEADER) + 4;
	const bool had_opt = wire_peek_u16(q + 10);

	if (extras->has_opt != had_opt)
		scenario_fail(run, had_opt ? "there is no EDNS in the answer"
					   : "there is EDNS in the answer");
	if (had_opt && extras->has_do != (wire_peek_u16(q + opt + 7) >> 15))
		scenario_fail(run, "DO is not the question's");
}

static void add_flags(struct text *to, unsigned flags)
{
	add(to, "%s%s%s", flags & WIRE_AA ? " aa" : "", flags & WIRE_TC ? " tc" : "",
	    flags & WIRE_AD ? " ad" : "");
}

/* HAS_BY: with the text of the error. */
static void write_answer(const struct run *run, const struct world_client *client,
			 bool has_by, const char *why, struct text *to)
{
	const struct answer_reply as_reply = {.packet = client->answer,
					      .size = client->answer_size};
	struct reply_walk walk = {.has_begun = false};
	struct extras extras = {.ede = {-1, -1}};
	static struct text records;
	char text[RECORD_TEXT];
	struct reply reply;

	to->used = records.used = 0;
	records.bytes[0] = '\0';
	if (!reply_open(&as_reply, &reply))
		scenario_fail(run, "what came is no message");
	while (reply_next(&reply, &walk)) {
		if (walk.rr.type == WIRE_OPT) {
			read_opt(&reply.in, &walk.rr, &extras);
			continue;
		}
		record_text(&reply.in, &walk.rr, text);
		add(&records, "    %s%s\n", sections[walk.section], text);
	}
	if (walk.in.failed || walk.in.at != client->answer_size)
		scenario_fail(run, "what came is not whole");
	check_opt(run, client, &extras);
	add(to, "%s", record_rcode_text(reply_rcode(&reply) | extras.rcode));
	add_flags(to, reply.flags);
	for (size_t i = 0; i < 2 && extras.ede[i] >= 0; i++)
		add(to, " ede=%d", extras.ede[i]);
	for (char *at = extras.by; *at; at++)
		*at = *at == ' ' ? '_' : *at;
	for (char *at = extras.why; *at; at++)
		*at = *at == ' ' ? '_' : *at;
	if (why && (strcmp(why, "-") != 0 ? !strstr(extras.why, why) : extras.why[0]))
		scenario_fail(run, "it says why: '%s'", extras.why);
	if (has_by)
		add(to, " by=%s", extras.by);
	add(to, "\n%s", records.bytes);
}

/* What has to be so of every answer. */
static void check_frame(const struct run *run, const struct world_client *client)
{
	const uint8_t *q = client->question, *a = client->answer;
	const unsigned asked = wire_peek_u16(q + 2), flags = wire_peek_u16(a + 2);
	const size_t question_end = WIRE_HEADER + wire_name_length(q + WIRE_HEADER) + 4;
	const bool had_opt = wire_peek_u16(q + 10);

	if (client->answers != 1)
		scenario_fail(run, "%u answers to one question", client->answers);
	if (wire_peek_u16(q) != wire_peek_u16(a))
		scenario_fail(run, "the answer's id is another");
	if ((flags & (WIRE_RD | WIRE_CD)) != (asked & (WIRE_RD | WIRE_CD)))
		scenario_fail(run, "RD or CD is not the question's");
	if (!(flags & WIRE_QR) || !(flags & WIRE_RA))
		scenario_fail(run, "QR or RA is clear");
	if (wire_peek_u16(a + 4) != 1 ||
	    memcmp(a + WIRE_HEADER, q + WIRE_HEADER, question_end - WIRE_HEADER) != 0)
		scenario_fail(run, "the question is not repeated as it was asked");
	if (!had_opt && !client->client.is_tcp && client->answer_size > 512)
		scenario_fail(run, "%zu bytes without EDNS", client->answer_size);
	if (had_opt && !client->client.is_tcp &&
	    client->answer_size > wire_peek_u16(q + question_end + 3))
		scenario_fail(run, "%zu bytes are more than the client takes",
			      client->answer_size);
}

/* ---- what is expected ---- */

struct expected {
	unsigned rcode, flags;
	int ede[2];
	const char *by;     /* NULL: any */
	const char *why;    /* the same */
	long long after_ms; /* -1: at any time */
	size_t size;
	const struct asking *asking;
	struct text text;
};

static const struct asking *find_asking(const struct run *run, const char *label)
{
	for (size_t i = run->asking_count; i-- > 0;)
		if (!label || !strcmp(run->asking[i].label, label))
			return &run->asking[i];
	scenario_fail(run, "nobody asked%s%s", label ? " as " : "", label ? label : "");
}

static void take_word(const struct run *run, const char *word, struct expected *out)
{
	const char *value;

	if (record_rcode(word) >= 0)
		out->rcode = (unsigned)record_rcode(word);
	else if (!strcmp(word, "aa"))
		out->flags |= WIRE_AA;
	else if (!strcmp(word, "ad"))
		out->flags |= WIRE_AD;
	else if (!strcmp(word, "tc"))
		out->flags |= WIRE_TC;
	else if ((value = value_of(word, "ede=")) != NULL)
		out->ede[out->ede[0] >= 0] = atoi(value);
	else if ((value = value_of(word, "by=")) != NULL)
		out->by = value;
	else if ((value = value_of(word, "why=")) != NULL)
		out->why = value;
	else if ((value = value_of(word, "size<=")) != NULL)
		out->size = strtoul(value, NULL, 10);
	else if ((value = value_of(word, "to=")) != NULL)
		out->asking = find_asking(run, value);
	else if (!(value = value_of(word, "after=")) ||
		 !scenario_time(value, &out->after_ms))
		scenario_fail(
			run,
			"'%s': an RCODE, aa, ad, tc, ede=, by=, why=, after=, size<= or "
			"to=",
			word);
}

/* The records of the block, as record_text would write them. */
static void write_records(struct run *run, struct text *to)
{
	static uint8_t bytes[WIRE_MAX];
	const size_t line = run->line;
	char text[RECORD_TEXT];

	for (size_t i = 0; i < run->block_count; i++) {
		const char *record = run->block[i] + strspn(run->block[i], " \t"), *why;
		unsigned section = ANSWER_ANSWER;
		struct wire_in in;
		struct wire_out out;
		struct wire_rr rr;
		for (unsigned s = ANSWER_AUTHORITY; s <= ANSWER_ADDITIONAL; s++)
			if (value_of(record, sections[s])) {
				record += strlen(sections[s]);
				section = s;
			}
		record += strspn(record, " \t");
		if (!*record)
			continue;
		wire_write(&out, bytes, sizeof(bytes));
		why = record_put(&out, record);
		if (why) {
			run->line = line + 1 + i;
			scenario_fail(run, "%s", why);
		}
		in = wire_read(bytes, out.at);
		assert_true(wire_get_rr(&in, &rr));
		record_text(&in, &rr, text);
		add(to, "    %s%s\n", sections[section], text);
	}
}

static void read_expected(struct run *run, struct expected *out)
{
	out->rcode = WIRE_NOERROR;
	out->flags = 0;
	out->ede[0] = out->ede[1] = -1;
	out->by = out->why = NULL;
	out->after_ms = -1;
	out->size = WIRE_MAX;
	out->asking = find_asking(run, NULL);
	out->text.used = 0;
	for (size_t i = 1; i < run->word_count; i++)
		take_word(run, run->words[i], out);
	add(&out->text, "%s", record_rcode_text(out->rcode));
	add_flags(&out->text, out->flags);
	for (size_t i = 0; i < 2 && out->ede[i] >= 0; i++)
		add(&out->text, " ede=%d", out->ede[i]);
	if (out->by)
		add(&out->text, " by=%s", out->by);
	add(&out->text, "\n");
	write_records(run, &out->text);
}

/* ---- together ---- */

static void check_one(const struct run *run, const struct expected *expected,
		      const struct world_client *client)
{
	static struct text got;
	const long long took = client->answered_ms - client->asked_ms;

	if (!client->answers)
		scenario_fail(run, "there is no answer%s",
			      client->is_ignored ? ", the question was dropped" : "");
	check_frame(run, client);
	write_answer(run, client, expected->by, expected->why, &got);
	if (strcmp(got.bytes, expected->text.bytes) != 0)
		scenario_fail(run, "expected\n%sand not\n%s", expected->text.bytes,
			      got.bytes);
	if (expected->after_ms >= 0 && took != expected->after_ms)
		scenario_fail(run, "it came after %lld ms", took);
	if (client->answer_size > expected->size)
		scenario_fail(run, "%zu bytes", client->answer_size);
}

void scenario_answer(struct run *run)
{
	static struct expected expected;
	const struct asking *asking;

	read_expected(run, &expected);
	asking = expected.asking;
	for (size_t i = 0; i < asking->count; i++) {
		world_run(world.now_ms + LIMIT_MS, asking->first + i);
		scenario_check_expected(run);
		check_one(run, &expected, &world.clients[asking->first + i]);
	}
}

void scenario_silence(struct run *run)
{
	const struct asking *asking = find_asking(
		run, run->word_count > 1 ? value_of(run->words[1], "to=") : NULL);

	for (size_t i = 0; i < asking->count; i++)
		if (world.clients[asking->first + i].answers)
			scenario_fail(run,
				      "there is an answer, %lld ms after the "
				      "question",
				      world.clients[asking->first + i].answered_ms -
					      world.clients[asking->first + i].asked_ms);
}
