/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backend.c - the services behind v6guard: found, loaded, asked. They are asked just as
 * glibc's nss/getXXbyYY_r.c and sysdeps/posix/getaddrinfo.c (2.36) ask them, fallbacks
 * included.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "guard/live.h"
#include "narrow.h"

/* A service and what it can do. Never freed: a thread may be inside it at any time. */
struct backend {
	struct backend *next;
	char name[GP_SERVICE_NAME];
	nss_gethostbyname4_r *by_name4;
	nss_gethostbyname3_r *by_name3;
	nss_gethostbyname2_r *by_name2;
	nss_gethostbyname_r *by_name;
	nss_gethostbyaddr2_r *by_addr2;
	nss_gethostbyaddr_r *by_addr;
};

static _Atomic(struct backend *) backends;

static struct backend *find_loaded(struct backend *list, const char *name)
{
	for (; list; list = list->next)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

/* A function pointer from dlsym, without the cast that ISO C does not know. */
static void resolve(void *handle, const char *service, const char *function, void *target)
{
	char symbol[GP_SERVICE_NAME + 32];
	void *found;

	stpcpy(stpcpy(stpcpy(stpcpy(symbol, "_nss_"), service), "_"), function);
	found = dlsym(handle ? handle : RTLD_DEFAULT, symbol);
	memcpy(target, &found, sizeof(found));
	if (!found)
		dlerror(); /* ours, not for the program to find */
}

/*
 * The stub DSO first; glibc 2.34 and later carry dns and files in libc itself, and
 * minimal images lack the stubs. A service of which nothing is found stays on the list as
 * one that can do nothing: glibc, too, does not look a second time.
 */
static void load(struct backend *backend)
{
	char file[GP_SERVICE_NAME + 16];
	void *handle;

	stpcpy(stpcpy(stpcpy(file, "libnss_"), backend->name), ".so.2");
	handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
	if (!handle)
		dlerror();
	resolve(handle, backend->name, "gethostbyname4_r", &backend->by_name4);
	resolve(handle, backend->name, "gethostbyname3_r", &backend->by_name3);
	resolve(handle, backend->name, "gethostbyname2_r", &backend->by_name2);
	resolve(handle, backend->name, "gethostbyname_r", &backend->by_name);
	resolve(handle, backend->name, "gethostbyaddr2_r", &backend->by_addr2);
	resolve(handle, backend->name, "gethostbyaddr_r", &backend->by_addr);
}

/* NULL: no memory, or not to be loaded here. */
static const struct backend *find(const char *name)
{
	struct backend *list = atomic_load(&backends);
	struct backend *backend = find_loaded(list, name);

	if (backend)
		return backend;
	/* Behind a chroot() the libraries are somebody else's (CVE-2019-14271). */
	if (!gp_live_same_root())
		return NULL;
	backend = calloc(1, sizeof(*backend));
	if (!backend)
		return NULL;
	stpcpy(backend->name, name);
	load(backend);
	do {
		struct backend *other = find_loaded(list, name);

		if (other) { /* another thread was faster */
			free(backend);
			return other;
		}
		backend->next = list;
	} while (!atomic_compare_exchange_weak(&backends, &list, backend));
	return backend;
}

/* By name, with the best function there is; a service without any is UNAVAIL. */
static enum nss_status call_by_name(const struct backend *backend,
				    const struct call *call, int family,
				    struct answer *answer, struct hostent *host)
{
	char *bytes = answer->bytes;
	int *h_error = &answer->h_error;

	if (call->kind <= CALL_BY_NAME3 && backend->by_name3)
		return backend->by_name3(call->name, family, host, bytes, answer->size,
					 &errno, h_error, &answer->ttl, &answer->canon);
	if (call->kind == CALL_BY_NAME && backend->by_name)
		return backend->by_name(call->name, host, bytes, answer->size, &errno,
					h_error);
	if (backend->by_name2)
		return backend->by_name2(call->name, family, host, bytes, answer->size,
					 &errno, h_error);
	if (family == AF_INET && backend->by_name)
		return backend->by_name(call->name, host, bytes, answer->size, &errno,
					h_error);
	*h_error = NO_RECOVERY;
	return NSS_STATUS_UNAVAIL;
}

static enum nss_status call_by_addr(const struct backend *backend,
				    const struct call *call, struct answer *answer,
				    struct hostent *host)
{
	if (call->kind == CALL_BY_ADDR2 && backend->by_addr2)
		return backend->by_addr2(call->addr, call->addr_length, call->family,
					 host, answer->bytes, answer->size, &errno,
					 &answer->h_error, &answer->ttl);
	if (backend->by_addr)
		return backend->by_addr(call->addr, call->addr_length, call->family, host,
					answer->bytes, answer->size, &errno,
					&answer->h_error);
	answer->h_error = NO_RECOVERY;
	return NSS_STATUS_UNAVAIL;
}

/*
 * One call, its answer taken over. False: there was no memory for it. The service begins
 * with the errno that it would find under glibc, and leaves it as it would there: nss_dns
 * puts back what it found, and looks at it. But ERANGE must be its own.
 */
static bool ask_once(const struct backend *backend, const struct call *call, int family,
		     struct answer *answer)
{
	struct gaih_addrtuple *tuples = NULL;
	struct hostent host = {0};
	const int before = answer->error;

	answer_reset(answer);
	answer->h_error = NETDB_SUCCESS;
	errno = before == ERANGE ? 0 : before;
	if (family == AF_UNSPEC)
		answer->status = backend->by_name4(call->name, &tuples, answer->bytes,
						   answer->size, &errno, &answer->h_error,
						   &answer->ttl);
	else if (call->name)
		answer->status = call_by_name(backend, call, family, answer, &host);
	else
		answer->status = call_by_addr(backend, call, answer, &host);
	answer->error = before == ERANGE && !errno ? ERANGE : errno;
	if (answer->status != NSS_STATUS_SUCCESS)
		return true;
	return family == AF_UNSPEC
		       ? answer_add_tuples(answer, tuples)
		       : answer_add_host(answer, &host,
					 call->kind == CALL_BY_NAME4 ? family
								     : AF_UNSPEC);
}

/*
 * The buffer was too small. nss-mdns says so with NO_RECOVERY where glibc wants
 * NETDB_INTERNAL; TRY_AGAIN is a server's failure, whatever errno is left over.
 */
static bool wants_more(const struct answer *answer)
{
	return answer->status == NSS_STATUS_TRYAGAIN && errno == ERANGE &&
	       answer->h_error != TRY_AGAIN;
}

/* FAMILY is AF_UNSPEC for gethostbyname4_r. */
static void ask_family(const struct backend *backend, const struct call *call, int family,
		       struct answer *answer)
{
	const int before = answer->error;
	bool has_memory;

	do {
		answer->error = before;
		has_memory = ask_once(backend, call, family, answer);
		if (has_memory && !wants_more(answer))
			return;
	} while (has_memory && answer_grow(answer));
	answer->error = before;
	answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
}

static bool is_temporary(const struct answer *failure)
{
	return failure->status == NSS_STATUS_TRYAGAIN || failure->h_error == TRY_AGAIN;
}

/* What two failures come to: a server's trouble, then "the name exists", else the first.
 */
static void merge_failures(struct answer *answer, const struct answer *other)
{
	if (is_temporary(answer))
		return;
	if (is_temporary(other) ||
	    (other->status == NSS_STATUS_NOTFOUND && other->h_error == NO_DATA))
		answer_fail(answer, other->status, other->h_error);
}

/* The IPv4 half of an answer joins the IPv6 half, which may have failed. */
static void take_over(struct answer *answer, const struct answer *ipv4)
{
	if (answer->status != NSS_STATUS_SUCCESS) {
		answer->name = ipv4->name;
		answer->canon = ipv4->canon;
	}
	answer->status = NSS_STATUS_SUCCESS;
	if (ipv4->ttl < answer->ttl)
		answer->ttl = ipv4->ttl;
	if (!answer_add_candidates(answer, ipv4->candidates, ipv4->count))
		answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
}

/* Which of two failures getaddrinfo goes by when it chooses the [action]. */
static enum nss_status status_of_failures(enum nss_status ipv6, enum nss_status ipv4)
{
	if (ipv6 == NSS_STATUS_TRYAGAIN)
		return ipv6;
	return ipv4 == NSS_STATUS_UNAVAIL ? ipv6 : ipv4;
}

/* For a service without gethostbyname4_r: IPv6, then IPv4, as getaddrinfo does it.
 * Returns what the line's [action] is about. */
static enum nss_status ask_both(const struct backend *backend, const struct call *call,
				struct answer *answer)
{
	struct answer *ipv4, *old = answer->partner;
	enum nss_status status;

	ask_family(backend, call, AF_INET6, answer);
	ipv4 = answer_new(call);
	if (!ipv4) {
		answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
		return answer->status;
	}
	answer->partner = ipv4; /* its bytes hold names that the answer may need */
	answer_free(old);
	ipv4->error = answer->error;
	ask_family(backend, call, AF_INET, ipv4);
	answer->error = ipv4->error;
	status = status_of_failures(answer->status, ipv4->status);
	if (ipv4->status != NSS_STATUS_SUCCESS && answer->status != NSS_STATUS_SUCCESS)
		merge_failures(answer, ipv4);
	if (ipv4->status == NSS_STATUS_SUCCESS)
		take_over(answer, ipv4);
	return answer->status == NSS_STATUS_SUCCESS ? NSS_STATUS_SUCCESS : status;
}

/* glibc's rules for what an answer may look like: facts that crash or mislead the caller.
 */
static void normalise(struct answer *answer)
{
	switch (answer->status) {
	case NSS_STATUS_SUCCESS:
		/* Without an address getaddrinfo(AI_CANONNAME) would read through NULL.
		 */
		if (!answer->count)
			answer_fail(answer, NSS_STATUS_NOTFOUND, NO_DATA);
		break;
	case NSS_STATUS_NOTFOUND:
		/* TRY_AGAIN stays: nss_dns says so when it gets no socket, or TCP breaks
		 * off. Such a name may exist. */
		if (answer->h_error == NETDB_SUCCESS)
			answer->h_error = HOST_NOT_FOUND;
		/* No descriptor, no memory: who comes next may have better luck. */
		if (answer->h_error == NETDB_INTERNAL)
			answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
		break;
	case NSS_STATUS_UNAVAIL:
		/* nss_dns after a time-out or a refusal: asked, and no use in asking
		 * again, as glibc would do behind our own UNAVAIL. */
		if (answer->h_error == TRY_AGAIN)
			answer_fail(answer, NSS_STATUS_TRYAGAIN, TRY_AGAIN);
		/* Or after one server has said so and the next one failed. */
		else if (answer->h_error == NO_DATA)
			answer->status = NSS_STATUS_NOTFOUND;
		else
			answer->h_error = NO_RECOVERY;
		break;
	case NSS_STATUS_TRYAGAIN:
	case NSS_STATUS_RETURN:
		break;
	}
}

static bool is_status(int status)
{
	return status >= GP_NSS_STATUS_MIN &&
	       status < GP_NSS_STATUS_MIN + GP_NSS_STATUS_COUNT;
}

/* Returns what the line's [action] is about. */
static enum nss_status ask_as_libc(const struct backend *backend, const struct call *call,
				   struct answer *answer)
{
	if (call->kind == CALL_BY_NAME4 && !backend->by_name4)
		return ask_both(backend, call, answer);
	ask_family(backend, call, call->family, answer);
	return answer->status;
}

/* False: it was not asked, or has to be asked for more. */
static bool ask_for_a(const struct backend *backend, const struct call *call,
		      struct answer *answer)
{
	const int before = answer->error;
	struct narrow first;

	if (!narrow_begin(&first, backend->name, call, answer))
		return false;
	ask_family(backend, &first.call, AF_INET, first.answer);
	if (narrow_end(&first, backend->name, call, answer))
		return true;
	answer->error = before; /* as if that had not been asked */
	return false;
}

/* Returns the service's own status: it is what the line's [action] is about. */
static enum nss_status ask_service(const struct gp_service *service,
				   const struct call *call, struct answer *answer)
{
	const struct backend *backend = find(service->name);
	enum nss_status status;

	answer_reset(answer);
	if (!backend)
		return answer->status;
	if (!ask_for_a(backend, call, answer))
		status = ask_as_libc(backend, call, answer);
	else
		status = answer->status;
	if (!is_status(answer->status))
		answer_fail(answer, NSS_STATUS_UNAVAIL, NO_RECOVERY);
	if (!is_status(status))
		status = NSS_STATUS_UNAVAIL;
	normalise(answer);
	return status;
}

void backend_ask(const struct call *call, struct answer *answer)
{
	for (uint32_t i = 0; i < answer->chain.count; i++) {
		const struct gp_service *service = &answer->chain.service[i];
		const enum nss_status status = ask_service(service, call, answer);

		if (service->action[status - GP_NSS_STATUS_MIN] == GP_ACTION_RETURN)
			return;
	}
}
