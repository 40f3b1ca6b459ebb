/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/*
 * nss_v6guard.c - the entry points that glibc and nscd call, and the way of a lookup
 * through the door: policy, backends, decision, the caller's buffer.
 *
 * What the caller sees:
 *   an answer                  SUCCESS                       h_errno NETDB_SUCCESS
 *   buffer too small           TRYAGAIN  errno ERANGE        h_errno NETDB_INTERNAL
 *   no such name               NOTFOUND                      h_errno HOST_NOT_FOUND
 *   no address                 NOTFOUND                      h_errno NO_DATA
 *   no server answered         TRYAGAIN                      h_errno TRY_AGAIN
 *   not our business: off, no
 *   policy, no memory, no fd   UNAVAIL                       h_errno NO_RECOVERY
 * UNAVAIL or NOTFOUND with NETDB_INTERNAL would end the whole hosts: line. Where no errno
 * stands it is as the services left it, which begin with what they would find under glibc;
 * behind UNAVAIL, where glibc goes on to the very same ones, as it was before us.
 */
/* clang-format on */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "backend.h"
#include "facts.h"
#include "guard/hint.h"
#include "guard/live.h"
#include "narrow.h"
#include "guard/trace.h"
#include "pack.h"
#include "slot.h"
#include "tell.h"
#include "thread.h"

/* Changed answers are not to be cached for longer than a policy takes to change. */
#define CHANGED_TTL 30

/* Where the caller wants the answer. */
struct reply {
	struct gaih_addrtuple **pat; /* gethostbyname4_r, else NULL */
	struct hostent *host;        /* the others, else NULL */
	char *buffer;
	size_t size;
	int *errnop;
	int *h_errnop;
	int32_t *ttlp; /* NULL allowed */
	char **canonp; /* NULL allowed */
};

static enum nss_status reply_with(const struct reply *reply, enum nss_status status,
				  int error, int h_error)
{
	*reply->errnop = error;
	*reply->h_errnop = h_error;
	return status;
}

/* ERROR: what errno was before us. */
static enum nss_status pass(const struct reply *reply, int error)
{
	return reply_with(reply, NSS_STATUS_UNAVAIL, error, NO_RECOVERY);
}

static bool is_by_name(const struct call *call)
{
	return call->name != NULL;
}

/* Anything else is for the services behind us to refuse. */
static bool is_well_formed(const struct call *call)
{
	if (call->kind == CALL_BY_NAME4)
		return call->name;
	return (call->name || call->addr) &&
	       (call->family == AF_INET || call->family == AF_INET6);
}

static struct gp_query query_of(const struct call *call)
{
	return (struct gp_query){
		.name = call->name, .family = call->family, .door = GP_DOOR_NSS};
}

static bool may_act(const struct call *call, const struct gp_live_ref *ref)
{
	const struct gp_query query = query_of(call);

	return is_by_name(call) && facts_may_act(&ref->guard, ref->rules, &query);
}

/*
 * Whether this lookup is ours at all. With `backends = auto` glibc goes on to the very
 * services we would ask, so that whatever cannot be changed is left to it.
 */
static bool is_ours(const struct gp_live_ref *ref, bool may_be_changed)
{
	return ref->snapshot->chain.count &&
	       (may_be_changed || !ref->guard.backends_auto);
}

/* A new answer with the policy to decide it by; NULL: glibc is to go on without us. */
static struct answer *begin(const struct call *call)
{
	struct answer *answer = NULL;
	struct gp_live_ref ref;
	uint64_t generation;
	bool may_be_changed;

	if (!gp_live_get(&ref)) {
		gp_trace_enter(call->name, 0);
		return NULL;
	}
	generation = ref.snapshot->generation;
	may_be_changed = may_act(call, &ref);
	if (is_ours(&ref, may_be_changed))
		answer = answer_new(call);
	if (answer) {
		answer->guard = ref.guard;
		answer->has_rules = ref.rules != NULL;
		answer->may_act = may_be_changed;
		answer->chain = ref.snapshot->chain;
	}
	gp_live_put(&ref);
	gp_trace_enter(call->name, generation);
	return answer;
}

/* For a lookup of AAAA alone: the name's A, which decide whether AAAA may go. */
static bool ask_partner(struct answer *answer)
{
	const struct call call = {
		.kind = CALL_BY_NAME2, .family = AF_INET, .name = answer->asked};
	struct answer *partner, *old;

	if (answer->has_unasked) /* they came first */
		return answer_add_candidates(answer, answer->partner->candidates,
					     answer->partner->count);
	partner = answer_new(&call);
	if (!partner)
		return false;
	old = answer->partner;
	answer->partner = partner;
	answer_free(old);
	partner->chain = answer->chain;
	backend_ask(&call, partner);
	return partner->status != NSS_STATUS_SUCCESS ||
	       answer_add_candidates(answer, partner->candidates, partner->count);
}

static struct gp_outcome guard(struct answer *answer, const struct gp_query *query,
			       const struct gp_reach *map)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, map);
	struct gp_outcome outcome;
	int cancel_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	outcome = gp_guard_decide(&answer->guard, query, &facts, answer->candidates,
				  answer->count);
	facts_close(&sources);
	pthread_setcancelstate(cancel_state, NULL);
	return outcome;
}

/* `auto` without a map, and no rule that needs none. */
static bool has_lost_its_map(const struct answer *answer, const struct gp_reach *map)
{
	return !map && !answer->has_rules && answer->guard.mode == GP_MODE_AUTO;
}

/* The decision over all that was found, a partner's addresses included. */
static struct gp_outcome decide_all(const struct call *call, struct answer *answer)
{
	const struct gp_reach *map = gp_reach_live();
	struct gp_outcome outcome = {false, false, false};
	struct gp_query query = query_of(call);

	if (has_lost_its_map(answer, map))
		return outcome;
	if (call->family == AF_INET6) {
		if (!ask_partner(answer)) {
			gp_hint_count(GP_COUNT_TROUBLE, 1);
			return outcome;
		}
		map = gp_reach_live(); /* that may have taken long */
	}
	if (!facts_assign(&answer->guard, answer->has_rules, answer->name, &query,
			  answer->candidates, answer->count))
		return outcome;
	outcome = guard(answer, &query, map);
	tell_count(answer->candidates, answer->count, outcome);
	tell_count_rules(answer->candidates, answer->count, outcome);
	if (map)
		tell_hint(GP_DOOR_NSS, answer->candidates, answer->count);
	return outcome;
}

static void look_up(const struct call *call, struct answer *answer);

static void decide(const struct call *call, struct answer *answer)
{
	const size_t own = answer->count;
	struct gp_outcome outcome;

	if (!answer->may_act)
		return;
	outcome = decide_all(call, answer);
	answer->count = own; /* this door keeps the order: the partner's stand behind */
	if (outcome.acts && narrow_again(call, answer)) {
		look_up(call, answer);
		return;
	}
	if (outcome.acts) {
		answer_strip(answer);
		if (answer->ttl > CHANGED_TTL)
			answer->ttl = CHANGED_TTL;
	}
	narrow_forget(answer);
	if (!answer->count)
		answer_fail(answer, NSS_STATUS_NOTFOUND, NO_DATA);
}

static void look_up(const struct call *call, struct answer *answer)
{
	backend_ask(call, answer);
	if (answer->status == NSS_STATUS_SUCCESS && is_by_name(call))
		decide(call, answer);
}

static bool pack(const struct answer *answer, const struct reply *reply)
{
	if (reply->pat)
		return pack_tuples(answer, reply->pat, reply->buffer, reply->size);
	return pack_host(answer, answer->host_family, reply->host, reply->buffer,
			 reply->size, reply->canonp);
}

/* Hand ANSWER over and be done with it, or keep it for a caller with a larger buffer. */
static enum nss_status deliver(struct answer *answer, const struct reply *reply,
			       int before)
{
	enum nss_status status = answer->status;

	if (status != NSS_STATUS_SUCCESS) {
		const bool is_asked_again =
			status == NSS_STATUS_UNAVAIL && answer->guard.backends_auto;

		reply_with(reply, status, is_asked_again ? before : answer->error,
			   answer->h_error);
		slot_end(answer);
		return status;
	}
	if (!pack(answer, reply)) {
		slot_keep(answer);
		return reply_with(reply, NSS_STATUS_TRYAGAIN, ERANGE, NETDB_INTERNAL);
	}
	if (reply->ttlp && answer->ttl != INT32_MAX)
		*reply->ttlp = answer->ttl;
	*reply->h_errnop = NETDB_SUCCESS;
	slot_end(answer);
	return status;
}

static enum nss_status serve_answer(const struct call *call, const struct reply *reply,
				    int before)
{
	struct answer *answer;
	struct life life;

	/* Busy: one of the backends looks up a name itself. */
	if (!is_well_formed(call) || !thread_is_set_up() || slot_is_busy(&life))
		return pass(reply, before);
	answer = slot_take(call);
	if (answer)
		return deliver(answer, reply, before);
	answer = begin(call);
	if (!answer)
		return pass(reply, before);
	answer->error = before;
	slot_begin(answer, &life);
	look_up(call, answer);
	return deliver(answer, reply, before);
}

static enum nss_status serve(const struct call *call, const struct reply *reply)
{
	const int saved_errno = errno;
	enum nss_status status = serve_answer(call, reply, saved_errno);
	const int error = *reply->errnop;

	/* errnop is &errno as a rule: the reply's value must come last. */
	errno = saved_errno;
	if (status != NSS_STATUS_SUCCESS)
		*reply->errnop = error;
	return status;
}

/* For the five functions that give a struct hostent. */
static enum nss_status serve_host(const struct call *call, struct hostent *host,
				  char *buffer, size_t size, int *errnop, int *h_errnop,
				  int32_t *ttlp, char **canonp)
{
	const struct reply reply = {.host = host,
				    .buffer = buffer,
				    .size = size,
				    .errnop = errnop,
				    .h_errnop = h_errnop,
				    .ttlp = ttlp,
				    .canonp = canonp};

	return serve(call, &reply);
}

/* <nss.h> has the prototypes from glibc 2.33 on. */
#pragma GCC visibility push(default)
NSS_DECLARE_MODULE_FUNCTIONS(v6guard)
#pragma GCC visibility pop

enum nss_status _nss_v6guard_gethostbyname4_r(const char *name,
					      struct gaih_addrtuple **pat, char *buffer,
					      size_t size, int *errnop, int *h_errnop,
					      int32_t *ttlp)
{
	const struct call call = {
		.kind = CALL_BY_NAME4, .family = AF_UNSPEC, .name = name};
	const struct reply reply = {.pat = pat,
				    .buffer = buffer,
				    .size = size,
				    .errnop = errnop,
				    .h_errnop = h_errnop,
				    .ttlp = ttlp};

	return serve(&call, &reply);
}

enum nss_status _nss_v6guard_gethostbyname3_r(const char *name, int family,
					      struct hostent *host, char *buffer,
					      size_t size, int *errnop, int *h_errnop,
					      int32_t *ttlp, char **canonp)
{
	const struct call call = {.kind = CALL_BY_NAME3, .family = family, .name = name};

	return serve_host(&call, host, buffer, size, errnop, h_errnop, ttlp, canonp);
}

enum nss_status _nss_v6guard_gethostbyname2_r(const char *name, int family,
					      struct hostent *host, char *buffer,
					      size_t size, int *errnop, int *h_errnop)
{
	const struct call call = {.kind = CALL_BY_NAME2, .family = family, .name = name};

	return serve_host(&call, host, buffer, size, errnop, h_errnop, NULL, NULL);
}

enum nss_status _nss_v6guard_gethostbyname_r(const char *name, struct hostent *host,
					     char *buffer, size_t size, int *errnop,
					     int *h_errnop)
{
	const struct call call = {.kind = CALL_BY_NAME, .family = AF_INET, .name = name};

	return serve_host(&call, host, buffer, size, errnop, h_errnop, NULL, NULL);
}

enum nss_status _nss_v6guard_gethostbyaddr2_r(const void *addr, socklen_t length,
					      int family, struct hostent *host,
					      char *buffer, size_t size, int *errnop,
					      int *h_errnop, int32_t *ttlp)
{
	const struct call call = {.kind = CALL_BY_ADDR2,
				  .family = family,
				  .addr = addr,
				  .addr_length = length};

	return serve_host(&call, host, buffer, size, errnop, h_errnop, ttlp, NULL);
}

enum nss_status _nss_v6guard_gethostbyaddr_r(const void *addr, socklen_t length,
					     int family, struct hostent *host,
					     char *buffer, size_t size, int *errnop,
					     int *h_errnop)
{
	const struct call call = {.kind = CALL_BY_ADDR,
				  .family = family,
				  .addr = addr,
				  .addr_length = length};

	return serve_host(&call, host, buffer, size, errnop, h_errnop, NULL, NULL);
}
