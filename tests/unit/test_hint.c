/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hints: there and back, what is refused, and how often one is sent, over a real socket
 * and with a clock of the test's own.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "hint_world.h"

/* ---- bytes ---- */

static struct gp_hint example(void)
{
	struct gp_hint hint = {.door = GP_DOOR_PRELOAD,
			       .count = 2,
			       .rule_count = 2,
			       .rules = {{100, 7, 0}, {65535, 0, 1U << 31}},
			       .would = {3, 1, "java"}};

	gp_addr_parse("2001:db8::1", &hint.addresses[0].addr);
	hint.addresses[0].flags = GP_HINT_WITHHELD;
	gp_addr_parse("198.51.100.1", &hint.addresses[1].addr);
	for (uint32_t i = 0; i < GP_COUNTERS; i++)
		hint.counters[i] = i * 1000003;
	return hint;
}

static void check_same(const struct gp_hint *a, const struct gp_hint *b)
{
	assert_int_equal(a->door, b->door);
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->counters, b->counters, sizeof(a->counters));
	assert_memory_equal(&a->would, &b->would, sizeof(a->would));
	assert_int_equal(a->rule_count, b->rule_count);
	for (uint8_t i = 0; i < a->rule_count; i++) {
		assert_int_equal(a->rules[i].priority, b->rules[i].priority);
		assert_int_equal(a->rules[i].observed, b->rules[i].observed);
		assert_int_equal(a->rules[i].acted, b->rules[i].acted);
	}
	for (uint8_t i = 0; i < a->count; i++) {
		assert_true(gp_addr_equal(&a->addresses[i].addr, &b->addresses[i].addr));
		assert_int_equal(a->addresses[i].flags, b->addresses[i].flags);
	}
}

static void test_roundtrip(void **state)
{
	struct gp_hint in = example(), out;
	uint8_t bytes[GP_HINT_SIZE_MAX];

	(void)state;
	assert_int_equal(gp_hint_parse(bytes, gp_hint_build(&in, bytes), &out), GP_OK);
	check_same(&in, &out);
	in.count = 0;
	assert_int_equal(gp_hint_parse(bytes, gp_hint_build(&in, bytes), &out), GP_OK);
	check_same(&in, &out);
	in.count = GP_HINT_ADDRESSES;
	in.rule_count = GP_HINT_RULES;
	for (uint8_t i = 0; i < in.count; i++)
		in.addresses[i] = in.addresses[0];
	assert_int_equal(gp_hint_parse(bytes, gp_hint_build(&in, bytes), &out), GP_OK);
	check_same(&in, &out);
	in.count = in.rule_count = 255; /* more than there are */
	assert_true(gp_hint_build(&in, bytes) <= GP_HINT_SIZE_MAX);
}

#define WOULD_AT (HINT_HEAD + GP_COUNTERS * 4)
#define PROGRAM_AT (WOULD_AT + 8)
#define ADDRESSES_AT (WOULD_AT + HINT_WOULD + 2 * HINT_RULE)

/* One byte of the example made another. */
static const struct damage {
	const char *what;
	size_t at;
	uint8_t byte;
	enum gp_status want;
} damages[] = {
	{"no magic", 0, 'v', GP_SYNTAX},
	{"another version", 3, 1, GP_UNSUPPORTED},
	{"a door that is none", 4, 3, GP_SYNTAX},
	{"more addresses than are there", 5, 3, GP_SYNTAX},
	{"fewer", 5, 1, GP_SYNTAX},
	{"more than there may be", 5, GP_HINT_ADDRESSES + 1, GP_SYNTAX},
	{"more rules than are there", 6, 3, GP_SYNTAX},
	{"more than there may be", 6, GP_HINT_RULES + 1, GP_SYNTAX},
	{"the reserved byte", 7, 1, GP_SYNTAX},
	{"a program that would blink", PROGRAM_AT + 1, 0x1b, GP_SYNTAX},
	{"a program of bytes", PROGRAM_AT, 0xc3, GP_SYNTAX},
	{"a family that is none", ADDRESSES_AT, 5, GP_SYNTAX},
	{"IPv6 taken for IPv4", ADDRESSES_AT, HINT_IPV4, GP_SYNTAX},
	{"IPv4 taken for IPv6", ADDRESSES_AT + 18, HINT_IPV6, GP_SYNTAX},
	{"both flags", ADDRESSES_AT + 1, GP_HINT_WITHHELD | GP_HINT_STRIPPED, GP_SYNTAX},
	{"an unknown flag", ADDRESSES_AT + 1, 4, GP_SYNTAX},
};

static void test_malformed(void **state)
{
	const struct gp_hint in = example();
	uint8_t bytes[GP_HINT_SIZE_MAX + 1] = {0}, *cut;
	const size_t size = gp_hint_build(&in, bytes);
	struct gp_hint out;

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const uint8_t before = bytes[damages[i].at];

		bytes[damages[i].at] = damages[i].byte;
		if (gp_hint_parse(bytes, size, &out) != damages[i].want)
			fail_msg("%s: not %s", damages[i].what,
				 gp_status_text(damages[i].want));
		bytes[damages[i].at] = before;
	}
	assert_int_equal(gp_hint_parse(bytes, size + 1, &out), GP_SYNTAX);
	for (size_t length = 0; length < size; length++) {
		cut = malloc(length + 1);
		memcpy(cut, bytes, length);
		assert_int_equal(gp_hint_parse(cut, length, &out), GP_SYNTAX);
		free(cut);
	}
	assert_int_equal(gp_hint_parse(bytes, size, &out), GP_OK);
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < GP_COUNTERS; i++)
		assert_non_null(gp_counter_name((enum gp_counter)i));
	assert_null(gp_counter_name(GP_COUNTERS));
}

/* ---- sending; a process of its own for each case ---- */

static void listen_here(void)
{
	receiver = bind_here(path);
}

static void once_a_second(void)
{
	struct gp_hint hint;

	listen_here();
	gp_hint_count(GP_COUNT_LOOKUPS, 5);
	send_one(0);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 5);
	CHECK(hint.count == 2 && hint.door == GP_DOOR_NSS);
	for (int i = 0; i < 9; i++) {
		gp_hint_count(GP_COUNT_LOOKUPS, 1);
		send_one(100);
	}
	CHECK(!receive(&hint));
	send_one(100);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 9); /* and anew */
	CHECK(!receive(&hint));
}

/* Nobody listens: tried again a second later, and nothing counted is lost. */
static void nobody_there(void)
{
	struct gp_hint hint;

	gp_hint_count(GP_COUNT_CHANGED, 3);
	send_one(0);
	listen_here();
	send_one(999);
	CHECK(!receive(&hint));
	send_one(1);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_CHANGED] == 3);
}

/* The receiver's queue is full: nobody waits. */
static void queue_full(void)
{
	struct gp_hint hint;
	unsigned received = 0;

	listen_here();
	for (int i = 0; i < 5000; i++)
		send_one(1000);
	while (receive(&hint))
		received++;
	CHECK(received > 0 && received < 5000);
}

static void denied(void)
{
	struct gp_hint hint;

	if (geteuid()) /* only root can become somebody else, and itself again */
		return;
	listen_here();
	CHECK(!chmod(path, 0600) && !setresuid(65534, 65534, 0));
	send_one(0);
	CHECK(!setresuid(0, 0, 0));
	send_one(1000);
	send_one(58000);
	CHECK(!receive(&hint));
	send_one(1000);
	CHECK(receive(&hint));
}

/* What a candidate became is said of it, and nothing of what nobody could probe. */
static void what_it_says(void)
{
	struct gp_candidate candidates[] = {
		candidate("198.51.100.1", GP_KEPT, GP_WHY_NOTHING),
		candidate("::1", GP_KEPT, GP_WHY_EXEMPT_ADDRESS),
		candidate("2001:db8::1", GP_STRIPPED, GP_WHY_BROKEN),
		candidate("2001:db8::2", GP_STRIPPED, GP_WHY_UNTESTED),
		candidate("2001:db8::3", GP_KEPT, GP_WHY_NOTHING),
		candidate("127.0.0.1", GP_KEPT, GP_WHY_NOTHING)};
	static const uint8_t flags[] = {GP_HINT_STRIPPED, GP_HINT_WITHHELD, 0, 0};
	struct gp_hint hint;

	listen_here();
	gp_hint_send(GP_DOOR_PRELOAD, candidates, 6);
	CHECK(receive(&hint) && hint.count == 4 && hint.door == GP_DOOR_PRELOAD);
	for (uint8_t i = 0; i < 4; i++)
		CHECK(hint.addresses[i].flags == flags[i]);
	CHECK(gp_addr_equal(&hint.addresses[0].addr, &candidates[2].addr));
	CHECK(gp_addr_equal(&hint.addresses[3].addr, &candidates[0].addr));
	clock_ms += 1000;
	for (unsigned i = 0; i < 6; i++)
		candidates[i].enforce = 0;
	gp_hint_send(GP_DOOR_PRELOAD, candidates, 6);
	CHECK(receive(&hint) && hint.count == 4);
	for (uint8_t i = 0; i < 4; i++)
		CHECK(hint.addresses[i].flags == 0);
}

/* Rules: what each came to, those that do not fit later, and with no address at all. */
static void rules_are_told(void)
{
	unsigned told[41] = {0}, others = 0, hints = 0;
	struct gp_hint hint;

	listen_here();
	CHECK(!gp_hint_has_news());
	for (uint16_t rule = 1; rule <= 40; rule++) {
		gp_hint_count_rule(rule, rule % 2);
		gp_hint_count_rule(rule, rule % 2);
	}
	gp_hint_count_would(true, false);
	gp_hint_count_would(false, true);
	for (; gp_hint_has_news(); hints++) {
		CHECK(hints < 10);
		clock_ms += 1000;
		gp_hint_send(GP_DOOR_NSS, NULL, 0);
		CHECK(receive(&hint) && hint.count == 0);
		CHECK(hint.would.lookups == (hints ? 0 : 1));
		CHECK(hint.would.last_address == (hints ? 0 : 1));
		CHECK(hints || !strncmp(hint.would.program, "test_hint", 9) ||
		      !strncmp(hint.would.program, "memcheck", 8) ||
		      !strncmp(hint.would.program, "lt-test_hint", 12));
		for (unsigned i = 0; i < hint.rule_count; i++) {
			const struct gp_hint_rule *one = &hint.rules[i];

			if (!one->priority)
				others += one->observed + one->acted;
			else
				told[one->priority] +=
					one->priority % 2 ? one->acted : one->observed;
		}
	}
	CHECK(hints == 4); /* 31, and one for the others, by eights */
	for (unsigned rule = 1; rule <= 40; rule++)
		CHECK(told[rule] == (rule <= 31 ? 2 : 0));
	CHECK(others == 18);
}

/* Nobody listens: nothing counted is lost. */
static void rules_wait(void)
{
	struct gp_hint hint;

	gp_hint_count_rule(7, false);
	gp_hint_count_would(true, true);
	send_one(0);
	CHECK(gp_hint_has_news());
	listen_here();
	send_one(1000);
	CHECK(receive(&hint) && hint.rule_count == 1 && hint.rules[0].priority == 7);
	CHECK(hint.rules[0].observed == 1 && hint.would.last_address == 1);
	CHECK(!gp_hint_has_news());
}

static void more_than_fit(void)
{
	struct gp_candidate candidates[60];
	struct gp_hint hint;

	listen_here();
	for (uint8_t i = 0; i < 60; i++) {
		candidates[i] = candidate(i < 30 ? "198.51.100.1" : "2001:db8::1",
					  GP_KEPT, GP_WHY_NOTHING);
		candidates[i].addr.bytes[i < 30 ? 3 : 15] = i;
	}
	gp_hint_send(GP_DOOR_NSS, candidates, 60);
	CHECK(receive(&hint) && hint.count == GP_HINT_ADDRESSES);
	for (uint8_t i = 0; i < GP_HINT_ADDRESSES; i++)
		CHECK(hint.addresses[i].addr.family == (i < 14 ? AF_INET6 : AF_INET));
}

/* What the parent has not sent yet, it sends itself. */
static void after_fork(void)
{
	struct gp_hint hint;
	int status;
	pid_t pid;

	listen_here();
	send_one(0);
	CHECK(receive(&hint));
	gp_hint_count(GP_COUNT_LOOKUPS, 7);
	pid = fork();
	if (pid == 0) {
		send_one(1000);
		gp_hint_count(GP_COUNT_LOOKUPS, 2);
		send_one(1000);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && !status);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 0);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 2);
	send_one(1000);
	CHECK(receive(&hint) && hint.counters[GP_COUNT_LOOKUPS] == 7);
}

/* A program that forbids itself AF_UNIX sockets, and is killed for one. */
static void after_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	struct gp_candidate one = candidate("2001:db8::1", GP_KEPT, GP_WHY_NOTHING);
	struct gp_hint hint;

	listen_here();
	gp_hint_send(GP_DOOR_PRELOAD, &one, 1);
	CHECK(receive(&hint));
	clock_ms += 1000;
	gp_hint_send(GP_DOOR_PRELOAD, &one, 1);
	CHECK(receive(&hint));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return;
	clock_ms += 1000;
	gp_hint_send(GP_DOOR_PRELOAD, &one, 1);
	CHECK(!receive(&hint));
}

static void after_chroot(void)
{
	struct gp_hint hint;

	if (geteuid())
		return;
	listen_here();
	CHECK(!chroot(folder));
	gp_hint_use_paths("/hint.sock", "/hint.sock");
	send_one(0);
	CHECK(!receive(&hint));
	_exit(0); /* no leak check without /proc/self */
}

static void test_sending(void **state)
{
	(void)state;
	run(once_a_second, "once a second");
	run(nobody_there, "nobody there");
	run(queue_full, "queue full");
	run(denied, "denied");
	run(what_it_says, "what it says");
	run(more_than_fit, "more than fit");
	run(rules_are_told, "rules are told");
	run(rules_wait, "rules wait");
	run(after_fork, "after fork");
	run(after_seccomp, "after seccomp");
	run(after_chroot, "after chroot");
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/v6guard-test-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755))
		return -1;
	snprintf(path, sizeof(path), "%s/hint.sock", folder);
	strcpy(system_path, path); /* both kinds of user send to one */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_sending),
	};

	return cmocka_run_group_tests_name("hint", tests, setup, teardown);
}
