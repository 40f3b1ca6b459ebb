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

#include "facts.h"
#include "guard/hint.h"
#include "guard/live.h"
#include "guard/trace.h"
#include "relink.h"
#include "tell.h"

/* Candidates that need no allocation. */
#define FEW 64

typedef int lookup_fn(const char *node, const char *service, const struct addrinfo *hints,
		      struct addrinfo **list);
typedef void free_fn(struct addrinfo *list);

/* Where another libc stands behind us, its nodes are not ours to take apart. */
#pragma weak gnu_get_libc_version

/* A lookup that is ours to decide. */
struct lookup {
	struct gp_guard_policy guard;
	struct gp_query query;
	/* AI_V4MAPPED without AI_ALL: IPv4 is asked for as well, as it would take the
	 * place of IPv6. */
	bool is_widened;
};

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

/* ---- lookups inside lookups: a name service that calls getaddrinfo() ---- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void make_key(void)
{
	has_key = !pthread_key_create(&key, NULL);
}

/* A lookup that was left by longjmp() has its frame below ours, and is over. */
static bool is_inside(const void *frame)
{
	const void *outer;

	pthread_once(&once, make_key);
	outer = has_key ? pthread_getspecific(key) : NULL;
	return outer && (uintptr_t)frame < (uintptr_t)outer;
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

static bool is_plain(const char *node, const struct addrinfo *hints)
{
	return !node || (hints && hints->ai_flags & (AI_PASSIVE | AI_NUMERICHOST));
}

static bool may_act(const struct lookup *lookup)
{
	/* `auto` has nothing to go by while nobody keeps a map. */
	return gp_guard_may_act(&lookup->guard, &lookup->query) &&
	       (lookup->guard.mode != GP_MODE_AUTO || gp_reach_live());
}

static bool begin(const char *node, const struct addrinfo *hints, const void *frame,
		  struct lookup *out)
{
	struct gp_live_ref ref;

	if (is_plain(node, hints) || !gnu_get_libc_version || getauxval(AT_SECURE) ||
	    is_inside(frame) || !has_key || !gp_live_get(&ref))
		return false;
	out->guard = ref.guard;
	gp_live_put(&ref);
	out->query = (struct gp_query){node, family_of(hints), GP_DOOR_PRELOAD};
	out->is_widened = out->query.family == AF_UNSPEC && hints &&
			  hints->ai_family == AF_INET6 && !(hints->ai_flags & AI_ALL);
	if (may_act(out))
		return true;
	gp_trace_send(&out->guard, &out->query, NULL, 0,
		      (struct gp_outcome){false, false});
	return false;
}

/* ---- the decision ---- */

/* What was asked for beyond what the program wanted goes again. */
static void narrow(struct gp_candidate *candidates, size_t count)
{
	bool has_ipv6 = false;

	for (size_t i = 0; i < count; i++)
		has_ipv6 |= candidates[i].addr.family == AF_INET6;
	for (size_t i = 0; i < count && has_ipv6; i++)
		if (candidates[i].addr.family == AF_INET)
			candidates[i].disposition = GP_STRIPPED;
}

static struct gp_outcome guard(const struct lookup *lookup,
			       struct gp_candidate *candidates, size_t count)
{
	const bool is_auto = lookup->guard.mode == GP_MODE_AUTO;
	const struct gp_reach *map = gp_reach_live(); /* the lookup may have taken long */
	struct gp_outcome outcome = {false, false};
	struct fact_sources sources;
	struct gp_facts facts;

	if (is_auto && !map)
		return outcome;
	facts = facts_open(&sources, map);
	outcome = gp_guard(&lookup->guard, &lookup->query, &facts, candidates, count);
	facts_close(&sources);
	tell_count(candidates, count, outcome);
	if (is_auto)
		tell_hint(GP_DOOR_PRELOAD, candidates, count, outcome);
	return outcome;
}

/* CANDIDATES: room for OWN, LIST's, and MORE, those of PARTNERS, which may be NULL. */
static struct addrinfo *apply(const struct lookup *lookup, struct addrinfo *list,
			      size_t own, struct addrinfo *partners, size_t more,
			      struct gp_candidate *candidates)
{
	struct addrinfo *removed = NULL;
	struct gp_outcome outcome;

	relink_candidates(list, candidates, own);
	relink_candidates(partners, candidates + own, more);
	outcome = guard(lookup, candidates, own + more);
	gp_trace_send(&lookup->guard, &lookup->query, candidates, own + more, outcome);
	if (!outcome.acts && !lookup->is_widened)
		return list;
	if (!outcome.acts) {
		relink_candidates(list, candidates, own); /* in libc's order again */
		narrow(candidates, own);
	}
	/* With partners, which nobody asked for, the mode strips and leaves the order. */
	list = relink(list, candidates, own, &removed);
	if (removed)
		next_free(removed);
	return list;
}

static struct addrinfo *decide(const struct lookup *lookup, struct addrinfo *list,
			       struct addrinfo *partners)
{
	const size_t own = relink_count(list), more = relink_count(partners);
	struct gp_candidate few[FEW], *candidates = few;

	if (own == 0)
		return list;
	if (own + more > FEW)
		candidates = malloc((own + more) * sizeof(*candidates));
	if (!candidates) {
		gp_hint_count(GP_COUNT_TROUBLE, 1);
		return list;
	}
	list = apply(lookup, list, own, partners, more, candidates);
	if (candidates != few)
		free(candidates);
	return list;
}

/* ---- a lookup ---- */

/*
 * For a lookup of AAAA alone: the name's A, which decide whether AAAA may go. A thread
 * that is cancelled here leaks a list, as it may inside libc's own.
 */
static struct addrinfo *ask_partners(lookup_fn *next, const char *node,
				     const struct addrinfo *hints)
{
	const struct addrinfo ipv4 = {.ai_family = AF_INET,
				      .ai_socktype = SOCK_STREAM,
				      .ai_flags = hints->ai_flags & ~AI_CANONNAME};
	struct addrinfo *partners = NULL;

	return next(node, NULL, &ipv4, &partners) ? NULL : partners;
}

static void decide_all(const struct lookup *lookup, lookup_fn *next,
		       const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo *partners = NULL;
	int cancel_state;

	if (lookup->query.family == AF_INET6)
		partners = ask_partners(next, lookup->query.name, hints);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	*list = decide(lookup, *list, partners);
	if (partners)
		next_free(partners);
	pthread_setcancelstate(cancel_state, NULL);
}

static int look_up(const struct lookup *lookup, lookup_fn *next, const char *service,
		   const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo widened;
	int error;

	if (lookup->is_widened) {
		widened = *hints;
		widened.ai_flags |= AI_ALL;
		hints = &widened;
	}
	error = next(lookup->query.name, service, hints, list);
	if (error || !*list)
		return error;
	const int saved_errno = errno;
	decide_all(lookup, next, hints, list);
	errno = saved_errno;
	return *list ? 0 : EAI_NODATA;
}

GP_EXPORT int getaddrinfo(const char *node, const char *service,
			  const struct addrinfo *hints, struct addrinfo **list)
{
	const int saved_errno = errno;
	const void *frame = __builtin_frame_address(0);
	lookup_fn *next = find_next();
	struct lookup lookup;
	bool is_ours;
	int error;

	if (!next) {
		errno = ENOSYS;
		return EAI_SYSTEM;
	}
	is_ours = next_free && begin(node, hints, frame, &lookup) &&
		  !pthread_setspecific(key, frame);
	errno = saved_errno;
	if (!is_ours)
		return next(node, service, hints, list);
	error = look_up(&lookup, next, service, hints, list);
	pthread_setspecific(key, NULL);
	return error;
}
