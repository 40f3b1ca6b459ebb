/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `run` hears of its programs: whole messages in their order, however many wrote at
 * once; what was half written, and whatever a program scribbles, does no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/trace.h"
#include "tool/v6guard/run.h"

static struct run_trace trace;
static unsigned taken, pids_right;
static long expected_pid;
static char heard[1024];

void run_trace_note(struct run_trace *run, struct gp_trace *message, long pid)
{
	const size_t used = strlen(heard);

	(void)run;
	taken++;
	pids_right += pid == expected_pid;
	if (used < sizeof(heard) - 64)
		snprintf(heard + used, sizeof(heard) - used, "%s%.20s", used ? " " : "",
			 message->name);
}

static int setup(void **state)
{
	(void)state;
	taken = pids_right = 0;
	heard[0] = '\0';
	expected_pid = getpid();
	return run_trace_open(&trace, true) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	run_trace_close(&trace);
	return 0;
}

/* Each case writes from a process of its own, as the door opens it once. */
static void write_in_child(void (*write)(void))
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setenv(GP_TRACE_VARIABLE, trace.name, 1);
		write();
		_exit(0);
	}
	expected_pid = pid;
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void send_name(const char *name, bool acts)
{
	const struct gp_guard_policy policy = {.mode = GP_MODE_PREFER_IPV4};
	const struct gp_query query = {.name = name, .door = GP_DOOR_PRELOAD};

	gp_trace_send(&policy, &query, NULL, 0, (struct gp_outcome){acts, acts, false});
}

static void write_some(void)
{
	send_name("one", true);
	send_name("two", false);
	send_name("three", true);
}

static void test_order(void **state)
{
	(void)state;
	write_in_child(write_some);
	run_trace_read(&trace, false);
	assert_string_equal(heard, "one two three");
	assert_int_equal(pids_right, 3);
	assert_int_equal(trace.lookups, 3);
	assert_int_equal(trace.changed, 2);
	run_trace_read(&trace, true);
	assert_int_equal(taken, 3);
}

/* A child of fork() has its own process id, without a call of getpid(). */
static void fork_and_write(void)
{
	pid_t pid;
	int status;

	send_name("parent", false);
	pid = fork();
	if (pid == 0) {
		send_name("child", false);
		_exit(trace.ring->pages[1].pid == (uint32_t)getpid() ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		_exit(1);
}

static void test_fork(void **state)
{
	(void)state;
	write_in_child(fork_and_write);
	run_trace_read(&trace, true);
	assert_string_equal(heard, "parent child");
	assert_int_equal(pids_right, 1);
}

#define MANY (3 * GP_TRACE_PAGES + 7)

static void write_many(void)
{
	for (unsigned i = 1; i <= MANY; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		send_name(name, true);
	}
}

/* Who does not read in time misses the oldest, and no more. */
static void test_late(void **state)
{
	char last[16];

	(void)state;
	write_in_child(write_many);
	run_trace_read(&trace, false);
	assert_int_equal(trace.lookups, MANY);
	assert_int_equal(trace.changed, MANY);
	assert_int_equal(taken, GP_TRACE_PAGES);
	snprintf(last, sizeof(last), "n%u ", MANY - GP_TRACE_PAGES + 1);
	assert_memory_equal(heard, last, strlen(last));
}

static void *write_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 2000; i++)
		send_name("same", true);
	return NULL;
}

static void write_by_threads(void)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, write_often, NULL))
			_exit(1);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void test_threads(void **state)
{
	(void)state;
	write_in_child(write_by_threads);
	run_trace_read(&trace, true);
	assert_int_equal(trace.lookups, 8000);
	assert_int_equal(trace.changed, 8000);
	assert_true(taken > 0 && taken <= GP_TRACE_PAGES);
}

/* Who is killed while it writes is waited for until half of the pages are taken, or the
 * program is over. */
static void test_half_written(void **state)
{
	(void)state;
	write_in_child(write_some);
	atomic_store(&trace.ring->pages[1].number, 0);
	run_trace_read(&trace, false);
	assert_string_equal(heard, "one");
	run_trace_read(&trace, false);
	assert_string_equal(heard, "one");
	run_trace_read(&trace, true);
	assert_string_equal(heard, "one three");
}

#define WORDS (sizeof(struct gp_trace_page) * GP_TRACE_PAGES / sizeof(unsigned))

static void test_nonsense(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		unsigned *words = (void *)trace.ring->pages;

		srandom(round);
		for (size_t i = 0; i < WORDS; i++)
			words[i] = round % 2 ? (unsigned)random() : i % 9;
		atomic_store(&trace.ring->count, (unsigned)random() * 3U);
		run_trace_read(&trace, round % 3 == 0);
	}
}

/* Nothing but such memory is written to, whatever stands in the environment. */
static void test_other_files(void **state)
{
	static const char bytes[sizeof(struct gp_trace_ring)];
	char path[] = "/tmp/v6guard-trace-XXXXXX";
	const int fd = mkstemp(path);
	struct gp_trace_ring *ring;

	(void)state;
	assert_true(fd >= 0 && write(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(ring != MAP_FAILED);
	ring->magic = GP_TRACE_MAGIC;
	snprintf(trace.name, sizeof(trace.name), "/proc/%d/fd/%d", getpid(), fd);
	write_in_child(write_some); /* not sealed */
	assert_int_equal(ring->count, 0);
	munmap(ring, sizeof(*ring));
	close(fd);
	strcpy(trace.name, path);
	write_in_child(write_some); /* not below /proc */
	strcpy(trace.name, "/proc/self/fd/999");
	write_in_child(write_some);
	trace.ring->magic--;
	snprintf(trace.name, sizeof(trace.name), "/proc/%d/fd/%d", getpid(), trace.fd);
	write_in_child(write_some); /* of another version */
	assert_int_equal(trace.ring->count, 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_files, setup, teardown),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
