/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* screen.c - the terminal, and giving it back. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "screen.h"

/* Alternate screen, no cursor, long lines are cut. */
static const char enter[] = "\033[?1049h\033[?25l\033[?7l";
static const char leave[] = "\033[?7h\033[?25h\033[?1049l";
static const char clear[] = "\033[H\033[2J";

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGWINCH};
#define ALL_COUNT (sizeof(all) / sizeof(all[0]))
#define DEADLY_COUNT (sizeof(deadly) / sizeof(deadly[0]))

/* Signal handlers have no other way to know. */
static volatile sig_atomic_t is_open, has_keys;
static struct termios before, raw;
static struct sigaction old_actions[ALL_COUNT];
static char frame[65536];

/* Nothing but system calls here: it runs in signal handlers as well. */
static void put(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t done = write(STDOUT_FILENO, text, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		size -= (size_t)done;
	}
}

static void take_terminal(void)
{
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	put(enter, sizeof(enter) - 1);
}

static void give_back(void)
{
	put(leave, sizeof(leave) - 1);
	if (has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* The exit status is to say which signal it was. */
static void on_deadly(int number)
{
	if (is_open) {
		is_open = 0;
		give_back();
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void on_stop(int number)
{
	int error = errno;

	(void)number;
	give_back();
	raise(SIGSTOP);
	take_terminal();
	errno = error;
}

static void on_resize(int number)
{
	(void)number; /* that poll() returns is all */
}

static void catch_signals(void)
{
	for (size_t i = 0; i < ALL_COUNT; i++) {
		struct sigaction action = {.sa_handler = on_deadly};
		if (all[i] == SIGTSTP)
			action.sa_handler = on_stop;
		if (all[i] == SIGWINCH)
			action.sa_handler = on_resize;
		for (size_t j = 0; j < DEADLY_COUNT; j++)
			sigaddset(&action.sa_mask, deadly[j]);
		sigaction(all[i], NULL, &old_actions[i]);
		/* What nohup and the like ignore stays ignored. */
		if (old_actions[i].sa_handler != SIG_IGN)
			sigaction(all[i], &action, NULL);
	}
}

bool screen_begin(void)
{
	const char *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || (term && !strcmp(term, "dumb")))
		return true;
	has_keys = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
	if (has_keys && tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	raw = before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	/* One write a frame: no flicker. */
	setvbuf(stdout, frame, _IOFBF, sizeof(frame));
	catch_signals();
	is_open = 1;
	take_terminal();
	return true;
}

void screen_frame_begin(void)
{
	if (is_open)
		fputs(clear, stdout);
}

bool screen_frame_end(void)
{
	return fflush(stdout) == 0 && !ferror(stdout);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* False: it was q, or the terminal is gone. */
static bool take_key(void)
{
	char key;
	ssize_t got = read(STDIN_FILENO, &key, 1);

	if (got < 0)
		return errno == EINTR || errno == EAGAIN;
	return got == 1 && key != 'q' && key != 'Q' && key != '\004';
}

bool screen_wait(int ms)
{
	long long end = now_ms() + ms;

	for (;;) {
		long long left = end - now_ms();
		if (left <= 0)
			return true;
		struct pollfd keys = {.fd = is_open && has_keys ? STDIN_FILENO : -1,
				      .events = POLLIN};
		int found = poll(&keys, 1, (int)left);
		if (found < 0 && errno == EINTR && is_open)
			return true;
		if (found > 0 && !take_key())
			return false;
	}
}

int screen_rows(void)
{
	struct winsize size;

	if (!is_open || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		return INT_MAX;
	return size.ws_row;
}

void screen_end(void)
{
	if (!is_open)
		return;
	fflush(stdout);
	is_open = 0;
	give_back();
	for (size_t i = 0; i < ALL_COUNT; i++)
		sigaction(all[i], &old_actions[i], NULL);
}
