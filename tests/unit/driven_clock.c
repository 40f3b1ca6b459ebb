/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* driven_clock.c - see driven_clock.h. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "driven_clock.h"

#define NS_OF_MS 1000000LL

bool clock_jumps;

/* A datagram socket that is connected to itself; -1: nothing goes over loopback. */
static int loopback = -1;

static struct timespec now = {1000, 0};

static int real_gettime(clockid_t id, struct timespec *out)
{
	static int (*real)(clockid_t, struct timespec *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	return real(id, out);
}

static int real_wait(int fd, struct epoll_event *events, int max, int ms)
{
	static int (*real)(int, struct epoll_event *, int, int);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
	return real(fd, events, max, ms);
}

static long long real_ns(void)
{
	struct timespec at;

	real_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000 * NS_OF_MS + at.tv_nsec;
}

static void go_on(long long ns)
{
	const long long sum = now.tv_nsec + ns;

	now.tv_sec += (time_t)(sum / (1000 * NS_OF_MS));
	now.tv_nsec = (long)(sum % (1000 * NS_OF_MS));
}

/* In place of libc's, for the libraries as well. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t id,
							 struct timespec *out)
{
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE && id != CLOCK_BOOTTIME)
		return real_gettime(id, out);
	/* Never the same twice: sequence numbers, which are odd, are made of it. */
	go_on(2);
	*out = now;
	return 0;
}

/* Loopback is one queue for each CPU: what was sent before this is there by then. */
void clock_settle(void)
{
	char byte = 0;

	if (send(loopback, &byte, 1, 0) != 1 || recv(loopback, &byte, 1, 0) != 1)
		abort();
}

static bool stay_on_one_cpu(void)
{
	const int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	return cpu >= 0 && sched_setaffinity(0, sizeof(one), &one) == 0;
}

bool clock_jumps_with_loopback(void)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *const any = (struct sockaddr *)&name;
	socklen_t length = sizeof(name);

	loopback = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	clock_jumps = true;
	return stay_on_one_cpu() && loopback >= 0 && bind(loopback, any, length) == 0 &&
	       getsockname(loopback, any, &length) == 0 &&
	       connect(loopback, any, length) == 0;
}

static int jump(int fd, struct epoll_event *events, int max, int ms)
{
	int ready;

	if (loopback >= 0)
		clock_settle();
	ready = real_wait(fd, events, max, ms < 0 ? ms : 0);
	if (ready == 0)
		go_on(ms * NS_OF_MS);
	return ready;
}

__attribute__((visibility("default"))) int epoll_wait(int fd, struct epoll_event *events,
						      int max, int ms)
{
	long long begun, passed;
	int ready;

	if (clock_jumps)
		return jump(fd, events, max, ms);
	begun = real_ns();
	ready = real_wait(fd, events, max, ms);
	passed = real_ns() - begun;
	if (ready == 0 || (ms >= 0 && passed > ms * NS_OF_MS))
		passed = ms * NS_OF_MS;
	go_on(passed);
	return ready;
}
