/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door under everything that can go wrong in somebody else's process. Expected each
 * time: plain libc behaviour (UNAVAIL), or the right answer; no output, no crash, nothing
 * leaked or left changed. Leaks are seen by the sanitizer and by valgrind, which run this
 * as well.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "nss/answer.h"
#include "nss_world.h"
#include "sizes.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define THREADS 16

struct result {
	enum nss_status status;
	unsigned ipv4, ipv6;
};

static struct result look_up(const char *name)
{
	struct gaih_addrtuple *tuple = NULL;
	struct result result = {0};
	int error = 0, h_error = 0;
	char buffer[8192];

	errno = 4711;
	result.status = _nss_v6guard_gethostbyname4_r(
		name, &tuple, buffer, sizeof(buffer), &error, &h_error, NULL);
	CHECK(errno == 4711);
	if (result.status != NSS_STATUS_SUCCESS)
		CHECK(result.status == NSS_STATUS_UNAVAIL && h_error == NO_RECOVERY);
	for (; result.status == NSS_STATUS_SUCCESS && tuple; tuple = tuple->next)
		*(tuple->family == AF_INET ? &result.ipv4 : &result.ipv6) += 1;
	return result;
}

static void dual_stub(void)
{
	stub_full->script =
		(struct stub_script){.status = NSS_STATUS_SUCCESS, .ipv4 = 2, .ipv6 = 2};
	stub_old->script = stub_full->script;
}

static void write_prefer(const char *chain)
{
	const struct gp_guard_policy policy = world_policy(GP_MODE_PREFER_IPV4);

	world_write(&policy, chain);
}

/* ---- a damaged snapshot ---- */

static uint8_t bytes[4096];
static size_t length;

static void expect_plain(const void *what)
{
	(void)what;
	dual_stub();
	CHECK(look_up("host.example").status == NSS_STATUS_UNAVAIL);
	CHECK(stub_full->calls[CALL_BY_NAME4] == 0);
}

static void test_damaged_snapshot(void **state)
{
	const struct gp_guard_policy policy = world_policy(GP_MODE_PREFER_IPV4);

	(void)state;
	length = world_build(&policy, "v6gstub dns", bytes, sizeof(bytes));
	for (size_t cut = 0; cut < length; cut++) {
		world_write_bytes(bytes, cut);
		world_run(expect_plain, NULL, "truncated");
	}
	for (size_t at = 0; at < length; at++) {
		bytes[at] ^= 0xff;
		world_write_bytes(bytes, length);
		world_run(expect_plain, NULL, "flipped");
		bytes[at] ^= 0xff;
	}
}

/* ---- no memory ---- */

/* The N-th allocation fails, for each N until one run needs no more than N. */
static void fail_each_allocation(const void *chain)
{
	bool reached = false;

	dual_stub();
	stub_full->script.ipv4 = stub_full->script.ipv6 =
		60; /* more than fit without malloc */
	stub_full->script.need = 20000;
	write_prefer(chain);
	for (long n = 0; n < 64 && !reached; n++) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			struct result result;

			world_allocations_left = n;
			result = look_up("host.example");
			reached = world_allocations_left >= 0;
			world_allocations_left = -1;
			CHECK(result.status == NSS_STATUS_UNAVAIL ||
			      (result.ipv4 && !result.ipv6));
			CHECK(!reached || result.status == NSS_STATUS_SUCCESS);
			/* And the next lookup is as good as ever. */
			usleep(1000);
			CHECK(n == 0 || look_up("host.example").ipv6 == 0);
			_exit(reached ? 42 : 0);
		}
		CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		reached = WEXITSTATUS(status) == 42;
		CHECK(reached || WEXITSTATUS(status) == 0);
		CHECK(!reached || n >= 4); /* it does allocate */
	}
	CHECK(reached);
}

/* Below what the lookup needs, all by the kernel's refusal, while the process still runs.
 */
static void limit_address_space(const void *arg)
{
	struct rlimit limit = {0, 0};

	(void)arg;
	dual_stub();
	write_prefer("v6gstub");
	CHECK(look_up("host.example").ipv4 == 2);
	if (world_is_instrumented())
		return;
	CHECK(!setrlimit(RLIMIT_AS, &limit));
	for (unsigned i = 0; i < 2000; i++) {
		char name[32];
		struct result result;

		snprintf(name, sizeof(name), "host%u.example", i);
		result = look_up(name);
		CHECK(result.status == NSS_STATUS_UNAVAIL || result.ipv4 == 2);
	}
}

/* Without a socket nobody knows whether IPv4 is usable: nothing is taken away. */
static void run_out_of_fds(const void *arg)
{
	const struct rlimit none = {3, 3};

	(void)arg;
	dual_stub();
	world_real_facts = true;
	write_prefer("v6gstub");
	look_up("host.example"); /* the policy and the service are there */
	if (world_is_instrumented())
		return;
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	while (dup(0) >= 0)
		;
	CHECK(look_up("host.example").ipv4 == 2 && look_up("host.example").ipv6 == 2);
	_exit(0); /* no leak check without an fd */
}

static void test_no_fds(void **state)
{
	(void)state;
	world_run(run_out_of_fds, NULL, "fd limit");
}

static void test_no_memory(void **state)
{
	(void)state;
	world_run(fail_each_allocation, "v6gstub", "malloc fails");
	world_run(fail_each_allocation, "v6gnot v6gold v6gstub",
		  "malloc fails, two calls");
	world_run(limit_address_space, NULL, "ulimit -v");
}

/* ---- threads, a policy that changes, forks ---- */

static long lookups;
static _Atomic long guarded, plain;
static _Atomic bool stop;

static void *look_up_often(void *arg)
{
	char name[32];

	for (long i = 0; i < lookups; i++) {
		struct result result;

		snprintf(name, sizeof(name), "t%u-%ld.example", *(unsigned *)arg, i);
		result = look_up(name);
		if (result.status == NSS_STATUS_UNAVAIL) {
			plain++;
			usleep(2000); /* or a second of `off` would end the storm */
			continue;
		}
		/* One policy or the other, never a mixture. */
		CHECK((result.ipv4 == 2 && !result.ipv6) ||
		      (!result.ipv4 && result.ipv6 == 2));
		guarded++;
	}
	return NULL;
}

static void *replace_often(void *arg)
{
	(void)arg;
	for (unsigned i = 0; !stop; i++) {
		static const enum gp_mode modes[] = {GP_MODE_PREFER_IPV4, GP_MODE_STRIP_A,
						     GP_MODE_OFF};
		const struct gp_guard_policy policy = world_policy(modes[i % 3]);

		world_write(&policy, i & 1 ? "v6gstub" : "v6gnot v6gstub");
		usleep(7000);
	}
	return NULL;
}

static void fork_often(void)
{
	while (!stop) {
		pid_t pid = fork();
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			struct result result = look_up("child.example");

			_exit(result.status == NSS_STATUS_SUCCESS && result.ipv4 &&
			      result.ipv6);
		}
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		usleep(5000);
	}
}

static void *fork_thread(void *arg)
{
	(void)arg;
	fork_often();
	return NULL;
}

static void storm(const void *arg)
{
	pthread_t threads[THREADS], writer, forker;
	unsigned numbers[THREADS];
	const bool is_forking = !world_is_instrumented();

	(void)arg;
	dual_stub();
	lookups = sized(1000, 20000);
	stub_full->script.sleep_ms = 2;
	write_prefer("v6gstub");
	CHECK(!pthread_create(&writer, NULL, replace_often, NULL));
	if (is_forking)
		CHECK(!pthread_create(&forker, NULL, fork_thread, NULL));
	for (unsigned i = 0; i < THREADS; i++) {
		numbers[i] = i;
		CHECK(!pthread_create(&threads[i], NULL, look_up_often, &numbers[i]));
	}
	for (unsigned i = 0; i < THREADS; i++)
		CHECK(!pthread_join(threads[i], NULL));
	stop = true;
	CHECK(!pthread_join(writer, NULL));
	CHECK(!is_forking || !pthread_join(forker, NULL));
	CHECK(guarded + plain == THREADS * lookups && guarded > 0);
}

/* A thread cancelled in the middle of a backend's wait. */
static void *look_up_once(void *arg)
{
	look_up(arg);
	return NULL;
}

static void cancel(const void *arg)
{
	static char name[] = "slow.example";

	(void)arg;
	dual_stub();
	write_prefer("v6gstub");
	CHECK(look_up("host.example").ipv4 == 2);
	stub_full->script.sleep_ms = 1000000; /* beyond the time that a case may have */
	for (unsigned i = 0; i < 8; i++) {
		pthread_t thread;
		void *result;

		CHECK(!pthread_create(&thread, NULL, look_up_once, name));
		usleep(20000);
		CHECK(!pthread_cancel(thread) && !pthread_join(thread, &result));
		CHECK(result == PTHREAD_CANCELED);
	}
	stub_full->script.sleep_ms = 0;
	CHECK(look_up("host.example").ipv4 == 2);
}

/* A time limit as wget sets it. What was left is lost, as libc's own memory is: a leak.
 */
static sigjmp_buf before_lookup;

static void leave(int number)
{
	(void)number;
	siglongjmp(before_lookup, 1);
}

/* The time is up while the backend waits, and nowhere else. */
static void wait_for_the_end(void)
{
	const struct itimerval soon = {.it_value = {.tv_usec = 20000}};

	CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
	for (;;)
		pause();
}

static void jump_out(const void *arg)
{
	(void)arg;
	dual_stub();
	write_prefer("v6gstub");
	CHECK(look_up("host.example").ipv4 == 2);
	CHECK(signal(SIGALRM, leave) != SIG_ERR);
	stub_full->script.inside = wait_for_the_end;
	if (!sigsetjmp(before_lookup, 1)) {
		look_up("slow.example");
		CHECK(!"got here");
	}
	stub_full->script.inside = NULL;
	for (unsigned i = 0; i < 3; i++)
		CHECK(look_up("host.example").ipv4 == 2 && !look_up("host.example").ipv6);
}

static void test_threads(void **state)
{
	(void)state;
	world_run(storm, NULL, "16 threads, replaced policies, forks");
	world_run(cancel, NULL, "cancellation");
	if (!world_is_instrumented())
		world_run(jump_out, NULL, "longjmp out of a lookup");
}

/* ---- silence ---- */

/* What a library must leave as it found it. */
struct trace {
	char fds[1024];
	sigset_t signals;
	void (*handlers[32])(int);
	int flags[32];
	size_t environment;
};

static size_t environment_hash(void)
{
	size_t hash = 5381;

	for (char **at = environ; *at; at++)
		for (const char *c = *at; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
	return hash;
}

static void take_trace(struct trace *trace)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t used = 0;

	memset(trace, 0, sizeof(*trace));
	CHECK(folder);
	for (struct dirent *entry; (entry = readdir(folder));)
		used += (size_t)snprintf(trace->fds + used, sizeof(trace->fds) - used,
					 "%s ", entry->d_name);
	closedir(folder);
	CHECK(!pthread_sigmask(SIG_BLOCK, NULL, &trace->signals));
	for (int i = 1; i < 32; i++) {
		struct sigaction action;

		CHECK(!sigaction(i, NULL, &action));
		trace->handlers[i] = action.sa_handler;
		trace->flags[i] = action.sa_flags;
	}
	trace->environment = environment_hash();
}

static void disturb(unsigned round)
{
	static const char *const chains[] = {"v6gstub", "v6gnot v6gold", "v6gbare"};
	const struct gp_guard_policy policy = world_policy(GP_MODE_STRIP_AAAA);

	if (round == 7)
		world_write_bytes("rubbish", 7);
	else if (round == 8)
		unlink(world_snapshot());
	else
		world_write(&policy, chains[round % 3]);
	world_allocations_left = round == 5 ? 1 : -1;
	look_up("host.example");
	look_up("localhost");
	world_allocations_left = -1;
}

static void be_silent(const void *arg)
{
	struct trace before, after;
	int pipes[2], keep = dup(2);
	char byte;

	(void)arg;
	dual_stub();
	world_real_facts = true;
	write_prefer("v6gstub");
	CHECK(!pipe2(pipes, O_NONBLOCK) && keep >= 0);
	CHECK(dup2(pipes[1], 1) == 1 && dup2(pipes[1], 2) == 2);
	take_trace(&before);
	for (unsigned round = 0; round < 9; round++) {
		pid_t pid = fork(); /* a fresh door each */
		int status;

		CHECK(pid >= 0);
		if (pid == 0) {
			disturb(round);
			take_trace(&after);
			CHECK(!memcmp(&before, &after, sizeof(before)));
			_exit(0);
		}
		CHECK(waitpid(pid, &status, 0) == pid);
		dup2(keep, 2);
		CHECK(status == 0);
		dup2(pipes[1], 2);
	}
	dup2(keep, 2);
	CHECK(read(pipes[0], &byte, 1) == -1 && errno == EAGAIN);
}

static void test_silence(void **state)
{
	(void)state;
	world_run(be_silent, NULL, "silence");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damaged_snapshot), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_fds),           cmocka_unit_test(test_threads),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests_name("nss failure", tests, world_setup,
					   world_teardown);
}
