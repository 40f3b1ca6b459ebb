/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_race.h - connection attempts that end as a text says, on a clock that only waits
 * move. Addresses are letters: addrlist.h.
 */
#ifndef TESTS_UNIT_FAKE_RACE_H
#define TESTS_UNIT_FAKE_RACE_H

#include "nss/happy.h"

/**
 * SCRIPT: words like "1=ok@30 a:443=refused@5 2=icmp@1 b=local": LETTER[:PORT]=END[@MS
 * after its start]. What is not there never ends. The clock is 0, nothing was started.
 */
void fake_race_set(const char *script);

/** Attempts may have no more descriptors than these; -1: any number. */
extern int fake_race_fds;

/** Each wait ends early, by a signal, before anything happened. */
extern bool fake_race_has_signals;

extern const struct happy_ops fake_race_ops;

/** What was started and when, "1@0 a@100", or with ports other than 7 "1:443@0". */
const char *fake_race_started(void);

/** Descriptors that are open, and the time by now. */
int fake_race_open(void);
long long fake_race_ms(void);

/** "1" to "9", "a" to "i" as an address, and back; '?' for any other. */
struct gp_addr fake_race_addr(char letter);
char fake_race_letter(const struct gp_addr *addr);

#endif
