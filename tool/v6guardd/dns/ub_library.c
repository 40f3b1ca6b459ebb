/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ub_library.c - see ub_library.h. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

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

bool ub_library_load(char why[DNS_WHY])
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (library && find(library, "ub_ctx_create_ub_event", &ub.create) &&
	    find(library, "ub_ctx_delete", &ub.delete) &&
	    find(library, "ub_ctx_set_option", &ub.set_option) &&
	    find(library, "ub_ctx_config", &ub.config) &&
	    find(library, "ub_ctx_add_ta_file", &ub.add_anchors) &&
	    find(library, "ub_ctx_debugout", &ub.debugout) &&
	    find(library, "ub_resolve_event", &ub.resolve) &&
	    find(library, "ub_cancel", &ub.cancel))
		return true;
	snprintf(why, DNS_WHY, "the resolver needs %s: %s", LIBRARY, dlerror());
	return false;
}
