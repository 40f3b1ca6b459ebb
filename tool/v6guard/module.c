/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* module.c - can libnss_v6guard.so.2 be loaded? */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gaiconf/store.h"
#include "verify.h"

#define MODULE "libnss_v6guard.so.2"

static void try_load(const char *name, int fd)
{
	void *module = dlopen(name, RTLD_NOW);
	const char *why = "";

	if (!module)
		why = dlerror();
	else if (!dlsym(module, "_nss_v6guard_gethostbyname4_r"))
		why = "it is not v6guard's module";
	/* A message that does not fit the pipe's buffer is cut. */
	if (write(fd, why, strnlen(why, 400)) < 0)
		_exit(1);
	_exit(why[0] ? 1 : 0);
}

static bool is_loadable_here(char *why, size_t size)
{
	int ends[2];
	int status = 1;

	if (pipe(ends) < 0) {
		snprintf(why, size, "%s", strerror(errno));
		return false;
	}
	/* Constructors of whatever it needs run there and not here. */
	pid_t pid = fork();
	if (pid == 0)
		try_load(MODULE, ends[1]);
	close(ends[1]);
	ssize_t got = pid > 0 ? read(ends[0], why, size - 1) : -1;
	why[got > 0 ? got : 0] = '\0';
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/*
 * An image's code is not run: it may be hostile, or for another architecture. The file is
 * looked at instead.
 */
static bool is_module_below(const char *root, char *why, size_t size)
{
	static const char entry[] = "_nss_v6guard_gethostbyname4_r";
	struct gp_diag diag = {.text = ""};
	struct gp_file file;
	bool is_module;

	if (gp_file_read(root, V6GUARD_NSSDIR "/" MODULE, &file, &diag) != GP_OK) {
		snprintf(why, size, "%s: %s", diag.path, diag.text);
		return false;
	}
	is_module = file.size > SELFMAG && !memcmp(file.bytes, ELFMAG, SELFMAG) &&
		    memmem(file.bytes, file.size, entry, sizeof(entry));
	if (!is_module)
		snprintf(why, size, "%s %s", file.path,
			 file.exists ? "is not v6guard's module" : "is not there");
	gp_file_free(&file);
	return is_module;
}

bool module_is_loadable(const char *root, char *why, size_t size)
{
	return root[0] ? is_module_below(root, why, size) : is_loadable_here(why, size);
}
