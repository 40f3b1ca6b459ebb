/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_listen.c - where the resolver listens: the steward binds, the worker reads. */
#include "dns/listen_bind.h"
#include "worker_private.h"

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
			worker->settings.dns.listen[i], worker->files->dns[i]};
}

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

/* Once, also while one configuration follows the other: the second would be refused. */
static void want(struct worker *worker, const struct dns_endpoint *endpoint)
{
	static struct message message;

	if (find_wanted(worker, endpoint) < worker->wanted_count ||
	    worker->wanted_count == sizeof(worker->wanted) / sizeof(worker->wanted[0]))
		return;
	message.u.endpoint = *endpoint;
	if (message_send(worker->files->steward_fd, MESSAGE_LISTEN, &message))
		worker->wanted[worker->wanted_count++] = *endpoint;
}

/* First those that go: one for all addresses is in the way of the others. */
void follow_listeners(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	for (size_t i = 0; i < worker->listener_count; i++)
		if (!is_free(&worker->listeners[i]) &&
		    !dns_listens_on(config, &worker->listeners[i].endpoint))
			drop(worker, i);
	for (size_t i = 0; worker->serve && i < config->listen_count; i++)
		if (!find_listener(worker, &config->listen[i]))
			want(worker, &config->listen[i]);
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
	worker->listeners[slot] = (struct worker_listener){*endpoint, *fds};
	worker->listener_count += slot == worker->listener_count;
	if (serve_listen(worker->serve, slot, fds))
		return true;
	serve_unlisten(worker->serve, slot);
	worker->listeners[slot].fds = (struct listen_fds){-1, -1};
	return false;
}

void on_listener(struct worker *worker, const struct dns_endpoint *endpoint,
		 const int files[2])
{
	const unsigned wanted = find_wanted(worker, endpoint);
	struct listen_fds fds = {files[0], files[1]};

	if (wanted < worker->wanted_count)
		worker->wanted[wanted] = worker->wanted[--worker->wanted_count];
	if (fds.udp >= 0 && !add(worker, endpoint, &fds))
		listen_close(&fds);
}
