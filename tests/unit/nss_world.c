/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "guard/hint_private.h"
#include "guard/reach_private.h"
#include "nss/facts.h"
#include "nss_world.h"
#include "sizes.h"

struct stub_state *stub_full, *stub_old, *stub_bare, *stub_dns, *stub_resolve;
bool world_ipv4_usable = true, world_is_own, world_real_facts;
bool (*world_has_no_route)(const struct gp_addr *addr);
struct gp_preload_policy world_preload;
struct gp_probe_policy world_probe;
long world_allocations_left = -1;
_Atomic long world_allocations;
void (*world_at_allocation)(void);

static char folder[64];
static char snapshot_path[96], map_path[96], hint_path[96];

_Noreturn void world_die(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	_exit(1);
}

/* ---- what the linker puts in the door's way (--wrap) ---- */

struct gp_facts __wrap_facts_open(struct fact_sources *sources,
				  const struct gp_reach *map);
struct gp_facts __real_facts_open(struct fact_sources *sources,
				  const struct gp_reach *map);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	if (world_has_no_route && world_has_no_route(addr))
		return false;
	return addr->family != AF_INET || world_ipv4_usable;
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	(void)addr;
	return world_is_own;
}

struct gp_facts __wrap_facts_open(struct fact_sources *sources,
				  const struct gp_reach *map)
{
	struct gp_facts facts = __real_facts_open(sources, map);

	if (!world_real_facts) {
		facts.is_usable = is_usable;
		facts.is_own = is_own;
	}
	return facts;
}

static bool fails_now(void)
{
	void (*hook)(void) = world_at_allocation;

	world_at_allocation = NULL;
	if (hook)
		hook();
	world_allocations++;
	return world_allocations_left >= 0 && world_allocations_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

/* ---- the world ---- */

/* The door's own dlopen("libnss_v6gstub.so.2") then finds it by that name. */
static struct stub_state *load_stub(const char *folder_of, const char *name)
{
	char path[512];
	void *handle;

	snprintf(path, sizeof(path), "%s%s/.libs/libnss_%s.so.2", TEST_BUILD, folder_of,
		 name);
	handle = dlopen(path, RTLD_NOW);
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		return NULL;
	}
	snprintf(path, sizeof(path), "stub_state_%s", name);
	return dlsym(handle, path);
}

int world_setup(void **state)
{
	(void)state;
	stub_full = load_stub("", "v6gstub");
	stub_old = load_stub("", "v6gold");
	stub_bare = load_stub("", "v6gbare");
	if (!stub_full || !stub_old || !stub_bare)
		return -1;
	strcpy(folder, "/tmp/v6guard-test-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(snapshot_path, sizeof(snapshot_path), "%s/policy.snap", folder);
	snprintf(map_path, sizeof(map_path), "%s/reach.map", folder);
	snprintf(hint_path, sizeof(hint_path), "%s/hint.sock", folder);
	return 0;
}

bool world_load_resolvers(void)
{
	stub_dns = load_stub("/tests/unit/stubs", "dns");
	stub_resolve = load_stub("/tests/unit/stubs", "resolve");
	return stub_dns && stub_resolve;
}

int world_teardown(void **state)
{
	(void)state;
	unlink(snapshot_path);
	unlink(map_path);
	unlink(hint_path);
	return rmdir(folder);
}

const char *world_snapshot(void)
{
	return snapshot_path;
}

const char *world_map(void)
{
	return map_path;
}

const char *world_hints(void)
{
	return hint_path;
}

struct gp_guard_policy world_policy(enum gp_mode mode)
{
	struct gp_guard_policy policy;

	gp_guard_policy_init(&policy);
	policy.mode = (uint8_t)mode;
	return policy;
}

size_t world_build(const struct gp_guard_policy *policy, const char *chain, void *buf,
		   size_t size)
{
	static uint64_t generation;
	struct gp_snapshot snapshot = {.generation = ++generation,
				       .guard = *policy,
				       .preload = world_preload,
				       .probe = world_probe};
	size_t length = 0;

	if (gp_chain_parse(chain, strlen(chain), &snapshot.chain, NULL) ||
	    gp_snapshot_build(&snapshot, buf, size, &length))
		abort();
	return length;
}

void world_write_bytes(const void *bytes, size_t size)
{
	char temporary[128];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", snapshot_path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fchmod(fd, 0644) ||
	    close(fd) || rename(temporary, snapshot_path))
		abort();
}

void world_write(const struct gp_guard_policy *policy, const char *chain)
{
	uint8_t bytes[4096];

	world_write_bytes(bytes, world_build(policy, chain, bytes, sizeof(bytes)));
}

bool world_is_instrumented(void)
{
	return WORLD_SANITIZED || getenv("V6GUARD_VALGRIND") != NULL;
}

void world_run(void (*case_fn)(const void *arg), const void *arg, const char *what)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* A hang is what this finds, not a machine that is busy. */
		alarm((unsigned)sized(world_is_instrumented() ? 240 : 60, 900));
		setenv("V6GUARD_SNAPSHOT", snapshot_path, 1);
		/* Not the host's own, whatever runs there. */
		gp_reach_use_path(map_path);
		gp_hint_use_paths(hint_path, hint_path);
		case_fn(arg);
		exit(0); /* with the leak check that a sanitizer makes */
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: child ended with status 0x%x", what, status);
}
