/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What races have shown, for a while: times, room, the rate, threads, fork. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "nss/memo.h"

static struct gp_probe_policy probe;
static long long now = 1000000;

static struct gp_addr addr_of(unsigned number)
{
	struct gp_addr addr;

	assert_int_equal(gp_addr_parse("2001:db8::", &addr), GP_OK);
	addr.bytes[14] = (uint8_t)(number >> 8);
	addr.bytes[15] = (uint8_t)number;
	return addr;
}

static void put(unsigned number, enum memo what)
{
	const struct gp_addr addr = addr_of(number);

	memo_put(&addr, 80, what, &probe, now);
}

static enum memo get(unsigned number)
{
	const struct gp_addr addr = addr_of(number);

	return memo_get(&addr, 80, now);
}

/* How long what was put is there, in seconds. */
static long long lasts(unsigned number, enum memo what)
{
	const long long begin = now;

	put(number, what);
	while (get(number) == what)
		now += 1000;
	assert_int_equal(get(number), MEMO_NOTHING);
	return (now - begin) / 1000;
}

static void test_times(void **state)
{
	(void)state;
	gp_probe_policy_init(&probe);
	assert_int_equal(get(1), MEMO_NOTHING);
	assert_int_equal(lasts(1, MEMO_ANSWERED), 600);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 30);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 60);
	assert_int_equal(lasts(1, MEMO_SLOW), 120);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 240);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 480);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 600);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 600);
	assert_int_equal(lasts(1, MEMO_ANSWERED), 600);
	assert_int_equal(lasts(1, MEMO_NO_ANSWER), 30); /* it had healed */
	assert_int_equal(lasts(2, MEMO_SILENT), 30);
	assert_int_equal(lasts(2, MEMO_SILENT), 30);
	assert_int_equal(lasts(3, MEMO_PASSED_OVER), 30);
	assert_int_equal(lasts(3, MEMO_LOCAL), 30);
}

/* Another port, and another zone, is another destination. */
static void test_keys(void **state)
{
	struct gp_addr addr = addr_of(7);

	(void)state;
	put(7, MEMO_ANSWERED);
	assert_int_equal(memo_get(&addr, 443, now), MEMO_NOTHING);
	assert_int_equal(memo_get(&addr, 0, now), MEMO_NOTHING);
	addr.scope_id = 2;
	assert_int_equal(memo_get(&addr, 80, now), MEMO_NOTHING);
}

/* What ends first makes room; the newest 64 are there. */
static void test_room(void **state)
{
	(void)state;
	for (unsigned i = 100; i < 300; i++) {
		now++;
		put(i, MEMO_ANSWERED);
		for (unsigned j = i < 163 ? 100 : i - 63; j <= i; j++)
			assert_int_equal(get(j), MEMO_ANSWERED);
	}
	assert_int_equal(get(235), MEMO_NOTHING);
}

static void test_rate(void **state)
{
	(void)state;
	now += 5000;
	assert_true(memo_take(2, 20, now));
	assert_true(memo_take(16, 20, now));
	assert_false(memo_take(3, 20, now));
	memo_give_back(1);
	assert_true(memo_take(3, 20, now));
	assert_false(memo_take(1, 20, now + 999));
	assert_true(memo_take(20, 20, now + 1000));
	memo_give_back(100);
	assert_true(memo_take(20, 20, now + 1000));
	assert_false(memo_take(1, 20, now + 1000));
	assert_false(memo_take(2, 1, now + 5000));
}

static atomic_bool is_over;

static void *use(void *arg)
{
	const unsigned first = *(const unsigned *)arg;
	unsigned i = 0;

	while (!is_over) {
		const struct gp_addr addr = addr_of(first + i % 8);
		enum memo what;

		memo_put(&addr, 80, MEMO_ANSWERED, &probe, 1);
		what = memo_get(&addr, 80, 2);
		if (what != MEMO_ANSWERED && what != MEMO_NOTHING)
			return (void *)1;
		i++;
	}
	return NULL;
}

/* A child that was made while a thread was at the table has it for itself again. */
static void test_threads_and_fork(void **state)
{
	unsigned firsts[4] = {1000, 1008, 1016, 1024};
	pthread_t threads[4];
	void *result;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, &firsts[i]), 0);
	for (int i = 0; i < 50; i++) {
		const struct gp_addr addr = addr_of(5);
		int status;
		const pid_t pid = fork();

		if (pid == 0) {
			memo_put(&addr, 80, MEMO_NO_ANSWER, &probe, now);
			_exit(memo_get(&addr, 80, now) != MEMO_NO_ANSWER ||
			      !memo_take(1, 1000, now + 100000));
		}
		assert_true(pid > 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	is_over = true;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_threads_and_fork),
	};

	return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
