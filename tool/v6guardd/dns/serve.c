/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve.c - see serve.h. */
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "guard/clock.h"
#include "serve.h"

#define BUCKETS 1024
#define UNFRAGMENTED 1232

struct waiter {
	struct waiter *next;
	struct listen_client client;
	struct question question;
};

/* One of the two questions that a lookup may ask. */
struct half {
	struct upstream_query *query;
	bool is_done;
	struct answer_reply reply; /* of bytes that are ours */
};

struct lookup {
	struct lookup *next; /* of its bucket */
	struct serve *serve;
	struct question question; /* of who came first */
	struct answer_context context;
	struct waiter *waiters;
	struct half main, a;
	bool wants_a, is_beginning;
	struct event *timer;
	long long started_ms;
};

struct serve {
	struct event_base *base;
	struct dns_config config;
	bool ipv6_default, ipv4_usable;
	struct upstream *upstream;
	struct listen *listen;
	struct cache *cache;
	struct lookup *buckets[BUCKETS];
	size_t lookup_count, waiter_count;
	struct serve_counters counters;
	struct answer answer;
	uint8_t answer_bytes[WIRE_MAX];
	uint8_t out[WIRE_MAX + ANSWER_OPT];
};

bool serve_nat64_acts(const struct serve *serve)
{
	switch ((enum dns_switch)serve->config.nat64) {
	case DNS_OFF:
		return false;
	case DNS_AUTO:
		return serve->ipv6_default && !serve->ipv4_usable;
	case DNS_ON:
		return true;
	}
	return false;
}

/* ---- answering ---- */

static bool is_loopback(const struct gp_addr *addr)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return addr->family == AF_INET ? addr->bytes[0] == 127
				       : !memcmp(addr->bytes, ipv6, sizeof(ipv6));
}

/* What leaves the host is never cut into fragments: 1280 is every link's (RFC 8200 5). */
static size_t limit_for(const struct serve *serve, const struct listen_client *client,
			const struct question *question)
{
	size_t limit = serve->config.edns_size;

	if (client->is_tcp)
		return WIRE_MAX;
	if (limit > UNFRAGMENTED && !is_loopback(&client->addr))
		limit = UNFRAGMENTED;
	return question->size < limit ? question->size : limit;
}

static bool is_failure(uint16_t flags)
{
	return (flags & 0xf) != WIRE_NOERROR && (flags & 0xf) != WIRE_NXDOMAIN;
}

static void reply(struct serve *serve, const struct listen_client *client,
		  const struct question *question, const struct answer_image *image,
		  uint32_t age)
{
	const size_t size =
		answer_finish(image, question, age, limit_for(serve, client, question),
			      (uint16_t)serve->config.edns_size, serve->out);

	serve->counters.answers++;
	serve->counters.failures += is_failure(image->flags);
	serve->counters.synthesized += image->is_synthesized;
	serve->counters.stale += image->is_stale;
	listen_send(client, serve->out, size);
}

static void refuse(struct serve *serve, const struct listen_client *client,
		   const struct question *question, enum wire_rcode rcode, int ede)
{
	const size_t size = answer_refuse(question, rcode, ede,
					  (uint16_t)serve->config.edns_size, serve->out);

	listen_send(client, serve->out, size);
}

/* ---- lookups ---- */

static size_t bucket_of(const struct question *question)
{
	uint32_t hash = 2166136261U ^ question->type;

	for (size_t i = 0; i < question->name_length; i++)
		hash = (hash ^ question->name[i]) * 16777619U;
	return hash % BUCKETS;
}

/* The same answer serves both. */
static bool is_same(const struct lookup *lookup, const struct question *question,
		    const struct answer_context *context)
{
	const struct question *other = &lookup->question;

	return other->type == question->type && other->class == question->class &&
	       other->dnssec_ok == question->dnssec_ok &&
	       (other->flags & WIRE_CD) == (question->flags & WIRE_CD) &&
	       lookup->context.synthesizes == context->synthesizes &&
	       other->name_length == question->name_length &&
	       !memcmp(other->name, question->name, question->name_length);
}

static struct lookup *find(struct serve *serve, const struct question *question,
			   const struct answer_context *context)
{
	struct lookup *lookup = serve->buckets[bucket_of(question)];

	while (lookup && !is_same(lookup, question, context))
		lookup = lookup->next;
	return lookup;
}

static void free_half(struct half *half)
{
	union {
		const uint8_t *readable;
		void *pointer;
	} packet = {half->reply.packet};

	if (half->query)
		upstream_cancel(half->query);
	free(packet.pointer);
}

static void free_lookup(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;
	struct lookup **at = &serve->buckets[bucket_of(&lookup->question)];

	while (*at && *at != lookup)
		at = &(*at)->next;
	if (*at)
		*at = lookup->next;
	serve->lookup_count--;
	free_half(&lookup->main);
	free_half(&lookup->a);
	if (lookup->timer)
		event_free(lookup->timer);
	while (lookup->waiters) {
		struct waiter *waiter = lookup->waiters;
		lookup->waiters = waiter->next;
		serve->waiter_count--;
		free(waiter);
	}
	free(lookup);
}

static struct cache_key key_of(const struct question *question,
			       const struct answer_context *context)
{
	return (struct cache_key){
		.name = question->name,
		.name_length = question->name_length,
		.type = question->type,
		.dnssec_ok = question->dnssec_ok,
		.cd = question->flags & WIRE_CD,
		.synthesizes = context->synthesizes,
	};
}

/* What was made is kept; where nothing could be had, what there was before is better. */
static bool take_stale(struct lookup *lookup, struct cache_hit *hit)
{
	struct serve *serve = lookup->serve;
	const struct answer *answer = &serve->answer;
	const struct cache_key key = key_of(&lookup->question, &lookup->context);
	const long long now = gp_boot_ms();

	if (is_failure(answer->flags) && answer->ede != ANSWER_EDE_BOGUS &&
	    cache_get(serve->cache, &key, now, serve->config.serve_stale_ms, hit)) {
		cache_set_failed(serve->cache, &key, now, SERVE_STALE_AGAIN_MS);
		return true;
	}
	cache_put(serve->cache, &key, answer, now);
	return false;
}

static void finish(struct lookup *lookup)
{
	struct serve *serve = lookup->serve;
	struct cache_hit hit = {.age = 0};
	struct waiter *waiter;

	answer_make(&lookup->question, &lookup->context,
		    lookup->main.is_done ? &lookup->main.reply : NULL,
		    lookup->a.is_done ? &lookup->a.reply : NULL, &serve->answer);
	if (!take_stale(lookup, &hit))
		hit.image = answer_image(&serve->answer);
	for (waiter = lookup->waiters; waiter; waiter = waiter->next)
		reply(serve, &waiter->client, &waiter->question, &hit.image, hit.age);
	free_lookup(lookup);
}

static void wait_until(struct lookup *lookup, long long after_ms)
{
	const long long left = lookup->started_ms + after_ms - gp_boot_ms();
	const struct timeval delay = {left > 0 ? left / 1000 : 0,
				      left > 0 ? left % 1000 * 1000 : 0};

	evtimer_add(lookup->timer, &delay);
}

/* AAAA is late, and A of use is there. */
static bool is_standing_in(const struct lookup *lookup)
{
	return lookup->wants_a && !lookup->main.is_done && lookup->a.is_done &&
	       answer_can_stand_in(&lookup->context, &lookup->a.reply);
}

/* Is there enough for an answer? If not, for how long is there no more? */
static void consider(struct lookup *lookup)
{
	const uint32_t patience = lookup->serve->config.aaaa_timeout_ms;

	if (lookup->is_beginning)
		return;
	if (lookup->main.is_done &&
	    (!lookup->wants_a || lookup->a.is_done ||
	     answer_is_enough(&lookup->question, &lookup->context, &lookup->main.reply)))
		finish(lookup);
	else if (is_standing_in(lookup) && patience < SERVE_LIMIT_MS)
		wait_until(lookup, patience);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	finish(arg);
}

static void take_reply(struct half *half, const struct answer_reply *reply)
{
	uint8_t *copy = reply->packet ? malloc(reply->size) : NULL;

	half->query = NULL;
	half->is_done = true;
	half->reply = *reply;
	half->reply.packet = copy;
	if (copy)
		memcpy(copy, reply->packet, reply->size);
}

static void on_main(void *ctx, const struct answer_reply *reply)
{
	struct lookup *lookup = ctx;

	take_reply(&lookup->main, reply);
	consider(lookup);
}

static void on_a(void *ctx, const struct answer_reply *reply)
{
	struct lookup *lookup = ctx;

	take_reply(&lookup->a, reply);
	consider(lookup);
}

/* What cannot be asked has failed. */
static void ask(struct lookup *lookup, const uint8_t *name, uint16_t type,
		upstream_done_fn *done, struct half *half)
{
	const struct answer_reply nothing = {.packet = NULL};
	const bool cd = lookup->question.flags & WIRE_CD;

	if (!upstream_ask(lookup->serve->upstream, name, type, lookup->question.class, cd,
			  done, lookup, &half->query))
		take_reply(half, &nothing);
}

/* RFC 8767 5: who has an old answer waits less for the new one. */
static long long patience(struct lookup *lookup)
{
	const struct cache_key key = key_of(&lookup->question, &lookup->context);
	struct serve *serve = lookup->serve;
	struct cache_hit hit;

	return cache_get(serve->cache, &key, lookup->started_ms,
			 serve->config.serve_stale_ms, &hit)
		       ? SERVE_STALE_MS
		       : SERVE_LIMIT_MS;
}

static void begin(struct lookup *lookup)
{
	const struct question *question = &lookup->question;
	uint8_t target[WIRE_NAME];

	lookup->is_beginning = true;
	lookup->wants_a = answer_wants_a(question, &lookup->context);
	wait_until(lookup, patience(lookup));
	if (answer_ptr_target(question, &lookup->context, target))
		ask(lookup, target, WIRE_PTR, on_main, &lookup->main);
	else
		ask(lookup, question->name, question->type, on_main, &lookup->main);
	if (lookup->wants_a)
		ask(lookup, question->name, WIRE_A, on_a, &lookup->a);
	lookup->is_beginning = false;
	consider(lookup);
}

static struct lookup *new_lookup(struct serve *serve, const struct question *question,
				 const struct answer_context *context)
{
	const size_t bucket = bucket_of(question);
	struct lookup *lookup;

	if (serve->lookup_count == SERVE_LOOKUPS)
		return NULL;
	lookup = calloc(1, sizeof(*lookup));
	if (!lookup)
		return NULL;
	lookup->serve = serve;
	lookup->question = *question;
	lookup->context = *context;
	lookup->started_ms = gp_boot_ms();
	lookup->timer = evtimer_new(serve->base, on_timer, lookup);
	if (!lookup->timer) {
		free(lookup);
		return NULL;
	}
	lookup->next = serve->buckets[bucket];
	serve->buckets[bucket] = lookup;
	serve->lookup_count++;
	return lookup;
}

static bool add_waiter(struct lookup *lookup, const struct listen_client *client,
		       const struct question *question)
{
	struct serve *serve = lookup->serve;
	struct waiter *waiter;

	if (serve->waiter_count == SERVE_WAITERS)
		return false;
	waiter = malloc(sizeof(*waiter));
	if (!waiter)
		return false;
	*waiter = (struct waiter){lookup->waiters, *client, *question};
	lookup->waiters = waiter;
	serve->waiter_count++;
	return true;
}

/* ---- questions ---- */

static struct answer_context context_for(const struct serve *serve,
					 const struct listen_client *client,
					 const struct question *question)
{
	const struct dns_config *config = &serve->config;
	const bool is_client =
		!config->clients.count || dns_list_has(&config->clients, &client->addr);

	return (struct answer_context){
		.config = config,
		.synthesizes = is_client && serve_nat64_acts(serve),
		.is_forwarded = dns_zone_of(config, question->name) != NULL,
	};
}

/* From what is kept; when its time is over only while no newer one can be had. */
static bool answer_again(struct serve *serve, const struct listen_client *client,
			 const struct question *question,
			 const struct answer_context *context)
{
	const struct cache_key key = key_of(question, context);
	struct cache_hit hit;

	if (!cache_get(serve->cache, &key, gp_boot_ms(), serve->config.serve_stale_ms,
		       &hit) ||
	    (hit.is_stale && !hit.is_known_to_fail))
		return false;
	serve->counters.hits++;
	reply(serve, client, question, &hit.image, hit.age);
	return true;
}

static void answer_at_once(struct serve *serve, const struct listen_client *client,
			   const struct question *question)
{
	const struct answer_image image = answer_image(&serve->answer);

	serve->counters.local++;
	reply(serve, client, question, &image, 0);
}

static void look_up(struct serve *serve, const struct listen_client *client,
		    const struct question *question)
{
	const struct answer_context context = context_for(serve, client, question);
	struct lookup *lookup;
	bool is_new = false;

	if (answer_local(question, &context, &serve->answer)) {
		answer_at_once(serve, client, question);
		return;
	}
	if (answer_again(serve, client, question, &context))
		return;
	lookup = find(serve, question, &context);
	if (!lookup) {
		lookup = new_lookup(serve, question, &context);
		is_new = true;
	}
	if (!lookup || !add_waiter(lookup, client, question)) {
		if (lookup && is_new)
			free_lookup(lookup);
		refuse(serve, client, question, WIRE_SERVFAIL, ANSWER_EDE_NONE);
		return;
	}
	serve->counters.joined += !is_new;
	if (is_new)
		begin(lookup);
}

static void on_message(void *ctx, const struct listen_client *client,
		       const uint8_t *bytes, size_t size)
{
	struct serve *serve = ctx;
	struct question question;
	const enum question_fate fate = question_read(bytes, size, &question);

	serve->counters.questions++;
	if (fate == QUESTION_DROP) {
		serve->counters.malformed++;
		listen_ignore(client);
	} else if (!dns_list_has(&serve->config.allow, &client->addr)) {
		serve->counters.refused++;
		refuse(serve, client, &question, WIRE_REFUSED, ANSWER_EDE_PROHIBITED);
	} else if (fate == QUESTION_REFUSE) {
		serve->counters.malformed++;
		refuse(serve, client, &question, (enum wire_rcode)question.rcode,
		       ANSWER_EDE_NONE);
	} else if (question.class != WIRE_CLASS_IN || !(question.flags & WIRE_RD)) {
		serve->counters.refused++;
		refuse(serve, client, &question, WIRE_REFUSED, ANSWER_EDE_NONE);
	} else {
		look_up(serve, client, &question);
	}
}

/* ---- beginning and end ---- */

static void configure_upstream(struct serve *serve)
{
	upstream_configure(serve->upstream, &serve->config, serve_nat64_acts(serve));
}

static void renew_cache(struct serve *serve, size_t bytes)
{
	struct cache *cache = cache_new(bytes, gp_boot_ms());

	if (!cache) {
		cache_flush(serve->cache);
		return;
	}
	cache_free(serve->cache);
	serve->cache = cache;
}

void serve_configure(struct serve *serve, const struct dns_config *config)
{
	const uint32_t count = serve->config.listen_count;
	struct dns_endpoint listen[DNS_LISTEN];

	if (config->cache_size != serve->config.cache_size)
		renew_cache(serve, (size_t)config->cache_size);
	else if (memcmp(&serve->config, config, sizeof(*config)) != 0)
		cache_flush(serve->cache);
	memcpy(listen, serve->config.listen, sizeof(listen));
	serve->config = *config;
	serve->config.listen_count = count;
	memcpy(serve->config.listen, listen, sizeof(listen));
	configure_upstream(serve);
}

void serve_set_network(struct serve *serve, bool ipv6_default, bool ipv4_usable)
{
	serve->ipv6_default = ipv6_default;
	serve->ipv4_usable = ipv4_usable;
	configure_upstream(serve);
}

struct serve *serve_new(struct event_base *base, const struct dns_config *config,
			const struct listen_fds *fds)
{
	struct serve *serve = calloc(1, sizeof(*serve));

	if (!serve)
		return NULL;
	serve->base = base;
	serve->config = *config;
	serve->answer.bytes = serve->answer_bytes;
	serve->upstream = upstream_new(base, config);
	serve->listen = listen_new(base, fds, config->listen_count, on_message, serve);
	serve->cache = cache_new((size_t)config->cache_size, gp_boot_ms());
	if (serve->upstream && serve->listen && serve->cache)
		return serve;
	serve_free(serve);
	return NULL;
}

void serve_free(struct serve *serve)
{
	if (!serve)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (serve->buckets[i])
			free_lookup(serve->buckets[i]);
	listen_free(serve->listen);
	cache_free(serve->cache);
	upstream_free(serve->upstream);
	free(serve);
}

const struct serve_counters *serve_counters(const struct serve *serve)
{
	return &serve->counters;
}

struct upstream *serve_upstream(struct serve *serve)
{
	return serve->upstream;
}

size_t serve_lookups(const struct serve *serve)
{
	return serve->lookup_count;
}

size_t serve_connections(const struct serve *serve)
{
	return listen_connections(serve->listen);
}

size_t serve_flush(struct serve *serve, const uint8_t *name)
{
	return name ? cache_flush_name(serve->cache, name) : cache_flush(serve->cache);
}

size_t serve_cached(const struct serve *serve)
{
	return cache_entries(serve->cache);
}
