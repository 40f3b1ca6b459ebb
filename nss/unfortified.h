/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unfortified.h - turns _FORTIFY_SOURCE off in code that runs inside other people's
 * processes: its checked functions abort the program, and musl has none of them. Included
 * before everything else by the compiler's -include, so that no flag can undo it.
 */
#undef _FORTIFY_SOURCE
