/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_scenario.c - see dns_scenario.h: a scenario is carried out. */
#include "dns_scenario_private.h"

#include <time.h>

void scenario_fail(const struct run *run, const char *format, ...)
{
	char text[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fail_msg("%s:%zu: %s", run->scenario->file->name, run->line + 1, text);
	/* It has jumped away, which its declaration does not say. */
	abort();
}

bool scenario_time(const char *word, long long *ms)
{
	char *end;
	const unsigned long value = strtoul(word, &end, 10);

	*ms = (long long)value * (!strcmp(end, "ms") ? 1 : 1000);
	return end != word && (!strcmp(end, "ms") || !strcmp(end, "s"));
}

static struct gp_prefix prefix_of(const struct run *run, const char *word)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(word, &prefix) != GP_OK)
		scenario_fail(run, "'%s' is no prefix", word);
	return prefix;
}

static const char *need(const struct run *run, size_t index, const char *what)
{
	if (index >= run->word_count)
		scenario_fail(run, "%s is missing", what);
	return run->words[index];
}

/* ---- the host ---- */

static void do_conf(struct run *run)
{
	static struct gp_config_errors errors;
	struct gp_config *config;
	char text[16384] = "", why[DNS_WHY];
	size_t used = 0;

	for (size_t i = 0; i < run->block_count; i++) {
		const char *line = run->block[i];
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n",
					 line + (line[0] == '\t' ? 1 : 4));
		if (used >= sizeof(text))
			scenario_fail(run, "this is too long");
	}
	if (gp_config_parse_text("", text, used, &config, &errors) != GP_OK) {
		run->line += errors.list[0].line;
		scenario_fail(run, "%s", errors.list[0].text);
	}
	if (!world_configure(config, why))
		scenario_fail(run, "%s", why);
	gp_config_free(config);
}

static void do_network(struct run *run)
{
	for (size_t i = 1; i < run->word_count; i++) {
		const char *word = run->words[i];
		if (!strcmp(word, "ipv6") || !strcmp(word, "no-ipv6"))
			world.has_ipv6 = word[0] == 'i';
		else if (!strcmp(word, "ipv4") || !strcmp(word, "no-ipv4"))
			world.has_ipv4 = word[0] == 'i';
		else
			scenario_fail(run, "'%s': ipv6, no-ipv6, ipv4 or no-ipv4", word);
	}
	world_set_network();
}

static void do_verdict(struct run *run)
{
	const char *word = need(run, 2, "a verdict");

	assert_true(world.verdict_count < WORLD_VERDICTS);
	world.verdicts[world.verdict_count].prefix =
		prefix_of(run, need(run, 1, "a prefix"));
	if (gp_verdict_parse(word, &world.verdicts[world.verdict_count].verdict) != GP_OK)
		scenario_fail(run, "'%s': ok, broken, slow or unknown", word);
	if (world.serve)
		serve_new_verdict(world.serve,
				  &world.verdicts[world.verdict_count].prefix);
	world.verdict_count++;
}

static void do_own(struct run *run)
{
	assert_true(world.own_count < WORLD_VERDICTS);
	world.own[world.own_count++] = prefix_of(run, need(run, 1, "a prefix"));
}

static void do_onlink(struct run *run)
{
	assert_true(world.onlink_count < WORLD_VERDICTS);
	world.onlink[world.onlink_count++] = prefix_of(run, need(run, 1, "a prefix"));
}

static void do_routed(struct run *run)
{
	const struct gp_prefix prefix = prefix_of(run, need(run, 1, "a prefix"));

	assert_true(world.routed_count < WORLD_VERDICTS);
	assert_true(world.unrouted_count < WORLD_VERDICTS);
	if (!strcmp(run->words[0], "routed"))
		world.routed[world.routed_count++] = prefix;
	else
		world.unrouted[world.unrouted_count++] = prefix;
	world_set_network();
}

static void do_alive(struct run *run)
{
	world.is_alive = !strcmp(run->words[0], "alive");
}

static void do_off(struct run *run)
{
	world.is_off = !strcmp(run->words[0], "off");
}

static void do_date(struct run *run)
{
	struct tm date = {.tm_year = 0};
	const char *word = need(run, 1, "a date");

	if (sscanf(word, "%d-%d-%d", &date.tm_year, &date.tm_mon, &date.tm_mday) != 3)
		scenario_fail(run, "'%s': YYYY-MM-DD", word);
	date.tm_year -= 1900;
	date.tm_mon--;
	world.wall_s = timegm(&date);
}

static void do_wait(struct run *run)
{
	long long ms;

	if (!scenario_time(need(run, 1, "a time"), &ms))
		scenario_fail(run, "'%s' is no time", run->words[1]);
	world_run(world.now_ms + ms, SIZE_MAX);
	scenario_check_expected(run);
}

static void do_flush(struct run *run)
{
	uint8_t name[WIRE_NAME];

	if (run->word_count == 1) {
		serve_flush(world.serve, NULL);
		return;
	}
	if (!record_name(run->words[1], name))
		scenario_fail(run, "'%s' is no name", run->words[1]);
	wire_name_lower(name);
	serve_flush(world.serve, name);
}

static void do_cached(struct run *run)
{
	const unsigned long count = strtoul(need(run, 1, "a number"), NULL, 10);

	if (serve_cached(world.serve) != count)
		scenario_fail(run, "%zu answers are kept", serve_cached(world.serve));
}

static bool value_at(const char *group, const char *key, const char *name)
{
	const size_t length = strlen(group);

	return !strncmp(name, group, length) && !strcmp(name + length, key);
}

static uint64_t counter(const char *name, bool *is_known)
{
	const struct serve_counters *counters = serve_counters(world.serve);
	const struct serve_counts *counts = serve_counts(world.serve);
	char below[24];
	const struct {
		const char *name;
		uint64_t value;
	} list[] = {
		{"questions", counters->questions},
		{"malformed", counters->malformed},
		{"refused", counters->refused},
		{"answers", counters->answers},
		{"failures", counters->failures},
		{"synthesized", counters->synthesized},
		{"local", counters->local},
		{"joined", counters->joined},
		{"hits", counters->hits},
		{"stale", counters->stale},
		{"late", counters->late},
		{"rebound", counters->rebound},
		{"upstream_a.asked", counts->a.asked},
		{"upstream_a.servfail", counts->a.servfail},
		{"upstream_a.timeouts", counts->a.timeouts},
		{"upstream_aaaa.asked", counts->aaaa.asked},
		{"upstream_aaaa.servfail", counts->aaaa.servfail},
		{"upstream_aaaa.timeouts", counts->aaaa.timeouts},
		{"latency.sum_ms", counts->took_ms},
	};

	*is_known = true;
	for (unsigned i = 0; i < COUNT_TYPES; i++)
		if (value_at("types.", count_type_name((enum count_type)i), name))
			return count_of_type(counts, (enum count_type)i);
	for (unsigned i = 0; i < COUNT_RCODES && count_rcode_name(i); i++)
		if (value_at("rcodes.", count_rcode_name(i), name))
			return count_of_rcode(counts, i);
	for (unsigned i = 0; i < COUNT_TIMES; i++) {
		snprintf(below, sizeof(below), "%u", 1U << i);
		if (value_at("latency.", i < COUNT_TIMES - 1 ? below : "inf", name))
			return counts->took[i];
	}
	*is_known = false;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (!strcmp(list[i].name, name)) {
			*is_known = true;
			return list[i].value;
		}
	return 0;
}

static void do_counters(struct run *run)
{
	for (size_t i = 1; i < run->word_count; i++) {
		char *value = strchr(run->words[i], '=');
		bool is_known = false;
		uint64_t is = 0;
		if (value) {
			*value++ = '\0';
			is = counter(run->words[i], &is_known);
		}
		if (!is_known)
			scenario_fail(run, "'%s': NAME=NUMBER of serve_counters",
				      run->words[i]);
		if (is != strtoull(value, NULL, 10))
			scenario_fail(run, "%s is %llu", run->words[i],
				      (unsigned long long)is);
	}
}

/* The words behind the statement's are what TEXT holds; it is emptied. */
static void check_told(struct run *run, char *text)
{
	char wanted[2048] = "";

	for (size_t i = 1; i < run->word_count; i++)
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s%s",
			 i > 1 ? " " : "", run->words[i]);
	if (!strcmp(wanted, "nothing"))
		wanted[0] = '\0';
	if (strcmp(wanted, text) != 0)
		scenario_fail(run, "it was: %s", text[0] ? text : "nothing");
	text[0] = '\0';
}

static void do_told(struct run *run)
{
	check_told(run, world.told);
}

static void do_decided(struct run *run)
{
	check_told(run, world.decided);
}

static void do_epoch(struct run *run)
{
	(void)run;
	world.verdict_count = 0;
	serve_new_epoch(world.serve);
}

/* ---- statements ---- */

static const struct {
	const char *word;
	void (*act)(struct run *run);
} statements[] = {
	{"conf", do_conf},
	{"network", do_network},
	{"verdict", do_verdict},
	{"own", do_own},
	{"onlink", do_onlink},
	{"routed", do_routed},
	{"unrouted", do_routed},
	{"alive", do_alive},
	{"dead", do_alive},
	{"off", do_off},
	{"on", do_off},
	{"date", do_date},
	{"upstream", scenario_upstream},
	{"ask", scenario_ask},
	{"wait", do_wait},
	{"answer", scenario_answer},
	{"silence", scenario_silence},
	{"asked", scenario_asked},
	{"told", do_told},
	{"decided", do_decided},
	{"epoch", do_epoch},
	{"flush", do_flush},
	{"cached", do_cached},
	{"counters", do_counters},
};

static void act(struct run *run)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (!strcmp(statements[i].word, run->words[0])) {
			if (!world.serve && statements[i].act == scenario_ask)
				scenario_fail(run, "there is no conf yet");
			statements[i].act(run);
			return;
		}
	scenario_fail(run, "there is no statement '%s'", run->words[0]);
}

/* TEXT with the variable's word in its places. */
static void substitute(const struct run *run, const char *text, char *out)
{
	const struct scenario_file *file = run->scenario->file;
	const size_t length = file->variable ? strlen(file->variable) : 0;
	size_t used = 0;

	while (*text && used < SCENARIO_LINE - 1) {
		if (*text == '$' && length &&
		    !strncmp(text + 1, file->variable, length)) {
			used += (size_t)snprintf(out + used, SCENARIO_LINE - used, "%s",
						 run->scenario->word);
			text += length + 1;
		} else {
			out[used++] = *text++;
		}
	}
	out[used < SCENARIO_LINE ? used : SCENARIO_LINE - 1] = '\0';
}

static bool is_blank(const char *line)
{
	line += strspn(line, " \t");
	return !*line || *line == '#';
}

static bool is_indented(const char *line)
{
	return line[0] == '\t' || !strncmp(line, "    ", 4);
}

static void split(struct run *run)
{
	char *at = NULL;

	run->word_count = 0;
	for (char *word = strtok_r(run->statement, " \t", &at); word;
	     word = strtok_r(NULL, " \t", &at)) {
		if (run->word_count == SCENARIO_WORDS)
			scenario_fail(run, "this line is too long");
		run->words[run->word_count++] = word;
	}
}

/* The statement at INDEX, with what belongs to it; the next one's index. */
static size_t take(struct run *run, size_t index, size_t until)
{
	char *const *lines = run->scenario->file->lines;

	run->line = index;
	run->block_count = 0;
	if (is_indented(lines[index]))
		scenario_fail(run, "this line belongs to no statement");
	substitute(run, lines[index], run->statement);
	for (index++;
	     index < until && (is_indented(lines[index]) || is_blank(lines[index]));
	     index++) {
		if (run->block_count == SCENARIO_BLOCK)
			scenario_fail(run, "this statement is too long");
		/* Blank lines count, so that errors name the right one. */
		substitute(run, is_blank(lines[index]) ? "    " : lines[index],
			   run->block[run->block_count++]);
	}
	split(run);
	return index;
}

static void run_lines(struct run *run, size_t from, size_t until)
{
	char *const *lines = run->scenario->file->lines;

	while (from < until) {
		if (is_blank(lines[from])) {
			from++;
			continue;
		}
		from = take(run, from, until);
		if (strcmp(run->words[0], "for") != 0 &&
		    strcmp(run->words[0], "case") != 0 &&
		    strcmp(run->words[0], "only") != 0)
			act(run);
	}
}

void scenario_run(const struct scenario *scenario)
{
	static struct run run;

	memset(&run, 0, sizeof(run));
	run.scenario = scenario;
	run_lines(&run, 0, scenario->preamble);
	run_lines(&run, scenario->from, scenario->until);
}
