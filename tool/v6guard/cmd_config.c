/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_config.c - v6guard config check|show|get|set */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "confedit.h"

#define SECTION 64

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
	enum gp_status status =
		gp_config_load_below(cli->root, dir, NULL, &config, errors);
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

/* ---- get, set ---- */

/* "SECTION.KEY": no key has a dot in it. */
static int split(const char *word, char section[SECTION], const char **key)
{
	const char *dot = strrchr(word, '.');

	if (!dot || dot == word || !dot[1] || dot - word >= SECTION) {
		complain("'%s' is not SECTION.KEY, as in guard.mode or 'rule "
			 "NAME.action'",
			 word);
		return EXIT_USAGE;
	}
	snprintf(section, SECTION, "%.*s", (int)(dot - word), word);
	*key = dot + 1;
	return EXIT_DONE;
}

struct guess {
	const char *word;
	char best[SECTION + 32];
};

/* Compared as a whole: it may be the section that is misspelt. */
static bool guess_item(void *ctx, const struct gp_config_item *item)
{
	struct guess *guess = ctx;
	char name[SECTION + 32];
	const char *one = name;

	snprintf(name, sizeof(name), "%s.%s", item->section, item->key);
	if (!guess->best[0] && gp_nearest(guess->word, &one, 1))
		strcpy(guess->best, name);
	return true;
}

static int find_setting(const struct gp_config *config, const char *word,
			const char *section, const char *key, struct gp_config_item *out)
{
	struct guess guess = {.word = word};

	if (gp_config_get(config, section, key, out) == GP_OK)
		return EXIT_DONE;
	gp_config_each(config, guess_item, &guess);
	if (guess.best[0])
		complain("there is no setting '%s': did you mean '%s'?", word,
			 guess.best);
	else
		complain("there is no setting '%s': `v6guard config show` has them all",
			 word);
	return EXIT_INPUT;
}

int cmd_config_get(struct cli *cli, int count, char **args)
{
	struct gp_config *config;
	struct gp_config_item item;
	char section[SECTION];
	const char *key;

	if (count == 0) {
		complain("config get: which SECTION.KEY?");
		return EXIT_USAGE;
	}
	int code = split(args[0], section, &key);
	if (code == EXIT_DONE)
		code = policy_load_config(cli, &config);
	if (code != EXIT_DONE)
		return code;
	code = find_setting(config, args[0], section, key, &item);
	if (code == EXIT_DONE) {
		out_string(cli->out, "section", NULL, item.section);
		out_string(cli->out, "key", NULL, item.key);
		out_string(cli->out, "value", NULL, item.value);
		out_string(cli->out, "file", NULL, item.path);
		out_integer(cli->out, "line", NULL, item.line);
		out_line(cli->out, "%s\n", item.value);
	}
	gp_config_free(config);
	return code;
}

static char *join(int count, char **words)
{
	char *text = strdup("");

	for (int i = 0; i < count && text; i++) {
		char *longer;
		if (asprintf(&longer, "%s%s%s", text, i ? " " : "", words[i]) < 0)
			longer = NULL;
		free(text);
		text = longer;
	}
	return text;
}

int cmd_config_set(struct cli *cli, int count, char **args)
{
	struct confedit edit;
	struct gp_config_item item;
	char section[SECTION];
	const char *key;

	if (count < 2) {
		complain("config set: SECTION.KEY VALUE");
		return EXIT_USAGE;
	}
	int code = split(args[0], section, &key);
	if (code != EXIT_DONE)
		return code;
	char *value = join(count - 1, args + 1);
	if (!value)
		return complain_memory();
	code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE)
		code = find_setting(edit.config, args[0], section, key, &item);
	if (code == EXIT_DONE)
		code = confedit_set(&edit, section, key, value);
	free(value);
	return confedit_end(&edit, code);
}
