/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usretc.c - run a program with a libc that reads /usr/etc/NAME where /etc has no NAME,
 *as openSUSE's does (its patch: a second fopen("/usr" PATH)), for nsswitch.conf and
 * gai.conf. What is libc's shows by the flags of its open(): ours have more of them. For
 * the lab: the supervisor has the mount namespace of the program.
 *
 *	usretc PROGRAM [ARG...]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int die(const char *what)
{
	fprintf(stderr, "usretc: %s: %s\n", what, strerror(errno));
	return 125;
}

/* All openat() go to the supervisor. */
static int install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static const char *vendors(const char *path)
{
	if (!strcmp(path, "/etc/nsswitch.conf") && access(path, F_OK))
		return "/usr/etc/nsswitch.conf";
	if (!strcmp(path, "/etc/gai.conf") && access(path, F_OK))
		return "/usr/etc/gai.conf";
	return NULL;
}

static int open_instead(const struct seccomp_notif *call)
{
	char path[64] = "";
	struct iovec to = {path, sizeof(path) - 1};
	const struct iovec from = {(void *)(uintptr_t)call->data.args[1], to.iov_len};
	const char *other;

	if ((call->data.args[2] & ~(unsigned long long)O_LARGEFILE) !=
	    (O_RDONLY | O_CLOEXEC))
		return -1;
	if (process_vm_readv((pid_t)call->pid, &to, 1, &from, 1, 0) <= 0)
		return -1;
	other = vendors(path);
	return other ? open(other, O_RDONLY | O_CLOEXEC) : -1;
}

static void answer(int listener, const struct seccomp_notif *call)
{
	struct seccomp_notif_resp reply = {.id = call->id,
					   .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	const int fd = open_instead(call);
	struct seccomp_notif_addfd add = {.id = call->id,
					  .flags = SECCOMP_ADDFD_FLAG_SEND,
					  .srcfd = (unsigned)fd,
					  .newfd_flags = O_CLOEXEC};

	if (fd < 0 || ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	if (fd >= 0)
		close(fd);
}

/* Until nobody is left who could call. */
static void serve(int listener)
{
	struct pollfd poll_fd = {.fd = listener, .events = POLLIN};
	struct seccomp_notif call;

	while (poll(&poll_fd, 1, -1) > 0 && !(poll_fd.revents & POLLHUP)) {
		memset(&call, 0, sizeof(call));
		if (!ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
			answer(listener, &call);
	}
}

int main(int count, char **args)
{
	int ends[2], listener, status = 0;
	pid_t pid;

	if (count < 2 || pipe(ends))
		return die("usage: usretc PROGRAM [ARG...]");
	pid = fork();
	if (pid == 0) {
		listener = install();
		if (write(ends[1], &listener, sizeof(listener)) < 0 || listener < 0)
			_exit(die("seccomp"));
		/* The supervisor takes it; ours goes with exec. */
		raise(SIGSTOP);
		close(ends[0]);
		close(ends[1]);
		execvp(args[1], args + 1);
		_exit(die(args[1]));
	}
	if (pid < 0 || read(ends[0], &listener, sizeof(listener)) != sizeof(listener) ||
	    listener < 0)
		return die("fork");
	waitpid(pid, &status, WUNTRACED);
	const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, listener, 0);
	if (listener < 0) {
		kill(pid, SIGKILL);
		return die("pidfd_getfd");
	}
	kill(pid, SIGCONT);
	serve(listener);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
