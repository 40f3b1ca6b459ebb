/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preload door: what a program gets from getaddrinfo(), what libc is asked for, and
 * what the daemon is told. A process of its own for each case.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "addrlist.h"
#include "guard/clock.h"
#include "guard/hint.h"
#include "guard/reach.h"
#include "nss_world.h"
#include "sizes.h"

#define NAME "canonical.example"

/* ---- what stands behind the door ---- */

static const char *behind = ""; /* all that the name has */
static int behind_error;
static void (*inside)(void);
static atomic_int calls, freed;

void *__wrap_dlsym(void *handle, const char *name);
void *__real_dlsym(void *handle, const char *name);

/* Of BEHIND what HINTS ask for, as libc understands them. */
static void select_letters(const struct addrinfo *hints, char out[128])
{
	const int family = hints ? hints->ai_family : AF_UNSPEC;
	const int flags = hints ? hints->ai_flags : 0;
	const bool has_ipv6 = strpbrk(behind, "123456789") != NULL;
	const bool maps = family == AF_INET6 && flags & AI_V4MAPPED &&
			  (!has_ipv6 || flags & AI_ALL);

	for (const char *at = behind; *at; at++) {
		if (*at <= '9' ? family != AF_INET : family != AF_INET6)
			*out++ = *at;
		else if (*at >= 'a' && maps)
			*out++ = (char)(*at - 'a' + 'A');
	}
	*out = '\0';
}

static int lookup_behind(const char *node, const char *service,
			 const struct addrinfo *hints, struct addrinfo **list)
{
	char letters[128];

	(void)node, (void)service;
	calls++;
	if (inside)
		inside();
	errno = EXDEV; /* what it leaves there is the program's */
	select_letters(hints, letters);
	if (behind_error || !letters[0])
		return behind_error ? behind_error : EAI_NODATA;
	*list = addrlist_make(letters, hints && hints->ai_socktype ? 1 : 3,
			      hints && hints->ai_flags & AI_CANONNAME ? NAME : NULL);
	return 0;
}

static void free_behind(struct addrinfo *list)
{
	freed++;
	addrlist_free(list);
}

void *__wrap_dlsym(void *handle, const char *name)
{
	if (!strcmp(name, "getaddrinfo"))
		return (void *)lookup_behind;
	if (!strcmp(name, "freeaddrinfo"))
		return (void *)free_behind;
	return __real_dlsym(handle, name);
}

/* ---- cases ---- */

struct preload_case {
	const char *what;
	enum gp_mode mode;
	const char *behind, *got; /* GOT NULL: no address */
	int family, flags;
	const char *name; /* NULL: host.example */

	/* A live map if there is a fact, or if HAS_MAP. */
	struct {
		const char *prefix;
		enum gp_verdict verdict;
	} facts[2];
	bool has_map;
	bool distrust, no_enforce, aaaa_only, no_keep_last, no_ipv4, own;

	int error;
	int asked;          /* times that libc was; 0: once */
	const char *hinted; /* one letter an address: W, S, "." none; NULL: no hint */
};

#define AUTO .mode = GP_MODE_AUTO
#define IPV4 .mode = GP_MODE_PREFER_IPV4
#define IPV6 .mode = GP_MODE_PREFER_IPV6
#define NO_AAAA .mode = GP_MODE_STRIP_AAAA
#define NO_A .mode = GP_MODE_STRIP_A
#define MAPPED .family = AF_INET6, .flags = AI_V4MAPPED
#define BROKEN GP_VERDICT_BROKEN
#define SLOW GP_VERDICT_SLOW

static const struct preload_case cases[] = {
	{"off", .mode = GP_MODE_OFF, .behind = "12ab", .got = "12ab"},

	{"prefer-ipv4", IPV4, .behind = "12ab", .got = "ab12"},
	{"in order already", IPV4, .behind = "ab12", .got = "ab12"},
	{"mixed", IPV4, .behind = "1a2b", .got = "ab12"},
	{"IPv6 alone", IPV4, .behind = "12", .got = "12"},
	{"IPv4 alone", IPV4, .behind = "ab", .got = "ab"},
	{"with its canonical name", IPV4, .behind = "1a", .got = "a1",
	 .flags = AI_CANONNAME},
	{"enforce = no", IPV4, .behind = "1a", .got = "1a", .no_enforce = true},
	{"its own address", IPV4, .behind = "1a", .got = "1a", .own = true},
	{"for IPv6 alone", IPV4, .behind = "1a", .got = "1", .family = AF_INET6},
	{"for IPv4 alone", IPV4, .behind = "1a", .got = "a", .family = AF_INET},
	{"prefer-ipv6", IPV6, .behind = "a1b2", .got = "12ab"},

	/* Never touched. */
	{"passive", IPV4, .behind = "1a", .got = "1a", .flags = AI_PASSIVE},
	{"numeric", IPV4, .behind = "1a", .got = "1a", .flags = AI_NUMERICHOST},
	{"localhost", IPV4, .behind = "1a", .got = "1a", .name = "localhost"},
	{"an IPv6 literal", IPV4, .behind = "1a", .got = "1a", .name = "2001:db8::1"},
	{"an IPv4 literal", IPV6, .behind = "a1", .got = "a1", .name = "198.51.1"},
	{"an empty name", IPV4, .behind = "1a", .got = "1a", .name = ""},
	{"a family that we do not know", IPV4, .behind = "1xa", .got = "1xa"},

	/* Failures are libc's. */
	{"no such name", IPV4, .error = EAI_NONAME},
	{"no server", IPV4, .behind = "1a", .error = EAI_AGAIN},

	/* strip-* */
	{"strip-aaaa", NO_AAAA, .behind = "12ab", .got = "ab"},
	{"... keeps the last", NO_AAAA, .behind = "12", .got = "12"},
	{"... keeps what is usable", NO_AAAA, .behind = "1a", .got = "1a",
	 .no_ipv4 = true},
	{"... with the canonical name", NO_AAAA, .behind = "1a", .got = "a",
	 .flags = AI_CANONNAME},
	{"... without keep-last", NO_AAAA, .behind = "12", .no_keep_last = true,
	 .error = EAI_NODATA},
	{"... enforce = no", NO_AAAA, .behind = "1a", .got = "1a", .no_enforce = true},
	{"strip-a", NO_A, .behind = "1a2b", .got = "12"},
	{"AAAA alone", NO_AAAA, .behind = "1a", .got = "1", .family = AF_INET6},
	{"AAAA alone, aaaa-only = strip", NO_AAAA, .behind = "12ab", .family = AF_INET6,
	 .aaaa_only = true, .asked = 2, .error = EAI_NODATA},
	{"... without an A", NO_AAAA, .behind = "12", .got = "12", .family = AF_INET6,
	 .aaaa_only = true, .asked = 2},
	{"... without a usable A", NO_AAAA, .behind = "12a", .got = "12",
	 .family = AF_INET6, .aaaa_only = true, .asked = 2, .no_ipv4 = true},
	{"... in a mode that only orders", IPV4, .behind = "1a", .got = "1",
	 .family = AF_INET6, .aaaa_only = true},

	/* AF_INET6 with AI_V4MAPPED is AF_UNSPEC. */
	{"mapped: IPv4 first", IPV4, .behind = "1a2b", .got = "AB12", MAPPED},
	{"mapped: all", IPV4, .behind = "1a", .got = "A1", .family = AF_INET6,
	 .flags = AI_V4MAPPED | AI_ALL},
	{"mapped: strip", NO_AAAA, .behind = "12a", .got = "A", MAPPED},
	{"mapped: IPv4 alone", IPV4, .behind = "ab", .got = "AB", MAPPED},
	{"mapped: nothing to do, and nothing more than libc gives", IPV6, .behind = "1a",
	 .got = "1", MAPPED},
	{"mapped: enforce = no", IPV4, .behind = "1a", .got = "1", MAPPED,
	 .no_enforce = true},
	{"mapped: off", .mode = GP_MODE_OFF, .behind = "1a", .got = "1", MAPPED},
	{"mapped: with the name", IPV4, .behind = "1a", .got = "A1", .family = AF_INET6,
	 .flags = AI_V4MAPPED | AI_CANONNAME},

	/* auto: libc's order, then slow, then broken */
	{"auto without a map", AUTO, .behind = "1a", .got = "1a"},
	{"nothing known", AUTO, .behind = "1a", .got = "1a", .has_map = true,
	 .hinted = ".."},
	{"one is broken", AUTO, .behind = "12a", .got = "2a1",
	 .facts = {{"2001:db8::1", BROKEN}}, .hinted = "..."},
	{"slow, then broken", AUTO, .behind = "12a", .got = "a21",
	 .facts = {{"2001:db8::1", BROKEN}, {"2001:db8::2", SLOW}}, .hinted = "..."},
	{"all, and IPv6 alone", AUTO, .behind = "12", .got = "12",
	 .facts = {{"::/0", BROKEN}}},
	{"broken, mapped", AUTO, .behind = "1a", .got = "A1", MAPPED,
	 .facts = {{"::/0", BROKEN}}, .hinted = ".."},
	{"nothing known, mapped", AUTO, .behind = "1a", .got = "1", MAPPED,
	 .has_map = true, .hinted = ".."},
	{"distrust", AUTO, .behind = "12a", .got = "2a1", .distrust = true,
	 .facts = {{"2001:db8::2", GP_VERDICT_OK}}, .hinted = ".W."},
	{"distrust without a map", AUTO, .behind = "1a", .got = "1a", .distrust = true},
	{"enforce = no", AUTO, .behind = "1a", .got = "1a", .no_enforce = true,
	 .facts = {{"::/0", BROKEN}}, .hinted = ".."},
};

static void write_map(const struct preload_case *one)
{
	static _Alignas(64) uint8_t memory[1 << 20];
	const struct gp_reach_host host = {.expires_ms = gp_boot_ms() + 60000,
					   .ipv4_usable = !one->no_ipv4};
	struct gp_reach *map = gp_reach_format(memory);
	struct gp_prefix prefix;
	int fd;

	unlink(world_map());
	if (!one->has_map && !one->facts[0].prefix)
		return;
	gp_reach_set_host(map, &host);
	for (size_t i = 0; i < 2 && one->facts[i].prefix; i++) {
		CHECK(!gp_prefix_parse(one->facts[i].prefix, &prefix));
		CHECK(!gp_reach_set(map, &prefix, one->facts[i].verdict,
				    gp_boot_ms() + 60000));
	}
	fd = open(world_map(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	CHECK(fd >= 0 && write(fd, memory, gp_reach_size()) == (ssize_t)gp_reach_size());
	CHECK(!fchmod(fd, 0644) && !close(fd));
}

static void prepare(const struct preload_case *one)
{
	struct gp_guard_policy policy = world_policy(one->mode);

	policy.distrust = one->distrust;
	policy.enforce = !one->no_enforce;
	policy.aaaa_only = one->aaaa_only;
	policy.keep_last = !one->no_keep_last;
	world_write(&policy, "dns");
	write_map(one);
	world_ipv4_usable = !one->no_ipv4;
	world_is_own = one->own;
	behind = one->behind ? one->behind : "";
	behind_error = one->error == EAI_AGAIN ? EAI_AGAIN : 0;
	if (one->error == EAI_NONAME)
		behind_error = EAI_NONAME;
}

static int listen_for_hints(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	unlink(world_hints());
	strcpy(at.sun_path, world_hints());
	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static void check_hint(const struct preload_case *one, int fd)
{
	uint8_t bytes[GP_HINT_SIZE_MAX + 1];
	struct gp_hint hint;
	char flags[GP_HINT_ADDRESSES + 1] = "";
	const ssize_t size = recv(fd, bytes, sizeof(bytes), 0);

	CHECK((size >= 0) == (one->hinted != NULL));
	if (size < 0)
		return;
	CHECK(gp_hint_parse(bytes, (size_t)size, &hint) == GP_OK);
	CHECK(hint.door == GP_DOOR_PRELOAD && hint.counters[GP_COUNT_LOOKUPS] == 1);
	for (uint8_t i = 0; i < hint.count; i++)
		flags[i] = hint.addresses[i].flags == GP_HINT_WITHHELD   ? 'W'
			   : hint.addresses[i].flags == GP_HINT_STRIPPED ? 'S'
									 : '.';
	if (strcmp(flags, one->hinted) != 0) {
		fprintf(stderr, "%s: hinted '%s'\n", one->what, flags);
		_exit(1);
	}
}

static void run_sized(const struct preload_case *one, int type)
{
	const struct addrinfo hints = {
		.ai_family = one->family, .ai_flags = one->flags, .ai_socktype = type};
	struct addrinfo *list = NULL;
	char text[128];
	int error;

	calls = 0;
	error = getaddrinfo(one->name ? one->name : "host.example", "80", &hints, &list);
	CHECK(errno == EXDEV);
	addrlist_text(list, type ? 1 : 3, text);
	if (error != one->error || strcmp(text, one->got ? one->got : "") != 0 ||
	    calls != (one->asked ? one->asked : 1)) {
		fprintf(stderr, "%s: error %d, '%s', asked %d times\n", one->what, error,
			text, calls);
		_exit(1);
	}
	CHECK(!list || (one->flags & AI_CANONNAME) == 0 ||
	      !strcmp(list->ai_canonname, NAME));
	addrlist_free(list);
}

static void run_case(const void *arg)
{
	const struct preload_case *one = arg;
	const int fd = listen_for_hints();

	prepare(one);
	run_sized(one, SOCK_STREAM);
	check_hint(one, fd);
	run_sized(one, 0);
	close(fd);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(run_case, &cases[i], cases[i].what);
}

/* ---- hands off ---- */

static const struct preload_case ipv4_first = {"IPv4 first", IPV4, .behind = "12ab",
					       .got = "ab12"};

static void look_up_as(const char *expected)
{
	struct addrinfo *list = NULL;
	char text[128];

	CHECK(getaddrinfo("host.example", NULL, NULL, &list) == 0);
	CHECK(!strcmp(addrlist_text(list, 3, text), expected));
	addrlist_free(list);
}

static void call_again(void)
{
	void (*hook)(void) = inside;

	inside = NULL;
	look_up_as("12ab");
	inside = hook;
}

static void run_nested(const void *arg)
{
	(void)arg;
	prepare(&ipv4_first);
	inside = call_again;
	for (int i = 0; i < 3; i++)
		look_up_as("ab12");
	inside = NULL;
	look_up_as("ab12");
}

static jmp_buf out_of_it;

static void jump_out(void)
{
	longjmp(out_of_it, 1);
}

/* wget's time limit: the lookup that was left does not count as one that goes on. */
static void run_left(const void *arg)
{
	(void)arg;
	prepare(&ipv4_first);
	inside = jump_out;
	if (!setjmp(out_of_it))
		look_up_as("");
	inside = NULL;
	look_up_as("ab12");
}

static void run_without_policy(const void *arg)
{
	(void)arg;
	prepare(&ipv4_first);
	unlink(world_snapshot());
	look_up_as("12ab");
	CHECK(freed == 0);
}

static void run_damaged(const void *arg)
{
	(void)arg;
	prepare(&ipv4_first);
	world_write_bytes("nonsense", 8);
	look_up_as("12ab");
}

/* More addresses than need no memory: in order when there is some, else as they were. */
static void run_no_memory(const void *arg)
{
	static char mixed[101], sorted[101];

	(void)arg;
	prepare(&ipv4_first);
	for (size_t i = 0; i < 100; i++) {
		mixed[i] = i % 2 ? 'a' : '1';
		sorted[i] = i < 50 ? 'a' : '1';
	}
	behind = mixed;
	look_up_as(sorted);
	world_allocations_left = 100 * 3; /* for libc's nodes */
	look_up_as(mixed);
	world_allocations_left = 4 * 3;
	behind = "12ab"; /* few need none */
	look_up_as("ab12");
	world_allocations_left = -1;
}

static void test_hands_off(void **state)
{
	(void)state;
	world_run(run_nested, NULL, "a lookup inside a lookup");
	world_run(run_left, NULL, "a lookup that was left by longjmp");
	world_run(run_without_policy, NULL, "no policy");
	world_run(run_damaged, NULL, "a damaged policy");
	world_run(run_no_memory, NULL, "no memory");
}

/* ---- threads, fork ---- */

static atomic_bool is_over;

static void *look_up_all_the_time(void *arg)
{
	(void)arg;
	while (!is_over) {
		struct addrinfo *list = NULL;
		char text[128];

		CHECK(getaddrinfo("host.example", NULL, NULL, &list) == 0);
		addrlist_text(list, 3, text);
		CHECK(!strcmp(text, "ab12") || !strcmp(text, "12ab"));
		addrlist_free(list);
	}
	return NULL;
}

static void fork_one(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct addrinfo *list = NULL;
		const int error = getaddrinfo("host.example", NULL, NULL, &list);

		_exit(error || !list);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

/* Lookups while the policy is replaced again and again, and children that look up, too.
 */
static void run_threads(const void *arg)
{
	static const enum gp_mode modes[] = {GP_MODE_PREFER_IPV4, GP_MODE_OFF,
					     GP_MODE_PREFER_IPV6};
	pthread_t threads[8];

	(void)arg;
	prepare(&ipv4_first);
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_up_all_the_time, NULL));
	for (long i = 0; i < sized(60, 2000); i++) {
		const struct gp_guard_policy policy = world_policy(modes[i % 3]);

		world_write(&policy, "dns");
		usleep(5000);
		if (!world_is_instrumented())
			fork_one();
	}
	is_over = true;
	for (size_t i = 0; i < 8; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* All at once, at the very first lookup of the process. */
static void *look_up_once(void *arg)
{
	(void)arg;
	look_up_as("ab12");
	return NULL;
}

static void run_first(const void *arg)
{
	pthread_t threads[16];

	(void)arg;
	prepare(&ipv4_first);
	for (size_t i = 0; i < 16; i++)
		CHECK(!pthread_create(&threads[i], NULL, look_up_once, NULL));
	for (size_t i = 0; i < 16; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

static void test_threads(void **state)
{
	(void)state;
	world_run(run_threads, NULL, "threads");
	for (int i = 0; i < 20; i++)
		world_run(run_first, NULL, "first lookups");
}

/* ---- silence ---- */

static unsigned count_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void compare_before_and_after(const struct preload_case *one, int output)
{
	char *const *environment = environ;
	char *const first = environ[0];
	sigset_t before, after;
	unsigned fds;

	prepare(one);
	memset(&before, 0, sizeof(before)); /* the kernel's set is smaller */
	memset(&after, 0, sizeof(after));
	sigprocmask(SIG_SETMASK, NULL, &before);
	fds = count_fds();
	run_sized(one, 0);
	CHECK(count_fds() == fds);
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHECK(!memcmp(&before, &after, sizeof(before)));
	CHECK(environ == environment && environ[0] == first);
	CHECK(lseek(output, 0, SEEK_END) == 0);
}

/* Descriptors 1 and 2 are a file, which stays empty. */
static void run_silent(const void *arg)
{
	FILE *file = tmpfile();
	int output;

	CHECK(file);

	output = fileno(file);
	CHECK(dup2(output, 1) == 1 && dup2(output, 2) == 2);
	world_real_facts = true;
	compare_before_and_after(arg, output);
	fclose(file);
}

static void test_silence(void **state)
{
	static const struct preload_case some[] = {
		{"IPv4 first", IPV4, .behind = "12ab", .got = "ab12"},
		{"broken", AUTO, .behind = "1a", .got = "a1",
		 .facts = {{"::/0", BROKEN}}},
		{"off", .mode = GP_MODE_OFF, .behind = "1a", .got = "1a"},
		{"no server", IPV4, .behind = "1a", .error = EAI_AGAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		world_run(run_silent, &some[i], some[i].what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hands_off),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests_name("preload", tests, world_setup, world_teardown);
}
