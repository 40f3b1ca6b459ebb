/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clang-format off */
/*
 * process.c - odd processes that look names up, for t_process.sh, which builds it as
 * usual, static and static-pie. Prints one line a lookup: "4", "6", "46", "64", "none".
 *
 *	process look NAME		one lookup
 *	process threads NAME N M	N threads, M lookups each; what each thread saw
 *	process beside NAME N M		look, then the same
 *	process keys NAME		look with values of its own in the thread's slots
 *	process fork NAME N		look, fork N children that look, look again
 *	process chroot DIR NAME		chroot, then look
 *	process warm DIR NAME		look, chroot, look
 *	process setuid NAME		effective and real user, then look
 *	process connect NAME PORT	to one address after the other; what the server says
 */
/* clang-format on */
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *looked_up;
static int rounds;

/* Fills in the families in order of first appearance. */
static const char *look(const char *name, char seen[8])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	size_t used = 0;

	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return strcpy(seen, "none");
	for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
		char digit = at->ai_family == AF_INET6 ? '6' : '4';

		if (memchr(seen, digit, used) == NULL)
			seen[used++] = digit;
	}
	seen[used] = '\0';
	freeaddrinfo(found);
	return seen;
}

static void say(const char *name)
{
	char seen[8];

	puts(look(name, seen));
	fflush(stdout);
}

/* Returns a string constant: what this thread saw each time, or "mixed". */
static void *look_often(void *unused)
{
	char *first = malloc(8);
	char seen[8];

	(void)unused;
	if (first == NULL)
		abort();
	look(looked_up, first);
	for (int i = 1; i < rounds; i++)
		if (strcmp(look(looked_up, seen), first) != 0)
			strcpy(first, "mixed");
	return first;
}

static int threads(const char *name, int count)
{
	pthread_t *thread = calloc((size_t)count, sizeof(*thread));

	if (thread == NULL)
		return 1;
	looked_up = name;
	for (int i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, look_often, NULL) != 0)
			return 1;
	for (int i = 0; i < count; i++) {
		void *seen;

		pthread_join(thread[i], &seen);
		puts(seen);
		free(seen);
	}
	free(thread);
	return 0;
}

/* Those of the lowest numbers are where a second libc would put its own. */
static int keys(const char *name)
{
	pthread_key_t key[8];
	char value[8];
	int lost = 0;

	for (int i = 0; i < 8; i++)
		if (pthread_key_create(&key[i], NULL) != 0 ||
		    pthread_setspecific(key[i], &value[i]) != 0)
			return 1;
	for (int i = 0; i < 3; i++)
		say(name);
	for (int i = 0; i < 8; i++)
		lost += pthread_getspecific(key[i]) != &value[i];
	printf("%d lost\n", lost);
	return 0;
}

static int forks(const char *name, int count)
{
	say(name);
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		int status;

		if (child == 0) {
			say(name);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return 1;
	}
	say(name);
	return 0;
}

static int into(const char *dir)
{
	if (chroot(dir) == 0 && chdir("/") == 0)
		return 0;
	perror(dir);
	return 1;
}

/* As programs do: the addresses as they come, each until the kernel gives up on it. */
static int connect_to(const char *name, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	char said[256];
	ssize_t got = -1;

	if (getaddrinfo(name, port, &hints, &list) != 0)
		return 1;
	for (const struct addrinfo *at = list; at && got < 0; at = at->ai_next) {
		int fd = socket(at->ai_family, at->ai_socktype, 0);
		if (fd < 0)
			continue;
		if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
			got = read(fd, said, sizeof(said));
		close(fd);
	}
	freeaddrinfo(list);
	return got > 0 && write(STDOUT_FILENO, said, (size_t)got) == got ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "look") == 0) {
		say(argv[2]);
		return 0;
	}
	if (strcmp(what, "setuid") == 0) {
		printf("%s ", geteuid() == 0 && getuid() != 0 ? "setuid" : "plain");
		say(argv[2]);
		return 0;
	}
	if (strcmp(what, "keys") == 0)
		return keys(argv[2]);
	if ((strcmp(what, "threads") == 0 || strcmp(what, "beside") == 0) && argc == 5) {
		if (what[0] == 'b')
			say(argv[2]);
		rounds = atoi(argv[4]);
		return threads(argv[2], atoi(argv[3]));
	}
	if (strcmp(what, "fork") == 0 && argc == 4)
		return forks(argv[2], atoi(argv[3]));
	if ((strcmp(what, "chroot") == 0 || strcmp(what, "warm") == 0) && argc == 4) {
		if (what[0] == 'w')
			say(argv[3]);
		if (into(argv[2]) != 0)
			return 1;
		say(argv[3]);
		return 0;
	}
	if (strcmp(what, "connect") == 0 && argc == 4)
		return connect_to(argv[2], argv[3]);
	fputs("usage: see the head of process.c\n", stderr);
	return 2;
}
