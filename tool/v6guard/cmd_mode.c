/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_mode.c - v6guard mode [MODE] */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy.h"

static const char default_path[] = V6GUARD_CONFDIR "/v6guard.conf";

/* Where [guard] mode is set, below the root, malloc'd; *LINE 0: nowhere yet. */
static char *find_setting(const struct cli *cli, const struct gp_config *config,
			  unsigned *line, const char **value)
{
	struct gp_config_item item;
	size_t root_length = strlen(cli->root);

	*line = 0;
	*value = "";
	if (gp_config_get(config, "guard", "mode", &item) != GP_OK || !item.path)
		return strdup(default_path);
	*line = item.line;
	*value = item.value;
	return strdup(item.path + root_length);
}

static int show(struct cli *cli)
{
	struct policy policy;
	struct gp_config *config;
	int code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;

	unsigned line;
	const char *wanted;
	char *path = find_setting(cli, config, &line, &wanted);
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

/* The dry run: what the file would hold is not there to be compiled. */
static int note_mode(struct change *change, enum gp_mode mode, struct policy *old,
		     struct gp_snapshot *new)
{
	struct gp_file nsswitch;
	struct gp_diag diag;

	if (gp_file_read(change->cli->root, NSSWITCH, &nsswitch, &diag) != GP_OK)
		return complain_diag(&diag);
	int code = policy_compile(change->cli, nsswitch.bytes, nsswitch.size, NULL, new);
	gp_file_free(&nsswitch);
	if (code != EXIT_DONE)
		return code;
	new->guard.mode = (uint8_t)mode;
	policy_read(change->cli, old);
	old->built = new->rules;
	if (old->state == POLICY_GOOD)
		new->off_until = old->snapshot.off_until;
	return policy_write(change, old, new);
}

static int edit(struct change *change, const struct gp_file *file, enum gp_mode mode,
		struct policy *old, struct gp_snapshot *new)
{
	char *bytes;
	size_t size;
	enum gp_status status = gp_config_edit(file->bytes, file->size, "guard", "mode",
					       gp_mode_name(mode), &bytes, &size);
	if (status != GP_OK) {
		complain("%s: cannot be edited: %s", file->path, gp_status_text(status));
		return exit_of(status);
	}
	int code = change_file(change, file, "config", bytes, size);
	free(bytes);
	if (code != EXIT_DONE)
		return code;
	if (!change->store)
		return note_mode(change, mode, old, new);
	code = policy_apply(change, NULL, 0, old, new);
	if (code != EXIT_DONE) {
		complain("%s: put back as it was", file->path);
		change_undo(change, file);
	}
	return code;
}

static int set(struct change *change, enum gp_mode mode, struct policy *old,
	       struct gp_snapshot *new)
{
	struct cli *cli = change->cli;
	struct gp_config *config;
	struct gp_file file;
	struct gp_diag diag;
	unsigned line;
	const char *value;
	int code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;

	char *path = find_setting(cli, config, &line, &value);
	bool is_set = line && !strcmp(value, gp_mode_name(mode));
	gp_config_free(config);
	if (!path)
		return complain_memory();
	if (is_set)
		code = policy_apply(change, NULL, 0, old, new);
	else if (gp_file_read(cli->root, path, &file, &diag) != GP_OK)
		code = complain_diag(&diag);
	else {
		code = edit(change, &file, mode, old, new);
		gp_file_free(&file);
	}
	free(path);
	return code;
}

static int complain_mode(const char *word)
{
	const char *words[GP_MODE_COUNT];
	for (int i = 0; i < GP_MODE_COUNT; i++)
		words[i] = gp_mode_name((enum gp_mode)i);

	const char *guess = nearest(word, words, GP_MODE_COUNT);
	complain("unknown mode '%s'%s%s%s (off, auto, prefer-ipv4, prefer-ipv6, "
		 "strip-aaaa, "
		 "strip-a)",
		 word, guess ? ": did you mean '" : "", guess ? guess : "",
		 guess ? "'?" : "");
	return EXIT_INPUT;
}

int cmd_mode(struct cli *cli, int count, char **args)
{
	struct change change;
	struct policy old = {.state = POLICY_ABSENT};
	struct gp_snapshot new;
	enum gp_mode mode;
	char text[1024] = "";

	if (count == 0)
		return show(cli);
	if (gp_mode_parse(args[0], &mode) != GP_OK)
		return complain_mode(args[0]);
	int code = change_begin(&change, cli);
	if (code == EXIT_DONE)
		code = set(&change, mode, &old, &new);
	if (code == EXIT_DONE)
		policy_summary(&new, text, sizeof(text));
	policy_free(&old);
	return change_end(&change, code, text);
}
