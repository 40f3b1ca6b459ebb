/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store_tree.h - a host's file system below a folder in /tmp, to change files in. */
#ifndef TESTS_UNIT_STORE_TREE_H
#define TESTS_UNIT_STORE_TREE_H

#include "gaiconf/store.h"

/** The folder; one a test. */
extern char tree_root[64];

int tree_setup(void **state);
int tree_teardown(void **state);

/** The path of NAME below the folder; four are kept. */
const char *tree_below(const char *name);

void tree_put(const char *name, const char *text);
void tree_expect(const char *name, const char *text);
size_t tree_count_files(const char *name);

/** Lock the tree; the test fails when that fails. */
struct gp_store *tree_open_store(void);

/** Replace NAME by TEXT, with history of kind WHAT. */
enum gp_status tree_replace_as(const char *what, const char *name, const char *text);

#endif
