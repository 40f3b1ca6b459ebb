/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_apply.c - v6guard apply */
#include "policy.h"

static void print_rule(struct cli *cli, const struct gp_rules_report *report,
		       const struct gp_rule_report *rule)
{
	const char *other =
		rule->shadowed_by >= 0 ? report->rule[rule->shadowed_by].name : NULL;

	out_object(cli->out, NULL);
	out_string(cli->out, "name", NULL, rule->name);
	out_integer(cli->out, "priority", NULL, rule->priority);
	out_integer(cli->out, "patterns", NULL, (long long)rule->patterns);
	out_integer(cli->out, "prefixes", NULL, (long long)rule->prefixes);
	out_integer(cli->out, "duplicates", NULL, (long long)rule->duplicates);
	out_integer(cli->out, "shadowed", NULL, (long long)rule->shadowed);
	out_string(cli->out, "shadowed_by", NULL, other);
	out_bool(cli->out, "never_matches", NULL, rule->never_matches);
	out_end(cli->out);

	out_line(cli->out, "rule %s, priority %u: %zu pattern%s, %zu prefix%s",
		 rule->name, rule->priority, rule->patterns,
		 rule->patterns == 1 ? "" : "s", rule->prefixes,
		 rule->prefixes == 1 ? "" : "es");
	if (rule->duplicates)
		out_line(cli->out, "; %zu said twice", rule->duplicates);
	if (other && rule->shadowed)
		out_line(cli->out, "; %zu taken by rules before it, as %s",
			 rule->shadowed, other);
	out_line(cli->out, "\n");
}

/* Everything but the writing, and without the lock: for who may not write as well. */
static int check_only(struct cli *cli)
{
	struct gp_file file;
	struct gp_diag diag;
	struct gp_snapshot snapshot;
	struct gp_rules_report report;
	struct policy old;
	char text[1024];

	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	int code = policy_compile(cli, file.bytes, file.size, &report, &snapshot);
	gp_file_free(&file);
	if (code != EXIT_DONE)
		return code;

	policy_warn(cli, &report);
	out_list(cli->out, "rules");
	for (size_t i = 0; i < report.count; i++)
		print_rule(cli, &report, &report.rule[i]);
	out_end(cli->out);
	gp_rules_report_free(&report);
	policy_read(cli, &old);
	bool is_same =
		old.state == POLICY_GOOD && policy_is_same(&old.snapshot, &snapshot);
	snapshot.generation = old.state == POLICY_GOOD ? old.snapshot.generation : 0;
	snapshot.generation += !is_same;
	policy_free(&old);
	policy_summary(&snapshot, text, sizeof(text));
	gp_rules_build_free(&snapshot.rules);
	change_report(cli, false, "");
	if (!cli->is_quiet)
		out_line(cli->out, "%s: %s\n", is_same ? "in force" : "would be", text);
	return EXIT_DONE;
}

int cmd_apply(struct cli *cli, int count, char **args)
{
	struct change change;
	struct policy old = {.state = POLICY_ABSENT};
	struct gp_snapshot new;
	char text[1024] = "";

	(void)count, (void)args;
	if (cli->is_check)
		return check_only(cli);
	int code = change_begin(&change, cli);
	if (code == EXIT_DONE)
		code = policy_apply(&change, NULL, 0, &old, &new);
	if (code == EXIT_DONE)
		policy_summary(&new, text, sizeof(text));
	/* Sections that are not part of the policy may have changed. */
	change.wants_reload = code == EXIT_DONE && change.store;
	policy_free(&old);
	return change_end(&change, code, text);
}
