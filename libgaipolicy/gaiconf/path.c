/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* path.c - paths below a root folder: what is a link there must not lead out of it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diag.h"
#include "gaiconf/inside.h"
#include "gaiconf/store_private.h"

#define LINKS_MAX 40 /* as the kernel's */

char *gp_root_trim(const char *root)
{
	size_t length = root ? strlen(root) : 0;
	while (length > 0 && root[length - 1] == '/')
		length--;
	return strndup(length > 0 ? root : "", length);
}

/* A path being resolved: what is done, and what is still to do. */
struct walk {
	const char *root;
	size_t root_length;
	char done[PATH_MAX];
	char todo[PATH_MAX];
	int links;
};

/* Take the first component off todo; *LAST: nothing but slashes is left behind it. */
static bool take(struct walk *walk, char component[NAME_MAX + 1], bool *last)
{
	char *begin = walk->todo + strspn(walk->todo, "/");
	size_t length = strcspn(begin, "/");
	if (length == 0 || length > NAME_MAX)
		return false;

	memcpy(component, begin, length);
	component[length] = '\0';
	char *rest = begin + length;
	*last = rest[strspn(rest, "/")] == '\0';
	memmove(walk->todo, rest, strlen(rest) + 1);
	return true;
}

static void go_up(struct walk *walk)
{
	char *slash = strrchr(walk->done + walk->root_length, '/');
	if (slash)
		*slash = '\0';
}

/* Put the link's TARGET in front of todo; an absolute one starts at the root again. */
static bool follow(struct walk *walk, const char *target)
{
	char joined[2 * PATH_MAX];
	int length = snprintf(joined, sizeof(joined), "%s%s", target, walk->todo);

	if (length < 0 || length >= PATH_MAX || ++walk->links > LINKS_MAX)
		return false;
	memcpy(walk->todo, joined, (size_t)length + 1);
	if (target[0] == '/')
		walk->done[walk->root_length] = '\0';
	else
		go_up(walk);
	return true;
}

static bool step(struct walk *walk, const char *component, bool is_last, bool *is_link)
{
	char target[PATH_MAX];
	size_t length = strlen(walk->done);

	if (!strcmp(component, "."))
		return true;
	if (!strcmp(component, "..")) {
		go_up(walk);
		return true;
	}
	if (length + 1 + strlen(component) >= sizeof(walk->done))
		return false;
	walk->done[length] = '/';
	strcpy(walk->done + length + 1, component);

	ssize_t got =
		gp_inside_readlink(walk->root, walk->done, target, sizeof(target) - 1);
	if (got < 0)
		return true; /* not a link, or nothing there yet */
	target[got] = '\0';
	/* What a link leads to may be a link again; all of them are NAME's end. */
	*is_link |= is_last;
	return follow(walk, target);
}

static bool is_plain(const char *name)
{
	const size_t length = strlen(name);

	return name[0] == '/' && length > 1 && name[length - 1] != '/' &&
	       length < PATH_MAX && !strstr(name, "//") && !strstr(name, "/./") &&
	       !strstr(name, "/../") && strcmp(name + length - 2, "/.") != 0 &&
	       strcmp(strrchr(name, '/'), "/..") != 0;
}

/* Below a root three calls say that nothing on the way is a link; ENOENT as well, as what
 * comes before is ELOOP then. */
static bool stays_as_written(const struct walk *walk)
{
	struct stat stat;
	char *path;
	bool is_link;

	if (!walk->root[0] || !is_plain(walk->todo) ||
	    asprintf(&path, "%s%s", walk->root, walk->todo) < 0)
		return false;
	if (gp_inside_lstat(walk->root, path, &stat) == 0)
		is_link = S_ISLNK(stat.st_mode);
	else
		is_link = errno != ENOENT;
	free(path);
	return !is_link;
}

enum gp_status gp_path_resolve(const char *root, const char *name, char **out,
			       bool *is_link, struct gp_diag *diag)
{
	struct walk walk = {.root = root, .root_length = strlen(root)};
	char component[NAME_MAX + 1];
	bool is_last, was_link = false;
	int saved = errno;
	bool fits =
		walk.root_length < sizeof(walk.done) && strlen(name) < sizeof(walk.todo);

	if (fits) {
		strcpy(walk.done, root);
		strcpy(walk.todo, name);
	}
	if (fits && walk.root_length + strlen(name) < sizeof(walk.done) &&
	    stays_as_written(&walk)) {
		strcpy(walk.done + walk.root_length, name);
		walk.todo[0] = '\0';
	}
	while (fits && take(&walk, component, &is_last))
		fits = step(&walk, component, is_last && !was_link, &was_link);
	errno = saved;
	if (!fits || walk.todo[strspn(walk.todo, "/")] != '\0')
		return gp_diag_set(diag, GP_UNSUPPORTED, name,
				   "too many symbolic links, or too long a path");

	char *path = strdup(walk.done[0] ? walk.done : "/");
	if (!path)
		return gp_diag_set(diag, GP_NOMEM, name, "no memory");
	*out = path;
	*is_link = was_link;
	return GP_OK;
}
