/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* narrow.c - see narrow.h. */
#include <pthread.h>
#include <string.h>

#include "facts.h"
#include "guard/clock.h"
#include "narrow.h"
#include "searchlist.h"

/* A failure that took longer came of waiting: the shortest `timeout` of resolv.conf(5) is
 * a second. */
#define SOON_MS 900

static bool is_dns(const char *service)
{
	return !strcmp(service, "dns");
}

/* Whoever else answers may do so by other rules: nss-myhostname has 127.0.0.2 for AF_INET
 * on a host without IPv4. */
static bool is_resolver(const char *service)
{
	return is_dns(service) || !strcmp(service, "resolve");
}

/* ---- facts ---- */

static bool has_ipv4(void)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, gp_reach_live());
	const bool has = facts_has_ipv4(&facts);

	facts_close(&sources);
	return has;
}

/* A name that leads to this host may be one to listen at: then AAAA matter. */
static bool is_here(const struct gp_facts *facts, const struct answer *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (gp_addr_is_special(&found->candidates[i].addr) ||
		    facts->is_own(facts->ctx, &found->candidates[i].addr))
			return true;
	return false;
}

/* With these A no AAAA would be given out. The last of FOUND stands for them. */
static bool takes_aaaa(struct answer *answer, const struct gp_query *query,
		       struct answer *found)
{
	struct fact_sources sources;
	const struct gp_facts facts = facts_open(&sources, gp_reach_live());
	bool is_stripped = false;

	found->count--;
	if (!is_here(&facts, found)) {
		gp_guard_decide(&answer->guard, query, &facts, found->candidates,
				found->count + 1);
		is_stripped = gp_is_stripped(&found->candidates[found->count]);
	}
	facts_close(&sources);
	return is_stripped;
}

/* ---- before and after ---- */

static struct gp_query query_of(const struct call *call)
{
	return (struct gp_query){
		.name = call->name, .family = call->family, .door = GP_DOOR_NSS};
}

static enum gp_ask plan(const char *service, const struct call *call,
			struct answer *answer)
{
	struct gp_query query = query_of(call);
	const bool fixed = searchlist_is_fixed(service, call->name);
	enum gp_ask ask;
	int cancel_state;

	ask = facts_ask(&answer->guard, answer->has_rules, NULL, &query, fixed);
	if (ask != GP_ASK_A_FIRST)
		return ask;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	if (!has_ipv4())
		ask = GP_ASK_ALL;
	pthread_setcancelstate(cancel_state, NULL);
	return ask;
}

/* The A of a lookup for AAAA alone have a place of their own. */
static bool find_place(struct narrow *first, const struct call *call,
		       struct answer *answer)
{
	struct answer *old;

	first->call = *call;
	first->answer = answer;
	if (call->family == AF_UNSPEC)
		return true;
	first->call = (struct call){
		.kind = CALL_BY_NAME2, .family = AF_INET, .name = call->name};
	first->answer = answer_new(&first->call);
	if (!first->answer)
		return false;
	first->answer->error = answer->error;
	old = answer->partner;
	answer->partner = first->answer;
	answer_free(old);
	return true;
}

bool narrow_begin(struct narrow *first, const char *service, const struct call *call,
		  struct answer *answer)
{
	answer->is_from_resolver = is_resolver(service);
	if (!answer->may_act || call->family == AF_INET || !answer->is_from_resolver ||
	    (is_dns(service) && searchlist_has_no_aaaa()))
		return false;
	first->ask = answer->is_narrowed ? GP_ASK_A_ALONE : plan(service, call, answer);
	if (first->ask == GP_ASK_ALL || !find_place(first, call, answer))
		return false;
	first->begun_ms = gp_now_ms();
	/* With a dot at its end a name is asked as it is and nowhere else, which is what
	 * comes first anyway: one question, and never another host. */
	if (first->ask == GP_ASK_A_FIRST && is_dns(service)) {
		stpcpy(stpcpy(first->name, call->name),
		       searchlist_ends_in_dot(call->name) ? "" : ".");
		first->call.name = first->name;
	}
	return true;
}

/* The rules may speak of the name that was found, and a static program's ndots be known
 * only now. */
static bool suffices(const struct narrow *first, const char *service,
		     const struct call *call, struct answer *answer)
{
	const struct gp_candidate unasked = gp_unasked();
	struct answer *found = first->answer;
	struct gp_query query = query_of(call);
	int cancel_state;
	bool is_enough;

	if (facts_ask(&answer->guard, answer->has_rules, found->name, &query,
		      searchlist_is_fixed(service, call->name)) == GP_ASK_ALL ||
	    !answer_add_candidates(found, &unasked, 1))
		return false;
	if (!facts_assign(&answer->guard, answer->has_rules, found->name, &query,
			  found->candidates, found->count))
		return false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	is_enough = takes_aaaa(answer, &query, found);
	pthread_setcancelstate(cancel_state, NULL);
	return is_enough;
}

/* Resolved answers for the host itself as nss-myhostname does. */
static bool is_of_this_host(const char *service, const struct answer *found)
{
	struct fact_sources sources;
	struct gp_facts facts;
	int cancel_state;
	bool is_it;

	if (is_dns(service) || found->status != NSS_STATUS_SUCCESS)
		return false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	facts = facts_open(&sources, gp_reach_live());
	is_it = is_here(&facts, found);
	facts_close(&sources);
	pthread_setcancelstate(cancel_state, NULL);
	return is_it;
}

static bool has_answered(const struct answer *found)
{
	return found->status == NSS_STATUS_NOTFOUND && found->h_error != TRY_AGAIN;
}

static void take(const struct narrow *first, struct answer *answer)
{
	const struct gp_candidate unasked = gp_unasked();
	const struct answer *found = first->answer;

	if (found != answer) {
		answer_reset(answer);
		answer->status = found->status;
		answer->error = found->error;
		answer->h_error = found->h_error;
		answer->name = found->name;
	}
	if (found->status != NSS_STATUS_SUCCESS)
		return;
	answer->has_unasked = answer_add_candidates(answer, &unasked, 1);
}

bool narrow_end(struct narrow *first, const char *service, const struct call *call,
		struct answer *answer)
{
	const struct answer *found = first->answer;
	bool is_enough;

	if (first->ask == GP_ASK_A_ALONE)
		is_enough = !is_of_this_host(service, found);
	else if (found->status == NSS_STATUS_SUCCESS)
		is_enough = found->count && suffices(first, service, call, answer);
	else /* To wait a second time would take longer than plain libc does. */
		is_enough =
			!has_answered(found) && gp_now_ms() - first->begun_ms > SOON_MS;
	if (is_enough)
		take(first, answer);
	return is_enough;
}

bool narrow_again(const struct call *call, struct answer *answer)
{
	if (call->family != AF_UNSPEC || answer->is_narrowed || !answer->is_from_resolver)
		return false;
	for (size_t i = 0; i < answer->count; i++)
		if (answer->candidates[i].addr.family != AF_INET6 ||
		    !gp_is_stripped(&answer->candidates[i]))
			return false;
	answer->is_narrowed = true;
	return true;
}

void narrow_forget(struct answer *answer)
{
	size_t kept = 0;

	for (size_t i = 0; answer->has_unasked && i < answer->count; i++)
		if (!gp_is_unasked(&answer->candidates[i]))
			answer->candidates[kept++] = answer->candidates[i];
	if (answer->has_unasked)
		answer->count = kept;
	answer->has_unasked = false;
}
