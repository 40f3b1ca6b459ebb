/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_nss - what a lookup costs more through the NSS door. One JSON line: nanoseconds
 * (medians over rounds in which all variants take turns), system calls, and the ratios to
 * DESIGN's targets. Runs the built module over a stub service and over libc's `files`,
 * and over a reach map that lies in a /run of its own; nothing fails by time. Options:
 * --long for more rounds.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <nss.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/reach.h"
#include "guard/snapshot.h"
#include "tests/unit/stub.h"

#define LOOKUPS 2000 /* a round */
#define MAX_ROUNDS 201
#define TARGET_WARM_NS 2000.0
#define TARGET_FIRST_NS 150000.0

typedef nss_gethostbyname4_r *lookup_fn;

/* A way to look up a name; in a child of its own each, as the door reads its policy once.
 */
enum map_state { NO_MAP, NOTHING_KNOWN, ALL_BROKEN };

struct variant {
	const char *key;
	enum gp_mode mode;   /* GP_MODE_COUNT: the service itself, without the door */
	const char *service; /* "v6gstub" or "files" */
	const char *name;
	bool spelled_out;
	enum map_state map;
	double warm_ns, first_ns;
	long warm_calls, first_calls; /* system calls; -1: not to be had */
};

static struct variant variants[] = {
	{"stub", GP_MODE_COUNT, "v6gstub", "host.example", true, NO_MAP, 0, 0, 0, 0},
	{"door_pass", GP_MODE_AUTO, "v6gstub", "host.example", false, NO_MAP, 0, 0, 0, 0},
	{"door_same", GP_MODE_AUTO, "v6gstub", "host.example", true, NO_MAP, 0, 0, 0, 0},
	{"door_strip", GP_MODE_PREFER_IPV4, "v6gstub", "host.example", false, NO_MAP, 0,
	 0, 0, 0},
	{"auto_same", GP_MODE_AUTO, "v6gstub", "host.example", false, NOTHING_KNOWN, 0, 0,
	 0, 0},
	{"auto_strip", GP_MODE_AUTO, "v6gstub", "host.example", false, ALL_BROKEN, 0, 0,
	 0, 0},
	{"files", GP_MODE_COUNT, "files", "localhost", true, NO_MAP, 0, 0, 0, 0},
	{"door_files", GP_MODE_AUTO, "files", "localhost", true, NO_MAP, 0, 0, 0, 0},
};
enum { STUB, DOOR_PASS, DOOR_SAME, DOOR_STRIP, AUTO_SAME, AUTO_STRIP, FILES, DOOR_FILES };
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static char module_path[512], snapshot_path[128];
static bool has_network, has_run;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_nss: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- a host that has routes to both, in a namespace of its own ---- */

struct ipv6_request { /* struct in6_ifreq: <linux/ipv6.h> clashes with <netinet/in.h> */
	struct in6_addr addr;
	uint32_t length;
	int ifindex;
};

static bool make_network(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct sockaddr_in *addr = (struct sockaddr_in *)&request.ifr_addr;
	struct ipv6_request ipv6 = {.length = 64, .ifindex = 1};
	int fd4, fd6;
	bool good;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	fd4 = socket(AF_INET, SOCK_DGRAM, 0);
	fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
	good = !ioctl(fd4, SIOCSIFFLAGS, &request);
	addr->sin_family = AF_INET;
	inet_pton(AF_INET, "198.51.100.254", &addr->sin_addr);
	good = good && !ioctl(fd4, SIOCSIFADDR, &request);
	inet_pton(AF_INET, "255.255.255.0", &addr->sin_addr);
	good = good && !ioctl(fd4, SIOCSIFNETMASK, &request);
	inet_pton(AF_INET6, "2001:db8::ff", &ipv6.addr);
	good = good && !ioctl(fd6, SIOCSIFADDR, &ipv6);
	close(fd4);
	close(fd6);
	return good;
}

/* ---- a /run of its own, with somebody who takes hints ---- */

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	const bool good = file && fputs(text, file) >= 0;

	return file && !fclose(file) && good;
}

/* Before anything else that needs rights: root of a namespace of our own, if not real. */
static void become_root(void)
{
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "0 %u 1\n", (unsigned)geteuid());
	snprintf(gid_map, sizeof(gid_map), "0 %u 1\n", (unsigned)getegid());
	if (!geteuid() || unshare(CLONE_NEWUSER))
		return;
	write_file("/proc/self/uid_map", uid_map);
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/gid_map", gid_map);
}

static bool make_run(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = GP_HINT_SYSTEM_PATH};
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755") || mkdir(GP_RUN_DIR, 0755))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at));
}

static void write_map(enum map_state state)
{
	const struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 600000,
					   .ipv4_usable = true};
	const struct gp_prefix all = {.addr = {.family = AF_INET6}, .length = 0};
	static _Alignas(64) char memory[1 << 20];
	struct gp_reach *map = gp_reach_format(memory);
	FILE *file = fopen(GP_REACH_PATH, "w");

	gp_reach_set_host(map, &host);
	if (state == ALL_BROKEN)
		gp_reach_set(map, &all, GP_VERDICT_BROKEN, host.expires_ms);
	if (!file || fwrite(map, gp_reach_size(), 1, file) != 1 || fclose(file) ||
	    chmod(GP_REACH_PATH, 0644))
		die(GP_REACH_PATH);
}

/* ---- one child ---- */

static void write_snapshot(const struct variant *variant)
{
	struct gp_snapshot snapshot = {.generation = 1};
	uint8_t bytes[1024];
	size_t length;
	FILE *file;

	gp_guard_policy_init(&snapshot.guard);
	snapshot.guard.mode = (uint8_t)variant->mode;
	snapshot.guard.backends_auto = !variant->spelled_out;
	if (gp_chain_parse(variant->service, strlen(variant->service), &snapshot.chain,
			   NULL) ||
	    gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &length))
		die("snapshot");
	file = fopen(snapshot_path, "w");
	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) ||
	    chmod(snapshot_path, 0644))
		die(snapshot_path);
}

static lookup_fn load(const char *file, const char *service)
{
	char symbol[64];
	void *handle = dlopen(file, RTLD_LAZY);
	lookup_fn function;
	void *found;

	snprintf(symbol, sizeof(symbol), "_nss_%s_gethostbyname4_r", service);
	found = dlsym(handle ? handle : RTLD_DEFAULT, symbol);
	if (!found)
		die(symbol);
	memcpy(&function, &found, sizeof(found));
	return function;
}

static lookup_fn open_variant(const struct variant *variant)
{
	char file[64];

	if (variant->mode != GP_MODE_COUNT)
		return load(module_path, "v6guard");
	snprintf(file, sizeof(file), "libnss_%s.so.2", variant->service);
	return load(file, variant->service);
}

/* Returns whether the answer holds IPv6 addresses. */
static bool look_up(lookup_fn function, const char *name)
{
	struct gaih_addrtuple *tuples = NULL;
	char buffer[2048];
	int h_error;

	function(name, &tuples, buffer, sizeof(buffer), &errno, &h_error, NULL);
	for (; tuples; tuples = tuples->next)
		if (tuples->family == AF_INET6)
			return true;
	return false;
}

/* What a child measured, in memory shared with its parent. */
struct measured {
	double warm_ns, first_ns;
};

static void measure(const struct variant *variant, struct measured *out)
{
	double start = now_ns();
	lookup_fn function = open_variant(variant);
	bool has_ipv6;

	has_ipv6 = look_up(function, variant->name);
	out->first_ns = now_ns() - start;
	if (has_run && variant->map != NO_MAP &&
	    has_ipv6 != (variant->map == NOTHING_KNOWN))
		die("not the answer that the map asks for");
	for (unsigned i = 0; i < LOOKUPS / 10; i++)
		look_up(function, variant->name);
	start = now_ns();
	for (unsigned i = 0; i < LOOKUPS; i++)
		look_up(function, variant->name);
	out->warm_ns = (now_ns() - start) / LOOKUPS;
}

static void prepare(const struct variant *variant)
{
	if (variant->mode != GP_MODE_COUNT)
		write_snapshot(variant);
	setenv("V6GUARD_SNAPSHOT", snapshot_path, 1);
	if (!has_run)
		return;
	unlink(GP_REACH_PATH);
	if (variant->map != NO_MAP)
		write_map(variant->map);
}

static void run_once(const struct variant *variant, struct measured *shared)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		measure(variant, shared);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die(variant->key);
}

/* The second of two: the kernel still frees what another variant's sockets left. */
static struct measured run_child(const struct variant *variant, struct measured *shared)
{
	prepare(variant);
	run_once(variant, shared);
	run_once(variant, shared);
	return *shared;
}

/* ---- system calls, counted by ptrace between three marks (getppid) ---- */

static void traced_child(const struct variant *variant)
{
	lookup_fn function;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(1);
	raise(SIGSTOP);
	syscall(SYS_getppid);
	function = open_variant(variant);
	look_up(function, variant->name);
	syscall(SYS_getppid);
	look_up(function, variant->name); /* within the second: no stat */
	syscall(SYS_getppid);
	_exit(0);
}

static bool is_mark(pid_t pid)
{
	struct {
		uint8_t op;
		uint8_t pad[3];
		uint32_t arch;
		uint64_t instruction_pointer, stack_pointer, number;
		uint64_t rest[8];
	} info = {0};

	/* PTRACE_GET_SYSCALL_INFO (Linux 5.3) is the same on every architecture. */
	if (ptrace((enum __ptrace_request)0x420e, pid, (void *)sizeof(info), &info) < 0)
		return false;
	return info.op == 1 && info.number == SYS_getppid;
}

static void count_calls(struct variant *variant)
{
	long stops[4] = {0}, marks = 0;
	int status;
	pid_t pid;

	variant->first_calls = variant->warm_calls = -1;
	prepare(variant);
	pid = fork();
	if (pid == 0)
		traced_child(variant);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (unsigned i = 0; i < 10000; i++) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid)
			return;
		if (!WIFSTOPPED(status))
			break;
		if (is_mark(pid) && marks < 3)
			marks++;
		stops[marks]++;
	}
	if (marks != 3)
		return;
	/* Two stops a call, and each mark is one call of its own. */
	variant->first_calls = (stops[1] - 2) / 2;
	variant->warm_calls = (stops[2] - 2) / 2;
}

/* ---- all of it ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void run_rounds(size_t rounds)
{
	static double warm[VARIANTS][MAX_ROUNDS], first[VARIANTS][MAX_ROUNDS];
	struct measured *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		die("mmap");
	for (size_t round = 0; round < rounds; round++)
		for (size_t v = 0; v < VARIANTS; v++) {
			const struct measured measured = run_child(&variants[v], shared);

			warm[v][round] = measured.warm_ns;
			first[v][round] = measured.first_ns;
		}
	for (size_t v = 0; v < VARIANTS; v++) {
		variants[v].warm_ns = median(warm[v], rounds);
		variants[v].first_ns = median(first[v], rounds);
		count_calls(&variants[v]);
	}
}

/* The stub, found by its name once it is loaded; each child inherits it. */
static void load_stub(const char *builddir)
{
	char path[512];
	struct stub_state *state;
	void *handle;

	snprintf(path, sizeof(path), "%s/.libs/libnss_v6gstub.so.2", builddir);
	handle = dlopen(path, RTLD_NOW);
	state = handle ? dlsym(handle, "stub_state_v6gstub") : NULL;
	if (!state)
		die(path);
	state->script =
		(struct stub_script){.status = NSS_STATUS_SUCCESS, .ipv4 = 2, .ipv6 = 2};
}

static void print_variant(const struct variant *variant)
{
	if ((variant->mode == GP_MODE_PREFER_IPV4 && !has_network) ||
	    (variant->map != NO_MAP && !has_run)) {
		printf(", \"%s\": null", variant->key);
		return;
	}
	printf(", \"%s\": {\"warm_ns\": %.0f, \"first_ns\": %.0f, \"warm_syscalls\": "
	       "%ld, "
	       "\"first_syscalls\": %ld}",
	       variant->key, variant->warm_ns, variant->first_ns, variant->warm_calls,
	       variant->first_calls);
}

/* What VARIANT costs more than PLAIN, over what it may. */
static void print_ratio(const char *key, int variant, int plain, bool is_first)
{
	const double warm = variants[variant].warm_ns - variants[plain].warm_ns;
	const double first = variants[variant].first_ns - variants[plain].first_ns;

	if (variants[variant].map != NO_MAP && !has_run)
		printf(", \"%s\": null", key);
	else
		printf(", \"%s\": %.2f", key,
		       is_first ? first / TARGET_FIRST_NS : warm / TARGET_WARM_NS);
}

static void print_result(size_t rounds)
{
	printf("{\"bench\": \"nss\", \"rounds\": %zu", rounds);
	for (size_t v = 0; v < VARIANTS; v++)
		print_variant(&variants[v]);
	print_ratio("warm_over_target", DOOR_SAME, STUB, false);
	print_ratio("auto_same_over_target", AUTO_SAME, STUB, false);
	print_ratio("auto_strip_over_target", AUTO_STRIP, STUB, false);
	print_ratio("first_over_target", DOOR_FILES, FILES, true);
	print_ratio("auto_first_over_target", AUTO_STRIP, STUB, true);
	printf("}\n");
}

int main(int argc, char **argv)
{
	const size_t rounds = argc > 1 && !strcmp(argv[1], "--long") ? MAX_ROUNDS : 31;
	const char *builddir = getenv("top_builddir");
	char folder[] = "/tmp/v6guard-bench-XXXXXX";

	if (!builddir)
		builddir = ".";
	snprintf(module_path, sizeof(module_path), "%s/.libs/libnss_v6guard.so.2",
		 builddir);
	load_stub(builddir);
	become_root();
	has_network = make_network();
	has_run = make_run();
	if (!mkdtemp(folder))
		die(folder);
	snprintf(snapshot_path, sizeof(snapshot_path), "%s/policy.snap", folder);
	run_rounds(rounds);
	unlink(snapshot_path);
	rmdir(folder);

	print_result(rounds);
	return 0;
}
