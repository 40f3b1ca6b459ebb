/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_private.h - what worker*.c share: the loop and its settings (worker.c), what the
 * watchers see and what follows from it (worker_watch.c), and what people ask
 * (worker_control.c). */
#ifndef TOOL_V6GUARDD_WORKER_PRIVATE_H
#define TOOL_V6GUARDD_WORKER_PRIVATE_H

#include "control.h"
#include "dns/serve.h"
#include "eventlog.h"
#include "guard/live.h"
#include "message.h"
#include "report.h"
#include "watch/prober.h"
#include "watch/suspects.h"
#include "worker.h"

/* The host record: written so often, and good for so long, so that doors know within 15 s
 * that nobody keeps the map. */
#define HOST_EVERY_MS 5000
#define HOST_LASTS_MS 15000
/* Questions for sockets that are open at a time: their answers, of 1 KiB with what the
 * kernel adds, fit into any socket. */
#define LISTENERS_WANTED 32
/* Sockets whose rescue was asked for lately. */
#define RESCUE_RECENT 64

/* Where the resolver listens; its slot is that of listen.h. */
struct worker_listener {
	struct dns_endpoint endpoint;
	struct listen_fds fds; /* -1: the slot is free */
	bool is_waiting;       /* no interface has its address */
};

struct worker {
	struct worker_files *files;
	struct settings settings;
	struct event_base *base;
	struct event *steward, *terminate, *tick, *host, *nscd, *anchors, *presence;
	struct eventlog *log;
	struct verdicts *verdicts;
	struct netwatch *net;
	struct suspects *suspects;
	struct prober *prober;
	struct hints *hints;
	struct control *control;
	struct serve *serve;         /* NULL: there is no resolver */
	struct gp_live_ref dns_live; /* while the resolver decides */
	bool dns_was_off;            /* when we started */
	struct worker_listener listeners[DNS_LISTEN];
	size_t listener_count; /* of these slots, some of which may be free again */
	unsigned wanted_count; /* that the steward is asked for */
	struct dns_endpoint wanted[LISTENERS_WANTED];
	size_t listen_next; /* of `listen`: which to look at when there is room there */
	char listen_why[LISTEN_WHY]; /* the last one could not be had */
	bool dns_has_fault;          /* that was said */
	long long dns_second_ms; /* the second that began then, and its events so far */
	unsigned dns_events;
	struct { /* what events have said of the resolver's servers */
		size_t count;
		struct dns_endpoint list[UPSTREAM_SERVERS];
		bool is_out[UPSTREAM_SERVERS], none_answers;
	} dns_servers;
	long long started_ms, tick_at_ms, nscd_sent_ms;
	unsigned reloads_due; /* done, and to be told once those listeners are there */
	enum gp_status can_destroy;
	struct ula_rows ula_told; /* to the steward; count > ULA_ROWS: nothing yet */
	struct knownlocal_report gai;
	char config_error[1024];
	uint64_t rescues;
	struct {
		uint32_t cookie[2];
		long long asked_ms;
	} rescued[RESCUE_RECENT];
	unsigned rescued_next;
	long long rescue_second_ms;
	unsigned rescue_count;
	struct {
		struct gp_addr addr;
		uint16_t port;
	} unmade[64]; /* probes that could not be queued */
	size_t unmade_count;
};

struct timeval in_ms(long long ms);

/* Make sure that the machine gets its tick soon: something was seen. */
void tick_soon(struct worker *worker);

/* ---- worker_watch.c ---- */

bool make_verdicts(struct worker *worker);
bool make_watchers(struct worker *worker);
/* Tell the doors what holds for the host, and for how long. */
void write_host(struct worker *worker);

/* ---- worker_nat64.c ---- */

/* Where ADDR is reached: IPv4 by way of the translator, if that is the only one. */
struct gp_addr nat64_way(const struct worker *worker, const struct gp_addr *addr);
/* ADDR was made of IPV4, which is reached that way. */
bool nat64_inside(const struct worker *worker, const struct gp_addr *addr,
		  struct gp_addr *ipv4);
/* What doors are to know of it. */
void nat64_to_map(const struct worker *worker, struct gp_reach_host *host);
/* [probe] anchors, one round. */
void ask_anchors(struct worker *worker);
void on_rescued(struct worker *worker, const struct message_rescued *rescued);
void send_nscd(struct worker *worker);
struct verdict_rules rules_of(const struct settings *settings);
/* The policy in force lets v6guard do things to programs: not off, enforce = yes. */
bool may_act(void);

/* ---- worker_dns.c ---- */

/* Nothing is made while the resolver is off. */
bool make_resolver(struct worker *worker);
/* A configuration was read. */
void configure_resolver(struct worker *worker);
/* Routes or addresses are others. */
void tell_resolver(struct worker *worker);
void end_resolver(struct worker *worker);

/* ---- worker_listen.c ---- */

/* Those that were made before we started. */
void take_listeners(struct worker *worker);
/* Close those that are not to be, and ask the steward for those that are missing. */
void follow_listeners(struct worker *worker);
void close_listeners(struct worker *worker);
/* What the steward has made; FILES are ours now. */
void on_listener(struct worker *worker, const struct message_listener *made,
		 const int files[2]);
/* ADDR may have come or gone: netwatch_address_fn. */
void on_address(void *ctx, const struct gp_addr *addr);
/* See which of them have their address, and say so where that is news. */
void note_presence(struct worker *worker);
/* The one at ENDPOINT; NULL: there is none. */
const struct worker_listener *find_listener(const struct worker *worker,
					    const struct dns_endpoint *endpoint);

/* ---- worker_dns_status.c ---- */

/* "on", "degraded" or "off", and what there is to say of that. */
const char *resolver_state(const struct worker *worker, const char **detail);
/* For `resolver status`. */
json_t *resolver_status(struct worker *worker);
/* What it has counted; only while there is one. */
json_t *resolver_counters(const struct worker *worker);
/* SERVER as text. */
json_t *server_value(const struct worker *worker, const struct dns_endpoint *server);

/* ---- worker_dns_counts.c ---- */

/* To the counters: what is counted by type, RCODE and time. */
void add_counts(const struct worker *worker, json_t *to);

/* ---- worker_dns_tell.c ---- */

/* What struct serve_ops wants; CTX is the worker. */
void dns_handed_out(void *ctx, const struct gp_addr *addresses, const bool *withheld,
		    size_t count);
void dns_decided(void *ctx, const struct serve_event *event);
/* Who is left out has changed. */
void dns_servers_changed(void *ctx);

/* ---- worker_gai.c ---- */

/* The prefixes known to be local, if they are wanted and others than the steward has. */
void tell_known_local(struct worker *worker);
void on_gai(struct worker *worker, const struct knownlocal_report *report);
/* What there is to tell of it. */
struct knownlocal_report known_local(const struct worker *worker);

/* ---- worker_control.c ---- */

bool make_control(struct worker *worker);
/* Of the snapshot, read anew: gp_live looks but once a second. -1: there is none. */
long long read_generation(void);

#endif
