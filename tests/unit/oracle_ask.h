/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * oracle_ask.h - a question to getaddrinfo() about a name of /etc/hosts, under the
 * gai.conf of a private /etc, and the answer that we predict.
 */
#ifndef TESTS_UNIT_ORACLE_ASK_H
#define TESTS_UNIT_ORACLE_ASK_H

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "gaiconf/read.h"
#include "oracle_world.h"
#include "rfc6724/source.h"

#define MAX_NAMES 12
#define MAX_NODES (3 * MAX_NAMES) /* getaddrinfo has one for each socket type */
#define MAX_ROWS 256

struct query {
	struct addrinfo hints;
	struct gp_addr names[MAX_NAMES];
	size_t count;
};

/* ---- prediction and truth ------------------------------------------------------------
 */

static struct gp_addr mapped(const struct gp_addr *ipv4)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff};

	memcpy(bytes + 12, ipv4->bytes, 4);
	return gp_addr_make(AF_INET6, bytes, 0);
}

/* Libc's list before it is sorted: gethostbyname4_r's, or that of one lookup for IPv6 and
 * one for IPv4. */
static size_t make_nodes(const struct query *query, struct gp_destination *nodes)
{
	const size_t times = query->hints.ai_socktype ? 1 : 3;
	const bool is_mapped = query->hints.ai_flags & AI_V4MAPPED;
	size_t count = 0;

	for (int pass = 0; pass < 1 + is_mapped; pass++)
		for (size_t i = 0; i < query->count; i++) {
			const struct gp_addr *name = &query->names[i];
			const bool is_ipv4 = name->family == AF_INET;

			if (is_mapped && is_ipv4 != pass)
				continue;
			for (size_t n = 0; n < times; n++)
				nodes[count++] = (struct gp_destination){
					.addr = is_mapped && is_ipv4 ? mapped(name)
								     : *name};
		}
	return count;
}

static size_t predict(const struct query *query, struct gp_destination *nodes,
		      uint32_t *order)
{
	struct gp_row rows[MAX_ROWS];
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	const size_t count = make_nodes(query, nodes);
	struct gp_gai gai;

	assert_int_equal(gp_gai_read(conf, strlen(conf), gp_gai_dialect_here(), rows,
				     MAX_ROWS, &gai, NULL),
			 GP_OK);
	gp_source_facts(&ops, GP_SOURCE_AS_GLIBC, nodes, count);
	gp_source_close(&sockets);
	gp_sort(&gai.tables, GP_DEPART_GLIBC, nodes, count, order);
	return count;
}

static struct gp_addr node_address(const struct addrinfo *node)
{
	struct sockaddr_in6 ipv6;
	struct sockaddr_in ipv4;

	if (node->ai_family == AF_INET) {
		memcpy(&ipv4, node->ai_addr, sizeof(ipv4));
		return gp_addr_make(AF_INET, &ipv4.sin_addr, 0);
	}
	memcpy(&ipv6, node->ai_addr, sizeof(ipv6));
	return gp_addr_make(AF_INET6, &ipv6.sin6_addr, ipv6.sin6_scope_id);
}

/* A libc reads gai.conf once: each question is asked by a process of its own. */
static size_t ask(const struct query *query, struct gp_addr *answer)
{
	struct addrinfo *list = NULL;
	size_t count = 0;
	int ends[2];
	ssize_t size;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (getaddrinfo("x.test", NULL, &query->hints, &list))
			_exit(1);
		for (struct addrinfo *node = list; node && count < MAX_NODES;
		     node = node->ai_next)
			answer[count++] = node_address(node);
		size = (ssize_t)(count * sizeof(*answer));
		_exit(write(ends[1], answer, (size_t)size) != size);
	}
	close(ends[1]);
	size = read(ends[0], answer, MAX_NODES * sizeof(*answer));
	close(ends[0]);
	waitpid(child, NULL, 0);
	return size > 0 ? (size_t)size / sizeof(*answer) : 0;
}

static void print_difference(const struct gp_destination *nodes, const uint32_t *order,
			     size_t count, const struct gp_addr *answer, size_t answers)
{
	char text[GP_ADDR_TEXT], source[GP_ADDR_TEXT];

	fprintf(stderr, "-- ip\n%s-- gai.conf\n%s\n-- hosts\n%s", world, conf, hosts);
	for (size_t i = 0; i < count; i++) {
		const struct gp_destination *one = &nodes[order[i]];

		fprintf(stderr,
			"we %s from %s/%u if %u facts %#x scope %d %d label %d %d "
			"precedence %d common %u\n",
			gp_addr_format(&one->addr, text),
			gp_addr_format(&one->source, source), one->source_length,
			one->interface, one->facts, one->scope, one->source_scope,
			one->label, one->source_label, one->precedence, one->common);
	}
	for (size_t i = 0; i < answers; i++)
		fprintf(stderr, "libc %s\n", gp_addr_format(&answer[i], text));
}

/* ---- a private /etc ------------------------------------------------------------------
 */

static const char *etc_reason;

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	return file && fputs(text, file) >= 0 && !fclose(file);
}

/* /tmp is private too: it has what `ip -batch` reads. /run may have a nscd. */
static void make_etc(void)
{
	if (netns_reason)
		return;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("oracle", "/etc", "tmpfs", 0, NULL) ||
	    mount("oracle", "/tmp", "tmpfs", 0, NULL) ||
	    mount("oracle", "/run", "tmpfs", 0, NULL) ||
	    !write_file("/etc/nsswitch.conf", "hosts: files\n") ||
	    !write_file("/etc/host.conf", "multi on\n"))
		etc_reason = "no private /etc can be made here";
	if (etc_reason)
		fprintf(stderr, "skip: %s\n", etc_reason);
}

#endif
