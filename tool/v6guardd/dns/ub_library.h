/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ub_library.h - libunbound's functions: it is loaded only where the resolver is switched
 * on, as it is a third of the memory of a daemon that does not need it. */
#ifndef TOOL_V6GUARDD_DNS_UB_LIBRARY_H
#define TOOL_V6GUARDD_DNS_UB_LIBRARY_H

#include <unbound.h>
#include <unbound-event.h>

#include "dns_config.h"

struct ub_library {
	__typeof__(&ub_ctx_create_ub_event) create;
	__typeof__(&ub_ctx_delete) delete;
	__typeof__(&ub_ctx_set_option) set_option;
	__typeof__(&ub_ctx_config) config;
	__typeof__(&ub_ctx_add_ta_file) add_anchors;
	__typeof__(&ub_ctx_debugout) debugout;
	__typeof__(&ub_resolve_event) resolve;
	__typeof__(&ub_cancel) cancel;
	bool has_tls, has_nat64; /* what it was built with, what it knows */
};

/** After ub_library_load. */
extern struct ub_library ub;

/**
 * Load libunbound, while files may still be mapped executable. False and WHY: it is not
 * there, or not what this was built for.
 */
bool ub_library_load(char why[DNS_WHY]);

/** What ub_library_load would find, without keeping it: by a child that ends at once. */
void ub_library_probe(struct dns_ability *out);

#endif
