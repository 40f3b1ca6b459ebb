/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door as glibc sees it: for each thing that backends can say, the exact status,
 * errno and h_errno, and which addresses are left. A process of its own for each case.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "held_clock.h"
#include "nss/answer.h"
#include "nss/slot.h"
#include "nss_world.h"

NSS_DECLARE_MODULE_FUNCTIONS(v6guard)

#define STUB "v6gstub"
#define OK .status = NSS_STATUS_SUCCESS
#define ERRNO_BEFORE 4711

/* What came back through an entry point. */
struct seen {
	enum nss_status status;
	int error, h_error;
	unsigned ipv4, ipv6;
	int32_t ttl;              /* 0: untouched */
	const char *name, *canon; /* expected; NULL: any */
	char got_name[256], got_canon[256];
};

struct nss_case {
	const char *what;
	enum gp_mode mode;
	const char *chain; /* NULL: the full stub alone */
	struct stub_script full, old;
	enum call_kind kind;
	int family; /* 0: what the entry point implies */
	const char *name;
	bool auto_backends, aaaa_only, no_enforce, no_keep_last, no_ipv4;
	struct seen want;
	unsigned calls; /* of the full stub, all functions together */
};

#define NONE(st, err, h) .want = {.status = NSS_STATUS_##st, .error = err, .h_error = h}
/* errno stays what it was. */
#define PASSED NONE(UNAVAIL, ERRNO_BEFORE, NO_RECOVERY)
#define GOT(n4, n6)                                                                      \
	.want = {.status = NSS_STATUS_SUCCESS,                                           \
		 .error = ERRNO_BEFORE,                                                  \
		 .ipv4 = n4,                                                             \
		 .ipv6 = n6}

static const struct nss_case cases[] = {
	/* What backends say, handed through (glibc.md 1). */
	{"answer", GP_MODE_AUTO, .full = {OK, .ipv4 = 2, .ipv6 = 2}, GOT(2, 2),
	 .calls = 1},
	{"no such name", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND, .h_error = HOST_NOT_FOUND},
	 NONE(NOTFOUND, ERRNO_BEFORE, HOST_NOT_FOUND), .calls = 1},
	{"no address", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND, .h_error = NO_DATA},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"no such name, and errno", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND,
		  .error = ESRCH,
		  .h_error = HOST_NOT_FOUND},
	 NONE(NOTFOUND, ESRCH, HOST_NOT_FOUND), .calls = 1},
	{"NOTFOUND with NETDB_INTERNAL would end the chain", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND,
		  .error = ENOMEM,
		  .h_error = NETDB_INTERNAL},
	 NONE(UNAVAIL, ENOMEM, NO_RECOVERY), .calls = 1},
	{"nss_dns without a socket: not a name that does not exist", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND, .error = EAGAIN, .h_error = TRY_AGAIN},
	 NONE(NOTFOUND, EAGAIN, TRY_AGAIN), .calls = 1},
	{"nss_dns, REFUSED or NOTIMP", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_NOTFOUND, .h_error = NO_RECOVERY},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_RECOVERY), .calls = 1},
	{"server failure", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_TRYAGAIN, .error = EAGAIN, .h_error = TRY_AGAIN},
	 NONE(TRYAGAIN, EAGAIN, TRY_AGAIN), .calls = 1},
	{"time-out of nss_dns is not asked again", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_UNAVAIL, .error = ETIMEDOUT, .h_error = TRY_AGAIN},
	 NONE(TRYAGAIN, ETIMEDOUT, TRY_AGAIN), .calls = 1},
	{"no address below one domain, no answer for the next: nor is that", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_UNAVAIL,
		  .error = ECONNREFUSED,
		  .h_error = NO_DATA},
	 NONE(NOTFOUND, ECONNREFUSED, NO_DATA), .calls = 1},
	{"service down", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_UNAVAIL,
		  .error = ECONNREFUSED,
		  .h_error = NO_RECOVERY},
	 NONE(UNAVAIL, ECONNREFUSED, NO_RECOVERY), .calls = 1},
	{"UNAVAIL with NETDB_INTERNAL would end the chain", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_UNAVAIL,
		  .error = EMFILE,
		  .h_error = NETDB_INTERNAL},
	 NONE(UNAVAIL, EMFILE, NO_RECOVERY), .calls = 1},
	{"trouble that glibc is to see itself", GP_MODE_PREFER_IPV4,
	 .auto_backends = true,
	 .full = {.status = NSS_STATUS_UNAVAIL,
		  .error = EMFILE,
		  .h_error = NETDB_INTERNAL},
	 PASSED, .calls = 1},
	{"SUCCESS without an address would crash getaddrinfo", GP_MODE_AUTO, .full = {OK},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"a status that does not exist", GP_MODE_AUTO,
	 .full = {.status = (enum nss_status)17, .h_error = NO_DATA}, PASSED, .calls = 1},
	{"RETURN", GP_MODE_AUTO,
	 .full = {.status = NSS_STATUS_RETURN,
		  .error = ENOENT,
		  .h_error = HOST_NOT_FOUND},
	 NONE(RETURN, ENOENT, HOST_NOT_FOUND), .calls = 1},

	/* The decision. */
	{"prefer-ipv4", GP_MODE_PREFER_IPV4,
	 .full = {OK, .ipv4 = 2, .ipv6 = 4, .ttl = 600},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 2, .ttl = 30}, .calls = 1},
	{"a short TTL stays", GP_MODE_PREFER_IPV4,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1, .ttl = 7},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ttl = 7}, .calls = 1},
	{"no TTL known", GP_MODE_PREFER_IPV4, .full = {OK, .ipv4 = 1, .ipv6 = 1},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ttl = 30}, .calls = 1},
	{"unchanged keeps its TTL", GP_MODE_PREFER_IPV4,
	 .full = {OK, .ipv6 = 1, .ttl = 600},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv6 = 1, .ttl = 600}, .calls = 1},
	{"canonical name moves to the new head", GP_MODE_PREFER_IPV4,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1, .canon = "canonical.example"},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ttl = 30,
		  .name = "canonical.example"},
	 .calls = 1},
	{"IPv6-only name", GP_MODE_PREFER_IPV4, .full = {OK, .ipv6 = 3}, GOT(0, 3),
	 .calls = 1},
	{"IPv4 has no route", GP_MODE_PREFER_IPV4, .no_ipv4 = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1}, GOT(1, 1), .calls = 1},
	{"enforce = no", GP_MODE_STRIP_AAAA, .no_enforce = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1, .ttl = 600},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ipv6 = 1, .ttl = 600},
	 .calls = 1},
	{"strip-aaaa leaves nothing, as told", GP_MODE_STRIP_AAAA, .no_keep_last = true,
	 .full = {OK, .ipv6 = 2}, NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"strip-a", GP_MODE_STRIP_A, .full = {OK, .ipv4 = 2, .ipv6 = 2},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv6 = 2, .ttl = 30}, .calls = 1},
	{"localhost", GP_MODE_STRIP_AAAA, .name = "localhost",
	 .full = {OK, .ipv4 = 1, .ipv6 = 1}, GOT(1, 1), .calls = 1},
	{"200 addresses", GP_MODE_PREFER_IPV4, .full = {OK, .ipv4 = 100, .ipv6 = 100},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 100, .ttl = 30}, .calls = 1},

	/* One family. */
	{"AAAA alone stays", GP_MODE_STRIP_AAAA, .kind = CALL_BY_NAME2,
	 .family = AF_INET6, .full = {OK, .ipv4 = 1, .ipv6 = 2}, GOT(0, 2), .calls = 1},
	{"AAAA alone, aaaa-only = strip", GP_MODE_STRIP_AAAA, .kind = CALL_BY_NAME2,
	 .family = AF_INET6, .aaaa_only = true, .full = {OK, .ipv4 = 1, .ipv6 = 2},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 2},
	{"the same for a name without A", GP_MODE_STRIP_AAAA, .kind = CALL_BY_NAME3,
	 .family = AF_INET6, .aaaa_only = true, .full = {OK, .ipv6 = 2}, GOT(0, 2),
	 .calls = 2},
	{"the same without a route", GP_MODE_STRIP_AAAA, .kind = CALL_BY_NAME3,
	 .family = AF_INET6, .aaaa_only = true, .no_ipv4 = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 2}, GOT(0, 2), .calls = 2},
	{"gethostbyname", GP_MODE_STRIP_AAAA, .kind = CALL_BY_NAME,
	 .full = {OK, .ipv4 = 2}, GOT(2, 0), .calls = 1},
	{"aliases and canonical name", GP_MODE_AUTO, .kind = CALL_BY_NAME3,
	 .family = AF_INET,
	 .full = {OK, .ipv4 = 2, .aliases = 2, .canon = "c.example", .ttl = 60},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 2, .ttl = 60, .name = "c.example",
		  .canon = "c.example"},
	 .calls = 1},
	{"strip-a of A alone keeps the last", GP_MODE_STRIP_A, .kind = CALL_BY_NAME2,
	 .family = AF_INET, .full = {OK, .ipv4 = 2}, GOT(2, 0), .calls = 1},
	{"strip-a of A alone, as told", GP_MODE_STRIP_A, .kind = CALL_BY_NAME2,
	 .family = AF_INET, .no_keep_last = true, .full = {OK, .ipv4 = 2},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"a family that is none", GP_MODE_AUTO, .kind = CALL_BY_NAME2, .family = AF_UNIX,
	 .full = {OK, .ipv4 = 1}, PASSED},
	{"AF_UNSPEC where it makes no sense", GP_MODE_AUTO, .kind = CALL_BY_NAME3,
	 .family = AF_UNSPEC, .full = {OK, .ipv4 = 1}, PASSED},

	/* Reverse. */
	{"by address", GP_MODE_STRIP_AAAA, .kind = CALL_BY_ADDR, .family = AF_INET6,
	 .full = {OK, .ipv6 = 1}, GOT(0, 1), .calls = 1},
	{"by address, nscd", GP_MODE_STRIP_AAAA, .kind = CALL_BY_ADDR2, .family = AF_INET,
	 .full = {OK, .ipv4 = 1, .ttl = 60},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ttl = 60}, .calls = 1},
	{"by address, nobody there", GP_MODE_AUTO, .kind = CALL_BY_ADDR,
	 .family = AF_INET,
	 .full = {.status = NSS_STATUS_NOTFOUND, .h_error = HOST_NOT_FOUND},
	 NONE(NOTFOUND, ERRNO_BEFORE, HOST_NOT_FOUND), .calls = 1},

	{"by mapped address, by which nss_dns finds the IPv4 one", GP_MODE_AUTO,
	 .kind = CALL_BY_ADDR, .family = AF_INET6,
	 .full = {OK, .ipv6 = 1, .host_family = AF_INET}, GOT(1, 0), .calls = 1},
	{"the same, nscd", GP_MODE_AUTO, .kind = CALL_BY_ADDR2, .family = AF_INET6,
	 .full = {OK, .ipv6 = 1, .host_family = AF_INET}, GOT(1, 0), .calls = 1},

	/* backends = auto: what cannot be changed is glibc's, not ours. */
	{"auto, nothing known", GP_MODE_AUTO, .auto_backends = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1}, PASSED},
	{"prefer-ipv6", GP_MODE_PREFER_IPV6, .auto_backends = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1}, PASSED},
	{"by address is passed on", GP_MODE_STRIP_AAAA, .auto_backends = true,
	 .kind = CALL_BY_ADDR, .family = AF_INET, .full = {OK, .ipv4 = 1}, PASSED},
	{"A alone is passed on", GP_MODE_STRIP_AAAA, .auto_backends = true,
	 .kind = CALL_BY_NAME2, .family = AF_INET, .full = {OK, .ipv4 = 1}, PASSED},
	{"localhost is passed on", GP_MODE_STRIP_AAAA, .auto_backends = true,
	 .name = "localhost", .full = {OK, .ipv4 = 1, .ipv6 = 1}, PASSED},
	{"prefer-ipv4 is ours", GP_MODE_PREFER_IPV4, .auto_backends = true,
	 .full = {OK, .ipv4 = 1, .ipv6 = 1},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 1, .ttl = 30}, .calls = 1},
	{"off", GP_MODE_OFF, .full = {OK, .ipv4 = 1, .ipv6 = 1}, PASSED},

	/* The chain (nsswitch.conf(5) actions). */
	{"the next one answers", GP_MODE_AUTO, "v6gold " STUB,
	 .old = {.status = NSS_STATUS_NOTFOUND, .h_error = HOST_NOT_FOUND},
	 .full = {OK, .ipv4 = 1}, GOT(1, 0), .calls = 1},
	{"[NOTFOUND=return]", GP_MODE_AUTO, "v6gold [NOTFOUND=return] " STUB,
	 .old = {.status = NSS_STATUS_NOTFOUND, .h_error = HOST_NOT_FOUND},
	 .full = {OK, .ipv4 = 1}, NONE(NOTFOUND, ERRNO_BEFORE, HOST_NOT_FOUND)},
	{"[!UNAVAIL=return], not there", GP_MODE_AUTO, "v6gnot [!UNAVAIL=return] " STUB,
	 .full = {OK, .ipv4 = 1}, GOT(1, 0), .calls = 1},
	{"[!UNAVAIL=return], server failure", GP_MODE_AUTO,
	 "v6gold [!UNAVAIL=return] " STUB,
	 .old = {.status = NSS_STATUS_TRYAGAIN, .error = EAGAIN, .h_error = TRY_AGAIN},
	 .full = {OK, .ipv4 = 1}, NONE(TRYAGAIN, EAGAIN, TRY_AGAIN)},
	{"[SUCCESS=continue]", GP_MODE_AUTO, "v6gold [SUCCESS=continue] " STUB,
	 .old = {OK, .ipv4 = 2},
	 .full = {.status = NSS_STATUS_NOTFOUND, .h_error = NO_DATA},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"nothing to be found", GP_MODE_AUTO, "v6gnot", PASSED},
	{"a service without functions", GP_MODE_AUTO, "v6gbare " STUB,
	 .full = {OK, .ipv4 = 1}, GOT(1, 0), .calls = 1},

	{"[UNAVAIL=return] ends at a time-out", GP_MODE_AUTO,
	 "v6gold [UNAVAIL=return] " STUB,
	 .old = {.status = NSS_STATUS_UNAVAIL, .error = ETIMEDOUT, .h_error = TRY_AGAIN},
	 .full = {OK, .ipv4 = 1}, NONE(TRYAGAIN, ETIMEDOUT, TRY_AGAIN)},
	{"[TRYAGAIN=return] does not", GP_MODE_AUTO, "v6gold [TRYAGAIN=return] " STUB,
	 .old = {.status = NSS_STATUS_UNAVAIL, .error = ETIMEDOUT, .h_error = TRY_AGAIN},
	 .full = {OK, .ipv4 = 1}, GOT(1, 0), .calls = 1},
	{"a host of another family is handed on", GP_MODE_AUTO, .kind = CALL_BY_NAME2,
	 .family = AF_INET, .full = {OK, .ipv4 = 1, .host_family = AF_INET6}, GOT(0, 1),
	 .calls = 1},
	{"mapped addresses as well", GP_MODE_AUTO, .kind = CALL_BY_NAME3,
	 .family = AF_INET6, .full = {OK, .ipv6 = 2, .host_family = AF_INET}, GOT(2, 0),
	 .calls = 1},
	{"a family that is none of both", GP_MODE_AUTO, .kind = CALL_BY_NAME2,
	 .family = AF_INET, .full = {OK, .ipv4 = 1, .host_family = AF_UNIX},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA), .calls = 1},
	{"not in the halves of an answer", GP_MODE_AUTO, "v6gold",
	 .old = {OK, .ipv4 = 1, .ipv6 = 2, .host_family = AF_INET6}, GOT(0, 2)},

	/* A service with gethostbyname2_r alone: IPv6, then IPv4, as getaddrinfo does it.
	 */
	{"4 by 2 and 2", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv4 = 2, .ipv6 = 3},
	 GOT(2, 3)},
	{"4 by 2 and 2, guarded", GP_MODE_PREFER_IPV4, "v6gold",
	 .old = {OK, .ipv4 = 2, .ipv6 = 3},
	 .want = {OK, .error = ERRNO_BEFORE, .ipv4 = 2, .ttl = 30}},
	{"4 by 2 and 2, A only", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv4 = 2},
	 GOT(2, 0)},
	{"4 by 2 and 2, AAAA only", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv6 = 2},
	 GOT(0, 2)},
	{"4 by 2 and 2, none", GP_MODE_AUTO, "v6gold",
	 .old = {.status = NSS_STATUS_NOTFOUND, .h_error = HOST_NOT_FOUND},
	 NONE(NOTFOUND, ERRNO_BEFORE, HOST_NOT_FOUND)},
	{"4 by 2 and 2, neither family", GP_MODE_AUTO, "v6gold", .old = {OK},
	 NONE(NOTFOUND, ERRNO_BEFORE, NO_DATA)},
	{"4 by 2 and 2, [action] by A if AAAA are not to be had", GP_MODE_AUTO,
	 "v6gold [NOTFOUND=return] " STUB,
	 .old = {.status = NSS_STATUS_NOTFOUND,
		 .h_error = HOST_NOT_FOUND,
		 .aaaa = {NSS_STATUS_UNAVAIL, TRY_AGAIN}},
	 .full = {OK, .ipv4 = 1}, NONE(TRYAGAIN, ERRNO_BEFORE, TRY_AGAIN)},
	{"4 by 2 and 2, [action] by AAAA that are to be tried again", GP_MODE_AUTO,
	 "v6gold [NOTFOUND=return] " STUB,
	 .old = {.status = NSS_STATUS_NOTFOUND,
		 .h_error = HOST_NOT_FOUND,
		 .aaaa = {NSS_STATUS_TRYAGAIN, TRY_AGAIN}},
	 .full = {OK, .ipv4 = 1}, GOT(1, 0), .calls = 1},
	{"3 by 2", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv6 = 1}, .kind = CALL_BY_NAME3,
	 .family = AF_INET6, GOT(0, 1)},
	{"name by 2", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv4 = 1},
	 .kind = CALL_BY_NAME, GOT(1, 0)},
	{"addr2 by addr", GP_MODE_AUTO, "v6gold", .old = {OK, .ipv4 = 1},
	 .kind = CALL_BY_ADDR2, .family = AF_INET, GOT(1, 0)},

	/* Buffers of our own grow; each attempt asks the backend again. */
	{"backend wants 40 KB", GP_MODE_AUTO, .full = {OK, .ipv4 = 1, .need = 40000},
	 GOT(1, 0), .calls = 4},
	{"nss-mdns says ERANGE with NO_RECOVERY", GP_MODE_AUTO,
	 .full = {OK, .ipv4 = 1, .need = 9000, .erange_h_error = NO_RECOVERY}, GOT(1, 0),
	 .calls = 2},
	{"backend never has enough", GP_MODE_AUTO,
	 .full = {OK, .ipv4 = 1, .need = 1 << 30}, PASSED, .calls = 8},
};

static void count_tuples(const struct gaih_addrtuple *tuple, struct seen *seen)
{
	CHECK(tuple && tuple->name);
	strcpy(seen->got_name, tuple->name);
	for (; tuple; tuple = tuple->next)
		*(tuple->family == AF_INET ? &seen->ipv4 : &seen->ipv6) += 1;
}

static void count_host(const struct hostent *host, struct seen *seen)
{
	strcpy(seen->got_name, host->h_name);
	for (char **at = host->h_addr_list; *at; at++)
		*(host->h_addrtype == AF_INET ? &seen->ipv4 : &seen->ipv6) += 1;
}

static struct seen call(enum call_kind kind, const char *name, int family, char *buffer,
			size_t size)
{
	struct seen seen = {.h_error = -99};
	struct gaih_addrtuple *pat = NULL;
	struct hostent host;
	char *canon = NULL;
	char addr[16] = {1};
	socklen_t length = family == AF_INET ? 4 : 16;
	int *h = &seen.h_error;

	errno = ERRNO_BEFORE;
	switch (kind) {
	case CALL_BY_NAME4:
		seen.status = _nss_v6guard_gethostbyname4_r(name, &pat, buffer, size,
							    &errno, h, &seen.ttl);
		break;
	case CALL_BY_NAME3:
		seen.status = _nss_v6guard_gethostbyname3_r(
			name, family, &host, buffer, size, &errno, h, &seen.ttl, &canon);
		break;
	case CALL_BY_NAME2:
		seen.status = _nss_v6guard_gethostbyname2_r(name, family, &host, buffer,
							    size, &errno, h);
		break;
	case CALL_BY_NAME:
		seen.status = _nss_v6guard_gethostbyname_r(name, &host, buffer, size,
							   &errno, h);
		break;
	case CALL_BY_ADDR2:
		seen.status = _nss_v6guard_gethostbyaddr2_r(
			addr, length, family, &host, buffer, size, &errno, h, &seen.ttl);
		break;
	case CALL_BY_ADDR:
		seen.status = _nss_v6guard_gethostbyaddr_r(addr, length, family, &host,
							   buffer, size, &errno, h);
		break;
	}
	seen.error = errno;
	if (canon)
		strcpy(seen.got_canon, canon);
	if (seen.status == NSS_STATUS_SUCCESS && kind == CALL_BY_NAME4)
		count_tuples(pat, &seen);
	else if (seen.status == NSS_STATUS_SUCCESS)
		count_host(&host, &seen);
	return seen;
}

static unsigned calls_of(const struct stub_state *stub)
{
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(stub->calls) / sizeof(stub->calls[0]); i++)
		sum += stub->calls[i];
	return sum;
}

static void prepare(const struct nss_case *one)
{
	struct gp_guard_policy policy = world_policy(one->mode);

	policy.backends_auto = one->auto_backends;
	policy.aaaa_only = one->aaaa_only;
	policy.enforce = !one->no_enforce;
	policy.keep_last = !one->no_keep_last;
	world_ipv4_usable = !one->no_ipv4;
	world_write(&policy, one->chain ? one->chain : STUB);
	stub_full->script = one->full;
	stub_old->script = one->old;
}

static void run_case(const void *arg)
{
	const struct nss_case *one = arg;
	const struct seen *want = &one->want;
	const char *name = one->name ? one->name : "host.example";
	static char buffer[16384];
	struct seen seen;

	prepare(one);
	seen = call(one->kind, name, one->family, buffer, sizeof(buffer));
	if (seen.status != want->status || seen.error != want->error ||
	    seen.h_error != want->h_error || seen.ipv4 != want->ipv4 ||
	    seen.ipv6 != want->ipv6) {
		fprintf(stderr, "%s: status %d errno %d h_errno %d, %u A, %u AAAA\n",
			one->what, seen.status, seen.error, seen.h_error, seen.ipv4,
			seen.ipv6);
		_exit(1);
	}
	CHECK(!want->ttl || seen.ttl == want->ttl);
	CHECK(!want->name || !strcmp(seen.got_name, want->name));
	CHECK(!want->canon || !strcmp(seen.got_canon, want->canon));
	CHECK(calls_of(stub_full) == one->calls);
	CHECK(!one->calls || one->chain || stub_full->error_before == ERRNO_BEFORE);
}

static void test_outcomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		world_run(run_case, &cases[i], cases[i].what);
}

/* glibc doubles its buffer from 1 KiB on: 50 A and 50 AAAA are asked once all the same.
 */
static void grow_until_it_fits(const void *arg)
{
	const enum call_kind *kind = arg;
	const struct gp_guard_policy policy = world_policy(GP_MODE_AUTO);
	struct gp_guard_policy spelled = policy;
	unsigned attempts = 0;

	spelled.backends_auto = 0;
	world_write(&spelled, STUB);
	stub_full->script = (struct stub_script){OK, .ipv4 = 50, .ipv6 = 50};
	for (size_t size = 64; size <= 65536; size *= 2, attempts++) {
		char *buffer = malloc(size);
		struct seen seen = call(*kind, "many.example", AF_INET6, buffer, size);

		free(buffer);
		if (seen.status == NSS_STATUS_SUCCESS)
			break;
		CHECK(seen.status == NSS_STATUS_TRYAGAIN && seen.error == ERANGE &&
		      seen.h_error == NETDB_INTERNAL);
	}
	CHECK(attempts >= 4);
	CHECK(calls_of(stub_full) == 1);
}

static void test_asked_once(void **state)
{
	static const enum call_kind kinds[] = {CALL_BY_NAME4, CALL_BY_NAME3,
					       CALL_BY_NAME2};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		world_run(grow_until_it_fits, &kinds[i], "asked once");
}

/* What is kept is for the same call of the same thread, and not for long. */
static void keep_for_the_same_call(const void *arg)
{
	struct gp_guard_policy policy = world_policy(GP_MODE_AUTO);
	char small[64], large[16384];

	(void)arg;
	policy.backends_auto = 0;
	world_write(&policy, STUB);
	stub_full->script = (struct stub_script){OK, .ipv4 = 5, .ipv6 = 5};
	CHECK(call(CALL_BY_NAME4, "a.example", 0, small, sizeof(small)).error == ERANGE);
	CHECK(call(CALL_BY_NAME4, "b.example", 0, large, sizeof(large)).ipv4 == 5);
	CHECK(calls_of(stub_full) == 2); /* another name */
	CHECK(call(CALL_BY_NAME4, "a.example", 0, large, sizeof(large)).ipv4 == 5);
	CHECK(calls_of(stub_full) == 3); /* b's answer took a's place */

	CHECK(call(CALL_BY_NAME2, "a.example", AF_INET, small, sizeof(small)).error ==
	      ERANGE);
	CHECK(call(CALL_BY_NAME2, "a.example", AF_INET6, large, sizeof(large)).ipv6 == 5);
	CHECK(calls_of(stub_full) == 5); /* another family */

	CHECK(call(CALL_BY_NAME4, "a.example", 0, small, sizeof(small)).error == ERANGE);
	CHECK(call(CALL_BY_NAME3, "a.example", AF_INET, large, sizeof(large)).ipv4 == 5);
	CHECK(calls_of(stub_full) == 7); /* another function */

	CHECK(call(CALL_BY_NAME4, "a.example", 0, small, sizeof(small)).error == ERANGE);
	held_ms += SLOT_KEEP_MS + 1;
	CHECK(call(CALL_BY_NAME4, "a.example", 0, large, sizeof(large)).ipv4 == 5);
	CHECK(calls_of(stub_full) == 9); /* too late */
}

static void keep_by_address(const void *arg)
{
	struct gp_guard_policy policy = world_policy(GP_MODE_AUTO);
	char small[64], large[16384];

	(void)arg;
	policy.backends_auto = 0;
	world_write(&policy, STUB);
	stub_full->script = (struct stub_script){OK, .ipv4 = 1, .ipv6 = 1, .aliases = 9};
	CHECK(call(CALL_BY_ADDR, NULL, AF_INET6, small, sizeof(small)).error == ERANGE);
	CHECK(call(CALL_BY_ADDR, NULL, AF_INET6, large, sizeof(large)).ipv6 == 1);
	CHECK(calls_of(stub_full) == 1);
	CHECK(call(CALL_BY_ADDR, NULL, AF_INET6, small, sizeof(small)).error == ERANGE);
	CHECK(call(CALL_BY_ADDR, NULL, AF_INET, large, sizeof(large)).ipv4 == 1);
	CHECK(calls_of(stub_full) == 3); /* another address */
}

static void test_kept(void **state)
{
	(void)state;
	world_run(keep_for_the_same_call, NULL, "kept");
	world_run(keep_by_address, NULL, "kept by address");
}

/* The *pat of nscd and glibc up to 2.35: the caller's own tuple is the first. */
static void fill_given_head(const void *arg)
{
	const struct gp_guard_policy policy = world_policy(GP_MODE_PREFER_IPV4);
	struct gaih_addrtuple head = {.family = 99}, *pat = &head;
	char buffer[4096];
	int h_error;

	(void)arg;
	world_write(&policy, STUB);
	stub_full->script = (struct stub_script){OK, .ipv4 = 3, .ipv6 = 3};
	CHECK(_nss_v6guard_gethostbyname4_r("host.example", &pat, buffer, sizeof(buffer),
					    &errno, &h_error,
					    NULL) == NSS_STATUS_SUCCESS);
	CHECK(pat == &head && head.family == AF_INET &&
	      !strcmp(head.name, "host.example"));
	CHECK(head.next && head.next->next && !head.next->next->next);
}

static void test_given_head(void **state)
{
	(void)state;
	world_run(fill_given_head, NULL, "*pat given");
}

/* V6GUARD=MODE for one process. */
struct environment_case {
	const char *value;
	enum gp_mode mode;
	unsigned ipv6; /* of 1 */
	bool passes;
};

static void obey_environment(const void *arg)
{
	const struct environment_case *one = arg;
	struct gp_guard_policy policy = world_policy(one->mode);
	char buffer[4096];
	struct seen seen;

	setenv("V6GUARD", one->value, 1);
	policy.backends_auto = 0;
	world_write(&policy, STUB);
	stub_full->script = (struct stub_script){OK, .ipv4 = 1, .ipv6 = 1};
	seen = call(CALL_BY_NAME4, "host.example", 0, buffer, sizeof(buffer));
	CHECK(seen.status == (one->passes ? NSS_STATUS_UNAVAIL : NSS_STATUS_SUCCESS));
	CHECK(seen.ipv6 == one->ipv6);
}

static void test_environment(void **state)
{
	static const struct environment_case env[] = {
		{"off", GP_MODE_STRIP_AAAA, 0, true},
		{"prefer-ipv4", GP_MODE_AUTO, 0, false},
		{"auto", GP_MODE_STRIP_AAAA, 1, false},
		{"strip-aaaa", GP_MODE_OFF, 0, false},
		{"Off", GP_MODE_STRIP_AAAA, 0, false}, /* no such mode: not heard */
		{"", GP_MODE_STRIP_AAAA, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(env) / sizeof(env[0]); i++)
		world_run(obey_environment, &env[i], env[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),    cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_kept),        cmocka_unit_test(test_given_head),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests_name("nss", tests, world_setup, world_teardown);
}
