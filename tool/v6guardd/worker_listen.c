/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_listen.c - where the resolver listens: the steward binds, the worker reads. */
#include <string.h>

#include "dns/listen_bind.h"
#include "dns/own.h"
#include "say.h"
#include "worker_private.h"

/* Many addresses may come at once. */
#define PRESENCE_SOON_MS 50

static bool is_free(const struct worker_listener *listener)
{
	return listener->fds.udp < 0;
}

const struct worker_listener *find_listener(const struct worker *worker,
					    const struct dns_endpoint *endpoint)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		if (!is_free(&worker->listeners[i]) &&
		    dns_endpoint_equal(&worker->listeners[i].endpoint, endpoint))
			return &worker->listeners[i];
	return NULL;
}

void take_listeners(struct worker *worker)
{
	worker->listener_count = worker->files->dns_count;
	for (size_t i = 0; i < worker->listener_count; i++)
		worker->listeners[i] = (struct worker_listener){
			worker->settings.dns.listen[i], worker->files->dns[i], false};
	memcpy(worker->listen_why, worker->files->listen_why, sizeof(worker->listen_why));
}

/* ---- addresses that come and go ---- */

static bool is_present(const struct dns_endpoint *endpoint)
{
	return dns_is_any(&endpoint->addr) || own_address(&endpoint->addr);
}

static void note_one(struct worker *worker, struct worker_listener *listener)
{
	const bool is_waiting = !is_present(&listener->endpoint);
	const char *state, *detail;
	char text[LISTEN_TEXT];

	if (is_waiting == listener->is_waiting)
		return;
	listener->is_waiting = is_waiting;
	listen_format(&listener->endpoint, text);
	say(is_waiting ? "resolver: %s is not listened on yet: no interface has that "
			 "address"
		       : "resolver: %s is listened on now: its address has come",
	    text);
	state = resolver_state(worker, &detail);
	eventlog_write(worker->log, EVENT_DOOR,
		       json_pack("{s:s s:s s:s}", "door", "dns", "state", state, "detail",
				 detail));
}

void note_presence(struct worker *worker)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		if (!is_free(&worker->listeners[i]))
			note_one(worker, &worker->listeners[i]);
}

/* Somebody wants ADDR, and does not have it: one of a link may be of another interface by
 * the same name, whose number the configuration alone can tell. */
static void look_for(struct worker *worker, const struct dns_endpoint *wanted,
		     const struct gp_addr *addr)
{
	const bool is_local = listen_is_link_local(&wanted->addr);

	if (wanted->addr.family != addr->family ||
	    memcmp(wanted->addr.bytes, addr->bytes, sizeof(addr->bytes)) != 0)
		return;
	if (is_local && wanted->addr.scope_id != addr->scope_id) {
		if (!is_present(wanted))
			message_send(worker->files->steward_fd, MESSAGE_REREAD, NULL);
	} else if (!find_listener(worker, wanted)) {
		follow_listeners(worker);
	}
}

void on_address(void *ctx, const struct gp_addr *addr)
{
	struct worker *worker = ctx;
	const struct dns_config *config = &worker->settings.dns;
	const struct timeval soon = in_ms(PRESENCE_SOON_MS);

	if (!worker->serve)
		return;
	evtimer_add(worker->presence, &soon);
	for (size_t i = 0; addr && i < config->listen_count; i++)
		look_for(worker, &config->listen[i], addr);
}

/* ---- which there are ---- */

static void drop(struct worker *worker, size_t slot)
{
	if (worker->serve)
		serve_unlisten(worker->serve, slot);
	listen_close(&worker->listeners[slot].fds);
}

void close_listeners(struct worker *worker)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		drop(worker, i);
}

static unsigned find_wanted(const struct worker *worker,
			    const struct dns_endpoint *endpoint)
{
	unsigned i = 0;

	while (i < worker->wanted_count &&
	       !dns_endpoint_equal(&worker->wanted[i], endpoint))
		i++;
	return i;
}

/* Once, also while one configuration follows the other: the second would be refused.
 * False: there is no room for the question now. */
static bool want(struct worker *worker, const struct dns_endpoint *endpoint)
{
	static struct message message;

	if (find_wanted(worker, endpoint) < worker->wanted_count)
		return true;
	if (worker->wanted_count == LISTENERS_WANTED)
		return false;
	message.u.endpoint = *endpoint;
	if (!message_send(worker->files->steward_fd, MESSAGE_LISTEN, &message))
		return false;
	worker->wanted[worker->wanted_count++] = *endpoint;
	return true;
}

/* A few at a time, the next with each answer: of hundreds, questions or answers would
 * find no room in the socket, and what is lost there nobody asks for again. */
static void want_next(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	for (; worker->serve && worker->listen_next < config->listen_count;
	     worker->listen_next++) {
		const struct dns_endpoint *one = &config->listen[worker->listen_next];
		if (!find_listener(worker, one) && !want(worker, one))
			return;
	}
}

/* First those that go: one for all addresses is in the way of the others. */
void follow_listeners(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	for (size_t i = 0; i < worker->listener_count; i++)
		if (!is_free(&worker->listeners[i]) &&
		    !dns_listens_on(config, &worker->listeners[i].endpoint))
			drop(worker, i);
	worker->listen_next = 0;
	want_next(worker);
}

/* Meanwhile it may be wanted no more, or be there already. */
static bool add(struct worker *worker, const struct dns_endpoint *endpoint,
		const struct listen_fds *fds)
{
	size_t slot = 0;

	while (slot < worker->listener_count && !is_free(&worker->listeners[slot]))
		slot++;
	if (slot == DNS_LISTEN || !worker->serve ||
	    !dns_listens_on(&worker->settings.dns, endpoint) ||
	    find_listener(worker, endpoint))
		return false;
	worker->listeners[slot] = (struct worker_listener){*endpoint, *fds, false};
	worker->listener_count += slot == worker->listener_count;
	if (serve_listen(worker->serve, slot, fds)) {
		note_one(worker, &worker->listeners[slot]);
		return true;
	}
	serve_unlisten(worker->serve, slot);
	worker->listeners[slot].fds = (struct listen_fds){-1, -1};
	return false;
}

void on_listener(struct worker *worker, const struct message_listener *made,
		 const int files[2])
{
	const struct dns_endpoint *endpoint = &made->endpoint;
	const unsigned wanted = find_wanted(worker, endpoint);
	struct listen_fds fds = {files[0], files[1]};

	if (made->why[0])
		memcpy(worker->listen_why, made->why, sizeof(worker->listen_why));
	if (wanted < worker->wanted_count)
		worker->wanted[wanted] = worker->wanted[--worker->wanted_count];
	if (fds.udp >= 0 && !add(worker, endpoint, &fds))
		listen_close(&fds);
	want_next(worker);
}
