/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* confedit.c - changing v6guard.conf, or a file of conf.d. */
#include <stdlib.h>
#include <string.h>

#include "confedit.h"

int confedit_begin(struct confedit *edit, struct cli *cli)
{
	*edit = (struct confedit){.old = {.state = POLICY_ABSENT}};
	int code = change_begin(&edit->change, cli);
	if (code == EXIT_DONE)
		code = policy_load_config(cli, &edit->config);
	return code;
}

char *confedit_path(const struct cli *cli, const struct gp_config *config,
		    const char *section, const char *key, unsigned *line)
{
	struct gp_config_item item;
	const bool is_set =
		gp_config_get(config, section, key, &item) == GP_OK && item.path;

	if (line)
		*line = is_set ? item.line : 0;
	return strdup(is_set ? item.path + strlen(cli->root) : CONFEDIT_DEFAULT);
}

static int apply(struct confedit *edit)
{
	struct gp_snapshot new;
	int code = policy_apply(&edit->change, NULL, 0, &edit->old, &new);

	if (code == EXIT_DONE)
		policy_summary(&new, edit->summary, sizeof(edit->summary));
	return code;
}

/* Read first as it would be: what has an error in it is not written. */
static int check(struct cli *cli)
{
	struct gp_config *config;
	int code = policy_load_config(cli, &config);

	if (code == EXIT_DONE)
		gp_config_free(config);
	return code;
}

int confedit_put(struct confedit *edit, const char *path, const struct gp_file *file,
		 const char *bytes, size_t size)
{
	struct change *change = &edit->change;
	struct cli *cli = change->cli;
	char *full;

	if (asprintf(&full, "%s%s", cli->root, path) < 0)
		return complain_memory();
	const struct gp_config_overlay overlay = {full, bytes, size};
	cli->overlay = &overlay;
	int code = check(cli);
	if (code == EXIT_DONE)
		code = change_file(change, file, "config", bytes, size);
	if (code == EXIT_DONE) {
		/* Sections that are not part of the policy may have changed. */
		change->wants_reload = change->store != NULL;
		code = apply(edit);
		if (code != EXIT_DONE && change->store) {
			complain("%s: put back as it was", file->path);
			change_undo(change, file);
		}
	}
	cli->overlay = NULL;
	free(full);
	return code;
}

static int set_in(struct confedit *edit, const char *path, const char *section,
		  const char *key, const char *value)
{
	struct gp_file file;
	struct gp_diag diag;
	char *bytes;
	size_t size;

	if (gp_file_read(edit->change.cli->root, path, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	enum gp_status status =
		gp_config_edit(file.bytes, file.size, section, key, value, &bytes, &size);
	int code = exit_of(status);
	if (status != GP_OK) {
		complain("%s: cannot be edited: %s", file.path, gp_status_text(status));
	} else {
		code = confedit_put(edit, path, &file, bytes, size);
		free(bytes);
	}
	gp_file_free(&file);
	return code;
}

int confedit_set(struct confedit *edit, const char *section, const char *key,
		 const char *value)
{
	struct gp_config_item item;
	unsigned line;
	char *path = confedit_path(edit->change.cli, edit->config, section, key, &line);
	int code;

	if (!path)
		return complain_memory();
	if (line && gp_config_get(edit->config, section, key, &item) == GP_OK &&
	    !strcmp(item.value, value))
		code = apply(edit);
	else
		code = set_in(edit, path, section, key, value);
	free(path);
	return code;
}

int confedit_end(struct confedit *edit, int code)
{
	gp_config_free(edit->config);
	policy_free(&edit->old);
	return change_end(&edit->change, code, edit->summary);
}

#define RULES_MAX 256

struct rule_names {
	const char *names[RULES_MAX];
	size_t count;
};

static bool take_rule(void *ctx, const struct gp_config_item *item)
{
	struct rule_names *rules = ctx;

	if (!strncmp(item->section, "rule ", 5) && !strcmp(item->key, "priority") &&
	    rules->count < RULES_MAX)
		rules->names[rules->count++] = item->section + 5;
	return true;
}

void confedit_no_rule(const struct confedit *edit, const char *name)
{
	struct rule_names rules = {.count = 0};

	gp_config_each(edit->config, take_rule, &rules);
	if (rules.count > 0)
		complain_unknown("rule", name, rules.names, rules.count);
	else
		complain("there is no rule %s, nor any other", name);
}
