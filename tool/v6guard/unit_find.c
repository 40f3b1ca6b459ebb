/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unit_find.c - where the files of a unit are, as systemd.unit(5) has it. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gaiconf/inside.h"
#include "gaiconf/store.h"
#include "nearest.h"
#include "unit.h"

/* The first that has a file of some name has the say. */
static const char *const folders[] = {"/etc/systemd/system.control",
				      "/run/systemd/system.control",
				      "/run/systemd/transient",
				      "/run/systemd/generator.early",
				      UNIT_FOLDER,
				      "/etc/systemd/system.attached",
				      "/run/systemd/system",
				      "/run/systemd/system.attached",
				      "/run/systemd/generator",
				      "/usr/local/lib/systemd/system",
				      "/usr/lib/systemd/system",
				      "/lib/systemd/system",
				      "/run/systemd/generator.late"};

#define FOLDER_COUNT (sizeof(folders) / sizeof(folders[0]))
#define SUFFIX ".service"
#define LINKS_MAX 8
#define DROPINS_MAX 256

/* ---- the unit itself ---- */

/* ROOT + FOLDER with links resolved, a slash, and NAME as it is. */
static bool path_of(const char *root, const char *folder, const char *name,
		    char path[PATH_MAX])
{
	char *resolved;
	bool is_link;
	int length;

	if (gp_path_resolve(root, folder, &resolved, &is_link, NULL) != GP_OK)
		return false;
	length = snprintf(path, PATH_MAX, "%s/%s", resolved, name);
	free(resolved);
	return length < PATH_MAX;
}

enum found { FOUND_NOTHING, FOUND_FILE, FOUND_LINK, FOUND_MASK };

/* TARGET: the last part of what a link leads to. */
static enum found look(const char *root, const char *path, char target[UNIT_NAME])
{
	char link[PATH_MAX];
	struct stat stat;
	const ssize_t length = gp_inside_readlink(root, path, link, sizeof(link) - 1);

	if (length < 0) {
		if (gp_inside_lstat(root, path, &stat) < 0 || !S_ISREG(stat.st_mode))
			return FOUND_NOTHING;
		return stat.st_size ? FOUND_FILE : FOUND_MASK;
	}
	link[length] = '\0';
	if (!strcmp(link, "/dev/null"))
		return FOUND_MASK;
	const char *slash = strrchr(link, '/');
	const char *last = slash ? slash + 1 : link;
	if (strlen(last) >= UNIT_NAME)
		return FOUND_NOTHING;
	strcpy(target, last);
	return FOUND_LINK;
}

static enum found look_everywhere(const char *root, const char *name,
				  char target[UNIT_NAME])
{
	char path[PATH_MAX];
	enum found found = FOUND_NOTHING;

	for (size_t i = 0; i < FOLDER_COUNT && found == FOUND_NOTHING; i++)
		if (path_of(root, folders[i], name, path))
			found = look(root, path, target);
	return found;
}

static int is_service(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);

	return length > strlen(SUFFIX) && length < UNIT_NAME &&
	       !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX);
}

/* Of FOLDER's the nearest to NAME and to what is in OUT by now; without ".service", which
 * would make all of them alike. */
static void guess_in(const char *root, const char *folder, const char *name,
		     char out[UNIT_NAME])
{
	struct dirent **entries;
	const int count = gp_inside_scan(root, folder, &entries, is_service, alphasort);

	for (int i = 0; i < count; i++) {
		char *stem = entries[i]->d_name;
		const char *words[] = {out, stem};

		stem[strlen(stem) - strlen(SUFFIX)] = '\0';
		if (gp_nearest(name, words + !out[0], 2 - !out[0]) == stem)
			strcpy(out, stem);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

bool unit_guess(const char *root, const char *name, char out[UNIT_NAME])
{
	const size_t length = strlen(name);
	char stem[UNIT_NAME];

	out[0] = '\0';
	if (length <= strlen(SUFFIX) ||
	    strcmp(name + length - strlen(SUFFIX), SUFFIX) != 0)
		return false;
	snprintf(stem, sizeof(stem), "%.*s", (int)(length - strlen(SUFFIX)), name);
	for (size_t i = 0; i < FOLDER_COUNT; i++)
		guess_in(root, folders[i], stem, out);
	if (!out[0])
		return false;
	strcat(out, SUFFIX);
	return true;
}

static void say_missing(const char *root, char why[UNIT_WHY])
{
	size_t used = (size_t)snprintf(why, UNIT_WHY, "there is no such unit%s%s in",
				       root[0] ? " below " : "", root);

	for (size_t i = 0; i < FOLDER_COUNT && used < UNIT_WHY; i++)
		used += (size_t)snprintf(why + used, UNIT_WHY - used, "%s %s",
					 i ? "," : "", folders[i]);
}

bool unit_find(const char *root, const char *name, char out[UNIT_NAME],
	       char why[UNIT_WHY])
{
	char template[UNIT_NAME], target[UNIT_NAME];

	snprintf(out, UNIT_NAME, "%s", name);
	for (int i = 0; i < LINKS_MAX; i++) {
		const bool has_template = unit_template(out, template);
		enum found found = look_everywhere(root, out, target);
		if (found == FOUND_NOTHING && has_template)
			found = look_everywhere(root, template, target);
		switch (found) {
		case FOUND_NOTHING:
			say_missing(root, why);
			return false;
		case FOUND_MASK:
			snprintf(why, UNIT_WHY, "it is masked");
			return false;
		case FOUND_FILE:
			return true;
		case FOUND_LINK:
			break;
		}
		/* A link to the same name elsewhere, or of an instance to its
		 * template. */
		if (!strcmp(target, out) || (has_template && !strcmp(target, template)))
			return true;
		snprintf(out, UNIT_NAME, "%s", target);
	}
	snprintf(why, UNIT_WHY, "too many aliases");
	return false;
}

/* ---- its files ---- */

/* Drop-ins by their names; the first folder that has one has the say. */
struct dropins {
	char *names[DROPINS_MAX], *paths[DROPINS_MAX];
	size_t count;
};

static bool has(const struct dropins *dropins, const char *name)
{
	for (size_t i = 0; i < dropins->count; i++)
		if (!strcmp(dropins->names[i], name))
			return true;
	return false;
}

static void keep(struct dropins *dropins, const char *folder, const char *name)
{
	const size_t length = strlen(name), at = dropins->count;

	if (length < 6 || strcmp(name + length - 5, ".conf") != 0 || name[0] == '.' ||
	    !strcmp(name, UNIT_DROPIN) || at == DROPINS_MAX || has(dropins, name))
		return;
	dropins->names[at] = strdup(name);
	if (asprintf(&dropins->paths[at], "%s/%s", folder, name) < 0)
		dropins->paths[at] = NULL;
	if (dropins->names[at] && dropins->paths[at]) {
		dropins->count++;
		return;
	}
	free(dropins->names[at]);
	free(dropins->paths[at]);
}

/* FOLDER: below the root, without it. */
static void collect_folder(const char *root, struct dropins *dropins, const char *folder)
{
	char *path;
	bool is_link;
	DIR *dir;

	if (gp_path_resolve(root, folder, &path, &is_link, NULL) != GP_OK)
		return;
	dir = gp_inside_opendir(root, path);
	free(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		keep(dropins, folder, entry->d_name);
	if (dir)
		closedir(dir);
}

static void collect_name(const char *root, struct dropins *dropins, const char *folder,
			 const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s.d", folder, name) < PATH_MAX)
		collect_folder(root, dropins, path);
}

/* "a-b-.service", "a-.service" of "a-b-c.service". */
static void collect_prefixes(const char *root, struct dropins *dropins,
			     const char *folder, const char *name)
{
	char shorter[UNIT_NAME];
	const char *dot = strrchr(name, '.');

	for (const char *at = dot; dot && at > name + 1; at--)
		if (at[-1] == '-' && at != dot) {
			snprintf(shorter, sizeof(shorter), "%.*s%s", (int)(at - name),
				 name, dot);
			collect_name(root, dropins, folder, shorter);
		}
}

static void collect(const char *root, struct dropins *dropins, const char *name)
{
	char template[UNIT_NAME];

	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		collect_name(root, dropins, folders[i], name);
		if (unit_template(name, template))
			collect_name(root, dropins, folders[i], template);
		collect_prefixes(root, dropins, folders[i], name);
	}
	for (size_t i = 0; i < FOLDER_COUNT; i++)
		collect_name(root, dropins, folders[i], "service");
}

static void sort(struct dropins *dropins)
{
	for (size_t i = 1; i < dropins->count; i++)
		for (size_t j = i;
		     j > 0 && strcmp(dropins->names[j - 1], dropins->names[j]) > 0; j--) {
			char *name = dropins->names[j], *path = dropins->paths[j];
			dropins->names[j] = dropins->names[j - 1];
			dropins->paths[j] = dropins->paths[j - 1];
			dropins->names[j - 1] = name;
			dropins->paths[j - 1] = path;
		}
}

/* One that is a link to /dev/null says nothing, and hides those of its name. */
static int read_one(const char *root, const char *path, struct unit *out)
{
	struct gp_file file;
	struct gp_diag diag;
	bool is_good;

	if (gp_file_read(root, path, &file, &diag) != GP_OK)
		return diag.status == GP_UNSUPPORTED ? EXIT_DONE : complain_diag(&diag);
	is_good = unit_read(out, file.bytes, file.size);
	gp_file_free(&file);
	return is_good ? EXIT_DONE : complain_memory();
}

static int read_fragment(const char *root, const char *name, struct unit *out)
{
	char path[PATH_MAX], target[UNIT_NAME], template[UNIT_NAME];

	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		if (!path_of(root, folders[i], name, path) ||
		    look(root, path, target) == FOUND_NOTHING)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		return read_one(root, path, out);
	}
	return unit_template(name, template) ? read_fragment(root, template, out)
					     : EXIT_DONE;
}

int unit_load(const char *root, const char *name, struct unit *out)
{
	struct dropins *dropins = calloc(1, sizeof(*dropins));
	int code = dropins ? read_fragment(root, name, out) : complain_memory();

	if (dropins) {
		collect(root, dropins, name);
		sort(dropins);
	}
	for (size_t i = 0; dropins && i < dropins->count; i++) {
		if (code == EXIT_DONE)
			code = read_one(root, dropins->paths[i], out);
		free(dropins->names[i]);
		free(dropins->paths[i]);
	}
	free(dropins);
	return code;
}

/* ---- those with a drop-in of ours ---- */

static int is_folder(const struct dirent *entry)
{
	const size_t length = strlen(entry->d_name);

	return length > 10 && !strcmp(entry->d_name + length - 10, ".service.d");
}

void unit_each_attached(const char *root, void (*visit)(void *ctx, const char *name),
			void *ctx)
{
	char path[PATH_MAX];
	struct dirent **names = NULL;
	const int count = gp_inside_scan(root, UNIT_FOLDER, &names, is_folder, alphasort);

	for (int i = 0; i < count; i++) {
		char *name = names[i]->d_name;
		if (snprintf(path, sizeof(path), "%s/%s/" UNIT_DROPIN, UNIT_FOLDER,
			     name) < PATH_MAX &&
		    gp_inside_has(root, path)) {
			name[strlen(name) - 2] = '\0';
			visit(ctx, name);
		}
		free(names[i]);
	}
	free(names);
}
