/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_world.c - see dns_world.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dns_world.h"
#include "guard/clock.h"
#include "tool/v6guardd/dns/upstream_packet.h"

/* More than that at one time is no life but a loop. */
#define STEPS 200000

struct world world;

static listen_message_fn *take;
static void *take_ctx;

/* ---- what happens when: timers, and replies on their way ---- */

struct event {
	struct event *next;
	bool is_pending;
	long long due_ms;
	uint64_t serial;
	event_callback_fn callback;
	void *arg;
};

struct upstream_query {
	struct event event;
	struct world_says *says;
	upstream_done_fn *done;
	void *ctx;
};

static struct event *events;
static uint64_t serial;

static void start(struct event *event, long long due_ms)
{
	event->is_pending = true;
	event->due_ms = due_ms;
	event->serial = ++serial;
}

static void unlink_event(struct event *event)
{
	struct event **at = &events;

	while (*at && *at != event)
		at = &(*at)->next;
	if (*at)
		*at = event->next;
}

static struct event *next_event(long long until_ms)
{
	struct event *first = NULL;

	for (struct event *one = events; one; one = one->next)
		if (one->is_pending && one->due_ms <= until_ms &&
		    (!first || one->due_ms < first->due_ms ||
		     (one->due_ms == first->due_ms && one->serial < first->serial)))
			first = one;
	return first;
}

void world_run(long long until_ms, size_t client)
{
	struct event *event;
	unsigned steps = 0;

	while ((client == SIZE_MAX || !world.clients[client].answers) &&
	       (event = next_event(until_ms)) != NULL) {
		if (++steps == STEPS)
			fail_msg("it goes round and round");
		if (event->due_ms > world.now_ms)
			world.now_ms = event->due_ms;
		event->is_pending = false;
		event->callback(-1, EV_TIMEOUT, event->arg);
	}
	if (client == SIZE_MAX && world.now_ms < until_ms)
		world.now_ms = until_ms;
}

/* ---- in place of libevent ---- */

struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
			       event_callback_fn callback, void *arg);
struct event *__wrap_event_new(struct event_base *base, evutil_socket_t fd, short what,
			       event_callback_fn callback, void *arg)
{
	struct event *event = calloc(1, sizeof(*event));

	(void)base, (void)what;
	assert_int_equal(fd, -1);
	assert_non_null(event);
	event->callback = callback;
	event->arg = arg;
	event->next = events;
	events = event;
	return event;
}

int __wrap_event_add(struct event *event, const struct timeval *delay);
int __wrap_event_add(struct event *event, const struct timeval *delay)
{
	start(event, world.now_ms + delay->tv_sec * 1000 + delay->tv_usec / 1000);
	return 0;
}

int __wrap_event_del(struct event *event);
int __wrap_event_del(struct event *event)
{
	event->is_pending = false;
	return 0;
}

int __wrap_event_pending(const struct event *event, short what, struct timeval *when);
int __wrap_event_pending(const struct event *event, short what, struct timeval *when)
{
	(void)what, (void)when;
	return event->is_pending ? EV_TIMEOUT : 0;
}

void __wrap_event_free(struct event *event);
void __wrap_event_free(struct event *event)
{
	unlink_event(event);
	free(event);
}

long long __wrap_gp_boot_ms(void);
long long __wrap_gp_boot_ms(void)
{
	return world.now_ms;
}

time_t __wrap_time(time_t *out);
time_t __wrap_time(time_t *out)
{
	if (out)
		*out = world.wall_s;
	return world.wall_s;
}

/* ---- in place of upstream ---- */

static void deliver(const struct world_says *says, upstream_done_fn *done, void *ctx)
{
	/* A copy of its own, so that who reads it later is found out. */
	uint8_t *packet = NULL;
	struct answer_reply reply = {.is_secure = says->is_secure,
				     .is_bogus = says->is_bogus,
				     .is_round = says->fate == WORLD_ROUND,
				     .server = says->server};

	if (says->fate == WORLD_REPLY) {
		packet = malloc(says->size ? says->size : 1);
		assert_non_null(packet);
		memcpy(packet, says->packet, says->size);
		reply.size = upstream_packet(0, packet, (int)says->size, says->name,
					     says->type);
		reply.packet = reply.size ? packet : NULL;
	}
	done(ctx, &reply);
	free(packet);
}

static void on_reply(evutil_socket_t fd, short what, void *arg)
{
	struct upstream_query *query = arg;
	const struct world_says *says = query->says;
	upstream_done_fn *done = query->done;
	void *ctx = query->ctx;

	(void)fd, (void)what;
	query->says->is_out--;
	unlink_event(&query->event);
	free(query);
	deliver(says, done, ctx);
}

static struct world_says *find_says(const uint8_t *name, uint16_t type, bool cd)
{
	/* What was said last counts. */
	for (size_t i = world.says_count; i-- > 0;) {
		struct world_says *one = &world.says[i];
		if (one->type == type && wire_name_equal(one->name, name) &&
		    (cd ? one->for_cd : one->for_checked))
			return one;
	}
	return NULL;
}

static void note_asked(const uint8_t *name, uint16_t type, bool cd)
{
	struct world_asked *one;

	if (world.asked_count++ >= WORLD_ASKED)
		return;
	one = &world.asked[world.asked_count - 1];
	memcpy(one->name, name, wire_name_length(name));
	one->type = type;
	one->cd = cd;
}

bool __wrap_upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
			 uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
			 struct upstream_query **out);
bool __wrap_upstream_ask(struct upstream *upstream, const uint8_t *name, uint16_t type,
			 uint16_t class, bool cd, upstream_done_fn *done, void *ctx,
			 struct upstream_query **out)
{
	struct world_says *says = find_says(name, type, cd);
	struct upstream_query *query;
	char text[WIRE_NAME_TEXT];

	(void)upstream, (void)class;
	*out = NULL;
	note_asked(name, type, cd);
	if (!says && !world.unexpected[0])
		snprintf(world.unexpected, sizeof(world.unexpected), "%s TYPE%u%s",
			 wire_name_text(name, text), type, cd ? " cd" : "");
	if (!says || says->fate == WORLD_UNASKABLE)
		return false;
	if (says->is_at_once) {
		deliver(says, done, ctx);
		return true;
	}
	query = calloc(1, sizeof(*query));
	assert_non_null(query);
	*query = (struct upstream_query){.says = says, .done = done, .ctx = ctx};
	says->is_out++;
	query->event.callback = on_reply;
	query->event.arg = query;
	query->event.next = events;
	events = &query->event;
	if (says->fate != WORLD_SILENT)
		start(&query->event, world.now_ms + says->after_ms);
	*out = query;
	return true;
}

void __wrap_upstream_cancel(struct upstream_query *query);
void __wrap_upstream_cancel(struct upstream_query *query)
{
	query->says->is_out--;
	unlink_event(&query->event);
	free(query);
}

void __wrap_upstream_doubt(struct upstream *upstream, const uint8_t *name);
void __wrap_upstream_doubt(struct upstream *upstream, const uint8_t *name)
{
	(void)upstream, (void)name;
	if (world.is_alive)
		world.heard_ms = world.now_ms;
}

long long __wrap_upstream_heard_ms(struct upstream *upstream, const uint8_t *name);
long long __wrap_upstream_heard_ms(struct upstream *upstream, const uint8_t *name)
{
	(void)upstream, (void)name;
	return world.heard_ms;
}

/* ---- in place of sockets ---- */

struct listen *__real_listen_new(struct event_base *base, const struct listen_fds *fds,
				 size_t count, listen_message_fn *function, void *ctx);
struct listen *__wrap_listen_new(struct event_base *base, const struct listen_fds *fds,
				 size_t count, listen_message_fn *function, void *ctx);
struct listen *__wrap_listen_new(struct event_base *base, const struct listen_fds *fds,
				 size_t count, listen_message_fn *function, void *ctx)
{
	(void)count;
	take = function;
	take_ctx = ctx;
	return __real_listen_new(base, fds, 0, function, ctx);
}

void __wrap_listen_send(const struct listen_client *client, const uint8_t *bytes,
			size_t size);
void __wrap_listen_send(const struct listen_client *client, const uint8_t *bytes,
			size_t size)
{
	struct world_client *to = &world.clients[client->serial];

	if (to->answers++)
		return;
	to->answer = malloc(size);
	assert_non_null(to->answer);
	memcpy(to->answer, bytes, size);
	to->answer_size = size;
	to->answered_ms = world.now_ms;
	to->had_ipv4 = world.has_ipv4;
	to->had_nat64 |= serve_nat64_acts(world.serve);
	to->was_off = world.is_off;
}

void __wrap_listen_ignore(const struct listen_client *client);
void __wrap_listen_ignore(const struct listen_client *client)
{
	world.clients[client->serial].is_ignored = true;
}

size_t world_ask(const struct gp_addr *from, bool is_tcp, const uint8_t *bytes,
		 size_t size)
{
	const size_t index = world.client_count++;
	struct world_client *client = &world.clients[index];

	assert_true(index < WORLD_CLIENTS);
	*client = (struct world_client){
		.client = {.is_tcp = is_tcp, .addr = *from, .serial = index},
		.question = malloc(size),
		.question_size = size,
		.asked_ms = world.now_ms,
		.had_nat64 = serve_nat64_acts(world.serve),
	};
	assert_non_null(client->question);
	memcpy(client->question, bytes, size);
	take(take_ctx, &client->client, client->question, size);
	return index;
}

/* ---- the host and its policy ---- */

static bool on_policy(void *ctx, struct serve_policy *out)
{
	(void)ctx;
	out->is_off = world.is_off;
	if (world.is_off)
		return false;
	out->guard = world.guard;
	out->rules = world.has_rules && world.rules.count ? &world.rules : NULL;
	out->generation = world.generation;
	return true;
}

static void on_policy_done(void *ctx)
{
	(void)ctx;
}

static bool is_in(const struct gp_prefix *list, size_t count, const struct gp_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (gp_prefix_match(&list[i], addr))
			return true;
	return false;
}

static bool on_usable(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	if (is_in(world.routed, world.routed_count, addr))
		return true;
	if (is_in(world.unrouted, world.unrouted_count, addr))
		return false;
	return addr->family == AF_INET ? world.has_ipv4 : world.has_ipv6;
}

static bool on_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return is_in(world.own, world.own_count, addr);
}

static bool on_onlink(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return is_in(world.onlink, world.onlink_count, addr);
}

static enum gp_verdict on_verdict(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	for (size_t i = world.verdict_count; i-- > 0;)
		if (gp_prefix_match(&world.verdicts[i].prefix, addr))
			return world.verdicts[i].verdict;
	return GP_VERDICT_UNKNOWN;
}

static bool on_has_broken(void *ctx)
{
	(void)ctx;
	for (size_t i = 0; i < world.verdict_count; i++)
		if (world.verdicts[i].verdict == GP_VERDICT_BROKEN)
			return true;
	return false;
}

__attribute__((format(printf, 2, 3))) static void add(char text[2048], const char *format,
						      ...)
{
	const size_t used = strlen(text);
	va_list list;

	va_start(list, format);
	vsnprintf(text + used, 2048 - used, format, list);
	va_end(list);
}

static void on_handed_out(void *ctx, const struct gp_addr *addresses,
			  const bool *withheld, size_t count)
{
	char text[GP_ADDR_TEXT];

	(void)ctx;
	assert_true(count > 1);
	if (world.told[0])
		add(world.told, " +");
	for (size_t i = 0; i < count; i++)
		add(world.told, "%s%s%s", world.told[0] ? " " : "",
		    gp_addr_format(&addresses[i], text), withheld[i] ? "?" : "");
}

static void on_decided(void *ctx, const struct serve_event *event)
{
	const struct answer_decision *decision = &event->answer->decision;
	char text[128] = "", name[WIRE_NAME_TEXT];
	const char *found = serve_found(event, name);

	(void)ctx;
	snprintf(text, sizeof(text), "%s%s%s%s%s%s%s%s%s",
		 event->is_stale ? " stale" : "",
		 event->answer->is_late && !event->is_stale ? " late" : "",
		 event->answer->ede == ANSWER_EDE_BOGUS ? " bogus" : "",
		 event->answer->is_synthesized ? " synthesized" : "",
		 event->answer->is_rebound && !event->is_stale ? " rebind" : "",
		 !decision->is_whole  ? ""
		 : decision->is_block ? " block"
				      : " all",
		 decision->is_whole && !decision->enforce ? "?" : "",
		 decision->outcome.acts ? " stripped" : "",
		 decision->outcome.would ? " stripped?" : "");
	if (!text[0])
		return;
	add(world.decided, "%s%s", world.decided[0] ? " +" : "",
	    world.decided[0] ? text : text + 1);
	if (decision->by[0] && !event->is_stale)
		add(world.decided, " by=%s", decision->by);
	if (found)
		add(world.decided, " found=%s", found);
}

void world_set_network(void)
{
	if (world.serve)
		serve_set_network(world.serve, world.has_ipv6, world.has_ipv4);
}

bool world_configure(const struct gp_config *config, char why[DNS_WHY])
{
	const struct serve_ops ops = {
		.policy = on_policy,
		.policy_done = on_policy_done,
		.facts = {NULL, on_usable, on_own, on_verdict, on_onlink, NULL},
		.has_broken = on_has_broken,
		.handed_out = on_handed_out,
		.decided = on_decided,
	};
	const struct listen_fds fds = {-1, -1};
	struct gp_pool before = world.pool, pool = {NULL, 0};
	struct dns_config made;
	struct gp_diag diag;

	if (!dns_config_from(config, &pool, &made, why)) {
		gp_pool_free(&pool);
		return false;
	}
	world.pool = pool;
	world.config = made;
	assert_true(dns_config_is_valid(&world.config));
	if (world.has_rules)
		gp_rules_build_free(&world.rules);
	assert_int_equal(gp_rules_build(config, &world.rules, NULL, &diag), GP_OK);
	world.has_rules = true;
	world.guard = *gp_config_guard(config);
	world.generation++;
	if (world.serve) {
		serve_configure(world.serve, &world.config);
		gp_pool_free(&before);
		return true;
	}
	world.serve = serve_new(world.base, &world.config, &fds, 1, &ops);
	assert_non_null(world.serve);
	world_set_network();
	return true;
}

void world_begin(void)
{
	world.now_ms = 1000000;
	world.wall_s = 1790000000;
	world.has_ipv6 = world.has_ipv4 = true;
	world.base = event_base_new();
	assert_non_null(world.base);
}

void world_end(void)
{
	serve_free(world.serve);
	gp_pool_free(&world.pool);
	if (world.has_rules)
		gp_rules_build_free(&world.rules);
	for (size_t i = 0; i < world.says_count; i++)
		free(world.says[i].packet);
	for (size_t i = 0; i < world.client_count; i++) {
		free(world.clients[i].question);
		free(world.clients[i].answer);
	}
	event_base_free(world.base);
	memset(&world, 0, sizeof(world));
	/* What was cancelled and freed is nobody's any more. */
	assert_null(events);
}
