/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ub_library.c - see ub_library.h. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ub_library.h"

#define LIBRARY "libunbound.so.8"

struct ub_library ub;

/* ISO C has no way from void * to a function. */
static bool find(void *library, const char *name, void *out)
{
	void *symbol = dlsym(library, name);

	memcpy(out, &symbol, sizeof(symbol));
	return symbol != NULL;
}

/* do-nat64, of 1.18 and later: ub_ctx_set_option does not know it there either, and where
 * a configuration is wrong libunbound complains to stderr, whatever it was told. */
static bool has_nat64(void *library)
{
	__typeof__(&ub_version) version;
	unsigned major, minor;

	return find(library, "ub_version", &version) &&
	       sscanf(version(), "%u.%u", &major, &minor) == 2 &&
	       (major > 1 || (major == 1 && minor >= 18));
}

/*
 * Built without TLS (Debian 12: with nettle) it takes every option about it, and fails
 * at the first question. What is built with it brings libssl along: symbols are looked
 * for in a library and all that it needs.
 */
static bool has_tls(void *library)
{
	return dlsym(library, "SSL_CTX_new") != NULL;
}

bool ub_library_load(char why[DNS_WHY])
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library || !find(library, "ub_ctx_create_ub_event", &ub.create) ||
	    !find(library, "ub_ctx_delete", &ub.delete) ||
	    !find(library, "ub_ctx_set_option", &ub.set_option) ||
	    !find(library, "ub_ctx_config", &ub.config) ||
	    !find(library, "ub_ctx_add_ta_file", &ub.add_anchors) ||
	    !find(library, "ub_ctx_debugout", &ub.debugout) ||
	    !find(library, "ub_resolve_event", &ub.resolve) ||
	    !find(library, "ub_cancel", &ub.cancel)) {
		snprintf(why, DNS_WHY, "the resolver needs %s: %s", LIBRARY, dlerror());
		return false;
	}
	ub.has_tls = has_tls(library);
	ub.has_nat64 = has_nat64(library);
	return true;
}

enum { HAS_LIBRARY = 1, HAS_TLS = 2, HAS_NAT64 = 4 };

static _Noreturn void be_probe(void)
{
	char why[DNS_WHY];

	if (!ub_library_load(why))
		_exit(0);
	_exit(HAS_LIBRARY | (ub.has_tls ? HAS_TLS : 0) | (ub.has_nat64 ? HAS_NAT64 : 0));
}

void ub_library_probe(struct dns_ability *out)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		be_probe();
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	status = child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	out->has_library = status & HAS_LIBRARY;
	out->has_tls = status & HAS_TLS;
	out->has_nat64 = status & HAS_NAT64;
}
