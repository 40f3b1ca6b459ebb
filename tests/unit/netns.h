/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netns.h - a test program in a network namespace of its own, which ends with it, and a
 * second one, the router's, behind a veth pair.
 */
#ifndef TESTS_UNIT_NETNS_H
#define TESTS_UNIT_NETNS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *netns_reason; /* why there is none; NULL: there is one */
static pid_t netns_router;       /* holds the other namespace */

static inline bool netns_write(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC);
	const ssize_t length = (ssize_t)strlen(text);
	bool good = fd >= 0 && write(fd, text, (size_t)length) == length;

	if (fd >= 0)
		close(fd);
	return good;
}

/** Run a command line; true if it went well. */
static inline __attribute__((format(printf, 1, 2))) bool sh(const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line) == 0; /* NOLINT: the tests' own words */
}

/** Run a command line in the router's namespace. */
#define on_router(format, ...)                                                           \
	sh("nsenter -t %d -n sh -c '" format "'", (int)netns_router, ##__VA_ARGS__)

/**
 * The kernel adds an address's own route later, by a worker of its own, nodad or not:
 * until then it cannot be connected to. True: all have theirs, within 5 s. WHERE: "", or
 * what to run commands there with.
 */
static inline bool addresses_settle(const char *where)
{
	for (int i = 0; i < 250; i++) {
		if (sh("%s sh -c '[ $(ip -6 route show table local | grep -c ^local) -ge "
		       "$(ip -6 -o addr show up | grep -c inet6) ]'",
		       where))
			return true;
		usleep(20000);
	}
	return false;
}

static inline bool router_settles(void)
{
	char where[64];

	snprintf(where, sizeof(where), "nsenter -t %d -n", (int)netns_router);
	return addresses_settle(where);
}

static inline bool has_nft(void)
{
	return sh("nft list ruleset >/dev/null 2>&1");
}

/* The router's process does nothing, and dies with this one. */
static inline bool netns_fork_router(void)
{
	int ready[2];
	char byte;
	bool good;

	if (pipe(ready))
		return false;
	netns_router = fork();
	if (netns_router == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	good = netns_router > 0 && read(ready[0], &byte, 1) == 1;
	close(ready[0]);
	return good;
}

static inline bool netns_unshare(void)
{
	const unsigned uid = getuid(), gid = getgid();
	char map[64];

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return geteuid() == 0 && !unshare(CLONE_NEWNET);
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (!netns_write("/proc/self/setgroups", "deny") ||
	    !netns_write("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return netns_write("/proc/self/gid_map", map);
}

/**
 * Call it first in main(). This host: v0, 2001:db8:1::1/64 and 192.0.2.1/24, no default
 * route yet. The router: v1, ...::2 and .2, forwards. No address waits for DAD, and a
 * neighbour that does not answer is given up after 0.1 s.
 */
static inline void netns_enter(void)
{
	/* No limit on ICMP errors: many cases are about them. */
	static const char any[] = "cd /proc/sys/net; echo 0 >ipv6/conf/all/accept_dad; "
				  "echo 0 >ipv6/conf/default/accept_dad; "
				  "echo 0 >ipv4/icmp_ratelimit; "
				  "echo 0 >ipv6/icmp/ratelimit; ip link set lo up";
	static const char quick[] = "cd /proc/sys/net; for f in 4 6; do "
				    "echo 1 >ipv$f/neigh/v0/mcast_solicit; "
				    "echo 100 >ipv$f/neigh/v0/retrans_time_ms; done";
	const char *path = getenv("PATH");
	char longer[4096];

	snprintf(longer, sizeof(longer), "%s:/usr/sbin:/sbin",
		 path ? path : "/usr/bin:/bin");
	setenv("PATH", longer, 1);
	if (!sh("ip -V >/dev/null 2>&1 && nsenter -V >/dev/null 2>&1"))
		netns_reason = "no ip or no nsenter";
	else if (!netns_unshare())
		netns_reason = "network namespaces are refused";
	else if (!sh("{ %s; } 2>/dev/null", any) || !netns_fork_router() ||
		 !on_router("{ %s; } 2>/dev/null", any) ||
		 !sh("ip link add v0 type veth peer name v1 netns %d 2>/dev/null",
		     (int)netns_router))
		netns_reason = "no veth pair can be made here";
	else if (!sh("%s; ip link set v0 up && ip addr add 2001:db8:1::1/64 dev v0 nodad "
		     "&& "
		     "ip addr add 192.0.2.1/24 dev v0",
		     quick) ||
		 !on_router("ip link set v1 up && ip addr add 2001:db8:1::2/64 dev v1 "
			    "nodad && "
			    "ip addr add 192.0.2.2/24 dev v1 && "
			    "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding && "
			    "echo 1 >/proc/sys/net/ipv4/ip_forward"))
		netns_reason = "the test's network cannot be set up";
	if (!netns_reason && (!addresses_settle("") || !router_settles()))
		netns_reason = "the test's addresses get no routes";
	if (netns_reason)
		fprintf(stderr, "skip: %s\n", netns_reason);
}

/**
 * From now on packets of over 1000 bytes from PORT get lost on the loopback interface,
 * which is as narrow as Ethernet then; PORT 0: none. False: no nft.
 */
static inline bool loopback_hole(int port)
{
	if (!has_nft())
		return false;
	if (port == 0)
		return sh("nft delete table ip6 hole; "
			  "ip link set lo mtu 65536 gso_max_segs 65535");
	return sh("ip link set lo mtu 1500 gso_max_segs 1 && "
		  "nft 'table ip6 hole { chain in { type filter hook input priority 0; "
		  "tcp sport %d meta length > 1000 drop; }; }'",
		  port);
}

/** How many messages a netlink socket of ours had no room for. */
static inline uint32_t socket_drops(int fd)
{
	uint32_t meminfo[SK_MEMINFO_VARS] = {0};
	socklen_t size = sizeof(meminfo);

	return getsockopt(fd, SOL_SOCKET, SO_MEMINFO, meminfo, &size)
		       ? 0
		       : meminfo[SK_MEMINFO_DROPS];
}

/** Call it last. */
static inline void netns_leave(void)
{
	if (netns_router <= 0)
		return;
	kill(netns_router, SIGKILL);
	waitpid(netns_router, NULL, 0);
}

/** In a test: skip it if there is no namespace. */
#define need_netns()                                                                     \
	do {                                                                             \
		if (netns_reason)                                                        \
			skip();                                                          \
	} while (0)

#endif
