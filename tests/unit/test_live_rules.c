/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules in force: snapshots that are mapped, what damage does to them, and many of them
 * one after the other under processes that look up all the time. V6GUARD_LONG makes that
 * long.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/clock.h"
#include "guard/live.h"
#include "guard/rules_build.h"
#include "nss_world.h"
#include "sizes.h"

#define A_LOOK_LATER_US 1050000
#define MANY 4000 /* patterns: over 64 KiB */
#define PROCESSES 8

static const char *name_of(unsigned number)
{
	static char name[64];

	snprintf(name, sizeof(name), "host%u.number.example", number);
	return name;
}

/* A snapshot of GENERATION, whose one rule has that for a priority; PATTERNS names. */
static size_t make(unsigned generation, unsigned patterns, uint8_t **out)
{
	struct gp_snapshot snapshot = {.generation = generation,
				       .guard = world_policy(GP_MODE_OFF)};
	struct gp_snapshot_parts *parts = malloc(sizeof(*parts));
	struct gp_config *config = NULL;
	struct gp_diag diag;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	fprintf(to,
		"[rule r]\npriority = %u\naction = strip-aaaa\ndomains =", generation);
	for (unsigned i = 0; i < patterns; i++)
		fprintf(to, "\n %s", name_of(i));
	fprintf(to, "\n");
	fclose(to);
	CHECK(parts && gp_config_parse_text("test", text, size, &config, NULL) == GP_OK);
	CHECK(gp_rules_build(config, &snapshot.rules, NULL, &diag) == GP_OK);
	CHECK(gp_chain_parse("dns", 3, &snapshot.chain, NULL) == GP_OK);
	CHECK(gp_snapshot_lay_out(&snapshot, parts) == GP_OK);
	*out = malloc(parts->size);
	CHECK(gp_snapshot_build(&snapshot, *out, parts->size, &size) == GP_OK);
	gp_rules_build_free(&snapshot.rules);
	gp_config_free(config);
	free(parts);
	free(text);
	return size;
}

static void put(unsigned generation, unsigned patterns)
{
	uint8_t *bytes;
	const size_t size = make(generation, patterns, &bytes);

	world_write_bytes(bytes, size);
	free(bytes);
}

/* The generation that name NUMBER is decided by, by its rule; 0: no rule is about it. */
static unsigned generation_for(unsigned number)
{
	const struct gp_query query = {.name = name_of(number), .now = 1};
	struct gp_guard_rule rule = {.priority = 0};
	struct gp_live_ref ref;

	errno = 4711;
	if (!gp_live_get(&ref))
		return 0;
	if (ref.rules && gp_rules_match(ref.rules, &query, NULL, &rule))
		CHECK(rule.priority == ref.snapshot->generation);
	gp_live_put(&ref);
	CHECK(errno == 4711);
	return rule.priority;
}

/* How often the snapshot, or one that it replaced, is mapped here. */
static unsigned mappings(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned count = 0;

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		count += strstr(line, world_snapshot()) != NULL;
	fclose(file);
	return count;
}

static void map_and_let_go(const void *arg)
{
	(void)arg;
	put(1, MANY);
	CHECK(generation_for(0) == 1 && generation_for(MANY - 1) == 1);
	CHECK(generation_for(MANY) == 0);
	CHECK(mappings() == 1);
	put(2, MANY + 1);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(MANY) == 2 && mappings() == 2); /* two at most */
	put(3, 2);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(1) == 3 && generation_for(2) == 0 && mappings() == 1);
	put(4, 3);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(2) == 4 && mappings() == 0);
}

/* Nobody who looks at it later is killed. */
static void survive_cut(const void *arg)
{
	(void)arg;
	put(1, MANY);
	CHECK(generation_for(0) == 1);
	CHECK(!truncate(world_snapshot(), 0));
	usleep(20000); /* some ticks */
	CHECK(generation_for(0) == 0);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(0) == 0);
	put(1, MANY);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(0) == 1);
	/* And replaced, with no look between. */
	CHECK(!truncate(world_snapshot(), 0));
	put(2, MANY);
	usleep(20000);
	CHECK(generation_for(0) == 2);
	put(2, MANY);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(MANY - 1) == 2);
}

/* What a lookup holds stays, whatever comes. */
static void hold_a_mapping(const void *arg)
{
	const struct gp_query query = {.name = "host7.number.example", .now = 1};
	struct gp_guard_rule rule;
	struct gp_live_ref ref;

	(void)arg;
	put(1, MANY);
	CHECK(gp_live_get(&ref));
	for (unsigned generation = 2; generation <= 4; generation++) {
		put(generation, MANY);
		usleep(A_LOOK_LATER_US);
		CHECK(generation_for(7) > 1);
	}
	CHECK(gp_rules_match(ref.rules, &query, NULL, &rule) && rule.priority == 1);
	gp_live_put(&ref);
}

/* A child's frames may look at what its parent had mapped: that stays, and no more. */
static void fork_with_a_mapping(const void *arg)
{
	const struct gp_query query = {.name = "host7.number.example", .now = 1};
	struct gp_guard_rule rule;
	struct gp_live_ref ref;
	int status;
	pid_t pid;

	(void)arg;
	put(1, MANY);
	CHECK(gp_live_get(&ref));
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		for (unsigned generation = 2; generation <= 5; generation++) {
			put(generation, MANY);
			usleep(A_LOOK_LATER_US);
			CHECK(generation_for(7) == generation);
		}
		/* Whichever it is by now. */
		CHECK(gp_rules_match(ref.rules, &query, NULL, &rule));
		CHECK(mappings() <= 4);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	gp_live_put(&ref);
}

static void write_damaged(size_t at, size_t cut)
{
	uint8_t *bytes;
	size_t size = make(9, MANY, &bytes);

	if (at)
		bytes[at < size ? at : size - 1] ^= 0x55;
	world_write_bytes(bytes, size - cut);
	free(bytes);
}

/* By its head alone: the body costs a match at worst. */
static void damage(const void *arg)
{
	(void)arg;
	write_damaged(0, 0);
	CHECK(generation_for(3) == 9);
	write_damaged(0, 1);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(3) == 0 && mappings() <= 1);
	write_damaged(60, 0); /* the section table */
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(3) == 0);
	write_damaged(SIZE_MAX, 0);
	usleep(A_LOOK_LATER_US);
	CHECK(generation_for(3) == 9);
}

static void test_mapped(void **state)
{
	(void)state;
	world_run(map_and_let_go, NULL, "map and let go");
	world_run(survive_cut, NULL, "cut off");
	world_run(hold_a_mapping, NULL, "hold a mapping");
	world_run(fork_with_a_mapping, NULL, "fork with a mapping");
	world_run(damage, NULL, "damage");
}

/* ---- many, one after the other ---- */

#define GENERATIONS 65536

struct shared {
	_Atomic unsigned latest; /* generation that is in place */
	_Atomic long long since_ms[GENERATIONS];
	_Atomic bool is_over;
	_Atomic unsigned seen[PROCESSES]; /* how many each went through */
};

/* A generation may be in use for a second after the next is there; under load for more.
 */
#define PATIENCE_MS 5000

static void look_up_all_the_time(struct shared *shared, unsigned process)
{
	unsigned last = 0, most = 0, lookups = 0;

	while (!shared->is_over) {
		const long long now = gp_now_ms();
		const unsigned generation = generation_for(lookups++ % (MANY / 2));

		CHECK(generation >= last && generation > 0);
		if (generation == last) {
			const long long next = shared->since_ms[generation + 1];
			CHECK(!next || now - next < PATIENCE_MS);
			continue;
		}
		last = generation;
		shared->seen[process]++;
		most = mappings() > most ? mappings() : most;
	}
	CHECK(most <= 2);
	_exit(0);
}

/* Has each process gone through more than one? */
static bool all_have_changed(const struct shared *shared)
{
	for (unsigned i = 0; i < PROCESSES; i++)
		if (shared->seen[i] < 2)
			return false;
	return true;
}

/* COUNT at least, and more where a process has had no time to look. */
static void publish(struct shared *shared, long count, useconds_t pause_us)
{
	for (long i = 2; i < GENERATIONS && (i <= count || !all_have_changed(shared));
	     i++) {
		/* Large and small, by turns that are not those of the slots. */
		put((unsigned)i, i % 3 ? MANY : MANY / 2);
		shared->since_ms[i] = gp_now_ms();
		shared->latest = (unsigned)i;
		usleep(pause_us);
	}
}

static void many(const void *arg)
{
	const long count = sized(60, 1000);
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[PROCESSES];
	int status;

	(void)arg;
	CHECK(shared != MAP_FAILED);
	put(1, MANY);
	for (unsigned i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0);
		if (pids[i] == 0)
			look_up_all_the_time(shared, i);
	}
	publish(shared, count, 30000);
	usleep(2 * A_LOOK_LATER_US);
	shared->is_over = true;
	for (unsigned i = 0; i < PROCESSES; i++) {
		CHECK(waitpid(pids[i], &status, 0) == pids[i] && status == 0);
		CHECK(shared->seen[i] >= 2);
	}
}

static void test_many(void **state)
{
	(void)state;
	world_run(many, NULL, "many");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("live_rules", tests, world_setup,
					   world_teardown);
}
