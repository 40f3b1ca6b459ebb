/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sealed NAME WHEN: looks NAME up, forbids itself to make AF_UNIX sockets, to ask for its
 * process id and to open anything for writing, by a seccomp filter that kills, and looks
 * NAME up again, in a child as well. Prints the first address of each lookup. WHEN:
 * "after" the first lookup, or "before" it; then AF_UNIX is allowed, as libc itself looks
 * for nscd.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD(field)                                                                      \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define KILL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

static int seal(int family)
{
	struct sock_filter code[] = {
		LOAD(nr),
		UNLESS(SYS_getpid, 1),
		KILL,
		UNLESS(SYS_socket, 3),
		LOAD(args[0]),
		UNLESS((unsigned)family, 5),
		KILL,
		UNLESS(SYS_openat, 3),
		LOAD(args[2]),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR, 0, 1),
		KILL,
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void look_up(const char *name)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char text[INET6_ADDRSTRLEN] = "";
	struct addrinfo *list;

	if (getaddrinfo(name, "80", &hints, &list))
		return;
	getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof(text), NULL, 0,
		    NI_NUMERICHOST);
	freeaddrinfo(list);
	printf("%s\n", text);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const int is_after = argc > 2 && !strcmp(argv[2], "after");
	pid_t pid;
	int status;

	if (argc < 2)
		return 2;
	if (is_after)
		look_up(argv[1]);
	if (seal(is_after ? AF_UNIX : -1))
		return 77;
	look_up(argv[1]);
	pid = fork();
	if (pid == 0) {
		look_up(argv[1]);
		_exit(0);
	}
	return waitpid(pid, &status, 0) != pid || status ? 1 : 0;
}
