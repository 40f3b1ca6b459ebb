/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * screen.h - a view that is drawn again and again until the user has seen enough. On a
 * terminal it has the alternate screen, and whatever ends the program, signals included,
 * leaves the terminal as it was. Where stdout is no terminal, or a dumb one, each frame
 * is simply printed.
 *
 *   if (!screen_begin()) ...
 *   do {
 *           screen_frame_begin();
 *           printf(...);
 *   } while (screen_frame_end() && screen_wait(1000));
 *   screen_end();
 */
#ifndef TOOL_V6GUARD_SCREEN_H
#define TOOL_V6GUARD_SCREEN_H

#include <stdbool.h>

/**
 * Before anything else is printed. There is one screen a process. SIGINT, SIGTERM, SIGHUP
 * and SIGQUIT end the program as they do anywhere, with the terminal put back first;
 * SIGTSTP and SIGCONT work. False, and nothing is changed: no memory, or the terminal
 * refuses; errno says why.
 */
bool screen_begin(void);

/** What is printed from here on to stdout is the next frame. */
void screen_frame_begin(void);

/** Show it. False: stdout takes no more. */
bool screen_frame_end(void);

/**
 * Wait until the next frame is due; a window of another size makes it so at once. False:
 * the user pressed q or ended the input of the terminal.
 */
bool screen_wait(int ms);

/** Lines that a frame may have; INT_MAX where stdout is no terminal. Longer lines than
 * the terminal is wide are cut by it. */
int screen_rows(void);

/** Put the terminal back. Harmless without, or after, screen_begin. */
void screen_end(void);

#endif
