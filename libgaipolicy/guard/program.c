/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* program.c - who we are, by /proc. Runs in the doors. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "guard/program.h"

static struct gp_program self;
static pthread_once_t once; /* PTHREAD_ONCE_INIT is 0 */

static void find_path(void)
{
	static const char deleted[] = " (deleted)";
	const size_t mark = sizeof(deleted) - 1;
	ssize_t length = readlink("/proc/self/exe", self.path, sizeof(self.path));

	if (length <= 0 || (size_t)length == sizeof(self.path))
		length = 0; /* cut: no rule's path is that long either */
	if ((size_t)length > mark && !memcmp(self.path + length - mark, deleted, mark))
		length -= (ssize_t)mark;
	self.path[length] = '\0';
}

/* Not prctl(): threads have names of their own. */
static void find_comm(void)
{
	int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return;
	length = read(fd, self.comm, sizeof(self.comm));
	close(fd);
	if (length > 0 && self.comm[length - 1] == '\n')
		length--;
	if (length < 0 || (size_t)length >= sizeof(self.comm))
		length = 0;
	self.comm[length] = '\0';
}

static void find(void)
{
	const int saved_errno = errno;
	int cancel_state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	find_path();
	find_comm();
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
}

const struct gp_program *gp_program_self(void)
{
	pthread_once(&once, find);
	return &self;
}
