/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rules_build.c - the [rule NAME] sections into rows, texts and patterns. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "diag.h"
#include "guard/idna.h"
#include "guard/qtype.h"
#include "guard/rules_build_private.h"

#define SEED UINT64_C(0x76366775617264)

void *grow(struct growing *bytes, size_t size)
{
	if (size > bytes->room - bytes->size) {
		const size_t room = bytes->room + bytes->room / 2 + size + 256;
		uint8_t *grown = realloc(bytes->at, room);

		if (!grown)
			return NULL;
		bytes->at = grown;
		bytes->room = room;
	}
	bytes->size += size;
	return bytes->at + bytes->size - size;
}

enum gp_status build_no_memory(struct build *build)
{
	return gp_diag_set(build->diag, GP_NOMEM, NULL, "no memory");
}

enum gp_status build_too_much(struct build *build, const char *what)
{
	return gp_diag_set(build->diag, GP_RANGE, NULL, "too many %s for one policy",
			   what);
}

/* ---- texts ---- */

static enum gp_status add_text(struct build *build, const void *bytes, size_t size,
			       struct rules_span *span)
{
	uint8_t *at;

	if (build->text.size > UINT32_MAX - size)
		return build_too_much(build, "programs");
	at = grow(&build->text, size);
	if (!at)
		return build_no_memory(build);
	memcpy(at, bytes, size);
	if (!span->count)
		span->at = (uint32_t)(build->text.size - size);
	span->count += (uint32_t)size;
	return GP_OK;
}

static enum gp_status add_programs(struct build *build, struct draft *draft)
{
	const char *list = gp_config_text(draft->section, "programs"), *word;
	enum gp_status status = GP_OK;
	size_t pos = 0, length;

	while (status == GP_OK && (length = gp_config_next_word(list, &pos, &word)) > 0) {
		status = add_text(build, word, length, &draft->row.programs);
		if (status == GP_OK)
			status = add_text(build, "", 1, &draft->row.programs);
	}
	return status;
}

static enum gp_status add_qtypes(struct build *build, struct draft *draft)
{
	const char *list = gp_config_text(draft->section, "qtypes"), *word;
	enum gp_status status = GP_OK;
	size_t pos = 0, length;

	while (status == GP_OK && (length = gp_config_next_word(list, &pos, &word)) > 0) {
		uint16_t type = 0;
		gp_qtype_parse(word, length, &type);
		status = add_text(build, &type, sizeof(type), &draft->row.qtypes);
	}
	return status;
}

static enum gp_status add_override(struct build *build, struct draft *draft)
{
	const char *text = gp_config_text(draft->section, "override");
	struct gp_addr addr;

	if (!*text)
		return GP_OK;
	if (gp_addr_parse(text, &addr) != GP_OK)
		return add_text(build, text, strlen(text), &draft->row.override_name);
	draft->row.override_family = addr.family;
	memcpy(draft->row.override_bytes, addr.bytes, sizeof(addr.bytes));
	return GP_OK;
}

/* ---- patterns ---- */

static uint64_t hash_of(const struct rules_name *name)
{
	uint64_t state = SEED;
	unsigned end = name->length;

	for (unsigned label = name->labels; label-- > 0; end = name->start[label] - 1U)
		state = rules_hash_label(state, name->text + name->start[label],
					 end - name->start[label]);
	return rules_hash_end(state);
}

static enum gp_status add_form(struct build *build, uint16_t rank, uint8_t kind,
			       const char *text, bool is_other)
{
	struct pattern *pattern;
	struct rules_name name;
	char *at;

	/* A name in another script may be too long for what anybody could ask. */
	if (!rules_name_fold(text, &name))
		return GP_OK;
	at = grow(&build->names, name.length + 1U);
	pattern = at ? grow(&build->patterns, sizeof(*pattern)) : NULL;
	if (!pattern)
		return build_no_memory(build);
	memcpy(at, name.text, name.length);
	at[name.length] = '\0';
	*pattern = (struct pattern){
		.hash = hash_of(&name),
		.text = (uint64_t)((uint8_t *)at - build->names.at),
		.rank = rank,
		.kind = kind,
		.length = name.length,
		.is_other = is_other,
	};
	build->head.labels[name.labels / 64] |= UINT64_C(1) << name.labels % 64;
	build->draft[rank].pattern_count++;
	return GP_OK;
}

/* DNS knows the one form; programs that hand a name on as it was typed, the other. */
static enum gp_status add_pattern(struct build *build, struct draft *draft,
				  const char *word)
{
	const uint16_t rank = (uint16_t)(draft - build->draft);
	uint8_t kind = RULES_ITSELF | RULES_BELOW;
	char ascii[GP_IDNA_MAX], unicode[GP_IDNA_MAX];
	enum gp_status status;
	const char *why;

	draft->report.patterns++;
	if (!strcmp(word, "*")) {
		draft->row.flags &= ~GP_RULE_DOMAINS;
		return GP_OK;
	}
	if (word[0] == '=') {
		kind = RULES_ITSELF;
		word++;
	} else if (word[0] == '*') {
		kind = RULES_BELOW;
		word += strlen("*.");
	}
	status = gp_idna_to_ascii(word, ascii, &why);
	if (status != GP_OK)
		return gp_diag_set(build->diag, status, NULL, "%s: %s", word, why);
	status = add_form(build, rank, kind, ascii, false);
	if (status == GP_OK && gp_idna_to_unicode(ascii, unicode))
		status = add_form(build, rank, kind, unicode, true);
	return status;
}

/* A list on its way. */
struct list {
	struct build *build;
	struct draft *draft;
};

static enum gp_status take_line(void *ctx, const char *path, unsigned line,
				unsigned column, const char *pattern)
{
	const struct list *list = ctx;
	char why[GP_CONFIG_WHY] = "a NUL byte";

	if (pattern && gp_config_is_pattern(pattern, why))
		return add_pattern(list->build, list->draft, pattern);
	return gp_diag_set_at(list->build->diag, GP_SYNTAX, path, line, column,
			      "no pattern any more: %s", why);
}

static enum gp_status add_list(struct build *build, struct draft *draft, const char *from,
			       const char *word, size_t length)
{
	struct list list = {build, draft};
	char file[GP_CONFIG_LINE_MAX + 1];

	if (length >= sizeof(file))
		return GP_OK; /* no line of a configuration is so long */
	memcpy(file, word, length);
	file[length] = '\0';
	return gp_config_list_each(build->config, from, file, take_line, &list,
				   build->diag);
}

static enum gp_status add_lists(struct build *build, struct draft *draft)
{
	const struct gp_config_value *lists =
		gp_config_set_value(draft->section, "domains-file");
	enum gp_status status = GP_OK;
	size_t pos = 0, length;
	const char *word;

	while (lists && status == GP_OK &&
	       (length = gp_config_next_word(lists->text, &pos, &word)) > 0)
		status = add_list(build, draft, build->config->paths[lists->where.file],
				  word, length);
	return status;
}

static enum gp_status add_domains(struct build *build, struct draft *draft)
{
	const char *list = gp_config_text(draft->section, "domains"), *word;
	char pattern[GP_CONFIG_LINE_MAX + 1];
	enum gp_status status = GP_OK;
	size_t pos = 0, length;

	if (*list || gp_config_set_value(draft->section, "domains-file"))
		draft->row.flags |= GP_RULE_DOMAINS;
	draft->first_pattern = build->patterns.size / sizeof(struct pattern);
	while (status == GP_OK && (length = gp_config_next_word(list, &pos, &word)) > 0) {
		if (length >= sizeof(pattern))
			continue;
		memcpy(pattern, word, length);
		pattern[length] = '\0';
		status = add_pattern(build, draft, pattern);
	}
	return status == GP_OK ? add_lists(build, draft) : status;
}

/* ---- rows ---- */

/* The end of that day, wherever the host is. */
static int64_t end_of(const char *day)
{
	struct tm date = {.tm_hour = 24};

	if (sscanf(day, "%d-%d-%d", &date.tm_year, &date.tm_mon, &date.tm_mday) != 3)
		return INT64_MAX;
	date.tm_year -= 1900;
	date.tm_mon--;
	return timegm(&date);
}

static uint32_t flag_if(const struct gp_config_section *section, const char *key,
			uint32_t flag)
{
	return strcmp(gp_config_text(section, key), "yes") ? 0 : flag;
}

static uint8_t response_of(const char *word)
{
	if (!strcmp(word, "nxdomain"))
		return GP_NXDOMAIN;
	return !strcmp(word, "override") ? GP_OVERRIDE : GP_NODATA;
}

static void fill_row(struct draft *draft)
{
	const struct gp_config_section *section = draft->section;
	enum gp_rule_action action = GP_DO_ALLOW;
	struct rules_row *row = &draft->row;
	uint64_t number = 0;

	gp_rule_action_parse(gp_config_text(section, "action"), &action);
	gp_config_number(gp_config_text(section, "priority"), 65535, &number);
	row->priority = (uint16_t)number;
	row->action = (uint8_t)action;
	row->response = response_of(gp_config_text(section, "response"));
	row->until = end_of(gp_config_text(section, "until"));
	if (gp_config_time(gp_config_text(section, "override-ttl"), &number))
		row->override_ttl = (uint32_t)(number / 1000);
	row->flags = flag_if(section, "match-cname", GP_RULE_MATCH_CNAME) |
		     flag_if(section, "keep-last", GP_RULE_KEEP_LAST) |
		     flag_if(section, "enforce", GP_RULE_ENFORCE);
	if (*gp_config_text(section, "programs"))
		row->flags |= GP_RULE_PROGRAMS;
	if (*gp_config_text(section, "prefixes"))
		row->flags |= GP_RULE_PREFIXES;
	if (*gp_config_text(section, "clients"))
		row->flags |= GP_RULE_CLIENTS;
}

static enum gp_status add_rule(struct build *build, struct draft *draft)
{
	const char *name = draft->section->name + strlen("rule ");
	struct rules_row *row = &draft->row;
	enum gp_status status;
	size_t clients;

	snprintf(draft->report.name, sizeof(draft->report.name), "%s", name);
	draft->report.priority = row->priority;
	draft->report.until = row->until;
	status = add_text(build, name, strlen(name), &row->name);
	if (status == GP_OK)
		status = add_programs(build, draft);
	if (status == GP_OK)
		status = add_qtypes(build, draft);
	if (status == GP_OK)
		status = add_override(build, draft);
	if (status == GP_OK)
		status = build_ranges(build, draft, "prefixes", &row->prefixes4,
				      &row->prefixes6, &draft->report.prefixes);
	if (status == GP_OK)
		status = build_ranges(build, draft, "clients", &row->clients4,
				      &row->clients6, &clients);
	if (status == GP_OK)
		status = add_domains(build, draft);
	return status;
}

/* ---- all of them ---- */

static int by_priority(const void *a, const void *b)
{
	const struct draft *left = a, *right = b;

	return left->row.priority - right->row.priority;
}

static enum gp_status find_rules(struct build *build)
{
	const struct gp_config *config = build->config;

	build->draft = calloc(config->count + 1, sizeof(build->draft[0]));
	if (!build->draft)
		return build_no_memory(build);
	for (size_t i = 0; i < config->count; i++) {
		if (strcmp(config->sections[i]->spec->name, "rule") != 0)
			continue;
		build->draft[build->count].section = config->sections[i];
		fill_row(&build->draft[build->count++]);
	}
	qsort(build->draft, build->count, sizeof(build->draft[0]), by_priority);
	return GP_OK;
}

/* What no lookup needs to look at the rows for. */
static enum gp_status sum_up(struct build *build)
{
	struct rules_head *head = &build->head;

	head->count = (uint32_t)build->count;
	head->seed = SEED;
	for (size_t i = 0; i < build->count; i++) {
		const struct rules_row *row = &build->draft[i].row;
		const uint16_t rank = (uint16_t)i;
		void *at;

		head->actions |= 1U << row->action;
		if (row->flags & GP_RULE_PROGRAMS)
			head->flags |= GP_RULES_PROGRAMS;
		if (row->flags & GP_RULE_MATCH_CNAME)
			head->flags |= GP_RULES_CNAMES;
		if (row->flags & GP_RULE_DOMAINS) {
			head->flags |= GP_RULES_DOMAINS;
			continue;
		}
		at = grow(&build->general, sizeof(rank));
		if (!at)
			return build_no_memory(build);
		memcpy(at, &rank, sizeof(rank));
	}
	return GP_OK;
}

/* What is left of BYTES, or nothing, goes to SECTION of the result. */
static void hand_over(struct growing *bytes, struct gp_bytes *section)
{
	uint8_t *fit = bytes->size ? realloc(bytes->at, bytes->size) : NULL;

	if (!bytes->size)
		free(bytes->at);
	*section = (struct gp_bytes){fit || !bytes->size ? fit : bytes->at, bytes->size};
	*bytes = (struct growing){NULL, 0, 0};
}

static enum gp_status finish(struct build *build)
{
	struct gp_bytes *section = build->rules.section;
	struct growing head = {NULL, 0, 0}, table = {NULL, 0, 0};
	void *at = grow(&head, sizeof(build->head));

	hand_over(&build->general, &section[GP_RULES_GENERAL]);
	hand_over(&build->text, &section[GP_RULES_TEXT]);
	hand_over(&build->ranges, &section[GP_RULES_RANGES]);
	section[GP_RULES_RECORDS] =
		(struct gp_bytes){build->records.at, build->records.size};
	section[GP_RULES_BUCKETS] = (struct gp_bytes){
		build->buckets, (size_t)build->bucket_count * RULES_BUCKET};
	build->is_finished = true;
	if (at)
		memcpy(at, &build->head, sizeof(build->head));
	for (size_t i = 0; at && i < build->count; i++) {
		at = grow(&table, sizeof(struct rules_row));
		if (at)
			memcpy(at, &build->draft[i].row, sizeof(struct rules_row));
	}
	hand_over(&head, &section[GP_RULES_HEAD]);
	hand_over(&table, &section[GP_RULES_TABLE]);
	return at && gp_rules_open(section, &build->rules) ? GP_OK
							   : build_no_memory(build);
}

static enum gp_status report_to(struct build *build, struct gp_rules_report *out)
{
	struct gp_rule_report *list;

	if (!out)
		return GP_OK;
	list = calloc(build->count + 1, sizeof(list[0]));
	if (!list)
		return build_no_memory(build);
	build_report(build);
	for (size_t i = 0; i < build->count; i++)
		list[i] = build->draft[i].report;
	*out = (struct gp_rules_report){build->count, list};
	return GP_OK;
}

enum gp_status gp_rules_build(const struct gp_config *config, struct gp_rules *out,
			      struct gp_rules_report *report, struct gp_diag *diag)
{
	const int saved_errno = errno;
	struct build build = {.config = config, .diag = diag};
	enum gp_status status = find_rules(&build);

	for (size_t i = 0; status == GP_OK && i < build.count; i++)
		status = add_rule(&build, &build.draft[i]);
	if (status == GP_OK)
		status = build_index(&build);
	if (status == GP_OK)
		status = sum_up(&build);
	if (status == GP_OK)
		status = finish(&build);
	if (status == GP_OK)
		status = report_to(&build, report);
	if (status == GP_OK)
		*out = build.rules;
	else
		gp_rules_build_free(&build.rules);
	if (!build.is_finished) {
		free(build.general.at);
		free(build.text.at);
		free(build.ranges.at);
		free(build.records.at);
		free(build.buckets);
	}
	free(build.names.at);
	free(build.patterns.at);
	free(build.draft);
	errno = saved_errno;
	return status;
}

void gp_rules_build_free(struct gp_rules *rules)
{
	for (unsigned i = 0; i < GP_RULES_SECTIONS; i++)
		free((void *)(uintptr_t)rules->section[i].at);
	*rules = (struct gp_rules){.count = 0};
}

void gp_rules_report_free(struct gp_rules_report *report)
{
	free(report->rule);
	*report = (struct gp_rules_report){0, NULL};
}
