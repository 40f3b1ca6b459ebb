/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* paths.h - folders that several parts of the house share. */
#ifndef LIBGAIPOLICY_PATHS_H
#define LIBGAIPOLICY_PATHS_H

/** State of the host: the snapshot, the lock, history. root:root 0755. */
#define GP_STATE_DIR "/var/lib/v6guard"

/** What lives only while the host runs: map and sockets of v6guardd. root:root 0755. */
#define GP_RUN_DIR "/run/v6guard"
#define GP_REACH_PATH GP_RUN_DIR "/reach.map"
#define GP_HINT_PATH GP_RUN_DIR "/hint.sock"
/** For root and system users alone: no login user can fill its queue. */
#define GP_HINT_SYSTEM_PATH GP_RUN_DIR "/hint.system.sock"
#define GP_CONTROL_PATH GP_RUN_DIR "/control.sock"
/** resolv.conf as it was before it led to v6guardd's resolver. */
#define GP_RESOLV_KEPT_PATH GP_RUN_DIR "/resolv.upstream.conf"

#endif
