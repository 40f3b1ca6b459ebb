/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the worker can do no more, and what it still can: each in a child of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sanitized.h" /* then sandbox_seccomp does nothing */
#include "tool/v6guardd/sandbox.h"

#define NO_SECCOMP 77
#define NO_SANDBOX 78
#define OTHER_ERROR 79

/* A worker that resolves may do a little more. */
static bool resolves;

/* A file that was open before, and what is mapped of it. */
static int shared_fd = -1;
static void *shared;

/* Run CALL in the worker's sandbox; how that process ended, as of waitpid(). */
static int in_worker(int (*call)(void), bool with_filter)
{
	struct gp_diag diag = {.status = GP_OK};
	int status;
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (sandbox_worker("nobody", &diag) != GP_OK)
			_exit(NO_SANDBOX);
		if (with_filter && sandbox_seccomp(resolves, &diag) != GP_OK)
			_exit(diag.status == GP_UNSUPPORTED ? NO_SECCOMP : NO_SANDBOX);
		_exit(call());
	}
	while (waitpid(child, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return status;
}

static bool has_filter(void)
{
	if (is_sanitized)
		print_message("no system call filter beside a sanitizer\n");
	return !is_sanitized;
}

/* A line of /proc/self/status, as a number. */
static unsigned long long of_status(const char *field, int base)
{
	FILE *file = fopen("/proc/self/status", "re");
	const size_t length = strlen(field);
	unsigned long long value = ~0ULL;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, length) && line[length] == ':')
			value = strtoull(line + length + 1, NULL, base);
	if (file)
		fclose(file);
	return value;
}

/* ---- rights ---- */

static int has_no_rights(void)
{
	static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		if (of_status(sets[i], 16) != 0)
			return 10 + (int)i;
	return of_status("NoNewPrivs", 10) == 1 ? 0 : 20;
}

static int is_nobody(void)
{
	const struct {
		const char *field;
	} ids[] = {{"Uid"}, {"Gid"}};

	for (size_t i = 0; i < 2; i++)
		if (of_status(ids[i].field, 10) == 0)
			return 10 + (int)i;
	/* And there is no way back. */
	if (setuid(0) == 0 || setgid(0) == 0 || seteuid(0) == 0)
		return 20;
	return of_status("CapBnd", 16) == 0 ? 0 : 30;
}

static void worker_has_no_rights(void **state)
{
	(void)state;
	assert_int_equal(in_worker(has_no_rights, false), 0);
	assert_int_equal(in_worker(has_no_rights, true) & ~(NO_SECCOMP << 8), 0);
}

static void worker_is_another_user(void **state)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count = 0;

	(void)state;
	if (map && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) != 3)
		count = 0;
	if (map)
		fclose(map);
	if (geteuid() != 0 || count < 65535) {
		print_message("not root, or alone in a user namespace\n");
		skip();
	}
	assert_int_equal(in_worker(is_nobody, false), 0);
}

static void unknown_user(void **state)
{
	struct gp_diag diag;
	int status;
	const pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit((int)sandbox_worker("no-such-user-here", &diag));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), GP_NOTFOUND);
}

/* CAP_DAC_READ_SEARCH 2, CAP_KILL 5, CAP_NET_BIND_SERVICE 10, CAP_NET_ADMIN 12,
 * CAP_SYS_PTRACE 19 */
#define STEWARDS 0x81424ULL

static void steward_keeps_little(void **state)
{
	struct gp_diag diag;
	const unsigned long long had = of_status("CapPrm", 16);
	int status;
	const pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (sandbox_steward(&diag) != GP_OK)
			_exit(NO_SANDBOX);
		_exit(of_status("CapEff", 16) != (had & STEWARDS)   ? 1
		      : of_status("CapPrm", 16) != (had & STEWARDS) ? 2
		      : of_status("CapInh", 16) != 0                ? 3
		      : of_status("NoNewPrivs", 10) != 1            ? 4
								    : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- system calls ---- */

/* 0: it failed with EPERM. */
static int is_refused(long result)
{
	if (result >= 0)
		return 1;
	return errno == EPERM ? 0 : OTHER_ERROR;
}

static int packet_socket(void)
{
	return is_refused(socket(AF_PACKET, SOCK_RAW, 0));
}

static int netlink_socket(void)
{
	return is_refused(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int open_to_write(void)
{
	return is_refused(open("/dev/null", O_WRONLY));
}

static int open_to_both(void)
{
	return is_refused(open("/dev/null", O_RDWR));
}

static int open_new(void)
{
	return is_refused(open("/tmp/v6guard-test-sandbox", O_RDONLY | O_CREAT, 0600));
}

static int open_to_empty(void)
{
	return is_refused(open("/dev/null", O_RDONLY | O_TRUNC));
}

/* What other programs have mapped must not end under them. */
static int shorten_open_file(void)
{
	return is_refused(ftruncate(shared_fd, 0));
}

static int shorten_file(void)
{
	return is_refused(truncate("/dev/null", 0));
}

static int make_hole(void)
{
	return is_refused(fallocate(shared_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				    0, 4096));
}

static int make_hole_in_memory(void)
{
	return is_refused(madvise(shared, 4096, MADV_REMOVE));
}

static int open_again_to_empty(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", shared_fd);
	return is_refused(open(path, O_WRONLY | O_TRUNC));
}

static int open_by_the_newest_call(void)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = {O_WRONLY | O_TRUNC, 0, 0};

	return is_refused(
		syscall(437 /* openat2 */, AT_FDCWD, "/dev/null", &how, sizeof(how)));
}

static int create_file(void)
{
	return is_refused(creat("/dev/null", 0600));
}

static int open_ring(void)
{
	return is_refused(syscall(425 /* io_uring_setup */, 1, NULL));
}

static int new_process(void)
{
	return is_refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL));
}

static int executable_memory(void)
{
	return is_refused((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int remove_file(void)
{
	return is_refused(unlink("/tmp/v6guard-test-sandbox"));
}

static int end_another(void)
{
	return is_refused(kill(getppid(), 0));
}

static int set_limit(void)
{
	const struct rlimit limit = {64, 64};

	return is_refused(setrlimit(RLIMIT_NOFILE, &limit));
}

static int steal_terminal_input(void)
{
	return is_refused(ioctl(0, TIOCSTI, "x"));
}

static void refused(void **state)
{
	static const struct {
		const char *what;
		int (*call)(void);
	} calls[] = {
		{"AF_PACKET", packet_socket},     {"AF_NETLINK", netlink_socket},
		{"open O_WRONLY", open_to_write}, {"open O_RDWR", open_to_both},
		{"open O_CREAT", open_new},       {"open O_TRUNC", open_to_empty},
		{"clone", new_process},           {"mmap PROT_EXEC", executable_memory},
		{"unlink", remove_file},          {"kill", end_another},
		{"setrlimit", set_limit},         {"ioctl", steal_terminal_input},
		{"ftruncate", shorten_open_file}, {"truncate", shorten_file},
		{"fallocate", make_hole},         {"MADV_REMOVE", make_hole_in_memory},
		{"creat", create_file},           {"O_TRUNC again", open_again_to_empty},
		{"io_uring_setup", open_ring},    {"openat2", open_by_the_newest_call},
	};
	const size_t count = sizeof(calls) / sizeof(calls[0]);

	(void)state;
	if (!has_filter())
		skip();
	shared_fd = memfd_create("shared", 0);
	assert_int_equal(ftruncate(shared_fd, 8192), 0);
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, shared_fd, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	/* All of it may be done where there is no filter. */
	assert_int_equal(madvise(shared, 4096, MADV_REMOVE), 0);
	for (size_t i = 0; i < 2 * count; i++) {
		int status;
		resolves = i >= count;
		status = in_worker(calls[i % count].call, true);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SECCOMP)
			skip();
		if (status != 0)
			fail_msg("%s: %#x", calls[i % count].what, (unsigned)status);
	}
	resolves = false;
	munmap(shared, 8192);
	close(shared_fd);
}

static int run_program(void)
{
	char name[] = "/bin/true", *argv[] = {name, NULL}, *none[] = {NULL};

	execve(name, argv, none);
	return 1;
}

static int trace_process(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 1;
}

static int mount_something(void)
{
	mount("none", "/nowhere", "tmpfs", 0, NULL);
	return 1;
}

static int leave_namespace(void)
{
	unshare(CLONE_NEWUSER);
	return 1;
}

static int load_bpf(void)
{
	syscall(SYS_bpf, 0, NULL, 0);
	return 1;
}

static void deadly(void **state)
{
	static const struct {
		const char *what;
		int (*call)(void);
	} calls[] = {
		{"execve", run_program},    {"ptrace", trace_process},
		{"mount", mount_something}, {"unshare", leave_namespace},
		{"bpf", load_bpf},
	};

	(void)state;
	if (!has_filter())
		skip();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const int status = in_worker(calls[i].call, true);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SECCOMP)
			skip();
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: %#x", calls[i].what, (unsigned)status);
	}
}

/* What the loop lives on. */
static int ordinary_life(void)
{
	const struct sockaddr_in6 nobody = {.sin6_family = AF_INET6,
					    .sin6_port = 1,
					    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct itimerspec soon = {.it_value = {0, 1000000}};
	const int loop = epoll_create1(EPOLL_CLOEXEC);
	const int timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK);
	struct epoll_event event = {.events = EPOLLIN};
	int fd, count, pair[2];
	void *memory = malloc(8 << 20);

	if (loop < 0 || timer < 0 || !memory || timerfd_settime(timer, 0, &soon, NULL) ||
	    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &event))
		return 1;
	memset(memory, 1, 8 << 20);
	do
		count = epoll_wait(loop, &event, 1, 5000);
	while (count < 0 && errno == EINTR); /* it was stopped */
	if (count != 1)
		return 2;
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 && errno == EPERM)
		return 3;
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)(const void *)&nobody, sizeof(nobody)) <
		    0 &&
	    errno == EPERM)
		return 4;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 5;
	close(fd);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], "x", 1) != 1 ||
	    ioctl(pair[1], FIONREAD, &count) || count != 1)
		return 6;
	free(memory);
	return 0;
}

/* As with assert(): the one signal that may end it. */
static int gives_up(void)
{
	abort();
}

static void allowed(void **state)
{
	int status = in_worker(ordinary_life, true);

	(void)state;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_SECCOMP)
		skip();
	assert_int_equal(status, 0);
	if (!has_filter())
		return;
	status = in_worker(gives_up, true);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_has_no_rights),
		cmocka_unit_test(worker_is_another_user),
		cmocka_unit_test(unknown_user),
		cmocka_unit_test(steward_keeps_little),
		cmocka_unit_test(refused),
		cmocka_unit_test(deadly),
		cmocka_unit_test(allowed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
