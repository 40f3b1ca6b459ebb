/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stub.h - a name service that says what a test wants. Built under several names. */
#ifndef TESTS_UNIT_STUB_H
#define TESTS_UNIT_STUB_H

#include <nss.h>
#include <stdint.h>

/** What to answer: by name always the same, whatever the name. */
struct stub_script {
	enum nss_status status;
	int error, h_error; /**< error 0: errno stays what it was */
	/** For AAAA alone, if h_error is not 0: how these fail. */
	struct {
		enum nss_status status;
		int h_error;
	} aaaa;
	unsigned ipv4, ipv6; /**< addresses 198.51.100.N and 2001:db8::N, from 1 on */
	unsigned aliases;
	const char *canon;  /**< name in the answer; NULL: as asked */
	int32_t ttl;        /**< 0: not told */
	size_t need;        /**< a smaller buffer is ERANGE */
	int erange_h_error; /**< h_errno that goes with it; 0: NETDB_INTERNAL */
	int host_family;    /**< what a hostent claims to be; 0: what was asked for */
	unsigned sleep_ms;
	void (*inside)(void);        /**< called in the middle */
	const struct stub_script *a; /**< for lookups of A alone; NULL: this one */
	/** STUB_LOG bytes, to which each lookup by name is added: "all NAME", "A NAME" or
	 * "AAAA NAME", and a blank; NULL: no need. For one thread. */
	char *log;
};

#define STUB_LOG 4096

/** A stub's state: `struct stub_state stub_state_NAME` in the DSO libnss_NAME.so.2. */
struct stub_state {
	struct stub_script script;
	int error_before;          /**< what errno was at the latest call */
	_Atomic unsigned calls[6]; /**< by enum call_kind: 4, 3, 2, name, addr2, addr */
};

#endif
