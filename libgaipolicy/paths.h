/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* paths.h - folders that several parts of the house share. */
#ifndef LIBGAIPOLICY_PATHS_H
#define LIBGAIPOLICY_PATHS_H

/** State of the host: the snapshot, the lock, history. root:root 0755. */
#define GP_STATE_DIR "/var/lib/v6guard"

#endif
