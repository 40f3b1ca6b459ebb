/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verify.c - lookups in children, compared before and after a change. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gaiconf/store.h"
#include "guard/nscd.h"
#include "verify.h"

#define MODULE "libnss_v6guard.so.2"
#define NAMES_MAX (VERIFY_MAX + 3)
#define NOBODY "v6guard-check.invalid"
#define LOOKUPS_MS 30000
#define SERVICES_MAX 1024

/* What a lookup came to. */
struct result {
	int error; /* EAI_*, NOT_ASKED or CRASHED */
	unsigned addresses;
};

#define NOT_ASKED 1 /* EAI_* are negative */
#define CRASHED 2

/* To a child: begin. */
struct order {
	bool has_before;
	struct result before[NAMES_MAX];
	char services[SERVICES_MAX]; /* to be asked without nscd; "": nothing */
};

struct child {
	pid_t pid;
	int socket;
};

struct verify {
	size_t count;
	char host[256];
	const char *names[NAMES_MAX];
	struct child before_child, after_child;
	struct result before[NAMES_MAX];
};

/* ---- in the child --------------------------------------------------------------- */

static struct result look_up(const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct result result = {.error = 0};
	struct addrinfo *list = NULL;

	result.error = getaddrinfo(name, NULL, &hints, &list);
	if (result.error)
		return result;
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		result.addresses++;
	freeaddrinfo(list);
	return result;
}

/* Better or as good: addresses, then "there is none", then anything else. */
static int rank(const struct result *result)
{
	if (result->error == 0)
		return 0;
	return result->error == EAI_NONAME || result->error == EAI_NODATA ? 1 : 2;
}

static bool is_worse(const struct result *before, const struct result *after)
{
	return rank(after) > rank(before);
}

/* With nscd running no lookup loads a module here; a list of our own goes past it. */
static void look_up_past_nscd(const char *services)
{
	if (services[0] && __nss_configure_lookup("hosts", services) == 0)
		look_up(NOBODY);
}

static void serve(const struct verify *verify, int socket)
{
	struct order order;
	char end;

	if (recv(socket, &order, sizeof(order), MSG_WAITALL) != (ssize_t)sizeof(order))
		return;
	look_up_past_nscd(order.services);
	for (size_t i = 0; i < verify->count; i++) {
		struct result result = look_up(verify->names[i]);
		/* One lost packet is not a reason to undo a change. */
		if (order.has_before && is_worse(&order.before[i], &result))
			result = look_up(verify->names[i]);
		if (send(socket, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			return;
	}
	/* Stay, so that our memory map can be looked at. */
	if (recv(socket, &end, 1, 0) < 0)
		return;
}

static bool spawn(const struct verify *verify, struct child *child)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;

	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		serve(verify, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*child = (struct child){.pid = pid, .socket = pair[0]};
	if (pid < 0)
		close(pair[0]);
	return pid > 0;
}

/* ---- in the parent ------------------------------------------------------------- */

static void end_child(struct child *child)
{
	if (child->pid <= 0)
		return;
	close(child->socket);
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

struct verify *verify_start(const struct cli *cli)
{
	struct verify *verify = calloc(1, sizeof(*verify));
	if (!verify) {
		complain_memory();
		return NULL;
	}
	verify->names[verify->count++] = "localhost";
	if (gethostname(verify->host, sizeof(verify->host) - 1) == 0 && verify->host[0])
		verify->names[verify->count++] = verify->host;
	verify->names[verify->count++] = NOBODY;
	for (size_t i = 0; i < cli->verify_count; i++)
		verify->names[verify->count++] = cli->verify[i];

	if (!spawn(verify, &verify->before_child) ||
	    !spawn(verify, &verify->after_child)) {
		complain("cannot start a process: %s", strerror(errno));
		verify_end(verify);
		return NULL;
	}
	return verify;
}

void verify_end(struct verify *verify)
{
	if (!verify)
		return;
	end_child(&verify->before_child);
	end_child(&verify->after_child);
	free(verify);
}

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Let CHILD do its lookups; what it has no answer to in time stays NOT_ASKED. */
static void collect(const struct verify *verify, const struct child *child,
		    const struct order *order, struct result *results)
{
	for (size_t i = 0; i < verify->count; i++)
		results[i] = (struct result){.error = NOT_ASKED};
	if (send(child->socket, order, sizeof(*order), MSG_NOSIGNAL) < 0)
		return;

	long long deadline = now_ms() + LOOKUPS_MS;
	for (size_t i = 0; i < verify->count; i++) {
		struct pollfd poll_fd = {.fd = child->socket, .events = POLLIN};
		struct result result;
		long long left = deadline - now_ms();
		if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0)
			return;
		/* A stream that ended: the process did, inside a lookup. */
		if (recv(child->socket, &result, sizeof(result), MSG_WAITALL) !=
		    (ssize_t)sizeof(result))
			result = (struct result){.error = CRASHED};
		results[i] = result;
	}
}

void verify_before(struct verify *verify)
{
	const struct order order = {.has_before = false};
	collect(verify, &verify->before_child, &order, verify->before);
	end_child(&verify->before_child);
}

static bool has_loaded(pid_t pid)
{
	char path[64], line[4352];
	bool is_there = false;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	while (maps && !is_there && fgets(line, sizeof(line), maps))
		is_there = strstr(line, "/" MODULE) != NULL;
	if (maps)
		fclose(maps);
	return is_there;
}

static const char *result_text(const struct result *result, char *buf, size_t size)
{
	if (result->error == NOT_ASKED)
		return "no answer within 30 s";
	if (result->error == CRASHED)
		return "the program crashed";
	if (result->error)
		return gai_strerror(result->error);
	snprintf(buf, size, "%u addresses", result->addresses);
	return buf;
}

/* A name that nobody knows proves nothing, and is most likely mistyped. */
static void warn_of_unknown(struct cli *cli, const struct verify *verify,
			    const struct result *after)
{
	size_t first = verify->count - cli->verify_count;

	for (size_t i = first; i < verify->count; i++)
		if (verify->before[i].error && after[i].error)
			warn(cli, "--verify %s: no address, neither before nor after",
			     verify->names[i]);
}

bool verify_after(struct verify *verify, struct cli *cli, const char *services,
		  size_t size)
{
	struct result after[NAMES_MAX];
	struct order order = {.has_before = true};
	bool is_good = true;

	memcpy(order.before, verify->before, sizeof(order.before));
	if (gp_nscd_is_running() && size < sizeof(order.services))
		memcpy(order.services, services, size);
	collect(verify, &verify->after_child, &order, after);
	for (size_t i = 0; i < verify->count; i++) {
		char before_text[64], after_text[64];
		if (!is_worse(&verify->before[i], &after[i]))
			continue;
		complain(
			"lookup of %s: %s before, %s after", verify->names[i],
			result_text(&verify->before[i], before_text, sizeof(before_text)),
			result_text(&after[i], after_text, sizeof(after_text)));
		is_good = false;
	}
	warn_of_unknown(cli, verify, after);
	if (is_good && !has_loaded(verify->after_child.pid)) {
		complain("a program that looked up names did not load " MODULE);
		is_good = false;
	}
	end_child(&verify->after_child);
	return is_good;
}

/* ---- the module ------------------------------------------------------------------ */

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
