/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_dns.c - the resolver in the worker's life. */
#include "dns/listen_bind.h"
#include "worker_private.h"

void tell_resolver(struct worker *worker)
{
	const struct netwatch_state *net = netwatch_state(worker->net);

	if (worker->serve)
		serve_set_network(worker->serve, net->ipv6_default, net->ipv4_usable);
}

bool make_resolver(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	if (!worker->files->resolves)
		return true;
	worker->serve = serve_new(worker->base, config, worker->files->dns);
	tell_resolver(worker);
	return worker->serve != NULL;
}

/* Off: the ports are closed, so that who asks goes elsewhere at once. */
void end_resolver(struct worker *worker)
{
	struct listen_fds fds;

	if (!worker->serve)
		return;
	serve_free(worker->serve);
	worker->serve = NULL;
	for (size_t i = 0; i < DNS_LISTEN; i++) {
		fds = worker->files->dns[i];
		listen_close(&fds);
	}
}

void configure_resolver(struct worker *worker)
{
	const struct dns_config *config = &worker->settings.dns;

	if (worker->serve && config->enable)
		serve_configure(worker->serve, config);
	else
		end_resolver(worker);
}
