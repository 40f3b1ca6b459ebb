/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [probe] inline: when the preload door races, where to, what the program gets and which
 * reasons are given. Attempts end as a case says (fake_race.h); the race: test_happy.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "guard/clock.h"
#include "guard/trace.h"
#include "held_clock.h"
#include "netns.h"
#include "nss/inline.h"
#include "nss/memo.h"
#include "preload_world.h"
#include "sizes.h"

struct race_case {
	struct preload_case base;
	const char *started, *why; /* WHY NULL: nothing was traced of addresses */
	int type;                  /* 0: SOCK_STREAM; -1: any */
	const char *env;           /* V6GUARD_INLINE */
	bool is_short_of_fds;
};

#define RACE(script) .base.race = (script)

static const struct race_case cases[] = {
	{{"IPv6 answers", AUTO, .behind = "1a", .got = "1a"},
	 RACE("1=ok@20"),
	 .started = "1@0",
	 .why = "1 answered, a nothing"},
	{{"IPv6 refuses", AUTO, .behind = "1a", .got = "1a"},
	 RACE("1=refused@20"),
	 .started = "1@0",
	 .why = "1 answered, a nothing"},
	{{"IPv6 is silent", AUTO, .behind = "1a", .got = "a1"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, 1 no-answer"},
	{{"an ICMP error", AUTO, .behind = "1a", .got = "a1"},
	 RACE("1=icmp@10 a=ok@5"),
	 .started = "1@0 a@10",
	 .why = "a answered, 1 no-answer"},
	{{"nobody answers", AUTO, .behind = "1a", .got = "1a"},
	 RACE(""),
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a nothing"},
	{{"this host does not try", AUTO, .behind = "1a", .got = "1a"},
	 RACE("1=local a=ok@5"),
	 .started = "1@0 a@0",
	 .why = "1 nothing, a answered"},
	{{"no descriptors", AUTO, .behind = "1a", .got = "1a"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@0",
	 .why = "1 nothing, a nothing",
	 .is_short_of_fds = true},
	{{"RFC 8305 4: the families take turns", AUTO, .behind = "12ab", .got = "2ab1"},
	 RACE("2=ok@5"),
	 .started = "1@0 a@100 2@200",
	 .why = "2 answered, a nothing, b nothing, 1 no-answer"},
	{{"what was not tried goes with its family", AUTO, .behind = "12ab",
	  .got = "ab12"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, b nothing, 1 no-answer, 2 untested"},
	{{"slow", AUTO, .behind = "1a", .got = "a1",
	  .probe = {300, 250, 50, 600000, 30000, 600000, 20, {443, 80}, 1, 0, {0, 0}}},
	 RACE("1=ok@90 a=ok@10"),
	 .started = "1@0 a@90",
	 .why = "a answered, 1 slow"},
	{{"a short delay", AUTO, .behind = "1a", .got = "a1",
	  .probe = {300, 10, 0, 600000, 30000, 600000, 20, {443, 80}, 1, 0, {0, 0}}},
	 RACE("1=ok@60 a=ok@20"),
	 .started = "1@0 a@10",
	 .why = "a answered, 1 no-answer"},
	{{"more than take part", AUTO, .behind = "1a23456789b", .got = "ab123456789"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, b nothing, 1 no-answer, 2 untested, 3 untested, "
		"4 untested, 5 untested, 6 untested, 7 untested, 8 untested, 9 untested"},
	{{"mapped", AUTO, MAPPED, .behind = "1a", .got = "A1"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, 1 no-answer"},
	{{"in RFC 6724's order", AUTO, .behind = "a1", .got = "a1",
	  .order = GP_ORDER_RFC6724},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, 1 no-answer"},

	/* The port. */
	{{"any type", AUTO, .behind = "1a", .got = "a1"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, 1 no-answer",
	 .type = -1},
	{{"no service, for TCP", AUTO, .behind = "1a", .got = "a1", .port = -1},
	 RACE("a:80=ok@5"),
	 .started = "1@0:443 1@0:80 a@100:443 a@100:80",
	 .why = "a answered, 1 no-answer"},
	{{"no service, one port", AUTO, .behind = "1a", .got = "1a", .port = -1,
	  .probe = {300, 250, 0, 600000, 30000, 600000, 20, {22, 0}, 1, 0, {0, 0}}},
	 RACE("1:22=ok@5"),
	 .started = "1@0:22",
	 .why = "1 answered, a nothing"},
	{{"no service, any type", AUTO, .behind = "1a", .got = "1a", .port = -1},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing",
	 .type = -1},
	{{"for UDP", AUTO, .behind = "1a", .got = "1a"},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing",
	 .type = SOCK_DGRAM},

	/* Under `run`. Java and getent say neither type nor port, ncat says UDP. */
	{{"run: no service, any type", AUTO, .behind = "1a", .got = "a1", .port = -1},
	 RACE("a:80=ok@5"),
	 .started = "1@0:443 1@0:80 a@100:443 a@100:80",
	 .why = "a answered, 1 no-answer",
	 .type = -1,
	 .env = "yes"},
	{{"run: ... refused is an answer", AUTO, .behind = "1a", .got = "1a", .port = -1},
	 RACE("1:80=refused@5 a=ok@5"),
	 .started = "1@0:443 1@0:80",
	 .why = "1 answered, a nothing",
	 .type = -1,
	 .env = "yes"},
	{{"run: ... prefer-ipv6", IPV6, .behind = "1a", .got = "1a", .port = -1},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing",
	 .type = -1,
	 .env = "yes"},
	{{"run: UDP, IPv4 is connected to", AUTO, .behind = "12a", .got = "a12"},
	 RACE("a=ok@5"),
	 .started = "1@0 a@100",
	 .why = "a answered, 1 no-answer, 2 untested",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, no service", AUTO, .behind = "1a", .got = "a1", .port = -1},
	 RACE("a:443=ok@5"),
	 .started = "1@0:443 1@0:80 a@100:443 a@100:80",
	 .why = "a answered, 1 no-answer",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, IPv4 refuses", AUTO, .behind = "1a", .got = "1a"},
	 RACE("a=refused@5"),
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a answered",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, nobody answers", AUTO, .behind = "1a", .got = "1a"},
	 RACE(""),
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a nothing",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, an ICMP error is not silence", AUTO, .behind = "1a", .got = "1a"},
	 RACE("1=icmp@10 a=ok@5"),
	 .started = "1@0 a@10",
	 .why = "1 no-answer, a answered",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, IPv6 answers", AUTO, .behind = "1a", .got = "1a"},
	 RACE("1=ok@20"),
	 .started = "1@0",
	 .why = "1 answered, a nothing",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, another IPv6 answers", AUTO, .behind = "12ab", .got = "12ab"},
	 RACE("2=ok@5"),
	 .started = "1@0 a@100 2@200",
	 .why = "1 no-answer, 2 answered, a nothing, b nothing",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, slow", AUTO, .behind = "1a", .got = "1a",
	  .probe = {300, 250, 50, 600000, 30000, 600000, 20, {443, 80}, 1, 0, {0, 0}}},
	 RACE("1=ok@90 a=ok@10"),
	 .started = "1@0 a@90",
	 .why = "1 answered, a answered",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: UDP, no way to IPv4", AUTO, .behind = "1a", .got = "1a", .no_ipv4 = true},
	 RACE("a=local"),
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a nothing",
	 .type = SOCK_DGRAM,
	 .env = "yes"},
	{{"run: V6GUARD_INLINE=no", AUTO, .behind = "1a", .got = "1a", .port = -1},
	 RACE("a=ok@5"),
	 .started = "",
	 .type = -1,
	 .env = "no"},

	/* Nothing to find out. */
	{{"IPv4 is first", AUTO, .behind = "a1", .got = "a1"},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "a nothing, 1 nothing"},
	{{"IPv6 alone", AUTO, .behind = "12", .got = "12"},
	 RACE("2=ok@5"),
	 .started = "",
	 .why = "1 nothing, 2 nothing"},
	{{"for IPv6 alone", AUTO, .behind = "1a", .got = "1", .family = AF_INET6},
	 RACE("a=ok@5"),
	 .started = ""},
	{{"its own address", AUTO, .behind = "1a", .got = "1a", .own = true},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing"},
	{{"localhost", AUTO, .behind = "1a", .got = "1a", .name = "localhost"},
	 RACE("a=ok@5"),
	 .started = ""},
	{{"enforce = no", AUTO, .behind = "1a", .got = "1a", .no_enforce = true},
	 RACE("a=ok@5"),
	 .started = ""},
	{{"prefer-ipv6", IPV6, .behind = "1a", .got = "1a"},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing"},
	{{"mode = off", .mode = GP_MODE_OFF, .behind = "1a", .got = "1a"},
	 RACE("a=ok@5"),
	 .started = ""},
	{{"[probe] mode = off", AUTO, .behind = "1a", .got = "1a",
	  .probe = {300, 250, 0, 600000, 30000, 600000, 20, {443, 80}, 1, 1, {0, 0}}},
	 RACE("a=ok@5"),
	 .started = "",
	 .env = "yes"},
	{{"inline = no", AUTO, .behind = "1a", .got = "1a"}, .started = ""},
	{{"V6GUARD_INLINE=yes", AUTO, .behind = "1a", .got = "1a"},
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a nothing",
	 .env = "yes"},
	{{"V6GUARD_INLINE=no", AUTO, .behind = "1a", .got = "1a"},
	 RACE("a=ok@5"),
	 .started = "",
	 .env = "no"},
	{{"more at once than max-rate", AUTO, .behind = "1a", .got = "1a",
	  .probe = {300, 250, 0, 600000, 30000, 600000, 1, {443, 80}, 1, 0, {0, 0}}},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing"},

	/* With a map. */
	{{"known to be broken", AUTO, .behind = "1a", .got = "a1",
	  .facts = {{"::/0", BROKEN}}},
	 RACE("1=ok@5"),
	 .started = "",
	 .why = "a nothing, 1 broken"},
	{{"known to be ok", AUTO, .behind = "1a", .got = "1a",
	  .facts = {{"2001:db8::1", GP_VERDICT_OK}}},
	 RACE("a=ok@5"),
	 .started = "",
	 .why = "1 nothing, a nothing"},
	{{"the next one is not known", AUTO, .behind = "12a", .got = "2a1",
	  .facts = {{"2001:db8::1", BROKEN}}},
	 RACE("2=ok@5"),
	 .started = "2@0",
	 .why = "2 answered, a nothing, 1 broken"},
	{{"distrust: it answers", AUTO, .behind = "1a", .got = "1a", .distrust = true,
	  .has_map = true},
	 RACE("1=ok@5"),
	 .started = "1@0",
	 .why = "1 answered, a nothing"},
	{{"distrust: nobody answers", AUTO, .behind = "1a", .got = "a1", .distrust = true,
	  .has_map = true},
	 RACE(""),
	 .started = "1@0 a@100",
	 .why = "a nothing, 1 untested"},
	{{"distrust without a map is trust", AUTO, .behind = "1a", .got = "1a",
	  .distrust = true},
	 RACE(""),
	 .started = "1@0 a@100",
	 .why = "1 no-answer, a nothing"},
};

/* ---- one case ---- */

/* What `run` has for its programs. */
static struct gp_trace_ring *make_ring(void)
{
	const int fd = memfd_create("trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct gp_trace_ring *ring;
	char path[48];

	CHECK(fd >= 0 && !ftruncate(fd, sizeof(*ring)) &&
	      !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(ring != MAP_FAILED);
	ring->magic = GP_TRACE_MAGIC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(!setenv(GP_TRACE_VARIABLE, path, 1));
	return ring;
}

static char *read_why(const struct gp_trace_ring *ring, char out[512])
{
	const struct gp_trace trace = ring->pages[0].trace;

	out[0] = '\0';
	if (ring->count)
		CHECK(ring->pages[0].pid == (uint32_t)getpid());
	for (unsigned i = 0; i < trace.count && i < GP_TRACE_ADDRESSES; i++) {
		const size_t used = strlen(out);
		struct gp_addr addr = gp_addr_make(trace.addresses[i].family,
						   trace.addresses[i].bytes, 0);

		snprintf(out + used, 512 - used, "%s%c %s", i ? ", " : "",
			 fake_race_letter(&addr),
			 gp_reason_name((enum gp_reason)trace.addresses[i].reason));
	}
	return out;
}

static void run_case(const void *arg)
{
	const struct race_case *one = arg;
	const struct gp_trace_ring *ring = make_ring();
	char why[512];

	if (one->env)
		CHECK(!setenv(GP_INLINE_VARIABLE, one->env, 1));
	preload_prepare(&one->base);
	fake_race_fds = one->is_short_of_fds ? 0 : -1;
	preload_look_up(&one->base, one->type < 0 ? 0
				    : one->type   ? one->type
						  : SOCK_STREAM);
	read_why(ring, why);
	if (strcmp(fake_race_started(), one->started) ||
	    strcmp(why, one->why ? one->why : "") || fake_race_open()) {
		fprintf(stderr, "%s: started '%s', '%s', %d open\n", one->base.what,
			fake_race_started(), why, fake_race_open());
		_exit(1);
	}
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(run_case, &cases[i], cases[i].base.what);
}

/* ---- what is remembered ---- */

static const struct preload_case silent = {"IPv6 is silent", AUTO, .behind = "1a",
					   .race = "a=ok@5"};

static void expect(const char *got, const char *script, const char *started)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	char text[128];

	fake_race_set(script);
	CHECK(!getaddrinfo("host.example", "7", &hints, &list));
	CHECK(!strcmp(addrlist_text(list, 1, text), got));
	CHECK(!strcmp(fake_race_started(), started));
	addrlist_free(list);
}

/* broken-ttl, twice that, and back. */
static void run_memory(const void *arg)
{
	(void)arg;
	preload_prepare(&silent);
	expect("a1", "a=ok@5", "1@0 a@100");
	expect("a1", "", "");
	held_ms += 29000;
	expect("a1", "", "");
	held_ms += 2000;
	expect("a1", "a=ok@5", "1@0 a@100");
	held_ms += 59000;
	expect("a1", "", "");
	held_ms += 2000;
	expect("1a", "1=ok@5", "1@0");
	held_ms += 599000;
	expect("1a", "", "");
	held_ms += 2000;
	expect("1a", "", "1@0 a@100");
	expect("1a", "", "");
	/* Another name that has an address in common. */
	preload_behind = "12b";
	expect("12b", "", "");
	preload_behind = "21b";
	expect("b21", "b=ok@5", "2@0 b@100");
}

/* Of 4 attempts a second each race takes 2; what it did not need is there again. */
static void run_rate(const void *arg)
{
	struct preload_case one = silent;

	(void)arg;
	gp_probe_policy_init(&one.probe);
	one.probe.max_rate = 4;
	preload_prepare(&one);
	preload_behind = "1a";
	expect("1a", "1=ok@5", "1@0");
	preload_behind = "2a";
	expect("2a", "2=ok@5", "2@0");
	preload_behind = "3a";
	expect("a3", "a=ok@5", "3@0 a@100");
	preload_behind = "4a";
	expect("4a", "a=ok@5", "");
	held_ms += 1100;
	expect("a4", "a=ok@5", "4@0 a@100");
	preload_behind = "1b";
	expect("1b", "", "");
}

static void test_memory(void **state)
{
	(void)state;
	world_run(run_memory, NULL, "what is remembered");
	world_run(run_rate, NULL, "max-rate");
}

/* ---- threads, fork ---- */

/* IPv4 answers, IPv6 does not; without any state. */
#define IPV4_FD 2000

static int start_plain(const struct gp_addr *addr, uint16_t port, enum gp_attempt *result)
{
	(void)port;
	*result = GP_ATTEMPT_PENDING;
	return addr->family == AF_INET ? IPV4_FD : IPV4_FD - 1;
}

static enum gp_attempt check_plain(int fd)
{
	return fd == IPV4_FD ? GP_ATTEMPT_OK : GP_ATTEMPT_PENDING;
}

static void close_plain(int fd)
{
	(void)fd;
}

static void wait_plain(struct pollfd *fds, unsigned count, int timeout_ms)
{
	bool is_ready = false;

	for (unsigned i = 0; i < count; i++) {
		fds[i].revents = fds[i].fd == IPV4_FD ? POLLOUT : 0;
		is_ready |= fds[i].fd == IPV4_FD;
	}
	if (!is_ready)
		usleep((unsigned)timeout_ms * 1000);
}

static void *look_up_often(void *arg)
{
	for (int i = 0; i < *(const int *)arg; i++) {
		struct addrinfo *list = NULL;
		char text[128];

		CHECK(getaddrinfo("host.example", NULL, NULL, &list) == 0);
		addrlist_text(list, 3, text);
		CHECK(!strcmp(text, "a1") || !strcmp(text, "1a"));
		addrlist_free(list);
	}
	return NULL;
}

static void fork_one(void)
{
	int times = 2;
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		look_up_often(&times);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void run_threads(const void *arg)
{
	struct happy_ops plain = {.start = start_plain,
				  .check = check_plain,
				  .close = close_plain,
				  .wait = wait_plain,
				  .now_us = happy_kernel.now_us};
	int times = (int)sized(200, 20000);
	struct preload_case one = silent;
	pthread_t threads[8];

	(void)arg;
	gp_probe_policy_init(&one.probe);
	one.probe.budget_ms = 5000; /* far more than a busy machine needs */
	one.probe.delay_ms = 10;
	preload_prepare(&one);
	inline_ops = &plain;
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_up_often, &times));
	for (int i = 0; i < 10 && !world_is_instrumented(); i++)
		fork_one();
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_join(threads[i], NULL));
	preload_look_up_as("a1");
}

static void test_threads(void **state)
{
	(void)state;
	world_run(run_threads, NULL, "threads");
}

/* ---- silence: real attempts, which are refused, in a network of its own ---- */

/* Or a process that is stopped for longer than the budget would not look at the end. */
static long long no_time_passes(void)
{
	return 0;
}

static void run_silent(const void *arg)
{
	const struct gp_addr one = fake_race_addr('1');
	struct happy_ops ops = happy_kernel;
	FILE *file = tmpfile();
	struct addrinfo *list = NULL;
	unsigned fds;

	CHECK(file && dup2(fileno(file), 1) == 1 && dup2(fileno(file), 2) == 2);
	preload_prepare(arg);
	ops.now_us = no_time_passes;
	inline_ops = &ops;
	fds = preload_count_fds();
	CHECK(getaddrinfo("host.example", "7", NULL, &list) == 0 && errno == EXDEV);
	addrlist_free(list);
	CHECK(preload_count_fds() == fds);
	CHECK(lseek(fileno(file), 0, SEEK_END) == 0);
	CHECK(memo_get(&one, 7, gp_now_ms()) == MEMO_ANSWERED); /* it was refused */
	fclose(file);
}

static void test_silence(void **state)
{
	(void)state;
	netns_enter();
	if (netns_reason ||
	    !sh("ip link set lo up && ip addr add 198.51.100.1/32 dev lo && "
		"ip -6 addr add 2001:db8::1/128 dev lo nodad") ||
	    !addresses_settle("")) {
		netns_leave();
		skip();
	}
	world_run(run_silent, &silent, "silence");
	netns_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests_name("preload race", tests, world_setup,
					   world_teardown);
}
