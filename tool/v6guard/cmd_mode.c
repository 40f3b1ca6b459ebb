/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_mode.c - v6guard mode [MODE] */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "confedit.h"

static int show(struct cli *cli)
{
	struct policy policy;
	struct gp_config *config;
	int code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;

	unsigned line;
	char *path = confedit_path(cli, config, "guard", "mode", &line);
	policy_read(cli, &policy);
	bool is_good = policy.state == POLICY_GOOD;
	const char *mode =
		is_good ? gp_mode_name((enum gp_mode)policy.snapshot.guard.mode) : NULL;
	bool is_off = is_good && gp_snapshot_is_off(&policy.snapshot, time(NULL));

	out_string(cli->out, "mode", NULL, mode);
	out_string(cli->out, "file", NULL, line ? path : NULL);
	out_integer(cli->out, "line", NULL, line);
	out_bool(cli->out, "off", NULL, is_off);
	out_line(cli->out, "%s", mode ? mode : "none");
	if (!mode)
		out_line(cli->out, "\n");
	else if (line)
		out_line(cli->out, " (%s%s:%u)\n", cli->root, path, line);
	else
		out_line(cli->out, " (the default)\n");
	if (!is_good)
		complain("%s%s %s: `v6guard apply`", cli->root, GP_SNAPSHOT_PATH,
			 policy.trouble);
	else if (gp_config_guard(config)->mode != policy.snapshot.guard.mode)
		complain("the configuration says %s: `v6guard apply` puts it in force",
			 gp_mode_name((enum gp_mode)gp_config_guard(config)->mode));
	if (is_off)
		complain("v6guard is switched off: `v6guard on` ends that");
	free(path);
	policy_free(&policy);
	gp_config_free(config);
	return is_good ? EXIT_DONE : EXIT_NEGATIVE;
}

static int complain_mode(const char *word)
{
	const char *words[GP_MODE_COUNT];
	for (int i = 0; i < GP_MODE_COUNT; i++)
		words[i] = gp_mode_name((enum gp_mode)i);

	complain_unknown("mode", word, words, GP_MODE_COUNT);
	return EXIT_INPUT;
}

int cmd_mode(struct cli *cli, int count, char **args)
{
	struct confedit edit;
	enum gp_mode mode;

	if (count == 0)
		return show(cli);
	if (gp_mode_parse(args[0], &mode) != GP_OK)
		return complain_mode(args[0]);
	int code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE)
		code = confedit_set(&edit, "guard", "mode", gp_mode_name(mode));
	return confedit_end(&edit, code);
}
