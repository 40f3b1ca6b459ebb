/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program sees of a lookup while descriptors or memory run out: the same through
 * the doors as with plain libc. Both are asked in children of one process, by one list of
 * calls: result, errno, h_errno and addresses are compared. Where a policy takes AAAA
 * away, an answer may be the A alone; a failure is the same failure.
 *
 * The preload door is seen by the same program, run once more with it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <nss.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "error_calls.h"
#include "error_dns.h"
#include "guard/clock.h"
#include "guard/reach.h"
#include "guard/snapshot.h"
#include "netns.h"
#include "nss_world.h"
#include "sizes.h"

#define PRELOADED "V6GUARD_TEST_PRELOADED" /* set: this is the second run */
#define SNAPSHOT "/tmp/policy.snap"
#define PLAIN "files dns"
#define GUARDED "files v6guard [!UNAVAIL=return] dns"

/* A sanitizer or valgrind needs descriptors and memory of its own. */
static bool is_instrumented(void)
{
	return WORLD_SANITIZED || getenv("V6GUARD_VALGRIND");
}

static const int errnos_before[] = {0, ECONNREFUSED, ERANGE};
#define ERRNOS (sizeof(errnos_before) / sizeof(errnos_before[0]))

/* ---- what runs out ---- */

enum shortage { OF_NOTHING, OF_FILES, OF_ONE_ALLOCATION, OF_MEMORY };

#define FILES_MAX 9
#define ALLOCATIONS_MAX 16
#define FILE_LIMIT 64

struct lack {
	enum shortage of;
	long left; /* descriptors that are free; allocations before the first that fails
		    */
};

static struct lack lacks[1 + FILES_MAX + 2 * ALLOCATIONS_MAX];
static size_t lack_count;

/* Without LONG the first few allocations, and some of the others. */
static void make_lacks(bool has_memory)
{
	lack_count = 0;
	lacks[lack_count++] = (struct lack){OF_NOTHING, 0};
	if (is_instrumented())
		return;
	for (long left = 0; left < FILES_MAX; left++)
		lacks[lack_count++] = (struct lack){OF_FILES, left};
	for (long left = 0; has_memory && left < ALLOCATIONS_MAX;
	     left += left < 2 ? 1 : sized(4, 1)) {
		lacks[lack_count++] = (struct lack){OF_ONE_ALLOCATION, left};
		lacks[lack_count++] = (struct lack){OF_MEMORY, left};
	}
}

static void leave_files(long left)
{
	const struct rlimit limit = {FILE_LIMIT, FILE_LIMIT};
	int last = -1, fd;

	if (setrlimit(RLIMIT_NOFILE, &limit))
		_exit(3);
	while ((fd = dup(0)) >= 0)
		last = fd;
	for (; left > 0; left--)
		close(last--);
}

/* ---- a child that makes all the calls ---- */

struct policy {
	const char *what;
	enum gp_mode mode;
	const char *chain;
	bool spelled_out, has_map;
};

static const struct policy policies[] = {
	{"off", GP_MODE_OFF, "dns", false, false},
	{"auto, no map", GP_MODE_AUTO, "dns", false, false},
	{"auto, spelled out", GP_MODE_AUTO, "dns", true, false},
	{"auto, spelled out, more", GP_MODE_AUTO, "v6gnot [NOTFOUND=return] dns", true,
	 false},
	{"auto, all is broken", GP_MODE_AUTO, "dns", false, true},
	{"prefer-ipv4", GP_MODE_PREFER_IPV4, "dns", false, false},
	{"prefer-ipv4, spelled out", GP_MODE_PREFER_IPV4, "dns", true, false},
	{"strip-aaaa", GP_MODE_STRIP_AAAA, "dns", false, false},
};

static const char *const names[] = {"dual.test",   "aonly.test",    "sixonly.test",
				    "nodata.test", "nxdomain.test", "servfail.test",
				    "refused.test"};
#define NAMES (sizeof(names) / sizeof(names[0]))

typedef struct seen results[ERRNOS][OPERATIONS_MAX];

static struct shared {
	results plain[NAMES][sizeof(lacks) / sizeof(lacks[0])];
	results guarded;
} * shared;

static bool write_bytes(const char *path, const void *bytes, size_t size)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const bool good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;

	return fd >= 0 && !close(fd) && good;
}

static void write_text(const char *path, const char *text)
{
	assert_true(write_bytes(path, text, strlen(text)));
}

static void write_map(void)
{
	static _Alignas(64) uint8_t memory[1 << 20];
	const struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 600000,
					   .ipv4_usable = true};
	const struct gp_prefix all = {.addr = {.family = AF_INET6}};
	struct gp_reach *map = gp_reach_format(memory);

	gp_reach_set_host(map, &host);
	gp_reach_set(map, &all, GP_VERDICT_BROKEN, host.expires_ms);
	assert_true(write_bytes(GP_REACH_PATH, map, gp_reach_size()));
}

static void set_policy(const struct policy *policy)
{
	struct gp_snapshot snapshot = {.generation = 1};
	uint8_t bytes[4096];
	size_t length;

	gp_guard_policy_init(&snapshot.guard);
	snapshot.guard.mode = (uint8_t)policy->mode;
	snapshot.guard.backends_auto = !policy->spelled_out;
	assert_int_equal(gp_chain_parse(policy->chain, strlen(policy->chain),
					&snapshot.chain, NULL),
			 GP_OK);
	assert_int_equal(gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &length),
			 GP_OK);
	assert_true(write_bytes(SNAPSHOT, bytes, length));
	unlink(GP_REACH_PATH);
	if (policy->has_map)
		write_map();
}

static bool is_preloaded(void)
{
	return getenv(PRELOADED) != NULL;
}

static void choose(bool is_guarded)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	const char *line = is_guarded && !is_preloaded() ? GUARDED : PLAIN;

	lookup = getaddrinfo;
	if (is_preloaded() && !is_guarded)
		lookup = (lookup_fn *)dlsym(libc, "getaddrinfo");
	if (!lookup || __nss_configure_lookup("hosts", line))
		_exit(2);
}

/* Without LONG one errno each, but for where nothing runs out. */
static bool is_tried(size_t e, size_t name, const struct lack *lack)
{
	return sized(0, 1) || lack->of == OF_NOTHING ||
	       e == (name + (size_t)lack->left) % ERRNOS;
}

static void perform_all(size_t name, const struct lack *lack, results out)
{
	for (size_t e = 0; e < ERRNOS; e++)
		for (size_t i = 0; i < operation_count && is_tried(e, name, lack); i++) {
			fails_on = lack->of == OF_MEMORY;
			if (lack->of == OF_ONE_ALLOCATION || lack->of == OF_MEMORY)
				allocations_left = lack->left;
			perform(&operations[i], names[name], errnos_before[e],
				&out[e][i]);
			allocations_left = -1;
		}
}

/* Before anything runs out it has looked up a name; what it needs is loaded. */
static void run_child(bool is_guarded, size_t name, const struct lack *lack, results out)
{
	const struct operation once = {.call = ADDRINFO};
	struct seen ignored;
	int status = -1;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		alarm(120);
		choose(is_guarded);
		perform(&once, "dual.test", 0, &ignored);
		if (lack->of == OF_FILES)
			leave_files(lack->left);
		perform_all(name, lack, out);
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (status)
		fail_msg("%s, %s, %u/%ld: child ended with status 0x%x",
			 is_guarded ? "guarded" : "plain", names[name], lack->of,
			 lack->left, status);
}

/* ---- the comparison ---- */

static bool is_same(const struct seen *plain, const struct seen *guarded)
{
	if (plain->result != guarded->result || plain->error != guarded->error ||
	    plain->h_error != guarded->h_error || plain->name != guarded->name)
		return false;
	return guarded->all == plain->all || (plain->ipv4 && guarded->all == plain->ipv4);
}

/* The preload takes AF_INET6 with AI_V4MAPPED for AF_UNSPEC: beside the IPv6 addresses,
 * or instead, come the mapped ones, as AI_ALL shows them. */
static bool is_mapped(size_t name, size_t lack, size_t e, size_t i)
{
	const struct operation *one = &operations[i];
	const struct seen *guarded = &shared->guarded[e][i];
	struct seen all;

	if (!is_preloaded() || one->call != ADDRINFO || one->family != AF_INET6 ||
	    !(one->flags & AI_V4MAPPED) || one->flags & AI_ALL)
		return false;
	for (size_t other = 0; other < operation_count; other++)
		if (operations[other].family == AF_INET6 &&
		    operations[other].type == one->type &&
		    operations[other].flags == (AI_V4MAPPED | AI_ALL)) {
			all = shared->plain[name][lack][e][other];
			all.name = shared->plain[name][lack][e][i].name;
			return is_same(&all, guarded);
		}
	return false;
}

/* By an address nss_dns says UNAVAIL if errno was ECONNREFUSED before, whatever happened.
 * What was asked in vain is not asked twice for that: it stays TRYAGAIN. */
static bool is_stale(const struct seen *plain, const struct seen *guarded, size_t e)
{
	struct seen mended = *plain;

	if (plain->error != ECONNREFUSED || errnos_before[e] != ECONNREFUSED ||
	    plain->h_error != TRY_AGAIN)
		return false;
	mended.error = EAGAIN;
	return is_same(&mended, guarded);
}

static bool is_after(size_t name, size_t lack, size_t e, size_t i)
{
	const struct seen *plain = &shared->plain[name][lack][e][i];
	const struct seen *guarded = &shared->guarded[e][i];

	return is_same(plain, guarded) || is_mapped(name, lack, e, i) ||
	       (operations[i].addr && is_stale(plain, guarded, e));
}

/* Where one allocation fails, or all from one on, the door's own are among those: what
 * comes of it is what plain libc makes of one that failed earlier, later or not at all.
 */
static bool is_expected(size_t name, size_t lack, size_t e, size_t i)
{
	const struct lack *one = &lacks[lack];

	if (is_after(name, lack, e, i))
		return true;
	if (one->of == OF_NOTHING || one->of == OF_FILES ||
	    (one->of == OF_MEMORY && !one->left))
		return false;
	for (size_t other = 0; other < lack_count; other++)
		if ((lacks[other].of == one->of || lacks[other].of == OF_NOTHING) &&
		    is_tried(e, name, &lacks[other]) && is_after(name, other, e, i))
			return true;
	return false;
}

static long differences, compared;

static void compare(const struct policy *policy, size_t name, size_t lack)
{
	static const char *const lacking[] = {"nothing", "files", "one allocation",
					      "memory"};
	char text[160];

	for (size_t e = 0; e < ERRNOS; e++)
		for (size_t i = 0; i < operation_count && is_tried(e, name, &lacks[lack]);
		     i++) {
			const struct seen *plain = &shared->plain[name][lack][e][i];
			const struct seen *guarded = &shared->guarded[e][i];

			compared++;
			if (is_expected(name, lack, e, i) || differences++ > 40)
				continue;
			fprintf(stderr,
				"%s, %s, lack of %s (%ld left), errno %d before, %s: "
				"plain %d errno %d h_errno %d %08x, "
				"guarded %d errno %d h_errno %d %08x\n",
				policy->what, names[name], lacking[lacks[lack].of],
				lacks[lack].left, errnos_before[e],
				words_of(&operations[i], text), plain->result,
				plain->error, plain->h_error, plain->all, guarded->result,
				guarded->error, guarded->h_error, guarded->all);
		}
}

static const char *reason; /* why it cannot be run here */

static void compare_all(const char *resolv_conf, bool has_memory)
{
	differences = compared = 0;
	make_lacks(has_memory);
	write_text("/etc/resolv.conf", resolv_conf);
	for (size_t name = 0; name < NAMES; name++)
		for (size_t lack = 0; lack < lack_count; lack++)
			run_child(false, name, &lacks[lack], shared->plain[name][lack]);
	for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++) {
		if (is_preloaded() && policies[p].spelled_out)
			continue; /* that door asks libc */
		set_policy(&policies[p]);
		for (size_t name = 0; name < NAMES; name++)
			for (size_t lack = 0; lack < lack_count; lack++) {
				run_child(true, name, &lacks[lack], shared->guarded);
				compare(&policies[p], name, lack);
			}
	}
	fprintf(stderr, "oracle: %ld calls, %ld differ\n", compared, differences);
	assert_int_equal(differences, 0);
}

static void test_answers(void **state)
{
	(void)state;
	if (reason)
		skip();
	compare_all("nameserver 127.0.0.1\n", true);
}

static void test_nobody_there(void **state)
{
	(void)state;
	if (reason)
		skip();
	compare_all("nameserver 127.0.0.9\noptions attempts:1 timeout:1\n", sized(0, 1));
}

/* ---- the world ---- */

static bool has_world(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("oracle", "/etc", "tmpfs", 0, NULL) &&
	       !mount("oracle", "/tmp", "tmpfs", 0, NULL) &&
	       !mount("oracle", "/run", "tmpfs", 0, NULL) && !mkdir(GP_RUN_DIR, 0755) &&
	       start_name_server();
}

static void make_world(void)
{
	/* Before /tmp is another one: the build may lie there. */
	if (!dlopen(TEST_BUILD "/.libs/libnss_v6guard.so.2", RTLD_NOW)) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	netns_enter();
	reason = netns_reason;
	if (!reason && !has_world())
		reason = "no private /etc or no port 53 can be had here";
	if (reason) {
		fprintf(stderr, "skip: %s\n", reason);
		return;
	}
	write_text("/etc/nsswitch.conf", "hosts: files\n");
	write_text("/etc/host.conf", "multi on\n");
	write_text("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	sh("ip -4 route add default via 192.0.2.2; "
	   "ip -6 route add default via 2001:db8:1::2");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setenv("V6GUARD_SNAPSHOT", SNAPSHOT, 1);
	if (shared == MAP_FAILED)
		exit(1);
}

/* The same once more, with the other door. */
static int run_preloaded(char **argv)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		setenv(PRELOADED, "1", 1);
		setenv("LD_PRELOAD", TEST_BUILD "/.libs/libv6guard-preload.so", 1);
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers),
					   cmocka_unit_test(test_nobody_there)};
	int failed;

	(void)argc;
	unsetenv("RES_OPTIONS");
	unsetenv("LOCALDOMAIN");
	/* A sanitizer's runtime must come first. */
	failed = is_preloaded() || WORLD_SANITIZED ? 0 : run_preloaded(argv);
	make_world();
	make_operations();
	failed += cmocka_run_group_tests_name(
		is_preloaded() ? "errors, preload" : "errors, nss", tests, NULL, NULL);
	netns_leave();
	return failed;
}
