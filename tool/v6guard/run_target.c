/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_target.c - which programs a preload reaches, and where ours is. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "gaiconf/inside.h"
#include "run.h"

#define PRELOAD "libv6guard-preload.so"
#define SCRIPTS_MAX 4 /* as the kernel has it */
#define HEADERS_MAX 128

/* ---- where it is ---- */

/* 0: it is there; else what execve() would say. */
static int try_path(const char *path)
{
	struct stat found;

	if (stat(path, &found))
		return errno;
	if (!S_ISREG(found.st_mode))
		return EACCES;
	return access(path, X_OK) ? errno : 0;
}

/* As execvp(): what may not be run is skipped, but remembered. */
static int search(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH");
	int error = ENOENT;

	for (const char *at = folders ? folders : "/bin:/usr/bin";;) {
		const size_t length = strcspn(at, ":");
		const int written = snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, at,
					     length ? "/" : "", name);
		const int now = written < PATH_MAX ? try_path(path) : ENAMETOOLONG;
		if (!now)
			return 0;
		if (now == EACCES)
			error = EACCES;
		if (!at[length])
			return error;
		at += length + 1;
	}
}

static int find(const char *name, char path[PATH_MAX])
{
	int error;

	if (!strchr(name, '/')) {
		error = name[0] ? search(name, path) : ENOENT;
	} else if (strlen(name) < PATH_MAX) {
		strcpy(path, name);
		error = try_path(path);
	} else {
		error = ENAMETOOLONG;
	}
	if (!error)
		return 0;
	complain("run: %s: %s", name, strerror(error));
	return error == ENOENT || error == ENOTDIR ? RUN_NOT_FOUND : RUN_REFUSED;
}

/* ---- what it is ---- */

static bool refuse(char out[RUN_WHY], const char *path, const char *why)
{
	snprintf(out, RUN_WHY, "%s: %s", path, why);
	return true;
}

/* Programs that start others for another user. They drop LD_PRELOAD, or the loader does
 * for them: it has to be said behind them. */
static const struct launcher {
	const char *name, *before, *behind; /* what stands around a command */
	bool takes_command;                 /* its words are one, behind its options */
	bool is_only_secure; /* with no rights to gain it hands the environment on */
} launchers[] = {
	{"sudo", "sudo", "", true, false},     {"doas", "doas", "", true, false},
	{"pkexec", "pkexec", "", true, false}, {"run0", "run0", "", true, false},
	{"su", "su -c '", "'", false, true},   {"sg", "sg GROUP -c '", "'", false, true},
};

static const struct launcher *find_launcher(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof(launchers) / sizeof(launchers[0]); i++)
		if (!strcmp(launchers[i].name, name))
			return &launchers[i];
	return NULL;
}

static const char *why_launcher(const char *path)
{
	const struct launcher *launcher = find_launcher(path);

	if (!launcher || launcher->is_only_secure)
		return NULL;
	return "it runs programs with an environment of its own, where nothing is "
	       "preloaded";
}

/* Where the kernel gives no rights by a file, the loader goes on as ever. */
static bool may_give_rights(int fd)
{
	struct statvfs system;

	return (fstatvfs(fd, &system) || !(system.f_flag & ST_NOSUID)) &&
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

/* Programs that get rights their caller has not: the loader ignores our preload. */
static const char *why_secure(int fd)
{
	struct stat found;

	if (fstat(fd, &found) || !may_give_rights(fd))
		return NULL;
	if (found.st_mode & S_ISUID && found.st_uid != getuid())
		return "it is setuid: the loader preloads nothing of ours into it "
		       "(libnss_v6guard reaches it)";
	if (found.st_mode & S_ISGID && found.st_mode & S_IXGRP &&
	    found.st_gid != getgid())
		return "it is setgid: the loader preloads nothing of ours into it "
		       "(libnss_v6guard reaches it)";
	if (geteuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return "it has file capabilities: the loader preloads nothing of ours "
		       "into it (libnss_v6guard reaches it)";
	return NULL;
}

static bool read_at(int fd, void *buf, size_t size, uint64_t at)
{
	return at <= INT32_MAX && pread(fd, buf, size, (off_t)at) == (ssize_t)size;
}

static const char *why_interpreter(int fd, uint64_t at, uint64_t size)
{
	char text[256] = "";

	if (size >= sizeof(text) || !read_at(fd, text, (size_t)size, at))
		return "its program interpreter cannot be read";
	if (strstr(text, "ld-musl"))
		return "it runs on musl, not on glibc: the preload does nothing there";
	return NULL;
}

static const char *why_elf(int fd)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) part;

	if (!read_at(fd, &header, sizeof(header), 0))
		return "it is cut short";
	/* This program's own class and machine. */
	if (header.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
		return "it is of another word size than " PRELOAD;
	for (unsigned i = 0; i < header.e_phnum && i < HEADERS_MAX; i++) {
		const uint64_t at = header.e_phoff + (uint64_t)i * header.e_phentsize;
		if (!read_at(fd, &part, sizeof(part), at))
			return "it is cut short";
		if (part.p_type == PT_INTERP)
			return why_interpreter(fd, part.p_offset, part.p_filesz);
	}
	return "it is static: nothing can be preloaded (libnss_v6guard reaches static "
	       "programs of glibc; Go programs have a resolver of their own)";
}

static bool refuses(const char *path, unsigned depth, char why[RUN_WHY]);

/* What runs a script is what is preloaded into. */
static bool refuses_script(const char *line, const char *path, unsigned depth,
			   char why[RUN_WHY])
{
	char name[256];
	const size_t start = strspn(line, " \t");
	const size_t length = strcspn(line + start, " \t\n");

	snprintf(name, sizeof(name), "%.*s", (int)length, line + start);
	if (!length)
		return false;
	if (depth >= SCRIPTS_MAX)
		return refuse(why, path, "too many interpreters");
	return refuses(name, depth + 1, why);
}

static bool refuses_open(int fd, const char *path, unsigned depth, char out[RUN_WHY])
{
	char start[256] = "";
	const ssize_t got = pread(fd, start, sizeof(start) - 1, 0);
	const char *why;

	if (got > 2 && !memcmp(start, "#!", 2))
		return refuses_script(start + 2, path, depth, out);
	if (got < SELFMAG || memcmp(start, ELFMAG, SELFMAG) != 0)
		return false; /* execvp() gives it to the shell, or fails */
	why = why_launcher(path);
	if (!why)
		why = why_secure(fd);
	if (!why)
		why = why_elf(fd);
	return why && refuse(out, path, why);
}

static bool refuses(const char *path, unsigned depth, char why[RUN_WHY])
{
	/* One that may be run and not read cannot be looked at. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is_refused;

	if (fd < 0)
		return false;
	is_refused = refuses_open(fd, path, depth, why);
	close(fd);
	return is_refused;
}

bool run_target_refuses(const char *path, char why[RUN_WHY])
{
	return refuses(path, 0, why);
}

static bool is_plain(const char *word)
{
	return word[0] != '-' &&
	       !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_./:@%+,-")];
}

/* The command that ARGS hand to a launcher, as a shell takes it; or CMD in its place,
 * where that takes knowledge of the launcher's options. */
static const char *command_of(char *const *args, char *out, size_t size)
{
	size_t used = 0;

	if (!args[0] || !is_plain(args[0]))
		return "CMD";
	for (; *args; args++) {
		const int more =
			snprintf(out + used, size - used, "%s%s", used ? " " : "", *args);
		if (more < 0 || (size_t)more >= size - used ||
		    !is_plain(*args + strspn(*args, "-")))
			return "CMD";
		used += (size_t)more;
	}
	return out;
}

static void say_how(const char *path, char *const *args)
{
	const struct launcher *launcher = find_launcher(path);
	const char *command = "CMD";
	char text[256];

	if (!launcher)
		return;
	if (launcher->takes_command)
		command = command_of(args + 1, text, sizeof(text));
	complain("run: say `%s%sv6guard run -- %s%s` instead", launcher->before,
		 launcher->takes_command ? " " : "", command, launcher->behind);
}

int run_target_check(char *const *args)
{
	char path[PATH_MAX], why[RUN_WHY];
	int code = find(args[0], path);

	if (code || !refuses(path, 0, why))
		return code;
	complain("run: %s", why);
	say_how(path, args);
	return RUN_REFUSED;
}

/* ---- our own ---- */

/* True if the loader finds PATH, "$LIB" and all; FILE is what that leads to. */
static bool loads(const char *path, char file[PATH_MAX])
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	struct link_map *map;
	bool found;

	if (!handle)
		return false;
	found = !dlinfo(handle, RTLD_DI_LINKMAP, &map) && realpath(map->l_name, file);
	dlclose(handle);
	return found;
}

/* Below which folder this program is staged: "" where it is installed. */
static void find_stage(char stage[PATH_MAX])
{
	static const char own[] = V6GUARD_BINDIR "/v6guard";
	const ssize_t length = readlink("/proc/self/exe", stage, PATH_MAX - 1);
	const ssize_t tail = (ssize_t)sizeof(own) - 1;

	stage[length > 0 ? length : 0] = '\0';
	if (length >= tail && !strcmp(stage + length - tail, own))
		stage[length - tail] = '\0';
	else
		stage[0] = '\0';
}

bool run_preload_path(const char *root, char *buf, size_t size)
{
	char stage[PATH_MAX] = "";
	int length;

	if (!root[0])
		find_stage(stage);
	length = snprintf(buf, size, "%s%s%s/%s", root, stage, V6GUARD_LIBDIR, PRELOAD);
	return length >= 0 && (size_t)length < size;
}

/* Nothing of another root is loaded: what its loader makes of "$LIB" is not known. */
static int find_below(const char *root, char *buf, size_t size)
{
	if (!gp_inside_has(root, buf + strlen(root))) {
		complain("%s: %s", buf, strerror(errno));
		return RUN_TROUBLE;
	}
	memmove(buf, buf + strlen(root), size - strlen(root));
	return 0;
}

int run_preload_find(const char *root, char *buf, size_t size)
{
	static const char any[] = "/usr/$LIB/" PRELOAD; /* for each word size its own */
	char file[PATH_MAX], by_loader[PATH_MAX];

	if (!run_preload_path(root, buf, size) || strpbrk(buf + strlen(root), ": \t")) {
		complain("%s: LD_PRELOAD cannot hold such a path", buf);
		return RUN_TROUBLE;
	}
	if (root[0])
		return find_below(root, buf, size);
	if (!loads(buf, file)) {
		const char *why = dlerror();
		complain("%s", why ? why : buf);
		return RUN_TROUBLE;
	}
	if (!strcmp(buf, V6GUARD_LIBDIR "/" PRELOAD) && size > sizeof(any) &&
	    loads(any, by_loader) && !strcmp(by_loader, file))
		strcpy(buf, any);
	return 0;
}
