/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* main.c - v6guardd's command line, and into the background. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "folder.h"
#include "say.h"
#include "steward.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_ENVIRONMENT = 4 };

static const char usage[] =
	"usage: v6guardd [-f] [-c FILE] [--check]\n"
	"\n"
	"  -f, --foreground  stay in the foreground\n"
	"  -c, --config FILE a v6guard.conf other than the usual, or its folder; conf.d\n"
	"                    beside it goes along\n"
	"      --check       look for errors in the configuration, and no more\n"
	"  -h, --help        this\n"
	"      --version     print the version\n"
	"\n"
	"Exit status: 0 done, 2 usage, 3 bad configuration, 4 environment.\n";

struct wishes {
	bool is_foreground, is_check, is_over;
	char *dir;
};

/* Not realpath(): a link in PATH may point elsewhere one day, and is followed then. */
static char *absolute(const char *path)
{
	char here[4096], *out;

	if (path[0] == '/')
		return strdup(path);
	if (!getcwd(here, sizeof(here)) || asprintf(&out, "%s/%s", here, path) < 0)
		return NULL;
	return out;
}

/* The folder of PATH, or PATH if it is one; malloc'd. NULL: it says why. */
static char *folder_of(const char *path)
{
	struct stat found;
	const char *name;
	char *copy;

	if (stat(path, &found) < 0) {
		fprintf(stderr, "v6guardd: %s: %s\n", path, strerror(errno));
		return NULL;
	}
	if (S_ISDIR(found.st_mode))
		return absolute(path);
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	if (strcmp(name, "v6guard.conf") != 0) {
		fprintf(stderr, "v6guardd: %s: the file must be called v6guard.conf\n",
			path);
		return NULL;
	}
	copy = absolute(path);
	if (copy)
		copy[strlen(copy) - strlen(name) - 1] = '\0';
	/* Of "/v6guard.conf" nothing is left. */
	if (copy && !copy[0])
		strcpy(copy, "/");
	return copy;
}

static int take_option(int option, struct wishes *wishes)
{
	switch (option) {
	case 'f':
		wishes->is_foreground = true;
		return EXIT_DONE;
	case 'c':
		free(wishes->dir);
		wishes->dir = folder_of(optarg);
		return wishes->dir ? EXIT_DONE : EXIT_ENVIRONMENT;
	case 'C':
		wishes->is_check = true;
		return EXIT_DONE;
	case 'h':
		fputs(usage, stdout);
		wishes->is_over = true;
		return EXIT_DONE;
	case 'V':
		puts("v6guardd " V6GUARD_VERSION);
		wishes->is_over = true;
		return EXIT_DONE;
	default:
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
}

static int take_options(int argc, char **argv, struct wishes *wishes)
{
	static const struct option options[] = {
		{"foreground", no_argument, NULL, 'f'},
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'C'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option, code = EXIT_DONE;

	while (code == EXIT_DONE && !wishes->is_over &&
	       (option = getopt_long(argc, argv, "fc:h", options, NULL)) != -1)
		code = take_option(option, wishes);
	if (code == EXIT_DONE && optind < argc && !wishes->is_over) {
		fprintf(stderr, "v6guardd: '%s' is too much: see `v6guardd --help`\n",
			argv[optind]);
		code = EXIT_USAGE;
	}
	return code;
}

/* Standard descriptors that are closed would become sockets of ours; others are nobody's
 * that we know, and we would hold them for ever. */
static void fill_standard_fds(void)
{
	int fd;

#ifdef SYS_close_range
	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
#endif
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * Fork; the parent waits for the one byte that says that the worker runs, and exits by
 * it. In the child, *READY_FD is where to write it. What goes wrong before is still said
 * on stderr.
 */
static void into_background(int *ready_fd)
{
	int pair[2];
	char byte;
	pid_t child;

	if (pipe2(pair, O_CLOEXEC) < 0)
		exit(EXIT_ENVIRONMENT);
	child = fork();
	if (child < 0)
		exit(EXIT_ENVIRONMENT);
	if (child > 0) {
		int status = 0;
		close(pair[1]);
		if (read(pair[0], &byte, 1) == 1)
			_exit(EXIT_DONE);
		waitpid(child, &status, 0);
		_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status)
							       : EXIT_ENVIRONMENT);
	}
	close(pair[0]);
	setsid();
	*ready_fd = pair[1];
}

static int run(const struct steward_options *options, const struct wishes *wishes,
	       const struct settings *settings)
{
	static struct files files;
	struct gp_diag diag;
	int ready_fd = -1;

	umask(022);
	if (chdir("/") < 0)
		return EXIT_ENVIRONMENT;
	if (!wishes->is_foreground)
		into_background(&ready_fd);
	if (files_open(&files, settings, wishes->is_foreground, &diag) != GP_OK) {
		say("%s%s%s%s", diag.path, diag.path[0] ? ": " : "", diag.text,
		    diag.status == GP_PERM && geteuid() ? " (this needs root)" : "");
		return EXIT_ENVIRONMENT;
	}
	return steward_run(options, &files, settings, ready_fd);
}

int main(int argc, char **argv)
{
	struct wishes wishes = {.dir = NULL};
	static struct settings settings;
	static char trouble[FOLDER_ERROR];
	char *text = NULL;
	int code;

	fill_standard_fds();
	wishes.dir = strdup(V6GUARD_CONFDIR);
	code = wishes.dir ? take_options(argc, argv, &wishes) : EXIT_ENVIRONMENT;
	if (code == EXIT_DONE && !wishes.is_over)
		code = folder_load(wishes.dir, NULL, &settings, trouble, &text);
	if (trouble[0] && !wishes.is_check &&
	    folder_fall_back(wishes.dir, &settings, trouble))
		code = EXIT_DONE;
	if (code == EXIT_DONE && !wishes.is_over && !wishes.is_check) {
		const struct steward_options options = {wishes.dir, trouble, text};
		code = run(&options, &wishes, &settings);
	}
	free(text);
	free(wishes.dir);
	return code;
}
