/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * health.h - which of the name servers answer. libunbound does not say whom it asked, so
 * that when something took too long each of them is asked by us, as health_rules.h says:
 * who misses two answers is left out, and asked again later. Nothing is sent while all is
 * well.
 */
#ifndef TOOL_V6GUARDD_DNS_HEALTH_H
#define TOOL_V6GUARDD_DNS_HEALTH_H

#include <event2/event.h>

#include "dns_config.h"
#include "health_rules.h"

struct health;

/** Who is left out has changed (OTHERS), or whether any of them answers. Called from the
 * loop alone. */
typedef void health_changed_fn(void *ctx, bool others);

/** NULL: no memory. */
struct health *health_new(struct event_base *base, health_changed_fn *changed, void *ctx);
void health_free(struct health *health);
/** Nobody will be left out: all are asked at each doubt, at most once in 2 s. */
void health_only_ping(struct health *health);

/** These are the servers from now on; what is known of those that stay is kept. */
void health_set(struct health *health, const struct dns_endpoint *servers, size_t count);

/** An answer took too long, or did not come: find out whose fault that is. */
void health_doubt(struct health *health);

/** SERVER missed two answers while another one did not. */
bool health_is_out(const struct health *health, const struct dns_endpoint *server);

/** SERVERS are those that were set. */
bool health_has(const struct health *health, const struct dns_endpoint *servers,
		size_t count);

/** When one of them answered us last (gp_boot_ms); 0: never, as nobody was asked. */
long long health_heard_ms(const struct health *health);

/** All of them missed two answers. */
bool health_none_answers(const struct health *health);

#endif
