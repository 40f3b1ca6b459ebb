/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listen_bind.c - see listen_bind.h. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "guard/owner.h"
#include "listen_bind.h"

#define BACKLOG 128
/* TCP segments that fit every link's 1280 bytes. */
#define SEGMENT 1220
#define UDP_BUFFER (1024 * 1024)

char *listen_format(const struct dns_endpoint *endpoint, char out[LISTEN_TEXT])
{
	char text[GP_ADDR_TEXT];
	const bool is_ipv6 = endpoint->addr.family == AF_INET6;

	gp_addr_format(&endpoint->addr, text);
	snprintf(out, LISTEN_TEXT, is_ipv6 ? "[%s]:%u" : "%s:%u", text, endpoint->port);
	return out;
}

/* ---- who has it ---- */

/* The kernel's tables write addresses as words of the machine. */
static void table_form(const struct dns_endpoint *endpoint, char out[48])
{
	const size_t words = endpoint->addr.family == AF_INET ? 1 : 4;
	size_t used = 0;

	for (size_t i = 0; i < words; i++) {
		uint32_t word;
		memcpy(&word, endpoint->addr.bytes + 4 * i, sizeof(word));
		used += (size_t)snprintf(out + used, 48 - used, "%08X", word);
	}
	snprintf(out + used, 48 - used, ":%04X", endpoint->port);
}

/* The inode of the socket that has ENDPOINT in the table at PATH; 0: none. */
static uint32_t inode_in(const char *path, const struct dns_endpoint *endpoint)
{
	FILE *file = fopen(path, "re");
	char line[512], local[48], wanted[48], any[48];
	struct dns_endpoint all = *endpoint;
	const bool is_any = dns_is_any(&endpoint->addr);
	const size_t port = strlen(":0000");
	uint32_t inode, found = 0;

	if (!file)
		return 0;
	memset(all.addr.bytes, 0, sizeof(all.addr.bytes));
	table_form(endpoint, wanted);
	table_form(&all, any);
	while (!found && fgets(line, sizeof(line), file))
		if (sscanf(line, " %*d: %47s %*s %*s %*s %*s %*s %*u %*d %u", local,
			   &inode) == 2 &&
		    (!strcmp(local, wanted) || !strcmp(local, any) ||
		     (is_any && strlen(local) > port &&
		      !strcmp(local + strlen(local) - port, any + strlen(any) - port))))
			found = inode;
	fclose(file);
	return found;
}

static void say_owner(const struct dns_endpoint *endpoint, char *to, size_t size)
{
	static const char *const paths[2][2] = {
		{"/proc/self/net/udp", "/proc/self/net/tcp"},
		{"/proc/self/net/udp6", "/proc/self/net/tcp6"}};
	const char *const *tables = paths[endpoint->addr.family == AF_INET6];
	struct gp_owner owner = {.pid = 0};
	uint32_t inode = inode_in(tables[0], endpoint);

	if (!inode)
		inode = inode_in(tables[1], endpoint);
	if (inode && gp_owner_find(&inode, &owner, 1) == 1)
		snprintf(to, size, "in use by %.60s (pid %d)", owner.program,
			 (int)owner.pid);
	else
		snprintf(to, size, "in use by another program");
}

/* ---- binding ---- */

static bool set(int fd, int level, int option, int value)
{
	return !setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * No fragment leaves the host, and no router makes one: what does not fit the path, as
 * far as the kernel knows that, is refused with EMSGSIZE.
 */
static bool never_fragment(int fd, int family)
{
	return family == AF_INET
		       ? set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
		       : set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO) &&
				 set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
}

static bool prepare_udp(int fd, const struct dns_endpoint *endpoint)
{
	const int family = endpoint->addr.family;

	set(fd, SOL_SOCKET, SO_RCVBUF, UDP_BUFFER);
	if (!never_fragment(fd, family))
		return false;
	/* Answers have to leave from the address that was asked. */
	return !dns_is_any(&endpoint->addr) ||
	       (family == AF_INET ? set(fd, IPPROTO_IP, IP_PKTINFO, 1)
				  : set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
}

/* Connections that end are no reason to wait; two listeners are refused all the same. */
static bool prepare_tcp(int fd)
{
	return set(fd, IPPROTO_TCP, TCP_MAXSEG, SEGMENT) &&
	       set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/* Also to an address that comes later, or comes back: no packet is lost between that and
 * a new socket. Kernels before 4.15 know it for IPv4 alone, and bind when it is there. */
static void allow_absent(int fd, int family)
{
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif
	if (family == AF_INET)
		set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	else
		set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
}

static int bind_one(const struct dns_endpoint *endpoint, int type)
{
	const int fd =
		socket(endpoint->addr.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, &endpoint->addr, endpoint->port);
	int saved;

	if (fd < 0)
		return -1;
	allow_absent(fd, endpoint->addr.family);
	if ((endpoint->addr.family == AF_INET || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
	    (type == SOCK_DGRAM ? prepare_udp(fd, endpoint) : prepare_tcp(fd)) &&
	    !bind(fd, &name.any, length) && (type == SOCK_DGRAM || !listen(fd, BACKLOG)))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool listen_is_link_local(const struct gp_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

bool listen_bind(const struct dns_endpoint *endpoint, struct listen_fds *out,
		 char why[LISTEN_WHY])
{
	char text[LISTEN_TEXT], reason[128];

	out->udp = bind_one(endpoint, SOCK_DGRAM);
	out->tcp = out->udp < 0 ? -1 : bind_one(endpoint, SOCK_STREAM);
	if (out->tcp >= 0)
		return true;
	if (errno == EADDRINUSE)
		say_owner(endpoint, reason, sizeof(reason));
	else if ((errno == EINVAL || errno == ENODEV) &&
		 listen_is_link_local(&endpoint->addr))
		snprintf(reason, sizeof(reason), "its interface is not there");
	else
		snprintf(reason, sizeof(reason), "%s", strerror(errno));
	snprintf(why, LISTEN_WHY, "%s is not listened on: %s",
		 listen_format(endpoint, text), reason);
	listen_close(out);
	return false;
}

void listen_close(struct listen_fds *fds)
{
	if (fds->udp >= 0)
		close(fds->udp);
	if (fds->tcp >= 0)
		close(fds->tcp);
	*fds = (struct listen_fds){-1, -1};
}
