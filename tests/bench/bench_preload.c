/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_preload - what getaddrinfo() costs more through the preload door: 10 addresses
 * (5 A, 5 AAAA) from /etc/hosts, both families with a route, in namespaces of its own.
 * One JSON line: microseconds of CPU a lookup (medians over rounds in which all variants
 * take turns) and the ratio to plain getaddrinfo; the target is 1.10. Nothing fails by
 * time. Options: --long for more rounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/reach.h"
#include "guard/snapshot.h"
#include "tests/unit/netns.h"

#define LOOKUPS 400
#define MAX_ROUNDS 101
#define TARGET 1.10
#define NAME "ten.bench.example"
#define FOLDER "/run/v6guard"

/* The program itself, as `bench_preload --child NAME`, prints nanoseconds a lookup. */
struct variant {
	const char *key;
	bool is_guarded;
	enum gp_mode mode;
	enum { NO_MAP, NOTHING_KNOWN, ALL_BROKEN } map;
	char first; /* the family that has to come first */
	bool is_sorted, is_inline;
	double us, ratio; /* medians; the ratio to plain is that of one round */
};

static struct variant variants[] = {
	{"plain", false, GP_MODE_OFF, NO_MAP, .first = '6'},
	{"off", true, GP_MODE_OFF, NO_MAP, .first = '6'},
	{"auto_no_map", true, GP_MODE_AUTO, NO_MAP, .first = '6'},
	{"auto_same", true, GP_MODE_AUTO, NOTHING_KNOWN, .first = '6'},
	{"auto_demotes", true, GP_MODE_AUTO, ALL_BROKEN, .first = '4'},
	{"prefer_ipv4_map", true, GP_MODE_PREFER_IPV4, NOTHING_KNOWN, .first = '4'},
	{"prefer_ipv4", true, GP_MODE_PREFER_IPV4, NO_MAP, .first = '4'},
	/* A race was run before, and nobody answered. */
	{"auto_inline", true, GP_MODE_AUTO, NO_MAP, '6', .is_inline = true},
	{"order_rfc6724", true, GP_MODE_AUTO, NO_MAP, '6', .is_sorted = true},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_preload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	/* Of CPU: a lookup from a file never waits, but others want the machine, too. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* ---- the program that is measured ---- */

static char look_up(void)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	char family;

	if (getaddrinfo(NAME, "80", &hints, &list))
		die(NAME);
	family = list->ai_family == AF_INET ? '4' : '6';
	freeaddrinfo(list);
	return family;
}

static int measure(const char *first)
{
	double start;

	for (unsigned i = 0; i < LOOKUPS / 10; i++)
		if (look_up() != first[0])
			die("the wrong family is first");
	start = now_ns();
	for (unsigned i = 0; i < LOOKUPS; i++)
		look_up();
	printf("%.0f\n", (now_ns() - start) / LOOKUPS);
	return 0;
}

/* ---- its world ---- */

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) ||
	    chmod(path, 0644))
		die(path);
}

static bool make_world(void)
{
	static const char nsswitch[] = "hosts: files\n", multi[] = "multi on\n";
	char hosts[2048] = "";

	for (unsigned i = 1; i <= 5; i++)
		snprintf(hosts + strlen(hosts), sizeof(hosts) - strlen(hosts),
			 "198.51.100.%u " NAME "\n2001:db8:64::%u " NAME "\n", i, i);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, "mode=755") || mkdir(FOLDER, 0755))
		return false;
	write_file(FOLDER "/hosts", hosts, strlen(hosts));
	write_file(FOLDER "/nsswitch", nsswitch, strlen(nsswitch));
	write_file(FOLDER "/host.conf", multi, strlen(multi));
	return !mount(FOLDER "/hosts", "/etc/hosts", NULL, MS_BIND, NULL) &&
	       !mount(FOLDER "/nsswitch", "/etc/nsswitch.conf", NULL, MS_BIND, NULL) &&
	       (access("/etc/host.conf", F_OK) ||
		!mount(FOLDER "/host.conf", "/etc/host.conf", NULL, MS_BIND, NULL));
}

static void write_map(const struct variant *variant)
{
	const struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 600000,
					   .ipv4_usable = true,
					   .onlink_count = 1};
	struct gp_prefix theirs;
	static _Alignas(64) char memory[1 << 20];
	struct gp_reach_host full = host;
	struct gp_reach *map;

	unlink(GP_REACH_PATH);
	if (variant->map == NO_MAP)
		return;
	map = gp_reach_format(memory);
	gp_prefix_parse("2001:db8:1::/64", &full.onlink[0]);
	gp_reach_set_host(map, &full);
	/* Not ::/0, which does not speak for the host's own /32. */
	if (variant->map == ALL_BROKEN &&
	    gp_prefix_parse("2001:db8:64::/48", &theirs) == GP_OK)
		gp_reach_set(map, &theirs, GP_VERDICT_BROKEN, host.expires_ms);
	write_file(GP_REACH_PATH, map, gp_reach_size());
}

static void prepare(const struct variant *variant)
{
	struct gp_snapshot snapshot = {.generation = 1};
	uint8_t bytes[1024];
	size_t length;

	gp_guard_policy_init(&snapshot.guard);
	snapshot.guard.mode = (uint8_t)variant->mode;
	snapshot.preload.order = variant->is_sorted ? GP_ORDER_RFC6724 : GP_ORDER_LIBC;
	gp_probe_policy_init(&snapshot.probe);
	snapshot.probe.is_inline = variant->is_inline;
	if (gp_chain_parse("dns", 3, &snapshot.chain, NULL) ||
	    gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &length))
		die("snapshot");
	write_file(FOLDER "/policy", bytes, length);
	write_map(variant);
}

static double run(const struct variant *variant, const char *preload)
{
	const char first[] = {variant->first, '\0'};
	char text[64] = "";
	int ends[2], status;
	pid_t pid;

	prepare(variant);
	if (pipe(ends))
		die("pipe");
	pid = fork();
	if (pid == 0) {
		setenv("V6GUARD_SNAPSHOT", FOLDER "/policy", 1);
		if (variant->is_guarded)
			setenv("LD_PRELOAD", preload, 1);
		dup2(ends[1], STDOUT_FILENO);
		execl("/proc/self/exe", "bench_preload", "--child", first, (char *)NULL);
		_exit(1);
	}
	close(ends[1]);
	if (read(ends[0], text, sizeof(text) - 1) < 0)
		die("read");
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || status)
		die(variant->key);
	return atof(text) / 1000;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(values[0]), compare);
	return values[count / 2];
}

static void run_rounds(size_t rounds, const char *preload)
{
	static double us[VARIANTS][MAX_ROUNDS], ratios[MAX_ROUNDS];

	for (size_t round = 0; round < rounds; round++)
		for (size_t v = 0; v < VARIANTS; v++)
			us[v][round] = run(&variants[v], preload);
	for (size_t v = 0; v < VARIANTS; v++) {
		for (size_t round = 0; round < rounds; round++)
			ratios[round] = us[v][round] / us[0][round];
		variants[v].ratio = median(ratios, rounds);
	}
	for (size_t v = 0; v < VARIANTS; v++)
		variants[v].us = median(us[v], rounds);
}

int main(int argc, char **argv)
{
	const size_t rounds = argc > 1 && !strcmp(argv[1], "--long") ? MAX_ROUNDS : 15;
	const char *builddir = getenv("top_builddir");
	char preload[512];

	if (argc > 2 && !strcmp(argv[1], "--child"))
		return measure(argv[2]);
	snprintf(preload, sizeof(preload), "%s/.libs/libv6guard-preload.so",
		 builddir ? builddir : ".");
	if (access(preload, R_OK))
		die(preload);
	netns_enter();
	if (netns_reason ||
	    !sh("ip route add default via 192.0.2.2 && "
		"ip -6 route add default via 2001:db8:1::2") ||
	    !make_world()) {
		printf("{\"bench\": \"preload\", \"skipped\": \"no namespaces\"}\n");
		return 0;
	}
	run_rounds(rounds, preload);
	netns_leave();
	printf("{\"bench\": \"preload\", \"rounds\": %zu, \"addresses\": 10", rounds);
	for (size_t v = 0; v < VARIANTS; v++)
		printf(", \"%s\": {\"us\": %.1f, \"over_plain\": %.3f}", variants[v].key,
		       variants[v].us, variants[v].ratio);
	printf(", \"target\": %.2f}\n", TARGET);
	return 0;
}
