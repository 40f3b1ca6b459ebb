/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_config.c - v6guard config check, v6guard config show */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "policy.h"

static void print_errors(struct cli *cli, enum gp_status status,
			 const struct gp_config_errors *errors)
{
	out_bool(cli->out, "ok", NULL, status == GP_OK);
	out_list(cli->out, "errors");
	for (size_t i = 0; i < errors->count; i++) {
		const struct gp_diag *diag = &errors->list[i];
		complain_diag(diag);
		out_object(cli->out, NULL);
		out_string(cli->out, "file", NULL, diag->path);
		out_integer(cli->out, "line", NULL, diag->line);
		out_integer(cli->out, "column", NULL, diag->column);
		out_string(cli->out, "text", NULL, diag->text);
		out_end(cli->out);
	}
	out_end(cli->out);
}

int cmd_config_check(struct cli *cli, int count, char **args)
{
	struct gp_config_errors *errors = calloc(1, sizeof(*errors));
	struct gp_config *config = NULL;
	char *dir;

	(void)count, (void)args;
	if (!errors || asprintf(&dir, "%s%s", cli->root, V6GUARD_CONFDIR) < 0) {
		free(errors);
		return complain_memory();
	}
	enum gp_status status = gp_config_load(dir, &config, errors);
	print_errors(cli, status, errors);
	if (errors->more)
		complain("there are more errors");
	if (status == GP_OK && !cli->is_quiet)
		out_line(cli->out, "%s: no errors\n", dir);
	/* The errors are the result here: they are written although the exit code is 3.
	 */
	if (status != GP_OK)
		out_finish(cli->out);
	gp_config_free(config);
	free(errors);
	free(dir);
	return exit_of(status);
}

struct printing {
	struct cli *cli;
	char section[128];
};

static bool print_item(void *ctx, const struct gp_config_item *item)
{
	struct printing *printing = ctx;
	struct out *out = printing->cli->out;

	out_object(out, NULL);
	out_string(out, "section", NULL, item->section);
	out_string(out, "key", NULL, item->key);
	out_string(out, "value", NULL, item->value);
	out_string(out, "file", NULL, item->path);
	out_integer(out, "line", NULL, item->line);
	out_end(out);

	if (strcmp(printing->section, item->section) != 0) {
		out_line(out, "%s[%s]\n", printing->section[0] ? "\n" : "",
			 item->section);
		snprintf(printing->section, sizeof(printing->section), "%s",
			 item->section);
	}
	/* As it may stand in the file; " ;" begins a comment there. */
	if (item->path)
		out_line(out, "%s = %s ; %s:%u\n", item->key, item->value, item->path,
			 item->line);
	else
		out_line(out, "%s = %s\n", item->key, item->value);
	return true;
}

int cmd_config_show(struct cli *cli, int count, char **args)
{
	struct printing printing = {.cli = cli};
	struct gp_config *config;

	(void)count, (void)args;
	int code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;
	out_list(cli->out, "settings");
	gp_config_each(config, print_item, &printing);
	out_end(cli->out);
	gp_config_free(config);
	return EXIT_DONE;
}
