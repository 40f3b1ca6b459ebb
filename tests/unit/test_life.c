/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lookups within lookups, and those that a program leaves: by longjmp() out of a signal
 * handler, as wget's time limit does it, or for another stack, as coroutines do.
 */
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <cmocka.h>

#include "nss/answer.h"
#include "nss/hold.h"
#include "nss/life.h"
#include "nss_world.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define OK .status = NSS_STATUS_SUCCESS

long long __wrap_gp_now_ms(void);
static long long clock_ms = 1000;

long long __wrap_gp_now_ms(void)
{
	return clock_ms;
}

/* Whether the policy, which is prefer-ipv4, came to bear. */
enum seen { PLAIN, GUARDED };

static enum seen look_up(const char *name)
{
	struct gaih_addrtuple *tuple = NULL;
	char buffer[4096];
	int error = 0, h_error = 0;

	if (_nss_v6guard_gethostbyname4_r(name, &tuple, buffer, sizeof(buffer), &error,
					  &h_error, NULL) != NSS_STATUS_SUCCESS)
		return PLAIN;
	CHECK(tuple && tuple->family == AF_INET && !tuple->next);
	return GUARDED;
}

static void begin(void)
{
	const struct gp_guard_policy policy = world_policy(GP_MODE_PREFER_IPV4);

	world_write(&policy, "v6gstub");
	stub_full->script = (struct stub_script){OK, .ipv4 = 1, .ipv6 = 1};
	CHECK(look_up("host.example") == GUARDED);
}

/* ---- the mark ---- */

static jmp_buf back;

/* Anything that is called later writes over it; here, this. */
static __attribute__((noinline)) void fill_stack(size_t size)
{
	volatile char bytes[8192];

	for (size_t i = 0; i < sizeof(bytes) && i < size; i++)
		bytes[i] = (char)i;
}

static struct life *left_behind;

static __attribute__((noinline)) void leave(void)
{
	struct life life;

	life_begin(&life, &back);
	left_behind = &life;
	longjmp(back, 1);
}

static void check_marks(const void *arg)
{
	/* From below upwards, as calls stand on a stack. */
	struct life marks[3], *inner_mark = &marks[0], *outer = &marks[1];
	struct life *gone = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	life_begin(outer, &back);
	CHECK(!life_is_over(outer, &back) && life_is_over(outer, outer));
	CHECK(life_is_inside(outer, &back, inner_mark));
	CHECK(!life_is_inside(outer, &back, outer)); /* the same place */
	CHECK(!life_is_inside(outer, &back, &marks[2]));
	clock_ms += 29999;
	CHECK(life_is_inside(outer, &back, inner_mark));
	clock_ms += 1; /* it stands where nobody writes */
	CHECK(!life_is_inside(outer, &back, inner_mark));
	CHECK(!life_is_over(outer, &back)); /* which is not for certain */
	life_end(outer);
	CHECK(life_is_over(outer, &back));

	if (world_is_instrumented()) /* which see what was left, and what is gone */
		return;
	CHECK(gone != MAP_FAILED);
	life_begin(gone, &back);
	CHECK(!life_is_over(gone, &back));
	CHECK(!mprotect(gone, 4096, PROT_NONE) && life_is_over(gone, &back));
	CHECK(!munmap(gone, 4096) && life_is_over(gone, &back));
	if (!setjmp(back))
		leave();
	fill_stack(8192);
	CHECK(life_is_over(left_behind, &back));
}

static void test_marks(void **state)
{
	(void)state;
	world_run(check_marks, NULL, "marks");
}

/* ---- a service that looks up a name itself ---- */

static enum seen inner;

static void look_up_inside(void)
{
	inner = look_up("inner.example");
}

static void recurse(const void *arg)
{
	(void)arg;
	begin();
	stub_full->calls[CALL_BY_NAME4] = 0;
	stub_full->script.inside = look_up_inside;
	inner = GUARDED;
	CHECK(look_up("host.example") == GUARDED);
	CHECK(inner == PLAIN && stub_full->calls[CALL_BY_NAME4] == 1);
}

static void test_recursion(void **state)
{
	(void)state;
	world_run(recurse, NULL, "recursion");
}

/* ---- a program that leaves a lookup ---- */

static void jump(void)
{
	stub_full->script.inside = NULL;
	longjmp(back, 1);
}

static void be_left(void)
{
	if (setjmp(back))
		return;
	stub_full->script.inside = jump;
	look_up("slow.example");
	CHECK(!"got here");
}

/* DEPTH frames of 300 bytes further down. */
static __attribute__((noinline)) enum seen look_up_below(unsigned depth)
{
	volatile char bytes[300];
	enum seen seen;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)depth;
	seen = depth ? look_up_below(depth - 1) : look_up("host.example");
	return bytes[depth] == (char)depth ? seen : PLAIN;
}

static void look_up_deeper(const void *arg)
{
	unsigned plain = 0;

	(void)arg;
	begin();
	be_left();
	/* A frame may leave the very bytes of the mark alone, as the compiler likes. */
	for (unsigned depth = 0; depth < 60; depth++)
		plain += look_up_below(depth) == PLAIN;
	if (plain > 20)
		fprintf(stderr, "plain: %u of 60\n", plain);
	CHECK(plain <= 20);
	clock_ms += 31000;
	for (unsigned depth = 0; depth < 60; depth++)
		CHECK(look_up_below(depth) == GUARDED);
	/* Left down there, then from further up. */
	be_left();
	CHECK(look_up("host.example") == GUARDED);
}

static __attribute__((noinline)) void be_left_below(unsigned depth)
{
	volatile char bytes[300];

	bytes[0] = bytes[299] = 1;
	if (depth)
		be_left_below(depth - 1);
	else
		be_left();
	bytes[1] = bytes[0];
}

/* Where they were left differs each time; one answer at most is lost, of the thread. */
static void lose_one(const void *arg)
{
	struct mallinfo2 before, after;

	(void)arg;
	begin();
	be_left();
	before = mallinfo2();
	for (unsigned i = 0; i < 200; i++)
		be_left_below(i % 7);
	after = mallinfo2();
	CHECK(after.uordblks <= before.uordblks + 2 * sizeof(struct answer));
	CHECK(look_up("host.example") == GUARDED);
}

static void *leave_one(void *arg)
{
	be_left();
	return arg;
}

static void end_threads(const void *arg)
{
	struct mallinfo2 before, after;

	(void)arg;
	begin();
	for (unsigned i = 0; i < 40; i++) {
		pthread_t thread;

		CHECK(!pthread_create(&thread, NULL, leave_one, NULL));
		CHECK(!pthread_join(thread, NULL));
		if (i == 3)
			before = mallinfo2();
	}
	after = mallinfo2();
	CHECK(after.uordblks <= before.uordblks + sizeof(struct answer));
}

static void jump_out_of_reload(void)
{
	longjmp(back, 1);
}

static void write_off(void)
{
	const struct gp_guard_policy policy = world_policy(GP_MODE_OFF);

	clock_ms += 1000;
	world_write(&policy, "v6gstub");
}

/* Whoever comes later takes it for lost after ten seconds. */
static void leave_reload(const void *arg)
{
	(void)arg;
	begin();
	write_off();
	world_at_allocation = jump_out_of_reload;
	if (!setjmp(back)) {
		look_up("host.example");
		CHECK(!"got here");
	}
	clock_ms += 9000;
	CHECK(look_up("host.example") == GUARDED);
	clock_ms += 1000;
	CHECK(look_up("host.example") == PLAIN);
}

static void leave_hold(const void *arg)
{
	struct hold hold = {0};

	(void)arg;
	CHECK(hold_take(&hold) == HOLD_GOOD && hold_take(&hold) == HOLD_BUSY);
	hold_release(&hold);
	CHECK(hold_take(&hold) == HOLD_GOOD);
	clock_ms += 9000;
	CHECK(hold_take(&hold) == HOLD_BUSY);
	clock_ms += 1000;
	CHECK(hold_take(&hold) == HOLD_TAKEN && hold_take(&hold) == HOLD_BUSY);
}

static void test_left(void **state)
{
	(void)state;
	if (world_is_instrumented())
		skip();
	world_run(look_up_deeper, NULL, "longjmp, then deeper");
	world_run(lose_one, NULL, "longjmp, 200 times");
	world_run(end_threads, NULL, "longjmp in threads that end");
	world_run(leave_reload, NULL, "longjmp out of a reload");
	world_run(leave_hold, NULL, "longjmp while something is held");
}

/* ---- stacks of the program's own ---- */

#define STACKS 5
#define STACK_SIZE 65536

static ucontext_t resting, running[STACKS];
static unsigned current;
static enum seen seen_by[STACKS];

static void rest(void)
{
	swapcontext(&running[current], &resting);
}

static void run_one(void)
{
	const unsigned own = current;

	seen_by[own] = look_up("host.example");
}

/* All begin a lookup, and rest in the middle of it; the memory of their answers is theirs
 * until they have gone on, in whatever order. */
static void change_stacks(const void *arg)
{
	char *stacks = malloc(STACKS * STACK_SIZE);

	(void)arg;
	CHECK(stacks);
	begin();
	stub_full->script.inside = rest;
	for (current = 0; current < STACKS; current++) {
		CHECK(!getcontext(&running[current]));
		running[current].uc_stack.ss_sp = stacks + current * STACK_SIZE;
		running[current].uc_stack.ss_size = STACK_SIZE;
		running[current].uc_link = &resting;
		makecontext(&running[current], run_one, 0);
		swapcontext(&resting, &running[current]);
	}
	stub_full->script.inside = NULL;
	for (unsigned i = 0; i < 3; i++)
		look_up("other.example");
	for (unsigned i = 0; i < STACKS; i++) {
		current = (i * 3 + 1) % STACKS;
		swapcontext(&resting, &running[current]);
	}
	/* Lower stacks are taken for deeper calls. */
	for (current = 0; current < STACKS; current++)
		CHECK(seen_by[current] == GUARDED || current < STACKS - 1);
	free(stacks);
	CHECK(look_up("host.example") == GUARDED);
}

/* A stack that is let go with a lookup on it. */
static void lose_stack(const void *arg)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)arg;
	CHECK(stack != MAP_FAILED);
	begin();
	stub_full->script.inside = rest;
	current = 0;
	CHECK(!getcontext(&running[0]));
	running[0].uc_stack.ss_sp = stack;
	running[0].uc_stack.ss_size = STACK_SIZE;
	makecontext(&running[0], run_one, 0);
	swapcontext(&resting, &running[0]);
	CHECK(!munmap(stack, STACK_SIZE));
	stub_full->script.inside = NULL;
	for (unsigned i = 0; i < 5; i++)
		CHECK(look_up("host.example") == GUARDED);
}

static void test_stacks(void **state)
{
	(void)state;
	if (WORLD_SANITIZED)
		skip(); /* which follow one stack a thread */
	world_run(change_stacks, NULL, "coroutines");
	if (!world_is_instrumented()) /* valgrind says that it is gone */
		world_run(lose_stack, NULL, "a coroutine that ends in a lookup");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_recursion),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests_name("life", tests, world_setup, world_teardown);
}
