/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inside.h - system calls on paths below a root folder whose owner is not trusted: no
 * component is followed as a link, whatever it becomes between two calls.
 *
 * ROOT has no slash at its end. "" is this host, where the calls are the plain ones; else
 * PATH begins with ROOT, and neither has links, "." or ".." (gp_path_resolve's result
 * below a realpath): a link in place of a component is ELOOP. All set errno.
 */
#ifndef LIBGAIPOLICY_GAICONF_INSIDE_H
#define LIBGAIPOLICY_GAICONF_INSIDE_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/** open() with O_CLOEXEC, and O_NOFOLLOW below a root. */
int gp_inside_open(const char *root, const char *path, int flags, mode_t mode);

/** A descriptor of the folder that PATH is in, to be read and fsync'ed; -1. */
int gp_inside_open_parent(const char *root, const char *path);

/** mkostemp(): the six X at the end of PATH become what was free. */
int gp_inside_make_temp(const char *root, char *path);

int gp_inside_lstat(const char *root, const char *path, struct stat *out);
ssize_t gp_inside_readlink(const char *root, const char *path, char *out, size_t size);
int gp_inside_unlink(const char *root, const char *path);
int gp_inside_rmdir(const char *root, const char *path);
int gp_inside_mkdir(const char *root, const char *path, mode_t mode);
DIR *gp_inside_opendir(const char *root, const char *path);

/** scandir() of the folder NAME below ROOT, links followed as by gp_inside_follow. */
int gp_inside_scan(const char *root, const char *name, struct dirent ***out,
		   int (*filter)(const struct dirent *),
		   int (*compare)(const struct dirent **, const struct dirent **));

/** Open the file NAME below ROOT to read, links followed below ROOT only; on this host as
 * open() does. A link to /dev/null is that, whether ROOT has one or not. FLAGS as for
 * gp_inside_open. */
int gp_inside_follow(const char *root, const char *name, int flags);

/** Is there something of that name below ROOT, links followed there? */
bool gp_inside_has(const char *root, const char *name);

#endif
