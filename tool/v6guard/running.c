/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* running.c - units that still sort by the gai.conf before, and how to restart them. */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gai.h"
#include "guard/clock.h"
#include "guard/running.h"
#include "running.h"

#define SHOWN 20
#define COMMAND 256

static int64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_reloading(const char *bytes, size_t size)
{
	struct gp_gai_tables tables;
	bool reload;

	if (gp_gai_tables_read(bytes, size, gp_gai_dialect_here(), &tables) != GP_OK)
		return false;
	reload = tables.gai.reload;
	gp_gai_tables_free(&tables);
	return reload;
}

/* What ENTRY replaced was there until AT_MS, nobody wrote anything in between, and who
 * read it follows the file. History has whole seconds. */
static bool goes_on(const struct gp_history_entry *entry, int64_t at_ms)
{
	const int64_t gap = at_ms - entry->time * 1000;
	struct gp_diag diag;
	char *bytes;
	size_t size;
	bool reload;

	if (!entry->existed || gap < -500 || gap > 2000 ||
	    gp_history_content("", entry, &bytes, &size, &diag) != GP_OK)
		return false;
	reload = is_reloading(bytes, size);
	free(bytes);
	return reload;
}

/* Since when all that stood there said `reload yes`: the first entry is this change. */
static void look_back(struct running *running)
{
	struct gp_history_entry *list;
	struct gp_diag diag;
	size_t count;

	if (gp_history_list("", "gai", &list, &count, &diag) != GP_OK)
		return;
	for (size_t i = 1; i < count && goes_on(&list[i], running->before_ms); i++)
		running->before_ms = list[i].since_ms;
	free(list);
}

void running_note(struct running *running, const struct gp_file *file)
{

	running->is_noted = true;
	running->written_ms = wall_ms();
	running->before_ms = INT64_MAX;
	if (!file->exists)
		return;
	running->before_ms = (int64_t)file->stat.st_mtim.tv_sec * 1000 +
			     file->stat.st_mtim.tv_nsec / 1000000;
	running->did_reload = is_reloading(file->bytes, file->size);
	if (running->did_reload)
		look_back(running);
}

/* ---- commands ---- */

static bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/* Those that take sessions, or the whole host, with them. */
static bool is_vital(const char *unit)
{
	static const char *const units[] = {"dbus.service", "dbus-broker.service",
					    "systemd-logind.service",
					    "display-manager.service"};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i]))
			return true;
	return false;
}

/* "": there is none. */
static void command_for(const struct gp_running_unit *unit, char out[COMMAND])
{
	const struct passwd *user = unit->is_user ? getpwuid(unit->user) : NULL;

	out[0] = '\0';
	if (!strcmp(unit->unit, "init.scope"))
		snprintf(out, COMMAND, "systemctl daemon-reexec");
	else if (!ends_with(unit->unit, ".service") || is_vital(unit->unit))
		return;
	else if (!unit->is_user)
		snprintf(out, COMMAND, "systemctl restart %s", unit->unit);
	else if (user)
		snprintf(out, COMMAND, "systemctl --user -M %s@ restart %s",
			 user->pw_name, unit->unit);
}

/* ---- report ---- */

static void add_unit(struct out *out, const struct gp_running_unit *unit)
{
	char command[COMMAND];

	command_for(unit, command);
	out_object(out, NULL);
	out_string(out, "unit", NULL, unit->unit[0] ? unit->unit : NULL);
	out_string(out, "program", NULL, unit->program);
	out_integer(out, "pid_count", NULL, (long long)unit->count);
	out_string(out, "certainty", NULL, gp_keeping_text(unit->keeping));
	out_string(out, "command", NULL, command[0] ? command : NULL);
	out_end(out);
}

/* Names of programs are theirs to choose. */
static void clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void name_of(const struct gp_running_unit *unit, char *out, size_t size)
{
	if (unit->unit[0])
		snprintf(out, size, "%s", unit->unit);
	else
		snprintf(out, size, "(%s)", unit->program);
	clean(out);
}

static void print_units(const struct gp_running *found)
{
	const size_t shown = found->count < SHOWN ? found->count : SHOWN;
	char name[160], command[COMMAND];
	int width = 4;

	fflush(stdout); /* the result stands before it */
	for (size_t i = 0; i < shown; i++) {
		name_of(&found->units[i], name, sizeof(name));
		width = (int)strlen(name) > width ? (int)strlen(name) : width;
	}
	fprintf(stderr,
		"Programs that have read gai.conf already go on with what they read:\n"
		"%-*s  PROCESSES  TABLE BEFORE  COMMAND\n",
		width, "UNIT");
	for (size_t i = 0; i < shown; i++) {
		const struct gp_running_unit *unit = &found->units[i];

		name_of(unit, name, sizeof(name));
		command_for(unit, command);
		fprintf(stderr, "%-*s  %9zu  %-12s  %s\n", width, name, unit->count,
			gp_keeping_text(unit->keeping), command[0] ? command : "-");
	}
	if (found->count > shown)
		fprintf(stderr, "and %zu more: --json has all\n", found->count - shown);
}

static void print_rest(const struct gp_running *found)
{
	if (found->follow > 0)
		fprintf(stderr,
			"%zu process%s the file without a restart (reload yes).\n",
			found->follow, found->follow > 1 ? "es follow" : " follows");
	if (found->unseen > 0)
		fprintf(stderr, "%zu process%s could not be looked at.\n", found->unseen,
			found->unseen > 1 ? "es" : "");
}

static void look(struct cli *cli, const struct running *running)
{
	const struct gp_running_query query = {
		.proc = "/proc",
		.path = GAI_CONF,
		.did_reload = running->did_reload,
		.before_ms = running->before_ms,
		.written_ms = running->written_ms,
		.boot_ms = wall_ms() - gp_boot_ms(),
	};
	struct gp_running found;

	if (gp_running_look(&query, &found) != GP_OK) {
		warn(cli, "which programs keep the gai.conf before is not known");
		return;
	}
	for (size_t i = 0; i < found.count; i++)
		add_unit(cli->out, &found.units[i]);
	if (!cli->is_quiet && !out_is_json(cli->out)) {
		if (found.count > 0)
			print_units(&found);
		print_rest(&found);
	}
	gp_running_free(&found);
}

void running_report(struct cli *cli, const struct running *running)
{
	if (!running->is_asked)
		return;
	out_list(cli->out, "running");
	/* Below a root nothing runs. */
	if (running->is_noted && !cli->root[0])
		look(cli, running);
	out_end(cli->out);
}
