/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stub.c - libnss_$STUB_NAME.so.2. STUB_LEVEL: 4 has all six functions, 2 has only
 * gethostbyname2_r and gethostbyaddr_r, 0 has none.
 */
#include <errno.h>
#include <netdb.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "stub.h"

#define JOIN(a, b) a##b
#define JOIN2(a, b) JOIN(a, b)
#define ENTRY(what) JOIN2(JOIN2(_nss_, STUB_NAME), JOIN2(_, what))
#define STATE JOIN2(stub_state_, STUB_NAME)
#define EXPORT __attribute__((visibility("default")))

extern struct stub_state STATE;
EXPORT struct stub_state STATE;

#if STUB_LEVEL > 0
/* Through one more macro, so that STUB_NAME is its value. */
#define DECLARE(module) NSS_DECLARE_MODULE_FUNCTIONS(module)
DECLARE(STUB_NAME)

static char *cursor(char *buffer, size_t alignment)
{
	return buffer + (-(uintptr_t)buffer & (alignment - 1));
}

static const struct stub_script *script_for(int family)
{
	const struct stub_script *a = STATE.script.a;

	return family == AF_INET && a ? a : &STATE.script;
}

static void note(const char *name, int family)
{
	char *log = STATE.script.log;

	if (log && strlen(log) + strlen(name) + 8 < STUB_LOG)
		stpcpy(stpcpy(stpcpy(log + strlen(log), family == AF_UNSPEC ? "all "
							: family == AF_INET ? "A "
									    : "AAAA "),
			      name),
		       " ");
}

/* True: the call ends here, with *STATUS. */
static bool ends_early(const struct stub_script *script, enum call_kind kind, size_t size,
		       int *errnop, int *h_errnop, enum nss_status *status)
{
	STATE.calls[kind]++;
	STATE.error_before = *errnop;
	if (script->sleep_ms)
		usleep(script->sleep_ms * 1000);
	if (script->inside)
		script->inside();
	if (script->error)
		*errnop = script->error;
	*h_errnop = script->h_error;
	*status = script->status;
	if (script->status == NSS_STATUS_SUCCESS && size < script->need) {
		*errnop = ERANGE;
		*h_errnop =
			script->erange_h_error ? script->erange_h_error : NETDB_INTERNAL;
		*status = NSS_STATUS_TRYAGAIN;
	}
	return *status != NSS_STATUS_SUCCESS;
}

static void put_address(void *at, int family, unsigned number)
{
	const uint8_t ipv4[4] = {198, 51, 100, (uint8_t)number};
	const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)number};

	memcpy(at, family == AF_INET ? ipv4 : ipv6, family == AF_INET ? 4 : 16);
}

static enum nss_status answer_host(enum call_kind kind, const char *name, int family,
				   struct hostent *host, char *buffer, size_t size,
				   int *errnop, int *h_errnop, int32_t *ttlp,
				   char **canonp)
{
	const struct stub_script *script = script_for(family);
	const unsigned count = family == AF_INET ? script->ipv4 : script->ipv6;
	enum nss_status status;
	char **list, *bytes;
	bool has_ended;

	if (kind < CALL_BY_ADDR2)
		note(name, family);
	has_ended = ends_early(script, kind, size, errnop, h_errnop, &status);

	if (family == AF_INET6 && script->aaaa.h_error) {
		*h_errnop = script->aaaa.h_error;
		return script->aaaa.status;
	}
	if (has_ended)
		return status;
	if (!count && kind < CALL_BY_ADDR2) {
		*h_errnop = NO_DATA;
		return NSS_STATUS_NOTFOUND;
	}
	list = (void *)cursor(buffer, alignof(char *));
	bytes = (char *)(list + count + script->aliases + 2);
	host->h_addr_list = list;
	host->h_aliases = list + count + 1;
	for (unsigned i = 0; i < count; i++, bytes += 16) {
		list[i] = bytes;
		put_address(bytes, family, i + 1);
	}
	list[count] = NULL;
	for (unsigned i = 0; i < script->aliases; i++, bytes += strlen(bytes) + 1)
		host->h_aliases[i] = strcpy(bytes, i & 1 ? "www.example" : "a.example");
	host->h_aliases[script->aliases] = NULL;
	host->h_name = strcpy(bytes, script->canon ? script->canon : name);
	host->h_addrtype = script->host_family ? script->host_family : family;
	host->h_length = family == AF_INET ? 4 : 16;
	if (canonp)
		*canonp = host->h_name;
	if (ttlp && script->ttl)
		*ttlp = script->ttl;
	*h_errnop = NETDB_SUCCESS;
	return NSS_STATUS_SUCCESS;
}

EXPORT enum nss_status ENTRY(gethostbyname2_r)(const char *name, int family,
					       struct hostent *host, char *buffer,
					       size_t size, int *errnop, int *h_errnop)
{
	return answer_host(CALL_BY_NAME2, name, family, host, buffer, size, errnop,
			   h_errnop, NULL, NULL);
}

EXPORT enum nss_status ENTRY(gethostbyaddr_r)(const void *addr, socklen_t length,
					      int family, struct hostent *host,
					      char *buffer, size_t size, int *errnop,
					      int *h_errnop)
{
	(void)addr;
	(void)length;
	return answer_host(CALL_BY_ADDR, "ptr.example", family, host, buffer, size,
			   errnop, h_errnop, NULL, NULL);
}
#endif

#if STUB_LEVEL > 2
EXPORT enum nss_status ENTRY(gethostbyname4_r)(const char *name,
					       struct gaih_addrtuple **pat, char *buffer,
					       size_t size, int *errnop, int *h_errnop,
					       int32_t *ttlp)
{
	const struct stub_script *script = &STATE.script;
	const unsigned count = script->ipv4 + script->ipv6;
	struct gaih_addrtuple *tuple =
		(void *)cursor(buffer, alignof(struct gaih_addrtuple));
	char *text = (char *)(tuple + count);
	enum nss_status status;

	note(name, AF_UNSPEC);
	if (ends_early(script, CALL_BY_NAME4, size, errnop, h_errnop, &status))
		return status;
	*pat = count ? tuple : NULL;
	for (unsigned i = 0; i < count; i++, tuple++) {
		const bool is_ipv6 = i < script->ipv6;

		memset(tuple, 0, sizeof(*tuple));
		tuple->family = is_ipv6 ? AF_INET6 : AF_INET;
		put_address(tuple->addr, tuple->family,
			    is_ipv6 ? i + 1 : i + 1 - script->ipv6);
		tuple->name =
			i ? NULL : strcpy(text, script->canon ? script->canon : name);
		tuple->next = i + 1 < count ? tuple + 1 : NULL;
	}
	if (ttlp && script->ttl)
		*ttlp = script->ttl;
	*h_errnop = NETDB_SUCCESS;
	return NSS_STATUS_SUCCESS;
}

EXPORT enum nss_status ENTRY(gethostbyname3_r)(const char *name, int family,
					       struct hostent *host, char *buffer,
					       size_t size, int *errnop, int *h_errnop,
					       int32_t *ttlp, char **canonp)
{
	return answer_host(CALL_BY_NAME3, name, family, host, buffer, size, errnop,
			   h_errnop, ttlp, canonp);
}

EXPORT enum nss_status ENTRY(gethostbyname_r)(const char *name, struct hostent *host,
					      char *buffer, size_t size, int *errnop,
					      int *h_errnop)
{
	return answer_host(CALL_BY_NAME, name, AF_INET, host, buffer, size, errnop,
			   h_errnop, NULL, NULL);
}

EXPORT enum nss_status ENTRY(gethostbyaddr2_r)(const void *addr, socklen_t length,
					       int family, struct hostent *host,
					       char *buffer, size_t size, int *errnop,
					       int *h_errnop, int32_t *ttlp)
{
	(void)addr;
	(void)length;
	return answer_host(CALL_BY_ADDR2, "ptr.example", family, host, buffer, size,
			   errnop, h_errnop, ttlp, NULL);
}
#endif
