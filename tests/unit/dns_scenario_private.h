/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_scenario_private.h - what dns_scenario*.c share. */
#ifndef TESTS_UNIT_DNS_SCENARIO_PRIVATE_H
#define TESTS_UNIT_DNS_SCENARIO_PRIVATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_record.h"
#include "dns_scenario.h"
#include "dns_world.h"
#include "guard/config_private.h"

#define SCENARIO_LINE 1024
#define SCENARIO_WORDS 32
#define SCENARIO_BLOCK 128
#define SCENARIO_LABELS 16

/* Clients of one `ask`. */
struct asking {
	char label[32];
	size_t first, count;
	size_t line;
};

struct run {
	const struct scenario *scenario;
	size_t line; /* of the statement; from 0 */
	char statement[SCENARIO_LINE];
	size_t word_count;
	char *words[SCENARIO_WORDS];
	size_t block_count;
	char block[SCENARIO_BLOCK][SCENARIO_LINE];
	size_t asking_count;
	struct asking asking[256]; /* the last one is what `answer` is about */
};

__attribute__((format(printf, 2, 3), noreturn)) void
scenario_fail(const struct run *run, const char *format, ...);
bool scenario_time(const char *word, long long *ms);
/* Nothing was asked upstream that nobody answers. */
void scenario_check_expected(const struct run *run);

void scenario_upstream(struct run *run);
void scenario_ask(struct run *run);
void scenario_answer(struct run *run);
void scenario_silence(struct run *run);
void scenario_asked(struct run *run);

#endif
