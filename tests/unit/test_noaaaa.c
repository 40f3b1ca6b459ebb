/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A before AAAA: what libc is asked for and how often, as its resolver's state says while
 * it is, and that this is the program's again afterwards. What stands behind is a text;
 * with real libc and name servers: t_preload_ask.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nss/facts.h"
#include "nss/hosts_line.h"
#include "nss/noaaaa.h"

/* ---- what the door finds ---- */

static enum hosts_line line;
static bool has_ipv4;
static long long clock_ms;

enum hosts_line __wrap_hosts_line_now(void);
struct gp_facts __wrap_facts_open(struct fact_sources *sources,
				  const struct gp_reach *map);
long long __wrap_gp_now_ms(void);

enum hosts_line __wrap_hosts_line_now(void)
{
	return line;
}

long long __wrap_gp_now_ms(void)
{
	return clock_ms;
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	(void)addr;
	return has_ipv4;
}

struct gp_facts __wrap_facts_open(struct fact_sources *sources,
				  const struct gp_reach *map)
{
	(void)map;
	*sources = (struct fact_sources){.ipv4_fd = -1, .ipv6_fd = -1};
	return (struct gp_facts){.is_usable = is_usable};
}

/* ---- what stands behind it ---- */

/* A name has these: "1" a usable A, "4" 127.0.0.2, "0" 0.0.0.0, "6" AAAA; "f" they are
 * from a file; "t" servers are silent, "s" they fail at once. */
static const char *has;
static char calls[128]; /* each one: "A" or "all", "." as it stands, "N" attempts */
static jmp_buf out;
static bool jumps;

static void add(struct addrinfo **list, int family, const char *text)
{
	struct addrinfo *node = calloc(1, sizeof(*node) + sizeof(struct sockaddr_in6));
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)(node + 1);

	node->ai_family = family;
	node->ai_addr = (struct sockaddr *)(node + 1);
	node->ai_addrlen =
		family == AF_INET ? sizeof(*ipv4) : sizeof(struct sockaddr_in6);
	ipv4->sin_family = (sa_family_t)family;
	if (family == AF_INET)
		inet_pton(family, text, &ipv4->sin_addr);
	node->ai_next = *list;
	*list = node;
}

static int lookup_behind(const char *name, const char *service,
			 const struct addrinfo *hints, struct addrinfo **list)
{
	const bool is_a = (_res.options & RES_NOAAAA) != 0, is_file = strchr(has, 'f');
	const size_t used = strlen(calls);

	(void)name, (void)service;
	snprintf(calls + used, sizeof(calls) - used, "%s%s%s%d", used ? " " : "",
		 hints  ? "A4"
		 : is_a ? "A"
			: "all",
		 _res.options & RES_DNSRCH ? "" : ".", _res.retry);
	if (jumps)
		longjmp(out, 1);
	if (!is_file)
		_res.res_h_errno = HOST_NOT_FOUND;
	if (strchr(has, 't'))
		clock_ms += _res.retry * _res.retrans * 1000LL;
	if (strchr(has, 't') || strchr(has, 's'))
		return EAI_AGAIN;
	*list = NULL;
	if (strchr(has, '6') && !hints && (is_file || !is_a))
		add(list, AF_INET6, NULL);
	if (strchr(has, '4'))
		add(list, AF_INET, "127.0.0.2");
	if (strchr(has, '1'))
		add(list, AF_INET, "192.0.2.1");
	if (strchr(has, '0'))
		add(list, AF_INET, "0.0.0.0");
	return *list ? 0 : EAI_NODATA;
}

static void free_list(struct addrinfo *list)
{
	while (list) {
		struct addrinfo *next = list->ai_next;

		free(list);
		list = next;
	}
}

/* ---- cases ---- */

struct ask_case {
	const char *what, *name, *has, *calls;
	enum noaaaa how;
	int error;
	bool is_alone, no_ipv4;
	enum hosts_line line; /* HOSTS_UNKNOWN: DNS comes last */
	unsigned ndots;       /* 0: 1 */
	int attempts;         /* 0: 2 */
	bool is_unknown;      /* the hosts line */
	bool is_set;          /* `options no-aaaa` */
	bool is_for_aaaa;     /* alone, with aaaa-only = strip */
};

#define TRY .how = NOAAAA_TRY
#define ONLY .how = NOAAAA_ONLY
#define NAME "a.example"

static const struct ask_case cases[] = {
	{"not wanted", NAME, "16", "all2", .how = NOAAAA_NO},
	{"A are enough", NAME, "16", "A.1", TRY, .is_alone = true},
	{"AAAA alone", NAME, "6", "A.1 all2", TRY},
	{"nothing", NAME, "", "A.1 all2", TRY, .error = EAI_NODATA},
	{"a blocked A", NAME, "06", "A.1 all2", TRY},
	{"a loopback A", NAME, "46", "A.1 all2", TRY},
	{"from a file", NAME, "f16", "A.1", TRY},
	{"from a file, AAAA alone", NAME, "f6", "A.1", TRY},
	{"no servers", NAME, "t", "A.1 all1", TRY, .error = EAI_AGAIN},
	{"no servers, three attempts", NAME, "t", "A.1 all2", TRY, .error = EAI_AGAIN,
	 .attempts = 3},
	{"no servers, one attempt", NAME, "t", "all1", TRY, .error = EAI_AGAIN,
	 .attempts = 1},
	{"SERVFAIL", NAME, "s", "A.1 all2", TRY, .error = EAI_AGAIN},
	{"no way to IPv4", NAME, "16", "all2", TRY, .no_ipv4 = true},
	{"options no-aaaa", NAME, "16", "A2", TRY, .is_set = true},
	{"the hosts line is not known", NAME, "16", "all2", TRY, .is_unknown = true},

	/* resolv.conf(5), search and ndots */
	{"no dot", "a", "16", "all2", TRY},
	{"a dot at the end", "a.", "16", "A.1", TRY, .is_alone = true},
	{"ndots:2", NAME, "16", "all2", TRY, .ndots = 2},
	{"ndots:2, and a dot at the end", NAME ".", "16", "A.1", TRY, .is_alone = true,
	 .ndots = 2},
	{"ndots:2, two dots", "a." NAME, "16", "A.1", TRY, .is_alone = true, .ndots = 2},

	/* nss-myhostname behind dns */
	{"of another name", NAME, "16", "A.1", TRY, .is_alone = true,
	 .line = HOSTS_DNS_BEFORE},
	{"of a gateway", "_gateway.", "16", "all2", TRY, .line = HOSTS_DNS_BEFORE},

	/* For AAAA alone: A decide whether they are asked for at all. */
	{"AAAA alone, A are there", NAME, "16", "A4.1", TRY, .is_alone = true,
	 .is_for_aaaa = true},
	{"AAAA alone, no A", NAME, "6", "A4.1 all2", TRY, .is_for_aaaa = true},
	{"AAAA alone, a blocked A", NAME, "06", "A4.1 all2", TRY, .is_for_aaaa = true},
	{"AAAA alone, A from a file", NAME, "f16", "A4.1", TRY, .is_alone = true,
	 .is_for_aaaa = true},
	{"AAAA alone, from a file", NAME, "f6", "A4.1 all2", TRY, .is_for_aaaa = true},
	{"AAAA alone, no servers", NAME, "t", "A4.1 all1", TRY, .is_for_aaaa = true,
	 .error = EAI_AGAIN},
	{"AAAA alone, no dot", "a", "16", "all2", TRY, .is_for_aaaa = true},
	{"AAAA alone, keep-last = no", NAME, "16", "A4.1", ONLY, .is_alone = true,
	 .is_for_aaaa = true},
	{"AAAA alone, keep-last = no, nothing", NAME, "", "A4.1 all2", ONLY,
	 .is_for_aaaa = true, .error = EAI_NODATA},

	/* keep-last = no */
	{"only A", NAME, "16", "A2", ONLY, .is_alone = true},
	{"only A, no dot", "a", "16", "A2", ONLY, .is_alone = true},
	{"only A, AAAA alone", NAME, "6", "A2", ONLY, .is_alone = true,
	 .error = EAI_NODATA},
	{"only A, no servers", NAME, "t", "A2", ONLY, .is_alone = true,
	 .error = EAI_AGAIN},
	{"only A, from a file", NAME, "f16", "A2", ONLY},
	{"only A, no way to IPv4", NAME, "16", "A2", ONLY, .is_alone = true,
	 .no_ipv4 = true},
	{"only A, the hosts line is not known", NAME, "16", "all2", ONLY,
	 .is_unknown = true},
};

static void set_state(const struct ask_case *one)
{
	res_init();
	_res.ndots = one->ndots ? one->ndots & 0xf : 1;
	_res.retry = one->attempts ? one->attempts : 2;
	_res.retrans = 5;
	_res.options |= RES_DNSRCH | RES_DEFNAMES;
	_res.options &= ~(unsigned long)RES_NOAAAA;
	if (one->is_set)
		_res.options |= RES_NOAAAA;
	line = one->is_unknown ? HOSTS_UNKNOWN : one->line ? one->line : HOSTS_DNS_LAST;
	has_ipv4 = !one->no_ipv4;
	has = one->has;
	calls[0] = '\0';
}

static void check(const struct ask_case *one)
{
	struct addrinfo *list = NULL;
	struct noaaaa_call call = {lookup_behind, free_list, one->name, NULL,
				   NULL,          &list,     NULL};
	unsigned long options;
	const struct addrinfo a_hints = {.ai_family = AF_INET};
	enum noaaaa_end end;
	int error;

	set_state(one);
	options = _res.options;
	if (one->is_for_aaaa)
		call.a_hints = &a_hints;
	error = noaaaa_ask(one->how, &call, &end);
	if (error != one->error || (end == NOAAAA_A_ALONE) != one->is_alone ||
	    strcmp(calls, one->calls) != 0)
		fail_msg("%s: error %d, '%s', end %d", one->what, error, calls, end);
	assert_int_equal(end == NOAAAA_NO_A, strchr(calls, ' ') != NULL);
	assert_int_equal(_res.options, options);
	assert_int_equal(_res.retry, one->attempts ? one->attempts : 2);
	assert_true((list != NULL) == !error);
	free_list(list);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i]);
}

/* Its own name nss-myhostname knows, and says 127.0.0.2 if need be. */
static void test_own_name(void **state)
{
	static char name[300];
	struct ask_case one = {"of this host", name, "16",
			       "all2",         TRY,  .line = HOSTS_DNS_BEFORE};

	(void)state;
	assert_false(gethostname(name, sizeof(name) - 2));
	strcat(name, ".");
	check(&one);
	one.line = HOSTS_DNS_LAST;
	one.calls = "A.1";
	one.is_alone = true;
	check(&one);
}

/* wget leaves lookups that take too long; the next one finds all as it was. */
static void test_longjmp(void **state)
{
	static const struct ask_case one = {"left", NAME, "16", "A.1", TRY};
	struct addrinfo *list = NULL;
	const struct noaaaa_call call = {lookup_behind, free_list, one.name, NULL,
					 NULL,          &list,     NULL};
	static unsigned long options;
	enum noaaaa_end end;

	(void)state;
	set_state(&one);
	options = _res.options;
	noaaaa_recover();
	assert_int_equal(_res.options, options);
	jumps = true;
	if (!setjmp(out))
		noaaaa_ask(NOAAAA_TRY, &call, &end);
	jumps = false;
	assert_int_not_equal(_res.options, options);
	noaaaa_recover();
	assert_int_equal(_res.options, options);
	assert_int_equal(_res.retry, 2);
	noaaaa_recover();
	assert_int_equal(_res.options, options);
}

/* The state is each thread's own. */
static void *look_at_state(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)(_res.options & RES_NOAAAA);
}

static int lookup_in_thread(const char *name, const char *service,
			    const struct addrinfo *hints, struct addrinfo **list)
{
	pthread_t thread;
	void *result = list;

	if (pthread_create(&thread, NULL, look_at_state, NULL) ||
	    pthread_join(thread, &result) || result || !(_res.options & RES_NOAAAA))
		return EAI_FAIL;
	return lookup_behind(name, service, hints, list);
}

static void *ask_in_thread(void *arg)
{
	struct addrinfo *list = NULL;
	const struct noaaaa_call call = {
		lookup_in_thread, free_list, NAME, NULL, NULL, &list, NULL};
	enum noaaaa_end end;
	const int error = noaaaa_ask(NOAAAA_TRY, &call, &end);

	(void)arg;
	free_list(list);
	return (void *)(uintptr_t)(!error && end == NOAAAA_A_ALONE &&
				   !(_res.options & RES_NOAAAA) &&
				   _res.options & RES_DNSRCH);
}

static void test_threads(void **state)
{
	static const struct ask_case one = {"a thread", NAME, "16", "A.1", TRY};
	pthread_t thread;
	void *good = NULL;

	(void)state;
	set_state(&one);
	/* One that has never looked anything up. */
	assert_false(pthread_create(&thread, NULL, ask_in_thread, NULL));
	assert_false(pthread_join(thread, &good));
	assert_non_null(good);
}

/* ---- the hosts line ---- */

static const struct {
	const char *text;
	enum hosts_line line;
} texts[] = {
	{"hosts: dns\n", HOSTS_DNS_LAST},
	{"hosts: files dns\n", HOSTS_DNS_LAST},
	{"passwd: files\n  hosts:\tfiles mdns4_minimal [NOTFOUND=return] dns\nx: y\n",
	 HOSTS_DNS_LAST},
	{"hosts: files v6guard [!UNAVAIL=return] dns\n", HOSTS_DNS_LAST},
	{"hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns\n",
	 HOSTS_DNS_LAST},
	{"hosts:files dns[NOTFOUND=return]\n", HOSTS_DNS_LAST},
	{"hosts: files dns myhostname\n", HOSTS_DNS_BEFORE},
	{"hosts: files dns [!UNAVAIL=return] myhostname\n", HOSTS_DNS_BEFORE},

	{"", HOSTS_UNKNOWN},
	{"hosts:\n", HOSTS_UNKNOWN},
	{"hosts: files\n", HOSTS_UNKNOWN},
	{"hosts: files resolve\n", HOSTS_UNKNOWN},
	{"hosts: dns files\n", HOSTS_UNKNOWN},
	{"hosts: dns mdns4\n", HOSTS_UNKNOWN},
	{"hosts: dns dns\n", HOSTS_UNKNOWN},
	{"hosts: files sss dns\n", HOSTS_UNKNOWN},
	{"hosts: ldap dns\n", HOSTS_UNKNOWN},
	{"hosts: files [SUCCESS=merge] dns\n", HOSTS_UNKNOWN},
	{"hosts: files dns [success=continue] myhostname\n", HOSTS_UNKNOWN},
	{"hosts: files [!Success=return] dns\n", HOSTS_UNKNOWN},
	{"hosts: files dns # myhostname\n", HOSTS_UNKNOWN},
	{"hosts: files [NOTFOUND=return dns\n", HOSTS_UNKNOWN},
	{"hosts: files ] dns\n", HOSTS_UNKNOWN},
	/* glibc reads no line without its newline, and takes the last of two. */
	{"hosts: files dns", HOSTS_UNKNOWN},
	{"hosts: dns\nhosts: files dns\n", HOSTS_UNKNOWN},
	{"HOSTS: files dns\n", HOSTS_UNKNOWN},
	{"hosts : files dns\n", HOSTS_UNKNOWN},
	{"#hosts: files dns\n", HOSTS_UNKNOWN},
};

static void test_hosts_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		/* On the heap, so that a sanitizer sees what is read behind it. */
		const size_t size = strlen(texts[i].text);
		char *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy + 1, texts[i].text, size);
		if (hosts_line_parse(copy + 1, size) != texts[i].line)
			fail_msg("%s", texts[i].text);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),      cmocka_unit_test(test_own_name),
		cmocka_unit_test(test_longjmp),    cmocka_unit_test(test_threads),
		cmocka_unit_test(test_hosts_line),
	};

	return cmocka_run_group_tests_name("noaaaa", tests, NULL, NULL);
}
