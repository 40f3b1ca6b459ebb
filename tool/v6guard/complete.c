/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * complete.c - v6guard complete -- WORD...: what may stand for the last word, a line
 * each; the shells' completions ask for it (etc/completions). All of it comes from the
 * command table. ":files", ":folders" and ":commands" leave that to the shell.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "preset.h"

#define WORD 64

/* A word of a usage line: "[nss|config", "PREFIX...", "--for". */
struct token {
	const char *at;
	size_t size;
};

/* The command line so far. */
struct line {
	struct cli *cli;
	const char *last;   /* to be completed */
	const char *before; /* an option that LAST is the value of, or NULL */
	const char *words[2];
	size_t count; /* words that are no options, LAST not among them */
	bool has_dashes;
};

static void offer(const struct line *line, const char *text, size_t size)
{
	const size_t length = strlen(line->last);

	if (size >= length && !memcmp(text, line->last, length))
		out_line(line->cli->out, "%.*s\n", (int)size, text);
}

static void offer_text(const struct line *line, const char *text)
{
	offer(line, text, strlen(text));
}

/* To the shell: it knows better. */
static void offer_kind(const struct line *line, const char *kind)
{
	out_line(line->cli->out, ":%s\n", kind);
}

/* ---- values ----------------------------------------------------------------------- */

static void offer_modes(const struct line *line)
{
	for (int mode = 0; mode < GP_MODE_COUNT; mode++)
		offer_text(line, gp_mode_name((enum gp_mode)mode));
}

static void offer_profiles(const struct line *line, const char *start)
{
	for (int profile = 0; profile < GP_PROFILE_COUNT; profile++) {
		char text[WORD];

		snprintf(text, sizeof(text), "%s%s", start,
			 gp_profile_name((enum gp_profile)profile));
		offer_text(line, text);
	}
}

static void offer_presets(const struct line *line, const char *start)
{
	struct preset *list;
	size_t count;

	if (preset_list(line->cli, &list, &count) != EXIT_DONE)
		return;
	for (size_t i = 0; i < count; i++) {
		char text[2 * WORD];

		snprintf(text, sizeof(text), "%s%s", start, list[i].name);
		offer_text(line, text);
	}
	free(list);
}

static bool is_in(const char *word, const char *list)
{
	const char *found = strstr(list, word);

	return found && (found == list || found[-1] == ' ') &&
	       strchr(" ", found[strlen(word)]);
}

static void offer_option_value(const struct line *line)
{
	const char *option = line->before;

	if (is_in(option, "--root"))
		offer_kind(line, "folders");
	else if (is_in(option, "--config"))
		offer_kind(line, "files");
	else if (is_in(option, "--mode"))
		offer_modes(line);
	else if (is_in(option, "--profile"))
		offer_profiles(line, "");
	else if (is_in(option, "--doors"))
		offer_text(line, "nss");
	else if (is_in(option, "--color")) {
		offer_text(line, "auto");
		offer_text(line, "always");
		offer_text(line, "never");
	}
}

/* ---- usage lines ------------------------------------------------------------------ */

static bool next_token(const char **usage, struct token *out)
{
	*usage += strspn(*usage, " ");
	out->at = *usage;
	out->size = strcspn(*usage, " ");
	*usage += out->size;
	return out->size > 0;
}

/* The next of the words between the bars of a token, without brackets and dots. */
static bool next_part(struct token *rest, struct token *out)
{
	while (rest->size && strchr("[|", *rest->at)) {
		rest->at++;
		rest->size--;
	}
	out->at = rest->at;
	out->size = 0;
	while (out->size < rest->size && !strchr("|]", rest->at[out->size]))
		out->size++;
	rest->at += out->size;
	rest->size -= out->size;
	while (out->size > 3 && !memcmp(out->at + out->size - 3, "...", 3))
		out->size -= 3;
	return out->size > 0 && *out->at != ']';
}

static bool is_option(const struct token *part)
{
	return part->size > 1 && *part->at == '-' &&
	       (part->size > 2 || part->at[1] != '-');
}

static bool is_name(const struct token *part, const char *name)
{
	return part->size == strlen(name) && !memcmp(part->at, name, part->size);
}

static void offer_part(const struct line *line, const struct token *part)
{
	if (is_name(part, "FILE"))
		offer_kind(line, "files");
	else if (is_name(part, "PROGRAM") || is_name(part, "ARG"))
		offer_kind(line, is_name(part, "ARG") ? "files" : "commands");
	else if (is_name(part, "MODE"))
		offer_modes(line);
	else if (is_name(part, "NAME") && !strcmp(line->words[1], "preset"))
		offer_presets(line, "");
	else if (is_name(part, "preset:NAME"))
		offer_presets(line, "preset:");
	else if (is_name(part, "profile:NAME"))
		offer_profiles(line, "profile:");
	else if (is_name(part, "history:N"))
		offer_text(line, "history:");
	else if (islower((unsigned char)*part->at))
		offer(line, part->at, part->size);
}

/* The options of a usage line, or its INDEXth word; its last may be repeated. */
static void offer_usage(const struct line *line, const char *usage, bool wants_options,
			size_t index)
{
	struct token token, part;
	bool is_value = false, is_last = false;
	size_t at = 0;

	while (!is_last && next_token(&usage, &token)) {
		struct token rest = token;
		bool has_word = false;
		const bool is_dashes = is_name(&token, "[--]");

		is_last = !usage[strspn(usage, " ")];
		while (!is_dashes && next_part(&rest, &part)) {
			if (is_option(&part) && wants_options)
				offer(line, part.at, part.size);
			if (!is_option(&part) && !is_value) {
				has_word = true;
				if (!wants_options &&
				    (at == index || (is_last && at < index)))
					offer_part(line, &part);
			}
			/* What follows an option inside its brackets is its value. */
			is_value = is_option(&part) && !rest.size;
		}
		at += has_word;
	}
}

/* ---- commands --------------------------------------------------------------------- */

/* Verbs, or what may stand behind VERB; a word once. */
static bool offer_commands(const struct line *line, const char *verb)
{
	size_t count;
	const struct command *commands = command_table(&count);
	const char *said = "";
	bool is_any = false;

	for (size_t i = 0; i < count; i++) {
		const struct command *command = &commands[i];
		const char *word = verb ? command->sub : command->verb;

		if ((verb && strcmp(command->verb, verb) != 0) || !word ||
		    !strcmp(word, said))
			continue;
		offer_text(line, word);
		said = word;
		is_any = true;
	}
	return is_any;
}

static const struct command *find(const struct line *line)
{
	size_t count;
	const struct command *commands = command_table(&count);

	for (size_t i = 0; i < count; i++)
		if (!strcmp(commands[i].verb, line->words[0]) &&
		    (!commands[i].sub ||
		     (line->count > 1 && !strcmp(commands[i].sub, line->words[1]))))
			return &commands[i];
	return NULL;
}

static void offer_global_options(const struct line *line)
{
	static const char *const names[] = {"--json",  "--color=",  "--root",
					    "--quiet", "--version", "--help"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		offer_text(line, names[i]);
}

static void complete(const struct line *line)
{
	const bool is_help = line->count > 0 && !strcmp(line->words[0], "help");
	const struct command *command = line->count > 0 ? find(line) : NULL;

	if (line->before) {
		offer_option_value(line);
	} else if (line->last[0] == '-' && !line->has_dashes) {
		offer_global_options(line);
		if (command)
			offer_usage(line, command->usage, true, 0);
	} else if (line->count == 0 || (is_help && line->count == 1)) {
		offer_commands(line, NULL);
		if (!is_help)
			offer_text(line, "help");
	} else if (is_help) {
		offer_commands(line, line->words[1]);
	} else if (command) {
		offer_usage(line, command->usage, false,
			    line->count - (command->sub ? 2 : 1));
	} else if (line->count == 1) {
		offer_commands(line, line->words[0]);
	}
}

int cmd_complete(struct cli *cli, int count, char **args)
{
	struct line line = {.cli = cli, .last = "", .words = {"", ""}};

	if (count > 0)
		line.last = args[count - 1];
	for (int i = 0; i + 1 < count; i++) {
		const char *word = args[i];

		if (!line.has_dashes && !strcmp(word, "--"))
			line.has_dashes = true;
		else if (!line.has_dashes && options_takes_value(word)) {
			line.before = i + 2 == count ? word : NULL;
			i++;
		} else if (line.has_dashes || word[0] != '-') {
			if (line.count < 2)
				line.words[line.count] = word;
			line.count++;
			/* From here on the words are a program's. */
			line.has_dashes |=
				line.count == 2 && !strcmp(line.words[0], "run");
		}
	}
	complete(&line);
	return EXIT_DONE;
}
