/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_rule.c - v6guard rule list|add|del|test */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confedit.h"

#define SECTION 64 /* "rule NAME" is checked when it is read */
#define PRIORITY_MAX 65535
#define PRIORITY_STEP 10
#define ADDRESSES_MAX 32

/* ---- the rules of a configuration ---- */

struct rule {
	char section[SECTION];
	unsigned priority;
	size_t conditions;
	struct gp_config_item at; /* its priority */
};

struct rules {
	struct rule *list;
	size_t count;
	bool has_failed;
};

static bool is_condition(const char *key)
{
	static const char *const keys[] = {"domains",  "domains-file", "prefixes",
					   "programs", "clients",      "until"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static bool take_item(void *ctx, const struct gp_config_item *item)
{
	struct rules *rules = ctx;
	struct rule *last = rules->count ? &rules->list[rules->count - 1] : NULL;

	if (strncmp(item->section, "rule ", 5) != 0)
		return true;
	if (!last || strcmp(last->section, item->section) != 0) {
		struct rule *grown =
			realloc(rules->list, (rules->count + 1) * sizeof(*grown));
		rules->has_failed |= !grown;
		if (!grown)
			return false;
		rules->list = grown;
		last = &grown[rules->count++];
		*last = (struct rule){.conditions = 0};
		snprintf(last->section, sizeof(last->section), "%s", item->section);
	}
	if (!strcmp(item->key, "priority")) {
		last->priority = (unsigned)strtoul(item->value, NULL, 10);
		last->at = *item;
	}
	last->conditions += item->path && is_condition(item->key);
	return true;
}

static int by_priority(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	return x->priority < y->priority ? -1 : x->priority > y->priority;
}

static int find_rules(const struct gp_config *config, struct rules *out)
{
	*out = (struct rules){.list = NULL};
	gp_config_each(config, take_item, out);
	if (out->has_failed) {
		free(out->list);
		return complain_memory();
	}
	if (out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_priority);
	return EXIT_DONE;
}

/* One that nobody has: behind the last one, or the first gap. 0: all are taken. */
static unsigned free_priority(const struct rules *rules)
{
	const unsigned last = rules->count ? rules->list[rules->count - 1].priority : 0;
	const unsigned next = (last / PRIORITY_STEP + 1) * PRIORITY_STEP;
	unsigned at = 1;

	if (next <= PRIORITY_MAX)
		return next;
	for (size_t i = 0; i < rules->count && rules->list[i].priority == at; i++)
		at++;
	return at <= PRIORITY_MAX ? at : 0;
}

/* ---- list ---- */

static void print_rule(struct cli *cli, const struct gp_config *config,
		       const struct rule *rule, int width)
{
	const char *action = gp_config_value(config, rule->section, "action");
	const char *enforce = gp_config_value(config, rule->section, "enforce");
	const char *until = gp_config_value(config, rule->section, "until");

	out_object(cli->out, NULL);
	out_string(cli->out, "name", NULL, rule->section + 5);
	out_integer(cli->out, "priority", NULL, rule->priority);
	out_integer(cli->out, "conditions", NULL, (long long)rule->conditions);
	out_string(cli->out, "action", NULL, action);
	out_bool(cli->out, "enforce", NULL, !strcmp(enforce, "yes"));
	out_string(cli->out, "until", NULL, until[0] ? until : NULL);
	out_string(cli->out, "file", NULL, rule->at.path);
	out_integer(cli->out, "line", NULL, rule->at.line);
	out_end(cli->out);
	out_line(cli->out, "%8u  %-*s  %10zu  %-11s  %-7s  %-10s  %s:%u\n",
		 rule->priority, width, rule->section + 5, rule->conditions, action,
		 enforce, until[0] ? until : "-", rule->at.path, rule->at.line);
}

int cmd_rule_list(struct cli *cli, int count, char **args)
{
	struct gp_config *config;
	struct rules rules;
	int width = 4;
	int code = policy_load_config(cli, &config);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	code = find_rules(config, &rules);
	if (code == EXIT_DONE) {
		for (size_t i = 0; i < rules.count; i++) {
			const int length = (int)strlen(rules.list[i].section + 5);
			width = length > width ? length : width;
		}
		if (rules.count)
			out_line(cli->out,
				 "PRIORITY  %-*s  CONDITIONS  ACTION       ENFORCE  "
				 "UNTIL       FILE\n",
				 width, "NAME");
		else
			out_line(cli->out, "no rules\n");
		out_list(cli->out, "rules");
		for (size_t i = 0; i < rules.count; i++)
			print_rule(cli, config, &rules.list[i], width);
		out_end(cli->out);
		free(rules.list);
	}
	gp_config_free(config);
	return code;
}

/* ---- add ---- */

/* What all arguments of KEY say, a blank between them; malloc'd, NULL: no memory. */
static char *value_of(int count, char **args, const char *key)
{
	const size_t length = strlen(key);
	char *value = strdup("");

	for (int i = 0; value && i < count; i++) {
		char *longer;
		if (strncmp(args[i], key, length) != 0 || args[i][length] != '=')
			continue;
		if (asprintf(&longer, "%s%s%s", value, value[0] ? " " : "",
			     args[i] + length + 1) < 0)
			longer = NULL;
		free(value);
		value = longer;
	}
	return value;
}

static bool is_said_before(char **args, int at, size_t length)
{
	for (int i = 0; i < at; i++)
		if (!strncmp(args[i], args[at], length + 1))
			return true;
	return false;
}

/* Put the KEY of ARGS[AT] into *BYTES. */
static int add_key(char **bytes, size_t *size, const char *section, int count,
		   char **args, int at)
{
	const size_t length = strcspn(args[at], "=");
	char *key, *value, *longer;
	size_t longer_size;

	if (!args[at][length] || !length) {
		complain("rule add: '%s' is not KEY=VALUE", args[at]);
		return EXIT_USAGE;
	}
	if (is_said_before(args, at, length))
		return EXIT_DONE;
	key = strndup(args[at], length);
	value = key ? value_of(count, args, key) : NULL;
	enum gp_status status = value ? gp_config_edit(*bytes, *size, section, key, value,
						       &longer, &longer_size)
				      : GP_NOMEM;
	if (status == GP_OK) {
		free(*bytes);
		*bytes = longer;
		*size = longer_size;
	} else {
		complain("rule add: %s: no line can hold this value", args[at]);
	}
	free(key);
	free(value);
	return status == GP_OK ? EXIT_DONE : exit_of(status);
}

static int add_section(struct confedit *edit, const char *section, int count, char **args)
{
	struct gp_file file;
	struct gp_diag diag;

	if (gp_file_read(edit->change.cli->root, CONFEDIT_DEFAULT, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	size_t size = file.size;
	char *bytes = malloc(size + 1);
	int code = bytes ? EXIT_DONE : complain_memory();
	if (bytes)
		memcpy(bytes, file.bytes, size + 1);
	for (int i = 0; i < count && code == EXIT_DONE; i++)
		code = add_key(&bytes, &size, section, count, args, i);
	if (code == EXIT_DONE) {
		code = confedit_put(edit, CONFEDIT_DEFAULT, &file, bytes, size);
		if (code == EXIT_INPUT)
			complain("rule add: that is what would be wrong; nothing was "
				 "written");
	}
	free(bytes);
	gp_file_free(&file);
	return code;
}

/* A rule has to have one, and nobody else may. */
static int check_priority(const struct gp_config *config, int count, char **args)
{
	struct rules rules;
	char *text = value_of(count, args, "priority");
	int code = text ? find_rules(config, &rules) : complain_memory();
	const struct rule *taken = NULL;

	if (code != EXIT_DONE) {
		free(text);
		return code;
	}
	for (size_t i = 0; i < rules.count; i++)
		if (text[0] && rules.list[i].priority == strtoul(text, NULL, 10))
			taken = &rules.list[i];
	if (!text[0])
		complain("rule add: it needs a priority, the lowest is asked first: "
			 "priority=%u is free",
			 free_priority(&rules));
	else if (taken)
		complain("rule add: priority %s is that of [%s]: %u is free", text,
			 taken->section, free_priority(&rules));
	code = text[0] && !taken ? EXIT_DONE : EXIT_INPUT;
	free(rules.list);
	free(text);
	return code;
}

static int section_of(const char *name, char section[SECTION])
{
	const int length = snprintf(section, SECTION, "rule %s", name);

	if (name[0] && length < SECTION && !strpbrk(name, "[]\n\r\t ;"))
		return EXIT_DONE;
	complain("rule: '%s' is no name for a rule", name);
	return EXIT_INPUT;
}

static bool has_rule(const struct gp_config *config, const char *section)
{
	struct gp_config_item item;

	return gp_config_get(config, section, "priority", &item) == GP_OK;
}

int cmd_rule_add(struct cli *cli, int count, char **args)
{
	struct confedit edit;
	char section[SECTION];

	if (count < 2) {
		complain("rule add: NAME KEY=VALUE...: see `v6guard help rule add`");
		return EXIT_USAGE;
	}
	int code = section_of(args[0], section);
	if (code != EXIT_DONE)
		return code;
	code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE && has_rule(edit.config, section)) {
		complain("rule add: there is a rule %s: `v6guard config set '%s.KEY' "
			 "VALUE` changes it",
			 args[0], section);
		code = EXIT_INPUT;
	}
	if (code == EXIT_DONE)
		code = check_priority(edit.config, count - 1, args + 1);
	if (code == EXIT_DONE)
		code = add_section(&edit, section, count - 1, args + 1);
	return confedit_end(&edit, code);
}

/* ---- del ---- */

struct places {
	const char *section, *path, *other; /* OTHER: a second file */
};

static bool take_place(void *ctx, const struct gp_config_item *item)
{
	struct places *places = ctx;

	if (strcmp(item->section, places->section) != 0 || !item->path)
		return true;
	if (!places->path)
		places->path = item->path;
	else if (strcmp(places->path, item->path) != 0)
		places->other = item->path;
	return true;
}

static int cut(struct confedit *edit, const char *section)
{
	struct places places = {.section = section};
	struct gp_file file;
	struct gp_diag diag;
	char *bytes;
	size_t size;
	const char *root = edit->change.cli->root;

	gp_config_each(edit->config, take_place, &places);
	if (places.other) {
		complain("[%s] is in %s and in %s: remove it there", section, places.path,
			 places.other);
		return EXIT_INPUT;
	}
	const char *path = places.path + strlen(root);
	if (gp_file_read(root, path, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	enum gp_status status =
		gp_config_cut(file.bytes, file.size, section, &bytes, &size);
	int code = exit_of(status);
	if (status == GP_OK) {
		code = confedit_put(edit, path, &file, bytes, size);
		free(bytes);
	} else {
		complain("%s: cannot be edited: %s", file.path, gp_status_text(status));
	}
	gp_file_free(&file);
	return code;
}

int cmd_rule_del(struct cli *cli, int count, char **args)
{
	struct confedit edit;
	char section[SECTION];

	if (count == 0) {
		complain("rule del: which one? `v6guard rule list`");
		return EXIT_USAGE;
	}
	int code = section_of(args[0], section);
	if (code != EXIT_DONE)
		return code;
	code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE && has_rule(edit.config, section))
		code = cut(&edit, section);
	else if (code == EXIT_DONE)
		confedit_no_rule(&edit, args[0]);
	return confedit_end(&edit, code);
}

/* ---- test ---- */

/* What a name, or an address of it, is decided by. */
struct verdict {
	const char *name, *address; /* ADDRESS may be NULL */
	const char *rule;           /* NULL: [guard] */
	unsigned priority;
	const char *action;
	bool enforce;
};

static void print_members(struct out *out, const struct verdict *verdict)
{
	out_string(out, "rule", NULL, verdict->rule);
	out_string(out, "action", NULL, verdict->action);
	out_bool(out, "enforce", NULL, verdict->enforce);
}

static void print_line(struct out *out, const struct verdict *verdict)
{
	out_line(out, "%s%s%s: ", verdict->name ? verdict->name : "",
		 verdict->name && verdict->address ? " " : "",
		 verdict->address ? verdict->address : "");
	if (!verdict->action)
		out_line(out, "never touched");
	else if (verdict->rule)
		out_line(out, "rule %s, priority %u: %s", verdict->rule,
			 verdict->priority, verdict->action);
	else
		out_line(out, "no rule; [guard]: %s", verdict->action);
	out_line(out, "%s\n", verdict->enforce ? "" : " (enforce = no: only counted)");
}

/* ADDR NULL: the name, as far as addresses outside of all prefixes go. */
static struct verdict decide(const struct gp_snapshot *policy,
			     const struct gp_query *query, const struct gp_addr *addr,
			     struct gp_guard_rule *rule)
{
	struct gp_candidate candidate = {.rule = 0};
	struct verdict out = {.name = query->name, .enforce = true};
	bool is_rule;

	if (gp_guard_is_exempt(query->name) || (addr && gp_addr_is_special(addr)))
		return out;
	if (addr) {
		candidate.addr = *addr;
		gp_guard_assign(&policy->guard, &policy->rules, query, &candidate, 1);
		is_rule = candidate.rule &&
			  gp_rules_get(&policy->rules, candidate.rule - 1U, rule);
	} else {
		is_rule = gp_rules_match(&policy->rules, query, NULL, rule);
	}
	out.action = gp_mode_name((enum gp_mode)policy->guard.mode);
	out.enforce = policy->guard.enforce;
	if (is_rule) {
		out.rule = rule->name;
		out.priority = rule->priority;
		out.action = gp_rule_action_name((enum gp_rule_action)rule->action);
		out.enforce = rule->flags & GP_RULE_ENFORCE;
	}
	return out;
}

static int take_addresses(int count, char **args, struct gp_addr *out)
{
	if (count > ADDRESSES_MAX) {
		complain("rule test: %d addresses at most", ADDRESSES_MAX);
		return EXIT_USAGE;
	}
	for (int i = 0; i < count; i++)
		if (gp_addr_parse(args[i], &out[i]) != GP_OK) {
			complain("rule test: '%s' is no address", args[i]);
			return EXIT_INPUT;
		}
	return EXIT_DONE;
}

/* Rules before the one that decides, which are about some addresses of the name only. */
static void print_partial(struct cli *cli, const struct gp_snapshot *policy,
			  const struct gp_query *query)
{
	struct gp_rules_walk walk;
	struct gp_guard_rule rule;
	unsigned rank;

	out_list(cli->out, "partial");
	gp_rules_begin(&walk, &policy->rules, query);
	while (!gp_guard_is_exempt(query->name) && gp_rules_next(&walk, &rank) &&
	       gp_rules_get(&policy->rules, rank, &rule) &&
	       rule.flags & GP_RULE_PREFIXES) {
		out_item(cli->out, rule.name);
		out_line(cli->out,
			 "%s, addresses in its prefixes: rule %s, priority %u: "
			 "%s%s\n",
			 query->name, rule.name, rule.priority,
			 gp_rule_action_name((enum gp_rule_action)rule.action),
			 rule.flags & GP_RULE_ENFORCE ? ""
						      : " (enforce = no: only counted)");
	}
	out_end(cli->out);
}

/* NAME NULL: addresses of some name that no rule names. */
static void test(struct cli *cli, const struct gp_snapshot *policy, const char *name,
		 const struct gp_addr *addresses, int count, char **args)
{
	struct gp_program program = {.path = ""};
	struct gp_query query = {.name = name ? name : "name.invalid",
				 .family = AF_UNSPEC,
				 .door = GP_DOOR_NSS,
				 .program = &program,
				 .now = time(NULL)};
	struct gp_guard_rule rule;
	struct verdict verdict;

	if (cli->program) {
		const char *slash = strrchr(cli->program, '/');
		snprintf(program.path, sizeof(program.path), "%s", cli->program);
		snprintf(program.comm, sizeof(program.comm), "%.15s",
			 slash ? slash + 1 : cli->program);
	}
	verdict = decide(policy, &query, NULL, &rule);
	if (name) {
		print_members(cli->out, &verdict);
		if (!count) {
			print_partial(cli, policy, &query);
			print_line(cli->out, &verdict);
		}
	}
	out_list(cli->out, "addresses");
	for (int i = 0; i < count; i++) {
		verdict = decide(policy, &query, &addresses[i], &rule);
		verdict.name = name;
		verdict.address = args[i];
		out_object(cli->out, NULL);
		out_string(cli->out, "address", NULL, args[i]);
		print_members(cli->out, &verdict);
		out_end(cli->out);
		print_line(cli->out, &verdict);
	}
	out_end(cli->out);
}

static void note_unapplied(struct cli *cli, const struct gp_snapshot *fresh)
{
	struct policy policy;

	policy_read(cli, &policy);
	if (policy.state != POLICY_GOOD || !policy_is_same(&policy.snapshot, fresh))
		warn(cli, "this is what the configuration says; it is not in force: "
			  "`v6guard apply`");
	policy_free(&policy);
}

int cmd_rule_test(struct cli *cli, int count, char **args)
{
	struct gp_addr addresses[ADDRESSES_MAX], first;
	struct gp_snapshot policy;
	struct gp_file file;
	struct gp_diag diag;

	if (count == 0) {
		complain("rule test: which name or address?");
		return EXIT_USAGE;
	}
	const char *name = gp_addr_parse(args[0], &first) == GP_OK ? NULL : args[0];
	const int skipped = name != NULL;
	int code = take_addresses(count - skipped, args + skipped, addresses);
	if (code != EXIT_DONE)
		return code;
	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	code = policy_compile(cli, file.bytes, file.size, NULL, &policy);
	gp_file_free(&file);
	if (code != EXIT_DONE)
		return code;
	test(cli, &policy, name, addresses, count - skipped, args + skipped);
	note_unapplied(cli, &policy);
	gp_rules_build_free(&policy.rules);
	return EXIT_DONE;
}
