/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * preload.c - getaddrinfo() for programs that were started with libv6guard-preload.so:
 * libc's own, then the decision over what it found, which may change the order here.
 *
 * Whatever is no business of ours, or goes wrong on our side, is libc's answer unchanged.
 */
#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "arrange.h"
#include "guard/filter.h"
#include "guard/live.h"
#include "guard/reach.h"
#include "guard/trace.h"
#include "life.h"

typedef int lookup_fn(const char *node, const char *service, const struct addrinfo *hints,
		      struct addrinfo **list);
typedef void free_fn(struct addrinfo *list);

/* Where another libc stands behind us, its nodes are not ours to take apart. */
#pragma weak gnu_get_libc_version

static lookup_fn *_Atomic next_lookup;
static free_fn *_Atomic next_free;

/* By whom comes behind us, so that both are of one kind. Threads find the same. */
static lookup_fn *find_next(void)
{
	lookup_fn *found = next_lookup;

	if (found)
		return found;
	next_free = (free_fn *)dlsym(RTLD_NEXT, "freeaddrinfo");
	found = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
	next_lookup = found;
	return found;
}

/* Before the program restricts itself. Nothing is done, but for who was started by
 * `v6guard run`. */
__attribute__((constructor)) static void start(void)
{
	const int saved_errno = errno;

	if (!secure_getenv(GP_TRACE_VARIABLE))
		return;
	gp_trace_open();
	(void)gp_live_same_root(); /* reads the policy */
	(void)gp_reach_live();
	(void)gp_filter_is_new();
	errno = saved_errno;
}

/* ---- lookups inside lookups: a name service that calls getaddrinfo() ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void make_key(void)
{
	has_key = !pthread_key_create(&key, NULL);
}

/* What the program left by longjmp() is over. */
static bool is_inside(const struct life *life)
{
	const struct life *outer;

	pthread_once(&once, make_key);
	outer = has_key ? pthread_getspecific(key) : NULL;
	return outer && life_is_inside(outer, outer, life);
}

/* ---- whether it is ours ---- */

static int family_of(const struct addrinfo *hints)
{
	if (!hints)
		return AF_UNSPEC;
	if (hints->ai_family == AF_INET6 && hints->ai_flags & AI_V4MAPPED)
		return AF_UNSPEC;
	return hints->ai_family;
}

/* A lookup for both families that does not ask for the canonical name. */
static bool is_unasked_name(const struct addrinfo *hints)
{
	return !hints ||
	       (hints->ai_family == AF_UNSPEC && !(hints->ai_flags & AI_CANONNAME));
}

static bool is_plain(const char *node, const struct addrinfo *hints)
{
	return !node || (hints && hints->ai_flags & (AI_PASSIVE | AI_NUMERICHOST));
}

static bool begin(const char *node, const struct addrinfo *hints, const struct life *life,
		  struct lookup *out)
{
	struct gp_live_ref ref;
	bool is_ours;

	if (is_plain(node, hints) || !gnu_get_libc_version || getauxval(AT_SECURE) ||
	    is_inside(life) || !has_key || !gp_live_get(&ref))
		return false;
	out->guard = ref.guard;
	out->preload = ref.snapshot->preload;
	out->probe = ref.snapshot->probe;
	out->query = (struct gp_query){
		.name = node, .family = family_of(hints), .door = GP_DOOR_PRELOAD};
	out->is_widened = out->query.family == AF_UNSPEC && hints &&
			  hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_ALL);
	out->adds_canonname = !(hints && hints->ai_flags & AI_CANONNAME);
	is_ours = arrange_begin(out, ref.rules);
	if (hints && hints->ai_flags & AI_V4MAPPED && hints->ai_family == AF_INET6)
		out->a_first = NOAAAA_NO; /* mapped addresses come of both alone */
	/* Of other families libc goes another way for it. */
	if (is_unasked_name(hints))
		out->adds_canonname |= gp_trace_wants_found();
	gp_live_put(&ref);
	if (is_ours)
		return true;
	gp_trace_send(&out->guard, &out->query, NULL, 0,
		      (struct gp_outcome){false, false, false});
	return false;
}

/* ---- a lookup ---- */

/* For a lookup of AAAA alone: of the name's A, which decide whether AAAA may go. */
static struct addrinfo partner_hints(const struct addrinfo *hints)
{
	return (struct addrinfo){.ai_family = AF_INET,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = hints->ai_flags & ~AI_CANONNAME};
}

/* A thread that is cancelled here leaks a list, as it may inside libc's own. */
static struct addrinfo *ask_partners(lookup_fn *next, const char *node,
				     const struct addrinfo *hints)
{
	const struct addrinfo ipv4 = partner_hints(hints);
	struct addrinfo *partners = NULL;

	return next(node, NULL, &ipv4, &partners) ? NULL : partners;
}

static const char *canonname_of(const struct addrinfo *list)
{
	while (list && !list->ai_canonname)
		list = list->ai_next;
	return list ? list->ai_canonname : NULL;
}

static int added_flags(const struct lookup *lookup)
{
	return (lookup->is_widened ? AI_ALL : 0) |
	       (lookup->adds_canonname ? AI_CANONNAME : 0);
}

/* Each node says what libc was asked for, which is to be what the program asked for.
 * glibc's freeaddrinfo() frees the name so as well, and the nodes are glibc's. */
static void hide_added(const struct lookup *lookup, struct addrinfo *list)
{
	const int added = added_flags(lookup);

	for (; added && list; list = list->ai_next) {
		list->ai_flags &= ~added;
		if (!lookup->adds_canonname)
			continue;
		free(list->ai_canonname);
		list->ai_canonname = NULL;
	}
}

static void decide_all(struct lookup *lookup, lookup_fn *next,
		       const struct addrinfo *hints, struct addrinfo **list)
{
	const bool is_for_aaaa = lookup->query.family == AF_INET6;
	struct addrinfo *partners = NULL, *removed;
	int cancel_state;

	if (is_for_aaaa && lookup->a_end == NOAAAA_A_ALONE) {
		partners = *list;
		*list = NULL;
	} else if (is_for_aaaa && lookup->is_guarded &&
		   lookup->a_end == NOAAAA_ASKED_BOTH) {
		partners = ask_partners(next, lookup->query.name, hints);
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	lookup->query.canonical = canonname_of(*list ? *list : partners);
	*list = arrange(lookup, *list, partners, &removed);
	hide_added(lookup, *list);
	if (removed)
		next_free(removed);
	if (partners)
		next_free(partners);
	pthread_setcancelstate(cancel_state, NULL);
}

/* What libc is asked instead of HINTS. */
static struct addrinfo ask_more(const struct lookup *lookup, const struct addrinfo *hints)
{
	/* What glibc takes for no hints. */
	struct addrinfo more = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};

	if (hints)
		more = *hints;
	more.ai_flags |= added_flags(lookup);
	return more;
}

static int look_up(struct lookup *lookup, lookup_fn *next, const char *service,
		   const struct addrinfo *hints, struct addrinfo **list)
{
	const bool asks_more = added_flags(lookup) != 0;
	const struct addrinfo more = ask_more(lookup, hints);
	const struct addrinfo *const given = hints;
	const struct addrinfo ipv4 = partner_hints(&more);
	const struct noaaaa_call call = {next,
					 next_free,
					 lookup->query.name,
					 service,
					 asks_more ? &more : hints,
					 list,
					 lookup->query.family == AF_INET6 ? &ipv4 : NULL};
	int saved_errno = errno, error;

	if (asks_more)
		hints = &more;
	error = noaaaa_ask(lookup->a_first, &call, &lookup->a_end);
	/* No descriptor, no memory: it may be for what we asked for beyond. */
	if (asks_more && (error == EAI_SYSTEM || error == EAI_MEMORY)) {
		errno = saved_errno;
		return next(lookup->query.name, service, given, list);
	}
	if (error || !*list)
		return error;
	saved_errno = errno;
	decide_all(lookup, next, hints, list);
	errno = saved_errno;
	return *list ? 0 : EAI_NODATA;
}

GP_EXPORT int getaddrinfo(const char *node, const char *service,
			  const struct addrinfo *hints, struct addrinfo **list)
{
	const int saved_errno = errno;
	lookup_fn *next = find_next();
	struct lookup lookup;
	struct life life;
	bool is_ours;
	int error;

	if (!next) {
		errno = ENOSYS;
		return EAI_SYSTEM;
	}
	if (!is_inside(&life))
		noaaaa_recover();
	is_ours = next_free && begin(node, hints, &life, &lookup) &&
		  !pthread_setspecific(key, &life);
	errno = saved_errno;
	if (!is_ours)
		return next(node, service, hints, list);
	life_begin(&life, &life);
	error = look_up(&lookup, next, service, hints, list);
	life_end(&life);
	pthread_setspecific(key, NULL);
	return error;
}
