/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_attach.c - v6guard attach UNIT, v6guard detach UNIT: the preload for a service. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "gaiconf/inside.h"
#include "policy.h"
#include "run.h"
#include "systemctl.h"
#include "unit.h"

/* ---- the file ---- */

/* Only when it is empty. */
static void remove_folder(const char *root, const struct gp_file *file)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(file->path, '/');

	if (slash && snprintf(folder, sizeof(folder), "%.*s", (int)(slash - file->path),
			      file->path) < PATH_MAX)
		gp_inside_rmdir(root, folder);
}

int attach_write(struct change *change, const struct gp_file *file, const char *bytes,
		 size_t size)
{
	int code = bytes ? change_file(change, file, "unit", bytes, size)
			 : change_remove(change, file, "unit");

	/* Also when the file could not be made. */
	if (change->store && (code != EXIT_DONE || !bytes))
		remove_folder(change->cli->root, file);
	return code;
}

int attach_end(struct change *change, int code, const char *summary, const char *name)
{
	struct cli *cli = change->cli;
	char text[2 * UNIT_NAME + 256], which[UNIT_NAME];
	const char *at = strchr(name, '@');
	const bool is_running = systemctl_is_there(cli);

	if (code == EXIT_DONE && change->store && change->diff && is_running &&
	    !systemctl("daemon-reload", NULL))
		warn(cli, "`systemctl daemon-reload` failed: do that before a restart");
	/* Of a template, all instances. */
	if (at && at[1] == '.')
		snprintf(which, sizeof(which), "'%.*s*'", (int)(at + 1 - name), name);
	else
		snprintf(which, sizeof(which), "%s", name);
	if (cli->root[0])
		snprintf(text, sizeof(text), "%s", summary);
	else
		snprintf(text, sizeof(text), "%s; `%ssystemctl restart %s` makes it act",
			 summary, is_running ? "" : "systemctl daemon-reload && ", which);
	out_string(cli->out, "unit", NULL, name);
	return change_end(change, code, text);
}

void attach_unit_of(const char *path, char *name, size_t size)
{
	const char *end = strrchr(path, '/'), *begin = end;

	while (begin && begin > path && begin[-1] != '/')
		begin--;
	if (begin)
		snprintf(name, size, "%.*s", (int)(end - begin - 2), begin);
}

static int read_dropin(const struct cli *cli, const char *name, struct gp_file *out)
{
	char path[UNIT_NAME + sizeof(UNIT_FOLDER UNIT_DROPIN) + 8];
	struct gp_diag diag;

	snprintf(path, sizeof(path), UNIT_FOLDER "/%s.d/" UNIT_DROPIN, name);
	return gp_file_read(cli->root, path, out, &diag) == GP_OK ? EXIT_DONE
								  : complain_diag(&diag);
}

/* ---- attach ---- */

/* A file that the unit reads has the last word, whatever drop-ins say. */
static int check_env_file(const struct cli *cli, const char *name, const char *path,
			  const char *variable)
{
	struct gp_file file;
	unsigned line;

	path += path[0] == '-';
	if (path[0] != '/' || strpbrk(path, "%*?[") ||
	    gp_file_read(cli->root, path, &file, NULL) != GP_OK)
		return EXIT_DONE;
	line = unit_env_line(file.bytes, variable);
	if (line)
		complain("%s:%u: sets %s, and %s reads it as EnvironmentFile=, which "
			 "goes before what a drop-in says: change it there",
			 file.path, line, variable, name);
	gp_file_free(&file);
	return line ? EXIT_INPUT : EXIT_DONE;
}

static int check_environment(const struct cli *cli, const char *name,
			     const struct unit *unit)
{
	int code = EXIT_DONE;

	if (unit->unsets_preload || (cli->mode && unit->unsets_mode)) {
		complain("%s: UnsetEnvironment=%s takes away what a drop-in would say",
			 name, unit->unsets_preload ? "LD_PRELOAD" : "V6GUARD");
		return EXIT_INPUT;
	}
	for (size_t i = 0; i < unit->env_files.count && code == EXIT_DONE; i++) {
		code = check_env_file(cli, name, unit->env_files.items[i], "LD_PRELOAD");
		if (code == EXIT_DONE && cli->mode)
			code = check_env_file(cli, name, unit->env_files.items[i],
					      "V6GUARD");
	}
	return code;
}

/* Refused when nothing that it starts could be reached. */
static int check_programs(const struct cli *cli, const char *name,
			  const struct unit *unit)
{
	char why[RUN_WHY] = "";

	/* Below another root, or in one of its own, the path is another file. */
	if (cli->root[0] || unit->root || unit->exec.count == 0)
		return EXIT_DONE;
	for (size_t i = 0; i < unit->exec.count; i++) {
		const char *path = unit->exec.items[i];
		if (path[0] != '/' || strchr(path, '%') || !run_target_refuses(path, why))
			return EXIT_DONE;
	}
	complain("%s: %s", name, why);
	return EXIT_INPUT;
}

static int check_unit(struct cli *cli, const char *name, const struct unit *unit)
{
	int code = check_environment(cli, name, unit);

	if (code == EXIT_DONE)
		code = check_programs(cli, name, unit);
	if (code == EXIT_DONE && unit->root)
		warn(cli,
		     "%s: its root is %s: only with the library, /var/lib/v6guard and "
		     "/run/v6guard in there it is guarded",
		     name, unit->root);
	return code;
}

static int write_dropin(struct change *change, const char *name, const char *library)
{
	struct cli *cli = change->cli;
	struct unit unit = {.preload = NULL};
	struct gp_file file;
	char *text = NULL;
	int code = read_dropin(cli, name, &file);

	if (code != EXIT_DONE)
		return code;
	code = unit_load(cli->root, name, &unit);
	if (code == EXIT_DONE)
		code = check_unit(cli, name, &unit);
	if (code == EXIT_DONE) {
		text = unit_dropin(name, unit.preload, library, cli->mode);
		code = text ? attach_write(change, &file, text, strlen(text))
			    : complain_memory();
	}
	free(text);
	unit_free(&unit);
	gp_file_free(&file);
	return code;
}

static int find(const struct cli *cli, int count, char **args, bool must_exist,
		char name[UNIT_NAME])
{
	char typed[UNIT_NAME], why[UNIT_WHY];
	enum gp_mode mode;

	if (count == 0) {
		complain("%s of which unit? See `v6guard help attach`",
			 must_exist ? "attach" : "detach");
		return EXIT_USAGE;
	}
	if (cli->mode && gp_mode_parse(cli->mode, &mode) != GP_OK) {
		complain("--mode: '%s' is none of off, auto, prefer-ipv4, prefer-ipv6, "
			 "strip-aaaa, strip-a",
			 cli->mode);
		return EXIT_INPUT;
	}
	if (!unit_name(args[0], typed, why)) {
		complain("%s: %s", args[0], why);
		return EXIT_INPUT;
	}
	if (unit_find(cli->root, typed, name, why)) {
		if (strcmp(typed, name) != 0)
			complain("%s is an alias of %s", typed, name);
		return EXIT_DONE;
	}
	/* What is left of a service that was removed can be removed, too. */
	strcpy(name, typed);
	if (!must_exist)
		return EXIT_DONE;
	if (unit_guess(cli->root, typed, name) && strcmp(typed, name) != 0)
		complain("%s: there is no such unit: did you mean '%s'?", typed, name);
	else
		complain("%s: %s", typed, why);
	return EXIT_INPUT;
}

/* Without one nothing is changed, whatever --mode says. */
static void note_policy(struct cli *cli)
{
	struct policy policy;

	policy_read(cli, &policy);
	if (policy.state != POLICY_GOOD && policy.state != POLICY_UNREADABLE)
		warn(cli, "%s%s %s: nothing is changed until `v6guard apply`", cli->root,
		     GP_SNAPSHOT_PATH, policy.trouble);
	policy_free(&policy);
}

int cmd_attach(struct cli *cli, int count, char **args)
{
	struct change change;
	char name[UNIT_NAME], library[PATH_MAX], summary[UNIT_NAME + 16];
	int code = find(cli, count, args, true, name);

	if (code == EXIT_DONE && run_preload_find(cli->root, library, sizeof(library)))
		code = EXIT_ENVIRONMENT;
	if (code != EXIT_DONE)
		return code;
	code = change_begin(&change, cli);
	if (code == EXIT_DONE)
		code = write_dropin(&change, name, library);
	if (code == EXIT_DONE)
		note_policy(cli);
	snprintf(summary, sizeof(summary), "attached %s", name);
	return attach_end(&change, code, summary, name);
}

/* ---- detach ---- */

struct search {
	const char *template;
	bool is_found;
};

static void match(void *ctx, const char *name)
{
	struct search *search = ctx;

	search->is_found |= !strcmp(search->template, name);
}

/* An instance of a template that is attached stays so. */
static void note_template(struct cli *cli, const char *name)
{
	char template[UNIT_NAME];
	struct search search = {.template = template};

	if (!unit_template(name, template))
		return;
	unit_each_attached(cli->root, match, &search);
	if (search.is_found)
		warn(cli, "%s is attached, with all its instances", template);
}

int cmd_detach(struct cli *cli, int count, char **args)
{
	struct change change;
	struct gp_file file;
	char name[UNIT_NAME], summary[UNIT_NAME + 16];
	int code = find(cli, count, args, false, name);

	if (code != EXIT_DONE)
		return code;
	code = change_begin(&change, cli);
	if (code == EXIT_DONE)
		code = read_dropin(cli, name, &file);
	if (code == EXIT_DONE) {
		if (file.exists)
			code = attach_write(&change, &file, NULL, 0);
		gp_file_free(&file);
		note_template(cli, name);
	}
	snprintf(summary, sizeof(summary), "detached %s", name);
	return attach_end(&change, code, summary, name);
}
