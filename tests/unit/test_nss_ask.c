/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door asks for no more than it gives out: what `dns`, `resolve` and other services
 * are asked for, in which order, and what the program gets. A process of its own for each
 * case. What real ones answer to that: tests/lab/t_nss_ask.sh.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/hint.h"
#include "guard/rules_build.h"
#include "held_clock.h"
#include "nss/answer.h"
#include "nss_world.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define OK .status = NSS_STATUS_SUCCESS
#define FAILS(st, err, h) .status = NSS_STATUS_##st, .error = err, .h_error = h
#define NO_SUCH_NAME FAILS(NOTFOUND, ENOENT, HOST_NOT_FOUND)
#define NO_RECORDS FAILS(NOTFOUND, ENOENT, NO_DATA)
#define TIMED_OUT FAILS(UNAVAIL, ETIMEDOUT, TRY_AGAIN)
#define SERVFAIL FAILS(TRYAGAIN, EAGAIN, TRY_AGAIN)
#define SILENT .inside = be_silent
#define DUAL OK, .ipv4 = 2, .ipv6 = 3, .ttl = 600
#define RULE(n, rest) "[rule r" #n "]\npriority = " #n "\n" rest

/* For longer than a name is asked a second time. */
static void be_silent(void)
{
	held_ms += 1100;
}

struct ask_case {
	const char *what;
	enum gp_mode mode;
	const char *chain;           /* NULL: dns */
	struct stub_script a, all;   /* of the first resolver of the chain */
	struct stub_script other;    /* of v6gstub */
	enum call_kind kind;         /* by name 4, 3 or 2: AAAA for the latter */
	const char *name;            /* NULL: host.example */
	const char *options, *rules; /* RES_OPTIONS; of v6guard.conf */
	bool keep_none, aaaa_only, no_enforce, no_ipv4, is_own;

	const char *asked, *other_asked; /* of the resolver; of v6gstub, NULL: nothing */
	enum nss_status status;
	int h_error; /* of a failure */
	unsigned ipv4, ipv6;
	int32_t ttl; /* 0: whatever */
};

#define MODE4 .mode = GP_MODE_PREFER_IPV4
#define MODE_STRIP .mode = GP_MODE_STRIP_AAAA
#define EXACT .keep_none = true, .mode = GP_MODE_STRIP_AAAA
#define GOT(n4, n6) .status = NSS_STATUS_SUCCESS, .ipv4 = n4, .ipv6 = n6
#define GOT_NONE(st, h) .status = NSS_STATUS_##st, .h_error = h

static const struct ask_case cases[] = {
	/* A first, of whom, and what for. */
	{"prefer-ipv4", MODE4, .a = {DUAL}, .all = {DUAL}, .asked = "A host.example. ",
	 GOT(2, 0), .ttl = 30},
	{"strip-aaaa", MODE_STRIP, .a = {DUAL}, .all = {DUAL},
	 .asked = "A host.example. ", GOT(2, 0), .ttl = 30},
	{"resolve", MODE4, "resolve [!UNAVAIL=return] dns", .a = {DUAL}, .all = {DUAL},
	 .asked = "A host.example ", GOT(2, 0)},
	{"others as libc asks them: nss-myhostname has 127.0.0.2 for AF_INET", MODE4,
	 "v6gstub dns", .other = {DUAL}, .asked = "", .other_asked = "all host.example ",
	 GOT(2, 0)},
	{"before the resolver, too: mDNS with AAAA alone", MODE4,
	 "v6gstub [NOTFOUND=return] dns", .other = {OK, .ipv6 = 1}, .asked = "",
	 .name = "printer.local", .other_asked = "all printer.local ", GOT(0, 1)},
	{"and behind it", MODE4, "dns v6gstub", .a = {NO_SUCH_NAME},
	 .all = {NO_SUCH_NAME}, .other = {OK, .ipv6 = 1},
	 .asked = "A host.example. all host.example ", .other_asked = "all host.example ",
	 GOT(0, 1)},
	{"a mode that takes some AAAA only", GP_MODE_AUTO, .a = {DUAL}, .all = {DUAL},
	 .asked = "all host.example ", GOT(2, 3), .ttl = 600},
	{"a dry run", MODE_STRIP, .no_enforce = true, .a = {DUAL}, .all = {DUAL},
	 .asked = "all host.example ", GOT(2, 3), .ttl = 600},
	{"no-aaaa: libc asks for A alone as it is", MODE4, .options = "no-aaaa",
	 .a = {DUAL}, .all = {DUAL}, .asked = "all host.example ", GOT(2, 0)},
	{"IPv4 is not known to work", MODE_STRIP, .no_ipv4 = true, .a = {DUAL},
	 .all = {DUAL}, .asked = "all host.example ", GOT(2, 3)},

	/* AAAA only if no usable A came. */
	{"AAAA only", MODE4, .a = {NO_RECORDS}, .all = {OK, .ipv6 = 2, .ttl = 600},
	 .asked = "A host.example. all host.example ", GOT(0, 2), .ttl = 600},
	{"no such name", MODE4, .a = {NO_SUCH_NAME}, .all = {NO_SUCH_NAME},
	 .asked = "A host.example. all host.example ",
	 GOT_NONE(NOTFOUND, HOST_NOT_FOUND)},
	{"of the second service", MODE4, "resolve dns", .a = {NO_RECORDS},
	 .all = {FAILS(UNAVAIL, ENOENT, NO_RECOVERY)},
	 .asked = "A host.example all host.example ", GOT(7, 0)},
	{"a name of this host: what listens there wants both", MODE4, .is_own = true,
	 .a = {DUAL}, .all = {DUAL}, .asked = "A host.example. all host.example ",
	 GOT(2, 3)},
	{"a server that fails for A at once", MODE4, .a = {SERVFAIL},
	 .all = {OK, .ipv6 = 1}, .asked = "A host.example. all host.example ", GOT(0, 1)},
	{"no file descriptor: the errno of plain libc", MODE4,
	 .a = {FAILS(UNAVAIL, EMFILE, NETDB_INTERNAL)},
	 .all = {FAILS(UNAVAIL, EMFILE, NETDB_INTERNAL)},
	 .asked = "A host.example. all host.example ", GOT_NONE(UNAVAIL, NO_RECOVERY)},
	{"all servers are dead: not a second time", MODE4, .a = {TIMED_OUT, SILENT},
	 .all = {TIMED_OUT}, .asked = "A host.example. ", GOT_NONE(TRYAGAIN, TRY_AGAIN)},
	{"a slow server that has no A", MODE4, .a = {NO_RECORDS, SILENT},
	 .all = {OK, .ipv6 = 1}, .asked = "A host.example. all host.example ", GOT(0, 1)},
	{"[TRYAGAIN=return] is about it, as about any answer", MODE4,
	 "resolve [TRYAGAIN=return] dns", .a = {SERVFAIL, SILENT},
	 .asked = "A host.example ", GOT_NONE(TRYAGAIN, TRY_AGAIN)},
	{"resolved hangs: the next service, as without us", MODE4, "resolve dns",
	 .a = {FAILS(UNAVAIL, ETIMEDOUT, NO_RECOVERY), SILENT},
	 .asked = "A host.example ", GOT(7, 0)},

	/* Never another host: names that the search list leads elsewhere. */
	{"no dot", MODE4, .name = "host", .a = {DUAL}, .all = {DUAL},
	 .asked = "all host ", GOT(2, 0)},
	{"no dot, ndots:0", MODE4, .name = "host", .options = "ndots:0", .a = {DUAL},
	 .all = {DUAL}, .asked = "all host ", GOT(2, 0)},
	{"final dot", MODE4, .name = "host.", .a = {DUAL}, .all = {DUAL},
	 .asked = "A host. ", GOT(2, 0)},
	{"fewer dots than ndots", MODE4, .options = "ndots:3", .name = "a.b.c",
	 .a = {DUAL}, .all = {DUAL}, .asked = "all a.b.c ", GOT(2, 0)},
	{"as many", MODE4, .options = "ndots:3", .name = "a.b.c.d", .a = {DUAL},
	 .all = {DUAL}, .asked = "A a.b.c.d. ", GOT(2, 0)},
	{"resolved: a dot is enough", MODE4, "resolve", .options = "ndots:3",
	 .name = "a.b", .a = {DUAL}, .all = {DUAL}, .asked = "A a.b ", GOT(2, 0)},
	{"resolved: no dot, or none but the last", MODE4, "resolve", .name = "host.",
	 .a = {DUAL}, .all = {DUAL}, .asked = "all host. ", GOT(2, 0)},
	{"resolved: mDNS waits seconds for A that there are none of", MODE4, "resolve",
	 .name = "printer.LOCAL.", .a = {DUAL}, .all = {DUAL},
	 .asked = "all printer.LOCAL. ", GOT(2, 0)},

	/* keep-last = no: what `options no-aaaa` does. */
	{"exact: no dot", EXACT, .name = "host", .a = {DUAL}, .all = {DUAL},
	 .asked = "A host ", GOT(2, 0), .ttl = 30},
	{"exact: a wildcard AAAA below a search domain", EXACT, .options = "ndots:5",
	 .a = {OK, .ipv4 = 1, .canon = "host.example"},
	 .all = {OK, .ipv6 = 1, .canon = "host.example.wild"}, .asked = "A host.example ",
	 GOT(1, 0)},
	{"exact: no A", EXACT, .a = {NO_RECORDS}, .all = {OK, .ipv6 = 2},
	 .asked = "A host.example ", GOT_NONE(NOTFOUND, NO_DATA)},
	{"exact: no such name", EXACT, .a = {NO_SUCH_NAME}, .all = {OK, .ipv6 = 2},
	 .asked = "A host.example ", GOT_NONE(NOTFOUND, HOST_NOT_FOUND)},
	{"exact: a server that fails", EXACT, .a = {SERVFAIL}, .all = {OK, .ipv6 = 2},
	 .asked = "A host.example ", GOT_NONE(TRYAGAIN, TRY_AGAIN)},
	{"exact: IPv4 need not work", EXACT, .no_ipv4 = true, .a = {DUAL}, .all = {DUAL},
	 .asked = "A host.example ", GOT(2, 0)},
	{"exact: the AAAA of others go as well, and nobody asks twice", EXACT,
	 "v6gstub dns", .other = {OK, .ipv6 = 1}, .asked = "",
	 .other_asked = "all host.example ", GOT_NONE(NOTFOUND, NO_DATA)},

	{"exact: own addresses by dns", EXACT, .is_own = true, .a = {DUAL}, .all = {DUAL},
	 .asked = "A host.example ", GOT(2, 0)},
	{"resolved's for this host are libc's business, as nss-myhostname's", EXACT,
	 "resolve", .is_own = true, .a = {DUAL}, .all = {DUAL},
	 .asked = "A host.example all host.example ", GOT(2, 3)},

	/* AAAA alone, aaaa-only = strip. */
	{"AAAA alone are left alone", MODE_STRIP, .kind = CALL_BY_NAME2, .a = {DUAL},
	 .all = {DUAL}, .asked = "AAAA host.example ", GOT(0, 3)},
	{"aaaa-only = strip", MODE_STRIP, .aaaa_only = true, .kind = CALL_BY_NAME2,
	 .a = {DUAL}, .all = {DUAL}, .asked = "A host.example. ",
	 GOT_NONE(NOTFOUND, NO_DATA)},
	{"the same, by gethostbyname3_r", MODE4, .aaaa_only = true, .kind = CALL_BY_NAME3,
	 .a = {DUAL}, .all = {DUAL}, .asked = "A host.example. ",
	 GOT_NONE(NOTFOUND, NO_DATA)},
	{"the next service is not asked: there was an answer", MODE_STRIP, "dns v6gstub",
	 .aaaa_only = true, .kind = CALL_BY_NAME2, .a = {DUAL}, .all = {DUAL},
	 .other = {DUAL}, .asked = "A host.example. ", GOT_NONE(NOTFOUND, NO_DATA)},
	{"no A", MODE_STRIP, .aaaa_only = true, .kind = CALL_BY_NAME2, .a = {NO_RECORDS},
	 .all = {OK, .ipv6 = 2},
	 .asked = "A host.example. AAAA host.example A host.example ", GOT(0, 2)},
	{"exact: AAAA alone, no such name", EXACT, .aaaa_only = true,
	 .kind = CALL_BY_NAME2, .a = {NO_SUCH_NAME}, .all = {DUAL},
	 .asked = "A host.example ", GOT_NONE(NOTFOUND, HOST_NOT_FOUND)},
	{"exact: AAAA alone", EXACT, .aaaa_only = true, .kind = CALL_BY_NAME2,
	 .a = {DUAL}, .all = {DUAL}, .asked = "A host.example ",
	 GOT_NONE(NOTFOUND, NO_DATA)},

	/* Rules. */
	{"a rule for the name", GP_MODE_OFF, .a = {DUAL}, .all = {DUAL},
	 .rules = RULE(1, "domains = host.example\naction = strip-aaaa\n"),
	 .asked = "A host.example. ", GOT(2, 0)},
	{"a rule for another", GP_MODE_OFF, .a = {DUAL}, .all = {DUAL},
	 .rules = RULE(1, "domains = other.example\naction = strip-aaaa\n"),
	 .asked = "all host.example ", GOT(2, 3)},
	{"a rule for some of its addresses", MODE4, .a = {DUAL}, .all = {DUAL},
	 .rules = RULE(1, "prefixes = 2001:db8::2/128\naction = allow\n"),
	 .asked = "all host.example ", GOT(2, 1)},
	{"the alias's name is another rule's", MODE4, .a = {DUAL, .canon = "cdn.example"},
	 .all = {DUAL, .canon = "cdn.example"},
	 .rules = RULE(1, "domains = cdn.example\nmatch-cname = yes\naction = allow\n"),
	 .asked = "A host.example. all host.example ", GOT(2, 3)},
	{"a rule against [guard] for what the search list finds", EXACT, .name = "host",
	 .a = {OK, .ipv4 = 2, .canon = "host.other"},
	 .all = {OK, .ipv6 = 1, .canon = "host.corp"},
	 .rules = RULE(1, "domains = corp\naction = allow\n"), .asked = "all host ",
	 GOT(0, 1)},
	{"that is for another: A of the next name, as with no-aaaa", EXACT,
	 .name = "host", .a = {OK, .ipv4 = 2, .canon = "host.other"},
	 .all = {OK, .ipv6 = 1, .canon = "host.wild"},
	 .rules = RULE(1, "domains = corp\naction = allow\n"),
	 .asked = "all host A host ", GOT(2, 0)},
	{"and there are none", EXACT, .name = "host", .a = {NO_RECORDS},
	 .all = {OK, .ipv6 = 1, .canon = "host.wild"},
	 .rules = RULE(1, "domains = corp\naction = allow\n"),
	 .asked = "all host A host ", GOT_NONE(NOTFOUND, NO_DATA)},
};

static char asked[STUB_LOG], other_asked[STUB_LOG];

static void write_policy(const struct ask_case *one)
{
	static uint8_t bytes[65536];
	struct gp_snapshot snapshot = {.generation = 1, .guard = world_policy(one->mode)};
	const char *chain = one->chain ? one->chain : "dns";
	struct gp_config *config = NULL;
	struct gp_diag diag;
	size_t size;

	snapshot.guard.backends_auto = 0;
	snapshot.guard.keep_last = !one->keep_none;
	snapshot.guard.aaaa_only = one->aaaa_only;
	snapshot.guard.enforce = !one->no_enforce;
	CHECK(gp_chain_parse(chain, strlen(chain), &snapshot.chain, NULL) == GP_OK);
	if (one->rules) {
		CHECK(gp_config_parse_text("test", one->rules, strlen(one->rules),
					   &config, NULL) == GP_OK);
		CHECK(gp_rules_build(config, &snapshot.rules, NULL, &diag) == GP_OK);
	}
	CHECK(gp_snapshot_build(&snapshot, bytes, sizeof(bytes), &size) == GP_OK);
	world_write_bytes(bytes, size);
	if (config)
		gp_rules_build_free(&snapshot.rules);
	gp_config_free(config);
}

/* `dns` behind `resolve` has 7 A, so that it shows. */
static void prepare(const struct ask_case *one)
{
	static const struct stub_script seven = {OK, .ipv4 = 7};
	const bool is_resolve = one->chain && !strncmp(one->chain, "resolve", 7);
	struct stub_state *resolver = is_resolve ? stub_resolve : stub_dns;

	setenv("RES_OPTIONS", one->options ? one->options : "ndots:1", 1);
	unsetenv("LOCALDOMAIN");
	world_ipv4_usable = !one->no_ipv4;
	world_is_own = one->is_own;
	write_policy(one);
	stub_dns->script = seven;
	resolver->script = one->all;
	resolver->script.a = &one->a;
	resolver->script.log = asked;
	stub_full->script = one->other;
	stub_full->script.log = other_asked;
}

struct seen {
	enum nss_status status;
	int error, h_error;
	unsigned ipv4, ipv6;
	int32_t ttl;
};

static struct seen look_up(enum call_kind kind, const char *name, char *buffer,
			   size_t size)
{
	struct seen seen = {.ttl = 0};
	struct gaih_addrtuple *tuple = NULL;
	struct hostent host;
	int *error = &seen.error, *h_error = &seen.h_error;

	errno = 4711;
	if (kind == CALL_BY_NAME4)
		seen.status = _nss_v6guard_gethostbyname4_r(name, &tuple, buffer, size,
							    error, h_error, &seen.ttl);
	else if (kind == CALL_BY_NAME3)
		seen.status =
			_nss_v6guard_gethostbyname3_r(name, AF_INET6, &host, buffer, size,
						      error, h_error, &seen.ttl, NULL);
	else
		seen.status = _nss_v6guard_gethostbyname2_r(name, AF_INET6, &host, buffer,
							    size, error, h_error);
	CHECK(errno == 4711);
	for (; seen.status == NSS_STATUS_SUCCESS && tuple; tuple = tuple->next)
		*(tuple->family == AF_INET ? &seen.ipv4 : &seen.ipv6) += 1;
	if (seen.status == NSS_STATUS_SUCCESS && kind != CALL_BY_NAME4)
		while (host.h_addr_list[seen.ipv6])
			seen.ipv6++;
	return seen;
}

static void run_case(const void *arg)
{
	const struct ask_case *one = arg;
	const char *other = one->other_asked ? one->other_asked : "";
	static char buffer[16384];
	struct seen seen;

	prepare(one);
	seen = look_up(one->kind, one->name ? one->name : "host.example", buffer,
		       sizeof(buffer));
	if (strcmp(asked, one->asked) != 0 || strcmp(other_asked, other) != 0 ||
	    seen.status != one->status || seen.ipv4 != one->ipv4 ||
	    seen.ipv6 != one->ipv6 ||
	    (seen.status != NSS_STATUS_SUCCESS && seen.h_error != one->h_error)) {
		fprintf(stderr,
			"%s: asked '%s' and '%s'; status %d h_errno %d, %u A, %u AAAA\n",
			one->what, asked, other_asked, seen.status, seen.h_error,
			seen.ipv4, seen.ipv6);
		_exit(1);
	}
	CHECK(!one->ttl || seen.ttl == one->ttl);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(run_case, &cases[i], cases[i].what);
}

/* Back with a larger buffer: nobody is asked again, whatever was asked for. */
static void keep(const void *arg)
{
	const struct ask_case one = {"kept", MODE4, .a = {OK, .ipv4 = 200},
				     .all = {DUAL}};
	static char buffer[65536];
	struct seen seen;
	size_t size = 64;

	(void)arg;
	prepare(&one);
	do {
		seen = look_up(CALL_BY_NAME4, "host.example", buffer, size);
		size *= 2;
	} while (seen.status == NSS_STATUS_TRYAGAIN && seen.error == ERANGE &&
		 size < sizeof(buffer));
	CHECK(seen.status == NSS_STATUS_SUCCESS && seen.ipv4 == 200 && !seen.ipv6);
	CHECK(size > 1024 && !strcmp(asked, "A host.example. "));
}

static void test_kept(void **state)
{
	(void)state;
	world_run(keep, NULL, "kept");
}

/* A name as long as any that libc takes, with a dot put behind it. */
static void ask_long(const void *arg)
{
	const struct ask_case one = {"long", MODE4, .a = {DUAL}, .all = {DUAL}};
	static char buffer[16384];
	char name[NI_MAXHOST];

	(void)arg;
	prepare(&one);
	memset(name, 'a', sizeof(name) - 1);
	name[1] = '.';
	name[sizeof(name) - 1] = '\0';
	CHECK(look_up(CALL_BY_NAME4, name, buffer, sizeof(buffer)).ipv4 == 2);
	CHECK(strlen(asked) == 2 + sizeof(name) + 1 && !strncmp(asked, "A a.a", 5));
}

static void test_long_name(void **state)
{
	(void)state;
	world_run(ask_long, NULL, "a long name");
}

/* Each allocation fails once: plain libc's answer, or the right one. */
static void fail_allocations(const void *arg)
{
	const struct ask_case one = {"no memory", MODE_STRIP, .aaaa_only = true,
				     .a = {OK, .ipv4 = 64}, .all = {OK, .ipv6 = 64}};
	const enum call_kind *kind = arg;
	static char buffer[65536];

	prepare(&one);
	look_up(*kind, "host.example", buffer, sizeof(buffer));
	for (long n = 0; n < 12; n++) {
		struct seen seen;

		world_allocations_left = n;
		seen = look_up(*kind, "host.example", buffer, sizeof(buffer));
		world_allocations_left = -1;
		if (*kind == CALL_BY_NAME4)
			CHECK(seen.status == NSS_STATUS_UNAVAIL ||
			      (seen.ipv4 == 64 && !seen.ipv6) ||
			      (!seen.ipv4 && seen.ipv6 == 64));
		else
			CHECK(seen.status == NSS_STATUS_UNAVAIL ||
			      seen.status == NSS_STATUS_NOTFOUND || seen.ipv6 == 64);
	}
}

static void test_no_memory(void **state)
{
	static const enum call_kind kinds[] = {CALL_BY_NAME4, CALL_BY_NAME2};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		world_run(fail_allocations, &kinds[i], "no memory");
}

/* A thread cancelled while the A are waited for: nothing is lost, as a sanitizer sees. */
static void *look_up_once(void *arg)
{
	static char buffer[4096];

	look_up(CALL_BY_NAME4, arg, buffer, sizeof(buffer));
	return NULL;
}

static void cancel(const void *arg)
{
	/* For as long as it takes: beyond the time that a case may have. */
	const struct ask_case one = {"cancel", MODE4, .a = {DUAL, .sleep_ms = 1000000},
				     .all = {DUAL}};
	static char name[] = "host.example";
	pthread_t thread;
	void *result;

	(void)arg;
	prepare(&one);
	stub_dns->script.log = NULL;
	CHECK(!pthread_create(&thread, NULL, look_up_once, name));
	usleep(50000);
	CHECK(!pthread_cancel(thread) && !pthread_join(thread, &result));
	CHECK(result == PTHREAD_CANCELED);
}

static void test_cancelled(void **state)
{
	(void)state;
	world_run(cancel, NULL, "cancelled");
}

static int setup(void **state)
{
	return world_setup(state) || !world_load_resolvers();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),     cmocka_unit_test(test_kept),
		cmocka_unit_test(test_long_name), cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_cancelled),
	};

	return cmocka_run_group_tests_name("nss_ask", tests, setup, world_teardown);
}
