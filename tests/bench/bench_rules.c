/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_rules - what rules cost by their number of patterns: to compile, in bytes, for a
 * lookup, in memory of a process's own. One JSON line. Patterns have the shape of real
 * lists and come from a fixed seed; half of the lookups are below some pattern. A lookup
 * is compared with the memory that none can do without: a line of the hash for each of
 * its suffixes at once, then one of the records. Each lookup, and each bare probe, waits
 * for the one before it. Nothing fails by time. Options: --long for 10 million as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/live.h"
#include "guard/rules_build.h"

#define LOOKUPS 200000
#define BATCH 32 /* lookups a sample: the clock costs as much as one */
#define SAMPLES (LOOKUPS / BATCH)
#define NAME 96
#define PREFIXES 100000
#define TARGET_NS 250.0

static char folder[] = "/tmp/v6guard-bench.XXXXXX";
static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 16) % below);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench_rules: %s\n", what);
	exit(1);
}

/* ---- names as lists have them ---- */

static char *put_label(char *at, unsigned least, unsigned most)
{
	static const char letters[] = "etaoinshrdlcumwfgypbvkjxqz0123456789";
	const unsigned length = least + draw(most - least + 1);

	for (unsigned i = 0; i < length; i++)
		*at++ = letters[draw(draw(3) ? 16 : sizeof(letters) - 1)];
	return at;
}

static void put_name(char *at)
{
	static const char *const tlds[] = {
		"com", "com",    "com", "com", "com",    "com", "net",  "net",   "org",
		"org", "de",     "ru",  "io",  "co.uk",  "fr",  "nl",   "info",  "top",
		"xyz", "com.br", "cn",  "pl",  "com.au", "it",  "site", "online"};
	static const char *const hosts[] = {"www",   "cdn",    "ads",   "api",
					    "track", "static", "mail",  "img",
					    "edge",  "stats",  "media", "login"};

	if (draw(100) < 35) {
		at = stpcpy(at, hosts[draw(12)]);
		if (!draw(4))
			at = put_label(at, 1, 3);
		*at++ = '.';
	}
	if (draw(100) < 12) {
		at = put_label(at, 3, 9);
		*at++ = '.';
	}
	at = put_label(at, 4, 15);
	if (!draw(6)) {
		*at++ = '-';
		at = put_label(at, 2, 7);
	}
	*at++ = '.';
	strcpy(at, tlds[draw(sizeof(tlds) / sizeof(tlds[0]))]);
}

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static FILE *create(const char *name)
{
	FILE *file = fopen(in_folder(name), "w");

	if (!file)
		die("cannot write");
	return file;
}

/* COUNT patterns, and LOOKUPS names, every second one of or below a pattern. */
static void write_list(unsigned count, char (*names)[NAME])
{
	FILE *list = create("list");
	char name[NAME - 4]; /* room for a label before it */
	char swapped[NAME];
	size_t taken = 0;

	seed = 20270331;
	for (unsigned i = 0; i < count; i++) {
		const unsigned kind = draw(20);

		put_name(name);
		fprintf(list, "%s%s\n", kind < 3 ? "*." : kind == 3 ? "=" : "", name);
		if (kind > 3 && draw(count) < LOOKUPS && taken < LOOKUPS)
			stpcpy(stpcpy(names[taken++], draw(2) ? "" : "a1."), name);
	}
	fclose(list);
	for (size_t i = taken; i < LOOKUPS; i++)
		strcpy(names[i], names[draw((unsigned)taken)]);
	for (size_t i = 0; i < LOOKUPS; i++) {
		const size_t other = draw(LOOKUPS);

		memcpy(swapped, names[i], NAME);
		memcpy(names[i], names[other], NAME);
		memcpy(names[other], swapped, NAME);
	}
	for (size_t i = 0; i < LOOKUPS; i += 2)
		put_name(names[i]);
}

static void write_config(const char *rule)
{
	FILE *file = create("v6guard.conf");

	fprintf(file,
		"[guard]\nmode = off\n[rule many]\npriority = 1\n"
		"action = strip-aaaa\n%s\n",
		rule);
	fclose(file);
}

/* ---- compiling, and what a process maps ---- */

static void save(const struct gp_rules *rules)
{
	struct gp_snapshot snapshot = {.generation = 1, .rules = *rules};
	static struct gp_snapshot_parts parts;
	FILE *file = create("policy.snap");

	gp_guard_policy_init(&snapshot.guard);
	snapshot.guard.mode = GP_MODE_OFF;
	if (gp_snapshot_lay_out(&snapshot, &parts) != GP_OK)
		die("cannot lay out");
	for (size_t i = 0; i < parts.count; i++)
		fwrite(parts.part[i].at, 1, parts.part[i].size, file);
	if (fclose(file))
		die("cannot write");
}

/* From the files to the file, as `apply` does it; returns seconds, *CPU of a core. */
static double compile(double *cpu)
{
	struct gp_config_errors errors;
	struct gp_rules_report report;
	struct gp_config *config;
	struct gp_rules rules;
	struct gp_diag diag;
	const double start = now_ns();
	const clock_t cpu_start = clock();
	double taken;

	if (gp_config_load(folder, &config, &errors) != GP_OK)
		die(errors.count ? errors.list[0].text : "cannot read");
	if (gp_rules_build(config, &rules, &report, &diag) != GP_OK)
		die(diag.text);
	save(&rules);
	taken = (now_ns() - start) / 1e9;
	*cpu = (double)(clock() - cpu_start) / CLOCKS_PER_SEC;
	gp_rules_report_free(&report);
	gp_rules_build_free(&rules);
	gp_config_free(config);
	return taken;
}

struct mapping {
	void *bytes;
	size_t size;
	struct gp_snapshot snapshot;
};

static struct mapping map(void)
{
	FILE *file = fopen(in_folder("policy.snap"), "r");
	struct mapping mapping;
	struct stat stat;

	if (!file || fstat(fileno(file), &stat))
		die("cannot open");
	mapping.size = (size_t)stat.st_size;
	mapping.bytes = mmap(NULL, mapping.size, PROT_READ, MAP_SHARED, fileno(file), 0);
	fclose(file);
	if (mapping.bytes == MAP_FAILED ||
	    gp_snapshot_open(mapping.bytes, mapping.size, &mapping.snapshot) != GP_OK)
		die("cannot map");
	return mapping;
}

/* ---- lookups ---- */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double samples[SAMPLES];

static double median(void)
{
	qsort(samples, SAMPLES, sizeof(samples[0]), compare);
	return samples[SAMPLES / 2];
}

/* Each name is chosen by what the one before it came to. */
static double measure_lookups(const struct gp_rules *rules, char (*names)[NAME],
			      unsigned *matched)
{
	struct gp_guard_rule rule;
	unsigned found = 0;

	for (unsigned sample = 0; sample < SAMPLES; sample++) {
		char(*name)[NAME] = names + sample * BATCH;
		const double start = now_ns();
		unsigned carry = 0;

		for (unsigned i = 0; i < BATCH; i++) {
			const struct gp_query query = {.name = name[i ^ (carry & 1)],
						       .now = 1};
			const bool is = gp_rules_match(rules, &query, NULL, &rule);

			found += is;
			carry = is ? rule.priority >> 8 : 0; /* 0, which nobody knows */
		}
		samples[sample] = (now_ns() - start) / BATCH;
	}
	*matched = found;
	return median();
}

/* What memory alone costs: COUNT lines of the hash at once, then one of the records. */
static double measure_probes(const struct gp_rules *rules, unsigned count)
{
	const struct gp_bytes buckets = rules->section[GP_RULES_BUCKETS];
	const struct gp_bytes records = rules->section[GP_RULES_RECORDS];
	uint64_t state = 1;

	for (unsigned sample = 0; sample < SAMPLES; sample++) {
		const double start = now_ns();

		for (unsigned i = 0; i < BATCH; i++) {
			uint64_t sum = 0;

			for (unsigned probe = 0; probe < count; probe++) {
				state = state * UINT64_C(6364136223846793005) + 1442695;
				sum += *(const volatile uint8_t *)(buckets.at +
								   (state >> 33) *
									   (buckets.size /
									    64) /
									   (1U << 31) *
									   64);
			}
			state = state * UINT64_C(6364136223846793005) + sum + 1;
			sum = *(const volatile uint8_t *)(records.at +
							  (state >> 33) *
								  (records.size / 64) /
								  (1U << 31) * 64);
			state += sum;
		}
		samples[sample] = (now_ns() - start) / BATCH;
	}
	return median();
}

static double suffixes(char (*names)[NAME], const struct gp_rules *rules)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < LOOKUPS; i++) {
		unsigned labels = 1;

		for (const char *at = names[i]; (at = strchr(at, '.')); at++)
			labels++;
		for (unsigned label = 1; label <= labels; label++)
			sum += rules->labels[label / 64] >> label % 64 & 1;
	}
	return (double)sum / LOOKUPS;
}

/* ---- memory of one's own ---- */

/* KiB that this process alone has written to. */
static long dirty_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[128];
	long kib = 0, one;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_Dirty: %ld", &one) == 1)
			kib += one;
	if (file)
		fclose(file);
	return kib;
}

/* As a door has it, in a process of its own. */
static long private_kib(char (*names)[NAME])
{
	long kib = -1;
	int ends[2];

	if (pipe(ends))
		die("no pipe");
	if (fork() == 0) {
		struct gp_guard_rule rule;
		struct gp_live_ref ref;
		long before = dirty_kib();

		before = dirty_kib(); /* what looking takes is there then */
		setenv("V6GUARD_SNAPSHOT", in_folder("policy.snap"), 1);
		for (unsigned i = 0; i < 20000; i++) {
			const struct gp_query query = {.name = names[i], .now = 1};

			if (!gp_live_get(&ref))
				_exit(1);
			gp_rules_match(ref.rules, &query, NULL, &rule);
			gp_live_put(&ref);
		}
		before = dirty_kib() - before;
		_exit(write(ends[1], &before, sizeof(before)) < 0);
	}
	close(ends[1]);
	if (read(ends[0], &kib, sizeof(kib)) != sizeof(kib))
		kib = -1;
	close(ends[0]);
	wait(NULL);
	return kib;
}

/* ---- prefixes ---- */

static void put_prefix(FILE *file)
{
	if (draw(3))
		fprintf(file, "\n 2a%02x:%x:%x::/48", draw(16), 1 + draw(65535),
			1 + draw(65535));
	else
		fprintf(file, "\n %u.%u.%u.0/24", 1 + draw(220), draw(256), draw(256));
}

static double measure_prefixes(double *seconds)
{
	FILE *file = create("v6guard.conf");
	struct mapping mapping;
	static struct gp_addr addrs[4096];
	unsigned inside = 0;
	double ns, cpu;

	seed = 20270401;
	fprintf(file, "[rule many]\npriority = 1\naction = allow\nprefixes =");
	for (unsigned i = 0; i < PREFIXES; i++)
		put_prefix(file);
	fprintf(file, "\n");
	fclose(file);
	*seconds = compile(&cpu);
	mapping = map();
	for (unsigned i = 0; i < 4096; i++) {
		const uint8_t bytes[16] = {0x2a,
					   (uint8_t)draw(16),
					   (uint8_t)draw(256),
					   (uint8_t)draw(256),
					   (uint8_t)draw(256),
					   (uint8_t)draw(256)};

		addrs[i] = draw(3) ? gp_addr_make(AF_INET6, bytes, 0)
				   : gp_addr_make(AF_INET, bytes + 2, 0);
	}
	for (unsigned sample = 0; sample < SAMPLES; sample++) {
		const double start = now_ns();

		for (unsigned i = 0; i < BATCH; i++)
			inside += gp_rules_has_address(
				&mapping.snapshot.rules, 0,
				&addrs[(sample * BATCH * 61 + i * 127) % 4096]);
		samples[sample] = (now_ns() - start) / BATCH;
	}
	ns = median();
	if (inside == LOOKUPS)
		die("all addresses are inside");
	munmap(mapping.bytes, mapping.size);
	return ns;
}

/* ---- all of it ---- */

static void run_size(unsigned count, char (*names)[NAME], bool is_first)
{
	struct mapping mapping;
	double seconds, cpu, probes, ns, bare;
	unsigned matched;

	write_list(count, names);
	write_config("domains-file = list");
	seconds = compile(&cpu);
	mapping = map();
	probes = suffixes(names, &mapping.snapshot.rules);
	measure_lookups(&mapping.snapshot.rules, names, &matched); /* warm */
	bare = measure_probes(&mapping.snapshot.rules, (unsigned)(probes + 0.5));
	ns = measure_lookups(&mapping.snapshot.rules, names, &matched);
	if (matched < LOOKUPS / 4 || matched > LOOKUPS / 4 * 3)
		die("not what it should find");
	printf("%s{\"patterns\": %u, \"compile_s\": %.2f, \"compile_cpu_s\": %.2f, "
	       "\"bytes_each\": %.1f, "
	       "\"match_ns\": %.0f, \"over_target\": %.2f, \"probes\": %.1f, "
	       "\"bare_ns\": %.0f, \"over_bare\": %.2f, \"private_kib\": %ld}",
	       is_first ? "" : ", ", count, seconds, cpu, (double)mapping.size / count,
	       ns, ns / TARGET_NS, probes + 1, bare, ns / bare, private_kib(names));
	fflush(stdout);
	munmap(mapping.bytes, mapping.size);
}

int main(int argc, char **argv)
{
	const bool is_long = argc > 1 && !strcmp(argv[1], "--long");
	static const unsigned counts[] = {1000, 10000, 100000, 1000000, 10000000};
	char(*names)[NAME] = calloc(LOOKUPS, NAME);
	double seconds, ns;

	if (!names || !mkdtemp(folder))
		die("no memory or no folder");
	printf("{\"bench\": \"rules\", \"lookups\": %d, \"sizes\": [", LOOKUPS);
	for (unsigned i = 0; i < (is_long ? 5 : 4); i++)
		run_size(counts[i], names, i == 0);
	ns = measure_prefixes(&seconds);
	printf("], \"prefixes\": %d, \"prefix_ns\": %.1f, \"prefix_compile_s\": %.2f}\n",
	       PREFIXES, ns, seconds);
	free(names);
	unlink(in_folder("list"));
	unlink(in_folder("v6guard.conf"));
	unlink(in_folder("policy.snap"));
	return rmdir(folder) ? 1 : 0;
}
